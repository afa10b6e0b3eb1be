// The largest coins of a list that anybody can make long.

import { isSameOutpoint, outpointKey } from "../kernel/outpoint";
import type { Coin } from "../kernel/ports";
import type { Satoshi } from "../kernel/units";
import { ChainError } from "./error";
import { malformed } from "./shape";

/**
 * Coins of an address that are read: anybody can send it more, and to read them all would take a
 * device for long.
 */
export const MOST_COINS = 1_000;

/** There are more than MOST_COINS: what was read has to do. */
class ListCut extends ChainError {}

/** Waits for a list that fills `coins`, and ends it early where it is too long. */
export async function cutShort(list: Promise<void>): Promise<void> {
  try {
    await list;
  } catch (error) {
    if (!(error instanceof ListCut)) throw error;
  }
}

/**
 * The largest coins of a list that may be long, never more than `limit` at a time, and of the first
 * MOST_COINS only.
 */
export class LargestCoins {
  #read = 0;
  readonly #limit: number;
  readonly #coins: Coin[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A coin of `amount` is on the list; `read` is called only where it may be among the largest. */
  add(amount: Satoshi, read: () => Coin): void {
    if (++this.#read > MOST_COINS) throw new ListCut("away", `expected at most ${MOST_COINS} coins, got more`);
    const coins = this.#coins;
    if (amount <= (coins[this.#limit - 1]?.amount ?? 0)) return;
    const coin = read();
    if (coins.some((kept) => isSameOutpoint(kept, coin))) {
      throw malformed("each output once", `${outpointKey(coin)} twice`);
    }
    const at = coins.findIndex((kept) => isBefore(coin, kept));
    coins.splice(at < 0 ? coins.length : at, 0, coin);
    if (coins.length > this.#limit) coins.pop();
  }

  /**
   * The largest first; equal ones in the order of their outpoints. Which of equal ones are cut is
   * the server's choice.
   */
  get coins(): readonly Coin[] {
    return this.#coins;
  }
}

function isBefore(a: Coin, b: Coin): boolean {
  if (a.amount !== b.amount) return a.amount > b.amount;
  return a.txid === b.txid ? a.vout < b.vout : a.txid < b.txid;
}
