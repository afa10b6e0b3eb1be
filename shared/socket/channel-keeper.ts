// The keeper of channels: asks the chain about them in the background, brings fundings and closings
// to the network, raises a closing's fee from day to day, and notices who spent a deposit. What
// follows is the book's (shared/channel/book.ts); no call waits for it but the first one on a
// channel after a restart.

import { ChainError } from "../chain/error";
import { readRawTx } from "../chain/raw-tx";
import type { ChannelBook } from "../channel/book";
import { mustClose } from "../channel/channel";
import { feeCoinScript, MAX_FEE_COINS } from "../channel/closing";
import { type ChannelEntry, channelOf } from "../channel/record";
import { channelScript, depositScript } from "../channel/script";
import { keepLatest } from "../kernel/latest";
import { messageOf } from "../kernel/message";
import { isSameOutpoint } from "../kernel/outpoint";
import type { Chain, Clock, Coin, FeeRates, Reporter, Spend } from "../kernel/ports";
import { feeFor, type Hex, type MilliSatPerVbyte, type Millisecond, type Satoshi } from "../kernel/units";
import { isAway } from "./settler";

/** A closing that no block took is sent again at a higher fee. */
const RAISED_AFTER: Millisecond = 86_400_000;
/** One that nodes refuse, and that cannot pay more: fees may fall, or a coin for it come. */
const TRIED_AFTER: Millisecond = 3_600_000;
/** While a funding or a closing waits for blocks. */
const PENDING_EVERY: Millisecond = 60_000;
/** Whether anything is due is looked at so often. */
const LOOK_EVERY: Millisecond = 10_000;
/**
 * A closing that was refused for something else than its fee leaves again as it is: its funding may
 * be in no block just now.
 */
const SENT_AGAIN: Millisecond = 300_000;
/** After a question that nobody answered. */
const ASK_AGAIN: Millisecond = 60_000;
/** An answer is made new when it is this old, in parts of what it is good for. */
const PARTS = 8;
/** More than a socket keeps channels. */
const MAX_KNOWN = 32;

export interface KeeperOptions {
  readonly book: ChannelBook;
  readonly chain: Chain;
  readonly clock: Clock;
  readonly report: Reporter;
  /** Rejects where nobody can say. */
  readonly rates: () => Promise<FeeRates>;
  /** What the next increment pays at least. */
  readonly step: () => Satoshi;
  /** As the owner reads it. */
  readonly addressOf: (script: Hex) => string;
  /** A funding will never be in a block: nor will what spends its change. */
  readonly onReplaced: (funding: Hex) => void;
}

export class ChannelKeeper {
  readonly #options: KeeperOptions;
  /** When each channel is asked about next. */
  readonly #next = new Map<Hex, Millisecond>();
  /** When each closing is tried next, at a fee that rose. */
  readonly #tryAt = new Map<Hex, Millisecond>();
  /** Whose last closing nodes refused for its fee. */
  readonly #tooLow = new Map<Hex, true>();
  /**
   * Whose last closing leaves again as it is, and how long it waits: nobody may have heard of it,
   * or it was refused for no fee.
   */
  readonly #again = new Map<Hex, Millisecond>();
  /** Whose last closing nodes refused for an input that is not there: only listed coins count. */
  readonly #coinGone = new Map<Hex, true>();
  /**
   * Lowest height that was told of a deposit's spend by a backend that does not know which
   * transaction it was.
   */
  readonly #spentAt = new Map<Hex, number>();
  #running = false;
  #lookAt: Millisecond = Number.NEGATIVE_INFINITY;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Call about once a second. Rounds never overlap. */
  tick(): void {
    const now = this.#options.clock.now();
    if (this.#running || now < this.#lookAt) return;
    this.#lookAt = now + LOOK_EVERY;
    if (!this.isDue()) return;
    this.#running = true;
    void this.round().finally(() => {
      this.#running = false;
    });
  }

  /** Something has changed that may need a round at once. */
  hurry(): void {
    this.#lookAt = Number.NEGATIVE_INFINITY;
  }

  private isDue(): boolean {
    const { book, clock } = this.#options;
    const now = clock.now();
    return book.entries.some(({ txid }) => now >= (this.#next.get(txid) ?? 0)) || this.due().length > 0;
  }

  private async round(): Promise<void> {
    const { book, clock, report } = this.#options;
    for (const { txid } of book.entries) {
      const entry = book.find(txid);
      if (!entry || clock.now() < (this.#next.get(txid) ?? 0)) continue;
      keepLatest(this.#next, txid, clock.now() + ASK_AGAIN, MAX_KNOWN);
      await this.ask(entry).catch((error: unknown) => report(troubleOf(error)));
    }
    for (const txid of this.due()) await this.close(txid).catch((error: unknown) => report(troubleOf(error)));
  }

  /**
   * Asks the chain about one channel, and does what follows from the answer. Rejects with a
   * ChainError.
   */
  async ask(entry: ChannelEntry): Promise<void> {
    const { book, chain, clock } = this.#options;
    const { txid } = entry;
    if (entry.phase === "closed") return this.sweep(entry);
    const at = clock.now();
    // The tip first, as the settler does: were it asked last, a branch could lend its height to a
    // block that is gone.
    const tip = await chain.tip();
    const status = await chain.status(txid);
    const height = status.state === "confirmed" ? status.height : undefined;
    const spend = height === undefined ? undefined : await chain.outspend({ txid, vout: 0 }, scriptOf(entry));
    book.sawTip(tip, at);
    book.sawFunding(txid, { height, unspent: spend === undefined, at });
    const isPending = height === undefined || book.depthOf(entry) < book.terms.confirmations || entry.phase !== "open";
    const every = isPending ? PENDING_EVERY : Math.floor(book.terms.answerAge / PARTS);
    keepLatest(this.#next, txid, at + every, MAX_KNOWN);
    if (spend) return this.spent(entry, spend, tip);
    this.#spentAt.delete(txid);
    if (status.state === "unknown") return this.missing(entry, tip);
    // As it is now: while the chain was asked something may have been paid.
    const now = book.find(txid);
    if (now && this.isUnpaidAndLate(now, tip)) this.drop(now, "deadline");
  }

  /**
   * The network does not know the funding: it is sent again, unless somebody else has spent what it
   * spends.
   */
  private async missing(entry: ChannelEntry, tip: number): Promise<void> {
    const { book, chain } = this.#options;
    if (entry.funding === undefined) return;
    if (await this.send(entry)) return;
    for (const input of readRawTx(entry.funding).inputs) {
      const spend = await chain.outspend(input);
      const depth = spend?.height === undefined ? 0 : tip - spend.height + 1;
      if (!spend || spend.txid === entry.txid || depth < book.terms.confirmations) continue;
      this.#options.onReplaced(entry.txid);
      return this.drop(entry, "replaced");
    }
  }

  /**
   * Brings a funding to the network. False where the network refuses it; rejects with a ChainError
   * where nobody can say whether it heard of it.
   */
  async send(entry: ChannelEntry): Promise<boolean> {
    const { chain, report } = this.#options;
    if (entry.funding === undefined) return true;
    try {
      await chain.broadcast(entry.funding);
      report({ name: "funding-sent", channel: entry.txid, deposit: entry.deposit });
      return true;
    } catch (error) {
      if (!(error instanceof ChainError) || isAway(error)) throw error;
      if (error.kind === "already-known") return true;
      report({ name: "funding-refused", channel: entry.txid, why: error.message });
      return false;
    }
  }

  /** Nothing was ever paid on it: nothing is owed, and it keeps no place. */
  drop(entry: ChannelEntry, why: string): void {
    const { book, report } = this.#options;
    report({ name: "channel-over", channel: entry.txid, why, lost: entry.paid });
    book.over(entry.txid);
  }

  private isUnpaidAndLate(entry: ChannelEntry, tip: number): boolean {
    const isUnpaid = entry.half === undefined && entry.energy === 0;
    return isUnpaid && mustClose(channelOf(entry), tip, this.#options.book.terms.margin);
  }

  // ------------------------------------------------------------ closings

  /** Channels whose closing has to leave now, for the first time or at a higher fee. */
  private due(): readonly Hex[] {
    const { book, clock, step } = this.#options;
    const now = clock.now();
    const due = [...book.due(now, step())];
    for (const { txid, phase, half } of book.entries) {
      if (phase === "closing" && half !== undefined) due.push(txid);
    }
    return due.filter((txid) => now >= (this.#tryAt.get(txid) ?? Number.NEGATIVE_INFINITY));
  }

  /**
   * The closing at the going rate. It leaves once it is written, and no increment is taken from
   * then on.
   */
  private async close(txid: Hex): Promise<void> {
    const { book, report, rates, addressOf } = this.#options;
    const isKnown = !this.#tryAt.has(txid) || this.#again.has(txid);
    this.tryAgain(txid, ASK_AGAIN);
    const known = await rates();
    const wish = { rate: Math.max(known.target, known.floor), incremental: this.stepOf(txid, known.incremental) };
    const before = book.find(txid);
    if (!before) return;
    const asksForCoins = before.closingCoins !== undefined || book.lacksFee(before, wish);
    const coins = asksForCoins ? await this.feeCoins(before) : [];
    // One that was on its way before a restart is there perhaps: the same bytes do no harm.
    const isAgain = isKnown && !this.#coinGone.has(txid) && this.paysFor(before, wish.rate);
    const closing = isAgain ? book.closing(txid) : book.close(txid, wish.rate, wish.incremental, coins);
    this.tryAgain(txid, closing === undefined ? TRIED_AFTER : RAISED_AFTER);
    this.#next.delete(txid);
    if (closing !== undefined) {
      // Another closing of ours is there, or its child weighs on it: the next one pays twice as
      // much, and soon.
      const isTooLow = !(await this.broadcast(txid, closing));
      if (isTooLow) this.tryAgain(txid, ASK_AGAIN);
      if (isTooLow) keepLatest(this.#tooLow, txid, true, MAX_KNOWN);
      else this.#tooLow.delete(txid);
      return;
    }
    const last = book.closing(txid);
    if (last !== undefined && (await this.broadcast(txid, last))) return;
    report({ name: "closing-worthless", channel: txid, paid: before.paid, address: addressOf(feeCoinScript(before)) });
  }

  /** What a replacement adds a vbyte: as much as there is, where that was too little. */
  private stepOf(txid: Hex, incremental: MilliSatPerVbyte): MilliSatPerVbyte {
    const { book } = this.#options;
    const entry = this.#tooLow.has(txid) ? book.find(txid) : undefined;
    const last = entry && book.lastClosing(entry);
    return last ? Math.max(incremental, Math.ceil((last.fee * 1000) / last.vsize)) : incremental;
  }

  private tryAgain(txid: Hex, after: Millisecond): void {
    keepLatest(this.#tryAt, txid, this.#options.clock.now() + after, MAX_KNOWN);
  }

  private asItIs(txid: Hex, after: Millisecond): void {
    keepLatest(this.#again, txid, after, MAX_KNOWN);
    this.tryAgain(txid, after);
  }

  /** True where the closing that left before a restart pays the rate of now. */
  private paysFor(entry: ChannelEntry, rate: MilliSatPerVbyte): boolean {
    const last = this.#options.book.lastClosing(entry);
    return last !== undefined && last.fee >= feeFor(last.vsize, rate);
  }

  /**
   * Confirmed coins of the channel's payee key, which pay a fee that the share does not. Those of
   * the closing that left last are listed no more while it waits, and are still there to be spent
   * by the next one. One that nobody spends and no list shows was left out by a branch.
   */
  private async feeCoins(entry: ChannelEntry): Promise<readonly Coin[]> {
    const { chain, report } = this.#options;
    try {
      const listed = await chain.utxos(feeCoinScript(entry), 2 * MAX_FEE_COINS);
      const coins = listed.filter(({ height }) => height !== undefined);
      const own = this.closingId(entry);
      const kept = this.#coinGone.has(entry.txid) ? [] : (entry.closingCoins ?? []);
      for (const coin of kept) {
        if (coins.some((other) => isSameOutpoint(other, coin))) continue;
        const spend = await chain.outspend(coin, feeCoinScript(entry));
        const isUnknown = spend && spend.txid === undefined && spend.height === undefined;
        if (isUnknown || (spend && spend.txid === own)) coins.push(coin);
      }
      return coins;
    } catch (error) {
      report(troubleOf(error));
      return [];
    }
  }

  /** False where nodes want a higher fee. */
  private async broadcast(txid: Hex, hex: Hex): Promise<boolean> {
    const { book, chain, report } = this.#options;
    try {
      const closing = await chain.broadcast(hex);
      this.#again.delete(txid);
      this.#coinGone.delete(txid);
      report({ name: "closing-sent", channel: txid, txid: closing, fee: book.find(txid)?.closingFee ?? 0 });
    } catch (error) {
      if (!(error instanceof ChainError) || isAway(error)) {
        this.asItIs(txid, ASK_AGAIN);
        throw error;
      }
      if (error.kind === "already-known") return true;
      report({ name: "closing-refused", channel: txid, why: error.message });
      if (error.kind === "replacement-fee-too-low" || error.kind === "fee-too-low") return false;
      const isFirst = error.kind === "conflict" && !this.#coinGone.has(txid);
      // The next one leaves in a minute, without the coins that no list shows.
      if (isFirst && book.find(txid)?.closingCoins) {
        keepLatest(this.#coinGone, txid, true, MAX_KNOWN);
        this.tryAgain(txid, ASK_AGAIN);
        return true;
      }
      // A funding that is no more would have it refused for ever.
      this.asItIs(txid, Math.min(RAISED_AFTER, 2 * (this.#again.get(txid) ?? SENT_AGAIN / 2)));
    }
    return true;
  }

  /**
   * Somebody has spent the deposit: the socket, with its closing; the cable, with a refund; or a
   * thief.
   */
  private async spent(entry: ChannelEntry, spend: Spend, tip: number): Promise<void> {
    const { book, report } = this.#options;
    const own = this.closingId(entry);
    const height = spend.txid === undefined ? await this.heightOf(entry, spend, own) : spend.height;
    if (height === undefined && (spend.txid === undefined || spend.txid !== own)) return this.contest(entry);
    if (height === undefined || tip - height + 1 < book.terms.confirmations) return;
    const txid = spend.txid ?? own;
    report({ name: "channel-closed", channel: entry.txid, paid: entry.paid, own: txid !== undefined && txid === own });
    book.over(entry.txid);
  }

  /**
   * A backend that does not say who spent it, or when: what it says of our closing, or the lowest
   * height that it ever told.
   */
  private async heightOf(entry: ChannelEntry, { height }: Spend, own: Hex | undefined): Promise<number | undefined> {
    const status = own === undefined ? undefined : await this.#options.chain.status(own);
    if (status?.state === "confirmed") return status.height;
    if (height === undefined) return undefined;
    const lowest = Math.min(height, this.#spentAt.get(entry.txid) ?? height);
    keepLatest(this.#spentAt, entry.txid, lowest, MAX_KNOWN);
    return lowest;
  }

  /**
   * Another transaction spends the deposit, and no block has it yet: the latest closing goes out
   * against it.
   */
  private async contest(entry: ChannelEntry): Promise<void> {
    const { book } = this.#options;
    if (entry.phase === "open") book.startClosing(entry.txid);
    const hex = book.closing(entry.txid);
    if (hex !== undefined) await this.broadcast(entry.txid, hex);
  }

  private closingId(entry: ChannelEntry): Hex | undefined {
    const hex = entry.closingFee === undefined ? undefined : this.#options.book.closing(entry.txid);
    return hex === undefined ? undefined : readRawTx(hex).txid;
  }

  /** An entry that is over is kept for its credit alone. */
  private sweep(entry: ChannelEntry): void {
    const { book, clock } = this.#options;
    if (entry.energy === 0 && entry.reading === undefined) book.over(entry.txid);
    keepLatest(this.#next, entry.txid, clock.now() + ASK_AGAIN, MAX_KNOWN);
  }
}

function scriptOf({ payeeKey, cableKey, delay }: ChannelEntry): Hex {
  return depositScript(channelScript({ payeeKey, cableKey, delay }));
}

function troubleOf(error: unknown): { readonly name: string; readonly why: string } {
  const why = messageOf(error);
  return { name: error instanceof ChainError ? "chain-trouble" : "keeper-failed", why };
}
