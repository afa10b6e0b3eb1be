// Coins of block rewards: no node takes what spends one before 100 blocks hold it, so until then it
// pays nothing.

import { keepLatest } from "../kernel/latest";
import { outpointKey } from "../kernel/outpoint";
import type { Chain, Coin } from "../kernel/ports";

/** Consensus: COINBASE_MATURITY. */
const RIPE_AFTER = 100;
/** Coins of which it is remembered, a session's and some: what a coin came from never changes. */
const MAX_COINS = 16;

export class Rewards {
  readonly #chain: Chain;
  readonly #known = new Map<string, boolean>();

  constructor(chain: Chain) {
    this.#chain = chain;
  }

  /**
   * True for a coin that is known to be a reward too young to be spent into the block after `tip`.
   */
  isUnripe(coin: Coin, tip: number): boolean {
    return isYoung(coin, tip) && this.#known.get(outpointKey(coin)) === true;
  }

  /**
   * The first of these coins that is one. Asks about young coins only, once for each. Rejects with
   * a ChainError.
   */
  async unripe(coins: readonly Coin[], tip: number): Promise<Coin | undefined> {
    for (const coin of coins) {
      if (!isYoung(coin, tip)) continue;
      if (!this.#known.has(outpointKey(coin))) {
        const isReward = (await this.#chain.isReward?.(coin)) ?? false;
        keepLatest(this.#known, outpointKey(coin), isReward, MAX_COINS);
      }
      if (this.isUnripe(coin, tip)) return coin;
    }
    return undefined;
  }
}

/** An unconfirmed coin is the change of a transaction, and no reward. */
function isYoung({ height }: Coin, tip: number): boolean {
  return height !== undefined && tip + 1 - height < RIPE_AFTER;
}
