// Virtual time: one queue of what happens when. Nothing else in the simulator has a clock, so a run
// with the same seed is the same run. Instants are milliseconds since the start, fractions allowed.

import type { Millisecond } from "../../shared/kernel/units";

interface Entry {
  readonly time: Millisecond;
  readonly order: number;
  readonly action: () => void | Promise<void>;
  cancelled: boolean;
}

export class Timeline {
  #now: Millisecond = 0;
  #order = 0;
  /** Sorted by time, then by the order of arrival. */
  #entries: Entry[] = [];

  get now(): Millisecond {
    return this.#now;
  }

  /**
   * Calls `action` at `time`, or at once where that has passed. Returns a function that cancels it.
   */
  at(time: Millisecond, action: () => void | Promise<void>): () => void {
    const entry: Entry = { time: Math.max(time, this.#now), order: this.#order++, action, cancelled: false };
    let low = 0;
    for (let high = this.#entries.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle] as Entry).time <= entry.time) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, entry);
    return () => {
      entry.cancelled = true;
    };
  }

  /** When something happens next; undefined when nothing is left. */
  get next(): Millisecond | undefined {
    while (this.#entries[0]?.cancelled) this.#entries.shift();
    return this.#entries[0]?.time;
  }

  /** Moves time forward, at most to the next entry. */
  moveTo(time: Millisecond): void {
    if (time > this.#now) this.#now = Math.min(time, this.next ?? time);
  }

  /** Moves to the next entry and runs it. */
  async step(): Promise<void> {
    const time = this.next;
    const entry = this.#entries.shift();
    if (time === undefined || entry === undefined) return;
    this.#now = time;
    await entry.action();
  }
}
