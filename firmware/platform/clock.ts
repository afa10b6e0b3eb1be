// The Clock port over Moddable's "time" and "timer".
//
// Time.ticks is a 32-bit count of milliseconds that wraps after 49.7 days. The clock adds up
// differences instead, and looks once a day so that none is ever too long to see.

import Time from "time";
import Timer from "timer";
import type { Clock } from "../../shared/kernel/ports";
import type { Millisecond } from "../../shared/kernel/units";

const DAY: Millisecond = 86_400_000;

export class DeviceClock implements Clock {
  #elapsed: Millisecond = 0;
  #last = Time.ticks;

  constructor() {
    Timer.repeat(() => this.now(), DAY);
  }

  now(): Millisecond {
    const ticks = Time.ticks;
    this.#elapsed += Time.delta(this.#last, ticks);
    this.#last = ticks;
    return this.#elapsed;
  }

  after(delay: Millisecond, action: () => void): () => void {
    let timer: Timer | undefined = Timer.set(
      () => {
        timer = undefined;
        action();
      },
      Math.max(0, Math.ceil(delay)),
    );
    return () => {
      if (timer) Timer.clear(timer);
      timer = undefined;
    };
  }
}
