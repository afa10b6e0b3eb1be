// The selling side: owns money and power of one outlet. It composes the outlet (leases), the till
// (sessions and payments) and the settler (the chain), answers the three calls, and does once a
// second what nobody asks for.

import { addressOf, payeeScriptOf, scriptOfKey } from "../bitcoin/address";
import { hexToBytes } from "../bitcoin/bytes";
import { OLD_FLOOR } from "../bitcoin/fees";
import { ChannelBook } from "../channel/book";
import { attempt } from "../kernel/attempt";
import type { Chain, Clock, Ecdsa, PowerGate, Random, Reporter, Store } from "../kernel/ports";
import type { Hex, Millisecond, Satoshi } from "../kernel/units";
import type { ChannelCalls, ChannelOffer, ChannelPayment, ChannelRequest, ChannelResult } from "../protocol/channel";
import { Fault } from "../protocol/faults";
import {
  type DraftOffer,
  type PaymentRequest,
  type PaymentResult,
  type PowerRequest,
  PROTOCOL_VERSION,
  type SocketCalls,
  type Status,
  type StatusRequest,
} from "../protocol/types";
import { CHANNEL, type SchemeName } from "../protocol/words";
import { Ahead } from "./ahead";
import { Candidates } from "./candidates";
import { ChannelKeeper } from "./channel-keeper";
import { announced, bookTerms, thresholdAt } from "./channel-terms";
import { Channels, isFunded } from "./channels";
import { CoinWatch } from "./coin-watch";
import { exposure } from "./exposure";
import { Findings, settleLeftover } from "./findings";
import { openLedger, type SocketLedger } from "./ledger";
import { isPaidWithAny, payerOf } from "./opening";
import { Outlet } from "./outlet";
import { coinsOf, type PayerCoins } from "./payer-coins";
import type { SocketRecord } from "./record";
import { Releases } from "./releases";
import { Rounds } from "./rounds";
import { SessionIds } from "./session-ids";
import { mustBeWorthAnOutput, type SocketSettings } from "./settings";
import { Settler } from "./settler";
import { Till } from "./till";
import type { SocketView } from "./view";
import { Waiters } from "./waiters";

/** get_status may be held back this long at the most. */
const MAX_WAIT: Millisecond = 25_000;
const NOT_CALIBRATED = "not-calibrated";
const SELLS_NOTHING = "its meter is not calibrated, so it sells nothing on mainnet (docs/metering.md says how)";
/** So often it is told again: somebody may have opened the console meanwhile. */
const TELL_AGAIN: Millisecond = 10_000;
/** The session is settled this many blocks before it would expire. */
const EXPIRY_MARGIN = 6;

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

/** What a socket has that sells by channel. */
interface ChannelSide {
  readonly book: ChannelBook;
  readonly keeper: ChannelKeeper;
  readonly calls: Channels;
}

export class SocketController implements SocketCalls {
  readonly #options: SocketOptions;
  readonly #ledger: SocketLedger;
  readonly #watch: CoinWatch;
  readonly #outlet: Outlet;
  readonly #settler: Settler;
  readonly #ids: SessionIds;
  readonly #till: Till;
  readonly #candidates: Candidates;
  readonly #ahead: Ahead<PayerCoins>;
  readonly #releases: Releases;
  readonly #rounds: Rounds;
  readonly #findings: Findings;
  readonly #channels: ChannelSide | undefined;
  /** power_request and pay_transaction of the scheme `channel`. */
  readonly channels: ChannelCalls | undefined;
  /** Script of the owner's address. */
  readonly #payee: Hex;
  readonly #waiters: Waiters;
  #cancelTick: () => void = () => {};
  #stopping = false;
  /** Address of the cable whose session is open, without the port, and when it last called. */
  #payerHost: string | undefined;
  #payerCalledAt: Millisecond = 0;
  /** When anybody called, or the start. */
  #calledAt: Millisecond = 0;

  constructor(options: SocketOptions) {
    const { clock, gate, store, chain, random, ecdsa, report, settings } = options;
    this.#options = options;
    this.#calledAt = clock.now();
    const payoutScript = payeeScriptOf(settings.payoutAddress, settings.network);
    mustBeWorthAnOutput(settings);
    this.#payee = payoutScript;
    const ledger = openLedger({ store, gate, report });
    const watch = new CoinWatch({ chain, clock, settled: () => ledger.record.settled });
    this.#ledger = ledger;
    this.#watch = watch;
    this.#candidates = new Candidates(clock);
    this.#ahead = new Ahead(clock, (payer) => coinsOf(options, payer));
    this.#waiters = new Waiters(clock, () => `${this.#outlet.state} ${this.renewalDue()}`);
    this.#releases = new Releases({
      chain,
      clock,
      report,
      isPaidWithAny: (coins) =>
        isPaidWithAny(ledger.record, coins) || coins.some(({ txid }) => this.#channels?.book.find(txid) !== undefined),
    });
    const book = this.newBook();
    this.#outlet = new Outlet({
      clock,
      gate,
      ledger,
      settings,
      report,
      onChange: () => this.#waiters.answer(),
      onLockout: () => this.endAll("lockout"),
      channels: book?.credit,
      channelThreshold: () => thresholdAt(this.#outlet.power(), settings),
    });
    this.#settler = new Settler({
      chain,
      watch,
      ledger,
      settings,
      report,
      onTooLow: (settlement, fee) => this.#till.tooLow(settlement, fee),
      onRival: (settlement, rival, spend) => this.#findings.rival(settlement, rival, spend),
      onMined: (settlement) => this.#findings.mined(settlement),
      onSent: ({ payerScript, credit, ticket }) => this.#outlet.creditFor(payerScript, credit ?? 0, ticket),
    });
    this.#ids = new SessionIds({ clock, random });
    this.#till = new Till({
      clock,
      chain,
      watch,
      ahead: this.#ahead,
      ids: this.#ids,
      ecdsa,
      ledger,
      outlet: this.#outlet,
      settler: this.#settler,
      settings,
      payoutScript,
      report,
      fundings: () => book?.waiting ?? [],
      isFunded: (coin) => book !== undefined && isFunded(book, coin),
    });
    const parts = {
      clock,
      chain,
      report,
      settings,
      watch,
      ledger,
      till: this.#till,
      outlet: this.#outlet,
      settler: this.#settler,
    };
    this.#rounds = new Rounds(parts);
    this.#findings = new Findings(parts);
    this.#channels = book && this.channelSide(book);
    this.channels = this.#channels && {
      request: (request, peer) => this.channelRequest(request, peer),
      pay: (payment, peer) => this.payChannel(payment, peer),
    };
  }

  /** Channels that were sold are kept and closed, also where the owner sells no more of them. */
  private newBook(): ChannelBook | undefined {
    const { store, report, ecdsa, settings, channelSeed: seed } = this.#options;
    return seed && new ChannelBook({ store, report, ecdsa, seed, terms: bookTerms(settings, this.#payee) });
  }

  private channelSide(book: ChannelBook): ChannelSide {
    const { chain, clock, report, settings } = this.#options;
    const calls: Channels = new Channels({
      ...this.#options,
      book,
      keeper: new ChannelKeeper({
        book,
        chain,
        clock,
        report,
        rates: () => this.#watch.rates(),
        step: () => calls.step(),
        addressOf: (script) => addressOf(script, settings.network),
        onReplaced: (funding) => this.#findings.replaced(funding),
      }),
      watch: this.#watch,
      ledger: this.#ledger,
      outlet: this.#outlet,
      endSession: () => void this.#till.end("by-channel"),
    });
    return { book, keeper: calls.keeper, calls };
  }

  /** Reads the journal, settles what it holds first of all, and opens for business in standby. */
  start(): void {
    const { report } = this.#options;
    this.#ledger.load();
    const { session, transaction } = this.#ledger.record;
    report({ name: "start", total: this.#ledger.record.total, unsettled: session?.paid ?? 0 });
    attempt(report, () => this.#till.takeUp());
    settleLeftover(this.#ledger, session, transaction);
    attempt(report, () => this.#outlet.start());
    attempt(report, () => this.forgiveByWord());
    attempt(report, () => this.closeChannels());
    void this.#settler.run();
    this.#ids.start();
    this.tellIfGuessing();
    this.tick();
  }

  /** The setting `forgive`: once for each word. */
  private forgiveByWord(): void {
    const { forgive } = this.#options.settings;
    if (forgive !== "" && forgive !== this.#ledger.record.forgiven) this.forgive();
  }

  /** The owner writes off what cables owe, and deals with those again that cheated. */
  forgive(): void {
    const { settings, report } = this.#options;
    const { debts } = this.#ledger.record;
    report({ name: "forgiven", debts: debts.reduce((sum, { amount }) => sum + amount, 0) });
    this.#ledger.write({ debts: [], cheats: [], cheatCoins: [], forgiven: settings.forgive });
  }

  /** The owner wants all channels closed: once for each word. */
  private closeChannels(): void {
    const { settings } = this.#options;
    const { closeChannels: word } = settings;
    if (!this.#channels || word === "" || word === this.#ledger.record.channelsClosed) return;
    for (const { txid, half } of this.#channels.book.entries) if (half) this.#channels.book.startClosing(txid);
    this.#ledger.write({ channelsClosed: word });
  }

  /** Settles and lets go of the relay. Resolves when the chain has been told, or could not be. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#cancelTick();
    this.endAll("stopping");
    this.#rounds.stop();
    this.#outlet.stop();
    this.#waiters.answer(true);
    await this.#settler.run();
  }

  // ------------------------------------------------------------ calls

  async getStatus(request: StatusRequest, peer: string): Promise<Status> {
    this.seen(peer);
    this.askAhead(request, peer);
    // A cable that waits for an answer has not left.
    const wait = Math.min(request.waitMs ?? 0, MAX_WAIT, Math.floor(this.#options.settings.leaveAfter / 2));
    // A flag that is up already is news that may have been missed.
    if (wait > 0 && !this.renewalDue() && !this.#waiters.isFull && !this.#stopping) await this.#waiters.wait(wait);
    return this.status();
  }

  /**
   * A cable that tells its address asks for power next: the chain is asked for its coins meanwhile,
   * if it were its turn.
   */
  private askAhead({ address, scheme }: StatusRequest, peer: string): void {
    if (address === undefined || scheme === undefined || !this.#ahead.mayAsk) return;
    try {
      this.mustRun();
      const payer = payerOf({ address }, this.#options.settings);
      if (!this.#till.mayOpen(payer, scheme) || this.#candidates.wait(peer) > 0) return;
      this.#candidates.announced(peer);
      void this.#ahead.ask(payer).then(() => this.#candidates.learned(peer));
    } catch (error) {
      // Status is told to everybody; power_request says by name what is wrong.
      if (!(error instanceof Fault)) throw error;
    }
  }

  async powerRequest(request: PowerRequest, peer: string): Promise<DraftOffer> {
    this.mustRun();
    this.seen(peer);
    const payer = payerOf(request, this.#options.settings);
    const mustBeFree = () => this.mustBeFree(payer, this.goesOn(payer, request), request.ticket, peer);
    mustBeFree();
    if (request.release) this.#releases.take(request.release, payer);
    try {
      const offer = await this.#till.request(payer, request, mustBeFree);
      this.#channels?.calls.end("by-session");
      // Anybody may name an address; a payment shows whose it is.
      if (this.#till.session?.commitments.length === 0) this.belongsTo(peer);
      return offer;
    } finally {
      this.#candidates.answered(peer);
    }
  }

  /** Session and visit are over. What a channel holds stays open. */
  private endAll(why: string): void {
    this.#till.end(why);
    this.#channels?.calls.end(why);
  }

  private async channelRequest(request: ChannelRequest, peer: string): Promise<ChannelOffer> {
    const calls = this.mustSellByChannel();
    this.mustRun();
    this.seen(peer);
    const payer = scriptOfKey(hexToBytes(request.cableKey));
    const goesOn = calls.goesOn(request);
    const mustBeFree = () => this.mustBeFree(payer, goesOn, request.ticket, peer);
    mustBeFree();
    if (request.release) this.#releases.take(request.release, payer);
    try {
      const offer = await calls.request(payer, request, mustBeFree);
      if (!this.isPaidOn()) this.belongsTo(peer);
      return offer;
    } finally {
      this.#candidates.answered(peer);
    }
  }

  private async payChannel(payment: ChannelPayment, peer: string): Promise<ChannelResult> {
    const calls = this.mustSellByChannel();
    this.mustRun();
    this.seen(peer);
    return calls.pay(payment, () => {
      this.belongsTo(peer);
      this.#candidates.paid(peer);
    });
  }

  private mustSellByChannel(): Channels {
    const { schemes } = this.#options.settings;
    if (!this.#channels || !schemes.includes(CHANNEL))
      throw new Fault("unknown-scheme", `Expected ${this.sold().join(" or ")}, came ${CHANNEL}.`);
    return this.#channels.calls;
  }

  /** Schemes by which it sells: without a seed there are no keys for channels. */
  private sold(): readonly SchemeName[] {
    const { schemes } = this.#options.settings;
    return this.#channels ? schemes : schemes.filter((name) => name !== CHANNEL);
  }

  async payTransaction(request: PaymentRequest, peer: string): Promise<PaymentResult> {
    this.mustRun();
    this.seen(peer);
    try {
      return await this.#till.pay(request, () => {
        this.belongsTo(peer);
        this.#candidates.paid(peer);
      });
    } catch (error) {
      if (error instanceof Fault && error.fault === "input-spent")
        attempt(this.#options.report, () => this.#till.checkpoint("input-spent"));
      throw error;
    }
  }

  /** The host that pays, or draws on what was paid; undefined while nobody does. */
  get payer(): string | undefined {
    const pays = this.#outlet.state === "paid" || this.#till.isPaying || this.isPaidOn();
    return pays ? this.#payerHost : undefined;
  }

  /** True where the open session was paid on, or is being paid on. */
  private isPaidOn(): boolean {
    const { session, isPaying } = this.#till;
    const isPaidSession = session !== undefined && (isPaying || session.commitments.length > 0);
    return isPaidSession || this.#channels?.calls.isPaidOn === true;
  }

  /** True where the request is for the session that is open. */
  private goesOn(payer: Hex, { scheme }: PowerRequest): boolean {
    const { session } = this.#till;
    return session?.payerScript === payer && session.scheme === scheme;
  }

  /** The owner has looked at what the gate tripped for. False where that does not help. */
  clear(): boolean {
    return this.#outlet.clear();
  }

  get record(): SocketRecord {
    return this.#ledger.record;
  }

  /** What the owner is shown. */
  view(): SocketView {
    const book = this.#channels?.book;
    return {
      record: this.#ledger.record,
      credit: this.#outlet.credit(),
      standbyRemaining: this.#outlet.standbyRemaining(),
      lockoutLeft: this.#outlet.lockoutLeft(),
      exposure: this.exposure(),
      trip: this.#outlet.trip,
      canSell: this.#till.canSell(),
      isGuessing: this.isGuessing(),
      isStopping: this.#stopping,
      tip: this.#watch.lastTip(),
      tipAge: this.#watch.tipAge(),
      channels: { entries: book?.entries ?? [], unclosed: book?.unclosed ?? 0 },
    };
  }

  private mustRun(): void {
    if (this.#stopping) throw new Fault("stopping", "", 10_000);
    if (this.isGuessing()) throw new Fault("power-fault", `Here ${SELLS_NOTHING}.`);
  }

  /** Real money is not counted on scales that nobody measured. */
  private isGuessing(): boolean {
    const { settings, calibrated = false } = this.#options;
    return settings.network === "mainnet" && !calibrated;
  }

  private seen(peer: string): void {
    this.#outlet.seen();
    this.#calledAt = this.#options.clock.now();
    if (peer === this.#payerHost) this.#payerCalledAt = this.#calledAt;
  }

  private belongsTo(peer: string): void {
    this.#payerHost = peer;
    this.#payerCalledAt = this.#options.clock.now();
  }

  /**
   * A cable that paid, or draws on credit, keeps the socket until its host has been silent for a
   * while, and as long as it draws more than standby would carry: a request takes no power from
   * what runs on it. The next one that asks has some seconds to pay.
   */
  private mustBeFree(payer: Hex, goesOn: boolean, ticket: Hex | undefined, peer: string): void {
    const { leaveAfter } = this.#options.settings;
    const draws = this.#outlet.state === "paid" && this.#ledger.record.payer !== payer;
    if (draws && this.#outlet.isLoaded()) throw new Fault("socket-busy", "", leaveAfter);
    if (goesOn && !draws) return;
    if ((draws || this.isPaidOn()) && peer !== this.#payerHost && !this.payerIsGone())
      throw new Fault("socket-busy", "", leaveAfter);
    // A cable that has paid does not queue behind those that have not.
    if (this.#outlet.creditOf(payer, ticket) > 0) return;
    const wait = this.#candidates.wait(peer);
    if (wait > 0) throw new Fault("socket-busy", "", wait);
    this.#candidates.admit(peer);
  }

  private status(): Status {
    const { settings, gate } = this.#options;
    const trouble = this.isGuessing() ? NOT_CALIBRATED : this.#outlet.trip;
    // Goes on when the session ends: what it paid for is still being drawn.
    const used = Math.floor((gate.read().total - this.#ledger.record.openedAt) / 1000);
    return {
      version: PROTOCOL_VERSION,
      schemes: this.sold(),
      state: this.#outlet.state,
      used,
      remaining: this.#outlet.credit(),
      standbyRemaining: this.#outlet.standbyRemaining(),
      price: settings.price,
      increment: settings.increment,
      sessionMax: settings.sessionMax,
      renewalDue: this.renewalDue(),
      lockoutMs: this.#outlet.lockoutLeft(),
      payee: this.#payee,
      ...(trouble && { trouble }),
      ...this.channelTerms(),
    };
  }

  private channelTerms(): Pick<Status, "channel"> {
    const { settings } = this.#options;
    if (!this.#channels || !settings.schemes.includes(CHANNEL)) return {};
    const rate = this.#watch.lastRates()?.target ?? OLD_FLOOR;
    return { channel: announced(this.#channels.book, settings, rate) };
  }

  private renewalDue(): boolean {
    return this.#outlet.renewalDue() || this.#till.higherFeeWanted();
  }

  private tellIfGuessing(): void {
    const { clock, report } = this.#options;
    if (!this.isGuessing() || this.#stopping) return;
    attempt(report, () => report({ name: NOT_CALIBRATED, why: SELLS_NOTHING }));
    clock.after(TELL_AGAIN, () => this.tellIfGuessing());
  }

  // ------------------------------------------------------------ once a second

  private tick(): void {
    const { clock, settings } = this.#options;
    this.#cancelTick = clock.after(Math.floor(settings.leaseTime / 4), () => this.tick());
    for (const part of [
      () => this.#outlet.tick(),
      () => this.endIfDue(),
      () => this.#channels?.keeper.tick(),
      () => this.#rounds.awaitPushes(),
      () => this.#watch.keepFresh(this.#calledAt, this.#options.report),
    ])
      attempt(this.#options.report, part);
    this.#rounds.tick();
  }

  private endIfDue(): void {
    const { settings } = this.#options;
    const { session } = this.#till;
    if (this.payerIsGone()) this.#channels?.calls.end("left");
    if (!session) return;
    const tip = this.#watch.lastTip();
    if (this.payerIsGone()) this.#till.end("left");
    else if (tip !== undefined && tip >= session.expiry - EXPIRY_MARGIN) this.#till.end("expiry");
    // At the limit only a confirmation helps, and nothing confirms what was not broadcast.
    else if (this.exposure() >= settings.checkpoint || !this.#till.canSell()) this.#till.checkpoint("exposure");
  }

  private exposure(): Satoshi {
    const price = this.#till.session?.price ?? this.#options.settings.price;
    // What a channel paid for is no part of what waits for a block.
    const credit = this.#ledger.record.channel === undefined ? this.#outlet.credit() : 0;
    return exposure(this.#ledger.record, credit, price);
  }

  private payerIsGone(): boolean {
    return this.#options.clock.now() - this.#payerCalledAt >= this.#options.settings.leaveAfter;
  }
}
