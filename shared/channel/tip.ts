// How high the chain may be by now. A device has no calendar: between answers it takes the last
// tip, one more, and a block for every three minutes. That is faster than blocks come but in rare
// hours, so a deadline is never thought further away.

import { constant } from "../kernel/constant";
import type { Millisecond } from "../kernel/units";

/** Blocks come every ten minutes on average. */
export const QUICK_BLOCK: Millisecond = constant(180_000);

/** What the chain's server said last, and when by the device's clock. */
export interface TipAnswer {
  readonly height: number;
  readonly at: Millisecond;
}

/** The highest that the tip may be `now`; undefined without an answer since the start. */
export function highestTip(answer: TipAnswer | undefined, now: Millisecond): number | undefined {
  if (!answer) return undefined;
  return answer.height + 1 + Math.floor(Math.max(0, now - answer.at) / QUICK_BLOCK);
}
