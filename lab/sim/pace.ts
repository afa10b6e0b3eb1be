// Ties virtual time to the clock: so many virtual milliseconds a real one. While nothing is plugged in, waiting (for a
// block, say) is not worth anybody's while, and goes quickly.

import type { Millisecond } from "../../shared/kernel/units";

/** Real time that a wait takes at most while nothing is plugged in. */
const IDLE_WAIT: Millisecond = 300;

export function paceOf(speed: number): (now: Millisecond, until: Millisecond, busy: boolean) => Promise<Millisecond> {
  let anchor = { real: performance.now(), virtual: 0 };
  return async (now, until, busy) => {
    const due = anchor.real + (until - anchor.virtual) / speed;
    const wait = due - performance.now();
    if (wait > 1) await new Promise((resolve) => setTimeout(resolve, busy ? wait : Math.min(wait, IDLE_WAIT)));
    // Time that was skipped, or that the machine could not keep up with, is not made good.
    const late = performance.now() - due;
    if (late > 50 || late < -1) anchor = { real: performance.now(), virtual: until };
    return Math.max(now, until);
  };
}
