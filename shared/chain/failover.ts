// Several backends behind the one port: the first that answers is believed, the next one steps in
// when it fails.
//
// A backend that is away, limited or talks nonsense rests for a while, longer each time, and comes
// back by itself. A refusal is an answer, not a failure: asking elsewhere until somebody agrees
// would be shopping for lies. "Unspent?" is different, because there a liar gains: with a quorum of
// two, two must say so, or both list the coin. One that says "spent" is enough for spent when
// nobody denies it; two that contradict each other are a ChainError "conflict", so no new credit.

import { doubled } from "../kernel/backoff";
import { constant } from "../kernel/constant";
import { isSameOutpoint, outpointKey } from "../kernel/outpoint";
import type { Chain, Clock, Coin, FeeRates, Listing, Outpoint, Spend, TxStatus } from "../kernel/ports";
import type { Hex, Millisecond } from "../kernel/units";
import { ChainError, type ChainErrorKind } from "./error";
import { NEWS_AGE } from "./news";
import { txidToSend } from "./raw-tx";

export interface FailoverOptions {
  /** In the order of trust; at least one. */
  readonly backends: readonly Chain[];
  readonly clock: Clock;
  /** So many must say "unspent". Default 1; 2 wants two backends that answer. */
  readonly quorum?: 1 | 2;
  /**
   * How long a backend rests after its first failure; doubled with each further one. Default 10 s.
   */
  readonly restMs?: Millisecond;
}

interface Member {
  readonly chain: Chain;
  failures: number;
  restsUntil: Millisecond;
}

const LONGEST_REST: Millisecond = 600_000;
/** What another backend may do better. */
const FAILURES: readonly ChainErrorKind[] = constant(["away", "rate-limited", "malformed"]);

export class Failover implements Chain {
  readonly #members: readonly Member[];
  readonly #clock: Clock;
  readonly #quorum: 1 | 2;
  readonly #rest: Millisecond;
  /** At every backend that pushes: what one keeps back another tells. Absent where none does. */
  readonly watch?: (script: Hex, onChange: () => void) => () => void;

  /** Throws an Error where there are fewer backends than the quorum wants. */
  constructor({ backends, clock, quorum = 1, restMs = 10_000 }: FailoverOptions) {
    if (backends.length < quorum) throw new Error(`expected at least ${quorum} backends, got ${backends.length}`);
    this.#members = backends.map((chain) => ({ chain, failures: 0, restsUntil: 0 }));
    this.#clock = clock;
    this.#quorum = quorum;
    this.#rest = restMs;
    const pushers = backends.filter((chain) => chain.watch);
    if (pushers.length > 0) {
      this.watch = (script, onChange) => {
        const ends = pushers.map((chain) => chain.watch?.(script, onChange));
        return () => {
          for (const end of ends) end?.();
        };
      };
    }
  }

  utxos(script: Hex, limit: number): Promise<readonly Coin[]> {
    return this.first((chain) => chain.utxos(script, limit));
  }

  /**
   * With a quorum of two only what two list counts, and only where both lists take the mempool into
   * account.
   */
  async listing(script: Hex, limit: number, anew = false): Promise<Listing> {
    const ask = (chain: Chain): Promise<Listing> => listed(chain, script, limit, anew);
    if (this.#quorum === 1) return this.first(ask);
    const { answers, failure } = await this.several(ask);
    const [first, second] = answers;
    if (!first || !second)
      throw failure ?? new ChainError("away", `expected ${this.#quorum} lists of coins, got fewer`);
    const coins = first.coins.filter((coin) => second.coins.some((other) => isSame(coin, other)));
    const kept = first.kept || second.kept || false;
    const isNothing = coins.length === 0 && first.coins.length + second.coins.length > 0;
    if (isNothing && kept) return this.listing(script, limit, true);
    if (isNothing) throw new ChainError("conflict", "the backends list no coin of the script in common");
    return { coins, unspent: first.unspent && second.unspent, ...(kept && { kept }) };
  }

  /** True where one can ask, false where none can; undefined until it is known. */
  get canTest(): boolean | undefined {
    const known = this.#members.filter(({ chain }) => chain.wouldTake).map(({ chain }) => chain.canTest);
    return known.includes(true) || (known.includes(undefined) ? undefined : false);
  }

  /** As long as the one with the least quota wants, since any may be asked. */
  get newsAge(): Millisecond {
    return Math.max(...this.#members.map(({ chain }) => chain.newsAge ?? NEWS_AGE));
  }

  /** The first that can ask. Where none can the answer is false, unless one that may was away. */
  async wouldTake(transaction: Hex): Promise<boolean> {
    let failure: ChainError | undefined;
    for (const member of this.inOrder()) {
      if (!member.chain.wouldTake) continue;
      try {
        if (await this.try(member, async (chain) => chain.wouldTake?.(transaction))) return true;
      } catch (error) {
        if (!isFailure(error)) throw error;
        failure ??= error;
      }
    }
    if (failure) throw failure;
    return false;
  }

  /** Every backend can tell; one that cannot says no. */
  isReward(coin: Coin): Promise<boolean> {
    return this.first(async (chain) => (await chain.isReward?.(coin)) ?? false);
  }

  status(txid: Hex): Promise<TxStatus> {
    return this.first((chain) => chain.status(txid));
  }

  feeRates(): Promise<FeeRates> {
    return this.first((chain) => chain.feeRates());
  }

  tip(): Promise<number> {
    return this.first((chain) => chain.tip());
  }

  async outspend(outpoint: Outpoint, script?: Hex): Promise<Spend | undefined> {
    if (this.#quorum === 1) return this.first((chain) => chain.outspend(outpoint, script));
    const { answers, failure } = await this.several((chain) => chain.outspend(outpoint, script));
    const spends = answers.filter((answer) => answer !== undefined);
    const coin = outpointKey(outpoint);
    if (spends.length > 0 && spends.length < answers.length) {
      throw new ChainError("conflict", `the backends disagree whether ${coin} is spent`);
    }
    const ids = new Set(spends.map((spend) => spend.txid).filter((id) => id !== undefined));
    if (ids.size > 1) throw new ChainError("conflict", `the backends disagree who spent ${coin}`);
    const [best] = spends.sort((a, b) => detail(b) - detail(a));
    if (best) return best;
    if (answers.length >= this.#quorum) return undefined;
    throw failure ?? new ChainError("away", `expected ${this.#quorum} answers about ${coin}, got fewer`);
  }

  /** Goes to every backend; one that takes it, or knows it already, is enough. */
  async broadcast(transaction: Hex): Promise<Hex> {
    return this.any(this.#members, async (chain) => {
      try {
        return await chain.broadcast(transaction);
      } catch (error) {
        if (error instanceof ChainError && error.kind === "already-known") return txidToSend(transaction);
        throw error;
      }
    });
  }

  // ---------------------------------------------------------------- trying

  private async first<T>(ask: (chain: Chain) => Promise<T>): Promise<T> {
    let failure: unknown;
    for (const member of this.inOrder()) {
      try {
        return await this.try(member, ask);
      } catch (error) {
        if (!isFailure(error) && !isWithoutEstimate(error)) throw error;
        failure ??= error;
      }
    }
    throw failure;
  }

  /** As many answers as the quorum wants, at once, or all that there are. */
  private async several<T>(ask: (chain: Chain) => Promise<T>): Promise<{ answers: readonly T[]; failure: unknown }> {
    const waiting = [...this.inOrder()];
    const answers: T[] = [];
    let failure: unknown;
    const one = async (): Promise<void> => {
      for (let member = waiting.shift(); member; member = waiting.shift()) {
        try {
          answers.push(await this.try(member, ask));
          return;
        } catch (error) {
          if (!isFailure(error)) throw error;
          failure ??= error;
        }
      }
    };
    await Promise.all(Array.from({ length: this.#quorum }, one));
    return { answers, failure };
  }

  /** Sends to all at once; the first that takes it is enough. */
  private async any<T>(members: readonly Member[], send: (chain: Chain) => Promise<T>): Promise<T> {
    try {
      return await Promise.any(members.map((member) => this.try(member, send)));
    } catch (error) {
      const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
      // A refusal says more than that a backend could not be reached.
      throw errors.find((one) => !isFailure(one)) ?? errors[0];
    }
  }

  private async try<T>(member: Member, ask: (chain: Chain) => Promise<T>): Promise<T> {
    try {
      const answer = await ask(member.chain);
      member.failures = 0;
      member.restsUntil = 0;
      return answer;
    } catch (error) {
      if (isFailure(error)) this.sendToRest(member, error);
      throw error;
    }
  }

  private sendToRest(member: Member, error: ChainError): void {
    const rest = Math.max(error.retryAfter ?? 0, doubled(this.#rest, member.failures));
    member.failures += 1;
    member.restsUntil = this.#clock.now() + Math.min(rest, LONGEST_REST);
  }

  /**
   * Those that are well in the given order, then those that rest: a poor answer is better than
   * none.
   */
  private inOrder(): readonly Member[] {
    const now = this.#clock.now();
    const rests = (member: Member): boolean => member.restsUntil > now;
    return [...this.#members.filter((member) => !rests(member)), ...this.#members.filter(rests)];
  }
}

async function listed(chain: Chain, script: Hex, limit: number, anew: boolean): Promise<Listing> {
  return chain.listing
    ? chain.listing(script, limit, anew)
    : { coins: await chain.utxos(script, limit), unspent: false };
}

function isSame(a: Coin, b: Coin): boolean {
  return isSameOutpoint(a, b) && a.amount === b.amount;
}

/** Another may have one; it is no reason to rest. */
function isWithoutEstimate(error: unknown): boolean {
  return error instanceof ChainError && error.kind === "no-estimate";
}

function isFailure(error: unknown): error is ChainError {
  return error instanceof ChainError && FAILURES.includes(error.kind);
}

function detail(spend: Spend): number {
  return (spend.txid === undefined ? 0 : 1) + (spend.height === undefined ? 0 : 1);
}
