// Virtual time: a queue of events, each run at its instant, with every promise settled before the
// next.

import type { Clock } from "../../shared/kernel/ports";
import type { Millisecond } from "../../shared/kernel/units";

interface Timer {
  readonly at: Millisecond;
  readonly order: number;
  action: (() => void) | undefined;
}

export class VirtualClock implements Clock {
  private time = 0;
  private order = 0;
  private readonly queue: Timer[] = [];

  /**
   * `turns` of the event loop in which whatever is under way runs dry; a fake server's answer takes
   * several.
   */
  constructor(private readonly turns = 1) {}

  now(): Millisecond {
    return this.time;
  }

  /** Timers that are set. */
  get waiting(): number {
    return this.queue.filter(({ action }) => action).length;
  }

  after(delay: Millisecond, action: () => void): () => void {
    const timer: Timer = { at: this.time + Math.max(0, Math.ceil(delay)), order: this.order++, action };
    this.push(timer);
    return () => {
      timer.action = undefined;
    };
  }

  /**
   * Time passes and nothing happens: what was due meanwhile is late, and happens with the next run.
   */
  skip(duration: Millisecond): void {
    this.time += duration;
  }

  /** Runs everything that is due until `at`, and stands there. */
  async runUntil(at: Millisecond): Promise<void> {
    await settle(this.turns);
    for (let next = this.queue[0]; next && next.at <= at; next = this.queue[0]) {
      this.pop();
      if (!next.action) continue;
      this.time = Math.max(this.time, next.at);
      next.action();
      await settle(this.turns);
    }
    this.time = Math.max(this.time, at);
  }

  run(duration: Millisecond): Promise<void> {
    return this.runUntil(this.time + duration);
  }

  /** Runs until `done`, at most for `limit`; gives whether it was. */
  async runWhile(busy: () => boolean, limit: Millisecond): Promise<boolean> {
    const end = this.time + limit;
    await settle(this.turns);
    while (busy()) {
      const next = this.queue[0];
      if (!next || next.at > end) {
        this.time = end;
        return false;
      }
      await this.runUntil(next.at);
    }
    return true;
  }

  /** Calls `promise`'s way through virtual time; rejects when nothing settles it within `limit`. */
  async finish<T>(promise: Promise<T>, limit: Millisecond = 600_000): Promise<T> {
    let done = false;
    const mark = (): void => {
      done = true;
    };
    promise.then(mark, mark);
    if (!(await this.runWhile(() => !done, limit)))
      throw new Error(`expected an answer within ${limit} ms of virtual time`);
    return promise;
  }

  // A binary heap by instant, then by order of asking.

  private push(timer: Timer): void {
    const { queue } = this;
    let at = queue.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(timer, queue[parent] as Timer)) break;
      queue[at] = queue[parent] as Timer;
      at = parent;
    }
    queue[at] = timer;
  }

  private pop(): void {
    const { queue } = this;
    const last = queue.pop();
    if (!last || queue.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= queue.length) break;
      if (child + 1 < queue.length && before(queue[child + 1] as Timer, queue[child] as Timer)) child += 1;
      if (!before(queue[child] as Timer, last)) break;
      queue[at] = queue[child] as Timer;
      at = child;
    }
    queue[at] = last;
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Lets every promise chain that is under way run dry: setImmediate comes after all microtasks. */
async function settle(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}
