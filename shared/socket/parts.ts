// What a socket is made of: each part is made once, and reaches the others from here. And what
// takes several of them to say.

import { addressOf, payeeScriptOf } from "../bitcoin/address";
import { ChannelBook } from "../channel/book";
import type { Chain, Clock, Coin, Ecdsa, PowerGate, Random, Reporter, Store } from "../kernel/ports";
import type { Hex, Satoshi } from "../kernel/units";
import { Fault } from "../protocol/faults";
import { CHANNEL, type SchemeName } from "../protocol/words";
import { Ahead } from "./ahead";
import { ChannelKeeper } from "./channel-keeper";
import { bookTerms, stepAt, thresholdAt } from "./channel-terms";
import { Channels, isFunded } from "./channels";
import { CoinWatch } from "./coin-watch";
import { exposure } from "./exposure";
import { Findings } from "./findings";
import { Guests } from "./guests";
import { openLedger, type SocketLedger } from "./ledger";
import { isPaidWithAny } from "./opening";
import { Outlet } from "./outlet";
import { coinsOf, type PayerCoins } from "./payer-coins";
import { Payments } from "./payments";
import { Proposals } from "./proposals";
import { Releases } from "./releases";
import { Rewards } from "./rewards";
import { Rounds } from "./rounds";
import { SessionIds } from "./session-ids";
import { mustBeWorthAnOutput, type SocketSettings } from "./settings";
import { Settler } from "./settler";
import { Till } from "./till";
import { Waiters } from "./waiters";

export const SELLS_NOTHING = "its meter is not calibrated, so it sells nothing on mainnet (docs/metering.md says how)";

export interface SocketOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  readonly gate: PowerGate;
  readonly chain: Chain;
  readonly ecdsa: Ecdsa;
  readonly report: Reporter;
  readonly settings: SocketSettings;
  /**
   * True where the gate's scales were measured (shared/board/calibration.ts); on mainnet nothing is
   * sold without.
   */
  readonly calibrated?: boolean;
  /**
   * Of the payee keys of channels, 32 bytes that its owner has seen (docs/keys.md); without it
   * nothing is sold by channel.
   */
  readonly channelSeed?: Uint8Array;
}

export class SocketParts {
  readonly clock: Clock;
  readonly gate: PowerGate;
  readonly chain: Chain;
  readonly ecdsa: Ecdsa;
  readonly report: Reporter;
  readonly settings: SocketSettings;
  readonly calibrated: boolean;
  /** True once it lets go of everything: nothing is sold any more. */
  isStopping = false;
  /** Script of the owner's address. */
  readonly payoutScript: Hex;
  readonly ledger: SocketLedger;
  readonly watch: CoinWatch;
  readonly ahead: Ahead<PayerCoins>;
  readonly waiters: Waiters;
  readonly releases: Releases;
  readonly outlet: Outlet;
  readonly rewards: Rewards;
  readonly ids: SessionIds;
  readonly listener: Findings;
  readonly settler: Settler;
  readonly proposals: Proposals;
  readonly till: Till;
  readonly payments: Payments;
  readonly guests: Guests;
  readonly rounds: Rounds;
  /** Channels that were sold are kept and closed, also where the owner sells no more of them. */
  readonly book: ChannelBook | undefined;
  readonly keeper: ChannelKeeper | undefined;
  readonly channels: Channels | undefined;

  /** Throws an Error where the owner's address or prices cannot be sold for. */
  constructor(options: SocketOptions) {
    const { clock, gate, store, chain, random, ecdsa, report, settings, channelSeed: seed } = options;
    this.clock = clock;
    this.gate = gate;
    this.chain = chain;
    this.ecdsa = ecdsa;
    this.report = report;
    this.settings = settings;
    this.calibrated = options.calibrated ?? false;
    this.payoutScript = payeeScriptOf(settings.payoutAddress, settings.network);
    mustBeWorthAnOutput(settings);
    const ledger = openLedger({ store, gate, report });
    this.ledger = ledger;
    this.watch = new CoinWatch({ chain, clock, settled: () => ledger.record.settled });
    this.ahead = new Ahead(clock, (payer) => coinsOf(options, payer));
    this.waiters = new Waiters(clock, () => `${this.outlet.state} ${this.renewalDue()}`);
    const book = seed && new ChannelBook({ store, report, ecdsa, seed, terms: bookTerms(settings, this.payoutScript) });
    this.book = book;
    this.releases = new Releases({
      chain,
      clock,
      report,
      isPaidWithAny: (coins) =>
        isPaidWithAny(ledger.record, coins) || coins.some(({ txid }) => book?.find(txid) !== undefined),
    });
    this.outlet = new Outlet({
      clock,
      gate,
      ledger,
      settings,
      report,
      onChange: () => this.waiters.answer(),
      onLockout: () => this.end("lockout"),
      channels: book?.credit,
      channelThreshold: () => thresholdAt(this.outlet.power(), settings),
    });
    this.rewards = new Rewards(chain);
    this.ids = new SessionIds({ clock, random });
    this.listener = new Findings(this);
    this.settler = new Settler(this);
    this.proposals = new Proposals(this);
    this.till = new Till(this);
    this.payments = new Payments(this);
    this.guests = new Guests(this);
    this.rounds = new Rounds(this);
    this.keeper = book && this.newKeeper(book);
    this.channels = book && this.keeper && this.newChannels(options, book, this.keeper);
  }

  private newKeeper(book: ChannelBook): ChannelKeeper {
    const { chain, clock, report, settings } = this;
    return new ChannelKeeper({
      book,
      chain,
      clock,
      report,
      rates: () => this.watch.rates(),
      step: () => stepAt(this.outlet.power(), settings),
      addressOf: (script) => addressOf(script, settings.network),
      onReplaced: (funding) => this.listener.replaced(funding),
    });
  }

  private newChannels(options: SocketOptions, book: ChannelBook, keeper: ChannelKeeper): Channels {
    const { watch, ledger, outlet } = this;
    return new Channels({
      ...options,
      book,
      keeper,
      watch,
      ledger,
      outlet,
      endSession: () => void this.till.end("by-channel"),
    });
  }

  // ------------------------------------------------------------ what takes several of them to say

  /** Throws a Fault where it sells nothing to anybody now. */
  mustRun(): void {
    if (this.isStopping) throw new Fault("stopping", "", 10_000);
    if (this.isGuessing()) throw new Fault("power-fault", `Here ${SELLS_NOTHING}.`);
  }

  /** Real money is not counted on scales that nobody measured. */
  isGuessing(): boolean {
    return this.settings.network === "mainnet" && !this.calibrated;
  }

  /** Schemes by which it sells: without a seed there are no keys for channels. */
  sold(): readonly SchemeName[] {
    const { schemes } = this.settings;
    return this.channels ? schemes : schemes.filter((name) => name !== CHANNEL);
  }

  /** Session and visit are over. What a channel holds stays open. */
  end(why: string): void {
    this.till.end(why);
    this.channels?.end(why);
  }

  /** True where the cable should fetch a draft. */
  renewalDue(): boolean {
    return this.outlet.renewalDue() || this.till.higherFeeWanted();
  }

  /** True where the open session, or visit, was paid on or is being paid on. */
  isPaidOn(): boolean {
    const { session } = this.till;
    const isPaidSession = session !== undefined && (this.payments.isPaying || session.commitments.length > 0);
    return isPaidSession || this.channels?.isPaidOn === true;
  }

  /** Value of energy that no block pays for yet. */
  exposure(): Satoshi {
    const price = this.till.session?.price ?? this.settings.price;
    // What a channel paid for is no part of what waits for a block.
    const credit = this.ledger.record.channel === undefined ? this.outlet.credit() : 0;
    return exposure(this.ledger.record, credit, price);
  }

  /** Fundings of channels that wait for blocks. */
  fundings(): readonly Hex[] {
    return this.book?.waiting ?? [];
  }

  /** True for a coin that one of them spends. */
  isFunded(coin: Coin): boolean {
    return this.book !== undefined && isFunded(this.book, coin);
  }
}
