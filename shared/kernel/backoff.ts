// Waiting before another try, twice as long after each failure in a row.

import type { Millisecond } from "./units";

/** Beyond it a pause grows no longer, whatever its bound. */
const MAX_DOUBLINGS = 10;

/**
 * The pause after `failures` in a row: `first` after none, twice as long after each one, `most` at
 * the most.
 */
export function doubled(first: Millisecond, failures: number, most = Number.POSITIVE_INFINITY): Millisecond {
  return Math.min(first * 2 ** Math.min(failures, MAX_DOUBLINGS), most);
}
