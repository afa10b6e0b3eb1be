// What a closing pays, and out of what: the payee's share, and where that does not suffice coins of
// its own, which anybody may send to the channel's payee key (docs/channel.md, "Closing and
// refund").

import { dustOf, totalOf } from "../bitcoin/draft";
import { type Broadcast, feeNeeded } from "../bitcoin/fees";
import type { Coin } from "../kernel/ports";
import type { Hex, MilliSatPerVbyte, Satoshi } from "../kernel/units";
import { closingVsize, MAX_FEE_COINS } from "./closing";

export interface ClosingPlan {
  readonly fee: Satoshi;
  readonly coins: readonly Coin[];
}

export interface ClosingRates {
  /** For a confirmation in time. */
  readonly rate: MilliSatPerVbyte;
  /** What a replacement adds. */
  readonly incremental: MilliSatPerVbyte;
}

export interface ClosingWish extends ClosingRates {
  /** The payee's share before the fee. */
  readonly paid: Satoshi;
  readonly payeeScript: Hex;
  /** The closing that left last. */
  readonly replaces: Broadcast | undefined;
  /** Coins of the payee's that may be spent along. */
  readonly coins: readonly Coin[];
}

/**
 * The cheapest closing at `rate`: with no coin, or the fewest. Where none reaches it, the one of
 * the best rate; undefined where that is less than a replacement takes, or leaves dust.
 */
export function planClosing(wish: ClosingWish): ClosingPlan | undefined {
  let best: (ClosingPlan & { readonly rate: number }) | undefined;
  for (const plan of affordable(wish)) {
    const vsize = closingVsize(wish.payeeScript, plan.coins.length);
    const wanted = feeNeeded(vsize, wish);
    if (plan.fee >= wanted) return { ...plan, fee: wanted };
    const rate = plan.fee / vsize;
    const least = wish.replaces ? feeNeeded(vsize, { ...wish, rate: 0 }) : 0;
    if (plan.fee >= least && rate > (best?.rate ?? -1)) best = { ...plan, rate };
  }
  return best && { fee: best.fee, coins: best.coins };
}

/** True where the share alone does not reach the rate. */
export function lacksFee(wish: Omit<ClosingWish, "coins">): boolean {
  return (planClosing({ ...wish, coins: [] })?.fee ?? -1) < feeNeeded(closingVsize(wish.payeeScript), wish);
}

/** The most that a closing can pay with no coin, the largest one, the two largest, ... */
function affordable({ paid, payeeScript, coins }: ClosingWish): readonly ClosingPlan[] {
  const sorted = [...coins].sort((a, b) => b.amount - a.amount).slice(0, MAX_FEE_COINS);
  const plans: ClosingPlan[] = [];
  for (let count = 0; count <= sorted.length; count++) {
    const spent = sorted.slice(0, count);
    plans.push({ fee: paid + totalOf(spent) - dustOf(payeeScript), coins: spent });
  }
  return plans;
}
