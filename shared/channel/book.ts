// The socket's channels: which it opens, what it takes, and when it closes them. It asks the chain
// nothing and sends nothing: its owner tells it what the chain said, and broadcasts what it hands
// out.

import { bytesToHex } from "../bitcoin/bytes";
import type { Broadcast } from "../bitcoin/fees";
import { isSameOutpoint } from "../kernel/outpoint";
import type { Coin, Ecdsa, Reporter, Store } from "../kernel/ports";
import {
  energyFor,
  type Hex,
  type MilliSatPerVbyte,
  type MilliSatPerWh,
  type Millisecond,
  type MilliwattHour,
  type Satoshi,
} from "../kernel/units";
import { firstPayment, highestRate, unclosed } from "./amounts";
import {
  closed,
  complete,
  confirmedAt,
  type Increment,
  mustClose,
  nextPay,
  record,
  room,
  startClosing,
  validate,
} from "./channel";
import { closingVsize } from "./closing";
import { type ClosingRates, type ClosingWish, lacksFee, planClosing } from "./closing-fee";
import { ChannelCredit } from "./credit";
import { depositCoin, type Funding, isSigned } from "./funding";
import { IndexNote } from "./index-note";
import { ChannelLedger } from "./ledger";
import { payeeWallet } from "./payee-key";
import { type ChannelRefusal, refuse } from "./reasons";
import { type ChannelEntry, channelOf, MAX_SOCKET_CHANNELS, withChannel } from "./record";
import { type ChannelKeys, keysFault } from "./script";
import { highestTip, type TipAnswer } from "./tip";

/** The owner's terms. */
export interface BookTerms {
  /** N of channels that are opened from now on. */
  readonly delay: number;
  readonly version: number;
  readonly depositLeast: Satoshi;
  readonly depositMost: Satoshi;
  readonly confirmations: number;
  /** Blocks before the deadline in which nothing is sold. */
  readonly margin: number;
  /**
   * Paid over channels that the chain has not closed: what theft or fire may cost. At this sum the
   * oldest is closed.
   */
  readonly maxUnclosed: Satoshi;
  /** Age of the oldest answer about a funding that still counts. */
  readonly answerAge: Millisecond;
  /** Where closings pay. */
  readonly payeeScript: Hex;
}

export interface BookOptions {
  readonly store: Store;
  readonly report: Reporter;
  readonly ecdsa: Ecdsa;
  /** Of the payee keys; its owner has seen it. */
  readonly seed: Uint8Array;
  readonly terms: BookTerms;
}

/**
 * What the chain's server said about a funding: its block, or none; and whether its deposit is
 * unspent.
 */
export interface FundingAnswer {
  readonly height?: number | undefined;
  readonly unspent: boolean;
  readonly at: Millisecond;
}

export interface Taken {
  readonly ok: true;
  /** Credit that the channel has now. */
  readonly credit: MilliwattHour;
  readonly credited: MilliwattHour;
}

/** A funding that a cable signed. */
export interface SignedFunding {
  readonly cableKey: Hex;
  readonly inputs: readonly Coin[];
  readonly deposit: Satoshi;
  readonly fee: Satoshi;
  readonly signed: Hex;
  /** What the cable will show. */
  readonly ticket?: Hex;
}

export class ChannelBook {
  readonly credit: ChannelCredit;
  readonly #options: BookOptions;
  readonly #ledger: ChannelLedger;
  readonly #index: IndexNote;
  #tip: TipAnswer | undefined;
  /**
   * Since the start only: after a restart nothing is sold before a channel's funding has been asked
   * for anew.
   */
  readonly #answers = new Map<Hex, FundingAnswer>();
  /** The next channel's key: deriving it costs a third of a signature. */
  #nextKey: { readonly index: number; readonly key: Hex } | undefined;

  constructor(options: BookOptions) {
    this.#options = options;
    this.#ledger = new ChannelLedger(options.store, MAX_SOCKET_CHANNELS, options.report);
    this.credit = new ChannelCredit(this.#ledger);
    let least = 0;
    for (const { index = 0 } of this.#ledger.entries) least = Math.max(least, index + 1);
    this.#index = new IndexNote(options.store, options.report, least);
  }

  get entries(): readonly ChannelEntry[] {
    return this.#ledger.entries;
  }

  /** What theft or fire could cost now. */
  get unclosed(): Satoshi {
    return unclosed(this.entries);
  }

  get terms(): BookTerms {
    return this.#options.terms;
  }

  get isFull(): boolean {
    return this.#ledger.isFull;
  }

  /** Fundings that wait for blocks. */
  get waiting(): readonly Hex[] {
    return this.entries.filter(({ funding }) => funding !== undefined).map(({ txid }) => txid);
  }

  find(txid: Hex): ChannelEntry | undefined {
    return this.#ledger.find(txid);
  }

  /** The payee key that the next channel gets. */
  nextKey(): Hex {
    const { seed, ecdsa } = this.#options;
    const { next } = this.#index;
    if (this.#nextKey?.index !== next)
      this.#nextKey = { index: next, key: bytesToHex(payeeWallet(seed, next, ecdsa).publicKey) };
    return this.#nextKey.key;
  }

  /** Why no channel with this deposit opens now; undefined where one may. */
  openingFault(cableKey: Hex, deposit: Satoshi): ChannelRefusal | undefined {
    const { terms } = this.#options;
    const fault = keysFault({ payeeKey: this.nextKey(), cableKey, delay: terms.delay });
    if (fault) return refuse("bad-terms", `Expected good keys: ${fault}.`);
    if (deposit < terms.depositLeast || deposit > terms.depositMost)
      return refuse(
        "bad-terms",
        `Expected a deposit of ${terms.depositLeast} to ${terms.depositMost} sat, got ${deposit}.`,
      );
    if (this.isFull) return refuse("too-many-channels", `Expected fewer than ${MAX_SOCKET_CHANNELS}.`);
    return undefined;
  }

  /** Opens a channel. The entry is durable when this returns; then the funding is broadcast. */
  open({ signed, ticket, cableKey, inputs, deposit, fee }: SignedFunding): ChannelEntry | ChannelRefusal {
    const refusal = this.openingFault(cableKey, deposit);
    if (refusal) return refusal;
    const keys: ChannelKeys = { payeeKey: this.nextKey(), cableKey, delay: this.#options.terms.delay };
    const funding: Funding = { keys, inputs, deposit, fee };
    if (!isSigned(funding, signed, this.#options.ecdsa))
      return refuse("bad-funding", "Expected the funding that was offered, signed.");
    return this.opened(funding, signed, ticket);
  }

  /** What the chain's server said; tips and answers may come in any order. */
  sawTip(height: number, at: Millisecond): void {
    this.#tip = { height, at };
  }

  sawFunding(txid: Hex, answer: FundingAnswer): void {
    const entry = this.#ledger.find(txid);
    if (!entry) return;
    this.#answers.set(txid, answer);
    const placed =
      entry.height === answer.height ? entry : withChannel(entry, confirmedAt(channelOf(entry), answer.height));
    // Buried: nobody has to send it again.
    const { funding, ...rest } = placed;
    const next = funding !== undefined && this.depthOf(placed) >= this.#options.terms.confirmations ? rest : placed;
    if (next !== entry) this.#ledger.save(next);
  }

  /** Blocks that bury the funding, by the last answer. */
  depthOf({ height }: ChannelEntry): number {
    return height === undefined ? 0 : Math.max(0, this.lowestTip() - height + 1);
  }

  /**
   * True where the chain has to be asked before anything is sold on this channel: nothing since the
   * start, or too long ago.
   */
  mustAsk(txid: Hex, now: Millisecond): boolean {
    const answer = this.#answers.get(txid);
    return !answer || this.#tip === undefined || now - answer.at > this.#options.terms.answerAge;
  }

  answerTo(txid: Hex): FundingAnswer | undefined {
    return this.#answers.get(txid);
  }

  /** What the next increment of this channel pays; 0 where it sells nothing more. */
  ask(txid: Hex, step: Satoshi, rate: MilliSatPerVbyte): Satoshi {
    const entry = this.#ledger.find(txid);
    if (!entry) return 0;
    const { terms } = this.#options;
    const pay = nextPay(channelOf(entry), step, firstPayment(terms.payeeScript, rate));
    return this.unclosed + pay > terms.maxUnclosed ? 0 : pay;
  }

  /**
   * Takes an increment of at least `pay`, at the visit's price. The entry is durable when this
   * returns.
   */
  take(increment: Increment, pay: Satoshi, price: MilliSatPerWh, now: Millisecond): Taken | ChannelRefusal {
    const entry = this.#ledger.find(increment.channel);
    const frame = this.#ledger.frame(increment.channel);
    if (!entry || !frame) return refuse("other-channel", "This socket has no such channel.");
    const { confirmations, margin, maxUnclosed } = this.#options.terms;
    const channel = channelOf(entry);
    const tip = this.lowestTip();
    const verdict = validate(channel, frame, increment, { tip, confirmations, margin, pay }, this.#options.ecdsa);
    if (!verdict.ok) return verdict;
    if (!verdict.isNew) return { ok: true, credit: entry.energy, credited: 0 };
    const refusal = this.staleness(entry, now);
    if (refusal) return refusal;
    if (this.unclosed + verdict.pay > maxUnclosed)
      return refuse("unclosed-limit", `Expected at most ${maxUnclosed} sat over all channels.`);
    const credited = energyFor(verdict.pay, price);
    const next = { ...withChannel(entry, record(channel, increment)), energy: entry.energy + credited };
    this.#ledger.save(next);
    return { ok: true, credit: next.energy, credited };
  }

  /**
   * Credit that was delivered: noted when a cable leaves, and beside the meter's counters
   * meanwhile.
   */
  delivered(txid: Hex, energy: MilliwattHour): void {
    const entry = this.#ledger.find(txid);
    if (entry && energy > 0) this.#ledger.save({ ...entry, energy: Math.max(0, entry.energy - energy) });
  }

  /**
   * Channels that have to be closed now: near their deadline, used up, or the oldest where too much
   * stands unclosed.
   */
  due(now: Millisecond, step: Satoshi): readonly Hex[] {
    const { margin, maxUnclosed } = this.#options.terms;
    const highest = highestTip(this.#tip, now);
    const due: Hex[] = [];
    let oldest: ChannelEntry | undefined;
    // What closes already frees its sum by itself.
    let standing = 0;
    for (const entry of this.entries) {
      if (entry.phase !== "open" || entry.half === undefined) continue;
      standing += entry.paid;
      const channel = channelOf(entry);
      const isLate = highest !== undefined && mustClose(channel, highest, margin);
      if (isLate || room(channel) === 0) due.push(entry.txid);
      else if (!oldest || (entry.index ?? 0) < (oldest.index ?? 0)) oldest = entry;
    }
    if (due.length === 0 && oldest && standing + step > maxUnclosed) due.push(oldest.txid);
    return due;
  }

  /**
   * The channel's closing at the rate of the day, dearer than the last one that left by what a
   * replacement has to add. From the first call on the channel sells nothing. Where the share
   * cannot pay it, `coins` of the payee's are spent along; where those do not suffice either, it
   * pays the most that leaves no dust, and undefined where that is less than a replacement takes,
   * or nothing was paid. Coins of the last closing that are not among them have been spent by
   * somebody else.
   */
  close(
    txid: Hex,
    rate: MilliSatPerVbyte,
    incremental: MilliSatPerVbyte,
    coins: readonly Coin[] = [],
  ): Hex | undefined {
    const entry = this.#ledger.find(txid);
    if (!entry || entry.half === undefined || entry.phase === "closed") return undefined;
    const wish = this.wishOf(entry, { rate, incremental });
    // A closing whose coin somebody else has spent is in no mempool any more: nothing has to be
    // replaced.
    const isGone = entry.closingCoins?.some((coin) => !coins.some((other) => isSameOutpoint(other, coin)));
    const plan = planClosing({ ...wish, coins, replaces: isGone ? undefined : wish.replaces });
    if (!plan) return undefined;
    const { closingCoins: _, ...rest } = withChannel(entry, startClosing(channelOf(entry)));
    const along = plan.coins.map((coin) => ({ txid: coin.txid, vout: coin.vout, amount: coin.amount }));
    this.#ledger.save({ ...rest, closingFee: plan.fee, ...(along.length > 0 && { closingCoins: along }) });
    return this.closing(txid);
  }

  /** True where the share alone does not pay a closing at the rate. */
  lacksFee(entry: ChannelEntry, rates: ClosingRates): boolean {
    return lacksFee(this.wishOf(entry, rates));
  }

  /** The closing that left last, the same bytes again. */
  closing(txid: Hex): Hex | undefined {
    const entry = this.#ledger.find(txid);
    const frame = this.#ledger.frame(txid);
    if (!entry || !frame || entry.closingFee === undefined) return undefined;
    const { terms, seed, ecdsa } = this.#options;
    const payee = payeeWallet(seed, entry.index ?? 0, ecdsa);
    const closing = { payeeScript: terms.payeeScript, fee: entry.closingFee, coins: entry.closingCoins ?? [] };
    return complete(channelOf(entry), frame, closing, payee);
  }

  /** Sells nothing more on this channel: its end was asked for, by somebody with the right to. */
  startClosing(txid: Hex): void {
    const entry = this.#ledger.find(txid);
    if (entry) this.#ledger.save(withChannel(entry, startClosing(channelOf(entry))));
  }

  /**
   * The deposit's spend is buried: the entry is kept while it holds credit, since that is still
   * owed.
   */
  over(txid: Hex): void {
    const entry = this.#ledger.find(txid);
    if (!entry) return;
    this.#answers.delete(txid);
    const isOwed = entry.energy > 0 || entry.reading !== undefined;
    if (isOwed) this.#ledger.save(withChannel(entry, closed(channelOf(entry))));
    else this.#ledger.drop(txid);
  }

  private wishOf(entry: ChannelEntry, rates: ClosingRates): Omit<ClosingWish, "coins"> {
    const { payeeScript } = this.#options.terms;
    return { ...rates, paid: entry.paid, payeeScript, replaces: this.lastClosing(entry) };
  }

  /** The closing that left last, by fee and size; undefined before there was one. */
  lastClosing({ closingFee, closingCoins = [] }: ChannelEntry): Broadcast | undefined {
    if (closingFee === undefined) return undefined;
    return { fee: closingFee, vsize: closingVsize(this.#options.terms.payeeScript, closingCoins.length) };
  }

  /** The rate that the channel's share can pay at most. */
  highestRate(entry: ChannelEntry): MilliSatPerVbyte {
    return highestRate(entry.paid, this.#options.terms.payeeScript);
  }

  private opened({ keys, ...funding }: Funding, signed: Hex, ticket: Hex | undefined): ChannelEntry {
    const index = this.#index.next;
    const entry: ChannelEntry = {
      ...keys,
      version: this.#options.terms.version,
      txid: depositCoin({ keys, ...funding }).txid,
      deposit: funding.deposit,
      phase: "open",
      paid: 0,
      energy: 0,
      funding: signed,
      index,
      ...(ticket === undefined ? {} : { ticket }),
    };
    // First the number, so that a cut between the two leaves a key unused and never one used twice.
    this.#index.use(index);
    this.#ledger.save(entry);
    return entry;
  }

  /** For burial, where a tip that is thought too high would sell too early. */
  private lowestTip(): number {
    return this.#tip?.height ?? 0;
  }

  private staleness(entry: ChannelEntry, now: Millisecond): ChannelRefusal | undefined {
    const { answerAge, margin } = this.#options.terms;
    const answer = this.#answers.get(entry.txid);
    const highest = highestTip(this.#tip, now);
    if (!answer || highest === undefined || now - answer.at > answerAge)
      return refuse("chain-unasked", "Expected a fresh answer about the funding.");
    if (!answer.unspent) return refuse("closing", "The deposit is spent.");
    if (mustClose(channelOf(entry), highest, margin)) return refuse("near-deadline", `The tip may be at ${highest}.`);
    return undefined;
  }
}
