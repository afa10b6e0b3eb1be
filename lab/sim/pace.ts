// Ties virtual time to the clock: so many virtual milliseconds a real one. While nothing is plugged
// in, waiting (for a block, say) is not worth anybody's while, and goes quickly.

import type { Millisecond } from "../../shared/kernel/units";

/** Real time that a wait takes at most while nothing is plugged in. */
const IDLE_WAIT: Millisecond = 300;

/** `onWait` is given at each wait what ends it early: something came in from outside. */
export function paceOf(
  speed: number,
  onWait: (wake: () => void) => void = () => {},
): (now: Millisecond, until: Millisecond, busy: boolean) => Promise<Millisecond> {
  let anchor = { real: performance.now(), virtual: 0 };
  return async (now, until, busy) => {
    const due = anchor.real + (until - anchor.virtual) / speed;
    const wait = due - performance.now();
    if (wait > 1 && (await slept(busy ? wait : Math.min(wait, IDLE_WAIT), onWait))) {
      const reached = anchor.virtual + (performance.now() - anchor.real) * speed;
      return Math.min(until, Math.max(now, reached));
    }
    // Time that was skipped, or that the machine could not keep up with, is not made good.
    const late = performance.now() - due;
    if (late > 50 || late < -1) anchor = { real: performance.now(), virtual: until };
    return Math.max(now, until);
  };
}

/** Whether somebody woke it. */
function slept(wait: Millisecond, onWait: (wake: () => void) => void): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), wait);
    onWait(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
