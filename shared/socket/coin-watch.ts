// What the socket knows of the chain right now: which coins were reported unspent and when, fee
// rates, the tip. Old news is no news: a coin's word is good for a set time only, and without one
// there is no new credit.

import { ChainError } from "../chain/error";
import { NEWS_AGE } from "../chain/news";
import { keepLatest } from "../kernel/latest";
import { messageOf } from "../kernel/message";
import { outpointKey } from "../kernel/outpoint";
import type { Chain, Clock, Coin, FeeRates, Outpoint, Reporter, Spend } from "../kernel/ports";
import type { Hex, Millisecond } from "../kernel/units";
import { Fault } from "../protocol/faults";

/**
 * News that is kept fresh is asked for when it is this old, in thousandths of what it is good for.
 */
const REFRESHED_AT = 750;
/** So long after the last call, or its start, a socket keeps fresh what it knows of the chain. */
const AWAKE: Millisecond = 3_600_000;
/** After a question about it that was not answered. */
const NEWS_AGAIN: Millisecond = 60_000;
/**
 * Coins whose word is kept: a session's, and some. A caller that asks for many sessions pushes out
 * the oldest, which are asked about again.
 */
const MAX_COINS = 16;

interface News<T> {
  readonly value: T;
  readonly at: Millisecond;
}

export class CoinWatch {
  readonly #chain: Chain;
  readonly #clock: Clock;
  readonly #unspentAt = new Map<string, Millisecond>();
  readonly #settled: () => readonly Hex[];
  #rates: News<FeeRates> | undefined;
  #tip: News<number> | undefined;
  /** When they may be asked for ahead; never while they are. */
  #newsAt: Millisecond = 0;

  /**
   * `settled` names the coins of settlements that are over (`settledName`): a backend that still
   * lists one is behind.
   */
  constructor(options: { readonly chain: Chain; readonly clock: Clock; readonly settled: () => readonly Hex[] }) {
    this.#chain = options.chain;
    this.#clock = options.clock;
    this.#settled = options.settled;
  }

  /**
   * Resolves when each of these coins of `script` was reported unspent within `maxAge`, or spent in
   * the mempool by one of `own`, commitments that the next one replaces. Rejects with a Fault where
   * one is spent otherwise or nobody can say.
   */
  async mustBeUnspent(
    coins: readonly Coin[],
    script: Hex,
    maxAge: Millisecond,
    own: readonly Hex[] = [],
  ): Promise<void> {
    this.mustNotBeSettled(coins);
    // One after the other: a question that waits takes kilobytes of a microcontroller's heap.
    for (const coin of coins) {
      if (this.isFresh(coin, maxAge)) continue;
      const spend = await available(this.spendOf(coin, script));
      if (spend && !isOneOf(own, spend)) throw new Fault("input-spent", `It is ${outpointKey(coin)}.`);
    }
  }

  /** Whatever a backend says of them: one that still lists such a coin is behind, or lies. */
  private mustNotBeSettled(coins: readonly Coin[]): void {
    const settled = this.#settled();
    const old = coins.find((coin) => settled.includes(settledName(coin)));
    if (old) throw new Fault("input-spent", `It is ${outpointKey(old)}, which was settled here.`);
  }

  isFresh(outpoint: Outpoint, maxAge: Millisecond): boolean {
    const at = this.#unspentAt.get(outpointKey(outpoint));
    return at !== undefined && this.#clock.now() - at <= maxAge;
  }

  /** Who spent the coin of `script`; undefined while unspent. Rejects with a ChainError. */
  async spendOf(outpoint: Outpoint, script: Hex): Promise<Spend | undefined> {
    const asked = this.#clock.now();
    const spend = await this.#chain.outspend(outpoint, script);
    if (spend) this.#unspentAt.delete(outpointKey(outpoint));
    // Dated when it was asked: the answer may have been on its way for long.
    else keepLatest(this.#unspentAt, outpointKey(outpoint), asked, MAX_COINS);
    return spend;
  }

  /** Forgets coins that nobody watches any more. */
  forget(coins: readonly Outpoint[]): void {
    for (const coin of coins) this.#unspentAt.delete(outpointKey(coin));
  }

  /**
   * Notes that a list which leaves out what the mempool spends had these coins when it was asked
   * for, at `asked`.
   */
  listed(coins: readonly Outpoint[], asked: Millisecond): void {
    for (const coin of coins) keepLatest(this.#unspentAt, outpointKey(coin), asked, MAX_COINS);
  }

  /**
   * Asks for tip and fee rates before they are too old, so that a cable that comes waits neither
   * for them nor for a connection. Nothing where they are fresh, and where nobody called for an
   * hour.
   */
  keepFresh(calledAt: Millisecond, report: Reporter): void {
    const now = this.#clock.now();
    if (now < this.#newsAt || now - calledAt > AWAKE) return;
    this.#newsAt = Number.POSITIVE_INFINITY;
    this.refresh().then(
      () => {
        this.#newsAt = 0;
      },
      (error: unknown) => {
        this.#newsAt = this.#clock.now() + NEWS_AGAIN;
        report({ name: "chain-trouble", why: messageOf(error) });
      },
    );
  }

  private async refresh(): Promise<void> {
    const age = (this.newsAge() * REFRESHED_AT) / 1000;
    await this.heardTip(age);
    await this.heardRates(age);
  }

  /** At most a minute old, or what the backend says. Rejects with the Fault `chain-unavailable`. */
  rates(): Promise<FeeRates> {
    return available(this.heardRates());
  }

  /**
   * The same for a session that runs: the last ones, however old, where the backend has lost its
   * estimate.
   */
  ratesToGoOn(): Promise<FeeRates> {
    const last = this.lastRates();
    const heard = this.heardRates().catch((error: unknown) => {
      if (last && error instanceof ChainError && error.kind === "no-estimate") return last;
      throw error;
    });
    return available(heard);
  }

  private async heardRates(age = this.newsAge()): Promise<FeeRates> {
    if (!this.isNew(this.#rates, age)) this.#rates = { value: await this.#chain.feeRates(), at: this.#clock.now() };
    return (this.#rates as News<FeeRates>).value;
  }

  /** The last rates heard, however old; undefined before the first. */
  lastRates(): FeeRates | undefined {
    return this.#rates?.value;
  }

  /** Height of the best block, as old. Rejects with the Fault `chain-unavailable`. */
  tip(): Promise<number> {
    return available(this.heardTip());
  }

  private async heardTip(age = this.newsAge()): Promise<number> {
    if (!this.isNew(this.#tip, age)) this.#tip = { value: await this.#chain.tip(), at: this.#clock.now() };
    return (this.#tip as News<number>).value;
  }

  lastTip(): number | undefined {
    return this.#tip?.value;
  }

  /** How old what it last heard of the tip is; undefined before the first. */
  tipAge(): Millisecond | undefined {
    return this.#tip && this.#clock.now() - this.#tip.at;
  }

  private newsAge(): Millisecond {
    return this.#chain.newsAge ?? NEWS_AGE;
  }

  private isNew<T>(news: News<T> | undefined, age: Millisecond): boolean {
    return news !== undefined && this.#clock.now() - news.at <= age;
  }
}

/** True for a spend that no block holds yet, by one of these transactions. */
function isOneOf(txids: readonly Hex[], { txid, height }: Spend): boolean {
  return txid !== undefined && height === undefined && txids.includes(txid);
}

/** An outpoint in 12 bytes: enough to know a coin by, and little enough to remember many. */
export function settledName(outpoint: Outpoint): Hex {
  return outpoint.txid.slice(0, 16) + outpoint.vout.toString(16).padStart(8, "0");
}

export { outpointKey as nameOf };

/** Turns a ChainError into what the cable is told. */
export async function available<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    throw new Fault("chain-unavailable", `(${error.kind})`, error.retryAfter ?? 10_000);
  }
}
