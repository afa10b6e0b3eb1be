// Which coins a session spends, and what they can pay.

import type { Coin } from "../kernel/ports";
import type { Hex, Satoshi } from "../kernel/units";
import { DUST, MAX_INPUTS, totalOf } from "./draft";

export interface CoinChoice {
  /** What the coins should cover: value and fee limit. */
  readonly want: Satoshi;
  /** Unconfirmed coins are taken only from these transactions: the socket's own broadcasts. */
  readonly ownTxids?: ReadonlySet<Hex>;
  /** Coins that may not be used: pledged to an open session, or refused. */
  readonly excluded?: (coin: Coin) => boolean;
}

/**
 * The largest usable coins, as few as cover `want`, at most five; all five where they do not cover
 * it. The same coins come in the same order whatever order they were listed in.
 */
export function selectCoins(coins: readonly Coin[], choice: CoinChoice): readonly Coin[] {
  const usable = coins.filter((coin) => isUsable(coin, choice)).sort(byWorth);
  const chosen: Coin[] = [];
  let total = 0;
  for (const coin of usable) {
    if (chosen.length === MAX_INPUTS || total >= choice.want) break;
    chosen.push(coin);
    total += coin.amount;
  }
  return chosen;
}

/**
 * What a session over these coins can pay: whole increments within the configured maximum, the fee
 * limit kept back.
 */
export function sessionMaximum(
  coins: readonly { readonly amount: Satoshi }[],
  feeLimit: Satoshi,
  increment: Satoshi,
  configuredMax: Satoshi,
): Satoshi {
  const payable = Math.min(configuredMax, totalOf(coins) - feeLimit);
  return Math.max(0, Math.floor(payable / increment) * increment);
}

function isUsable(coin: Coin, choice: CoinChoice): boolean {
  if (coin.amount < DUST || choice.excluded?.(coin)) return false;
  return coin.height !== undefined || (choice.ownTxids?.has(coin.txid) ?? false);
}

/** Largest first; ties by txid, then by output number. */
function byWorth(a: Coin, b: Coin): number {
  if (a.amount !== b.amount) return b.amount - a.amount;
  if (a.txid !== b.txid) return a.txid < b.txid ? -1 : 1;
  return a.vout - b.vout;
}
