// Calls that wait for news: get_status may be held back until the socket's state or its renewal
// flag changes.

import type { Clock } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";

const MAX_WAITERS = 8;

interface Waiter {
  readonly seen: string;
  readonly resolve: () => void;
  cancel: () => void;
}

function nothing(): void {}

export class Waiters {
  readonly #clock: Clock;
  readonly #mark: () => string;
  readonly #waiters = new Set<Waiter>();

  /** `mark`: what is told now, as one text that differs when there is news. */
  constructor(clock: Clock, mark: () => string) {
    this.#clock = clock;
    this.#mark = mark;
  }

  get isFull(): boolean {
    return this.#waiters.size >= MAX_WAITERS;
  }

  /** Resolves when there is news, and after `time` at the latest. */
  wait(time: Millisecond): Promise<void> {
    return new Promise((resolve) => {
      const waiter: Waiter = { seen: this.#mark(), resolve, cancel: nothing };
      waiter.cancel = this.#clock.after(time, () => this.end(waiter));
      this.#waiters.add(waiter);
    });
  }

  private end(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    waiter.cancel();
    waiter.resolve();
  }

  /** Answers those that do not know yet what is told now; or all. */
  answer(all = false): void {
    if (this.#waiters.size === 0) return;
    const mark = this.#mark();
    for (const waiter of [...this.#waiters]) if (all || waiter.seen !== mark) this.end(waiter);
  }
}
