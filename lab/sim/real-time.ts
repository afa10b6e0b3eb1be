// Time at the clock's speed, for a device whose peer is outside this process: it waits for what is
// due next, or until something comes in.

import type { Millisecond } from "../../shared/kernel/units";

export class RealTime {
  readonly #start = performance.now();
  #wake: () => void = () => {};

  /** Something came in: look again. */
  poke(): void {
    this.#wake();
  }

  /** Gives how far time may go: `until`, or less where something came in before. */
  async pace(now: Millisecond, until: Millisecond): Promise<Millisecond> {
    const wait = until - this.#elapsed();
    if (wait > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(wait, 60_000));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    } else {
      // Behind: what is on its way to the peer outside leaves before the device's time goes on.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#wake = () => {};
    return Math.min(until, Math.max(now, this.#elapsed()));
  }

  #elapsed(): Millisecond {
    return performance.now() - this.#start;
  }
}
