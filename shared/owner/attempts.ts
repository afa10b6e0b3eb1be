// Passwords that were wrong: each makes the next try from there wait longer, and all together come
// slowly, so that guessing takes a device neither its time nor its secret. Whoever was right of
// late is not slowed by strangers.

import { keepLatest } from "../kernel/latest";
import type { Clock } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";

/** Wrong ones of an address for nothing; then it waits a second, and twice as long after each. */
const FREE = 3;
const FIRST_WAIT: Millisecond = 1000;
const LONGEST_WAIT: Millisecond = 300_000;
/** Wrong ones of all addresses together, and how long until there is one more. */
const BURST = 12;
const REFILL: Millisecond = 2000;
const MOST_ADDRESSES = 16;
const MOST_TRUSTED = 4;

interface Wrong {
  readonly times: number;
  readonly until: Millisecond;
}

export class Attempts {
  readonly #wrong = new Map<string, Wrong>();
  readonly #trusted = new Map<string, true>();
  #left = BURST;
  #at: Millisecond;

  constructor(private readonly clock: Clock) {
    this.#at = clock.now();
  }

  /** How long this address has to wait before its password is looked at; 0: it may be now. */
  wait(address: string): Millisecond {
    const now = this.clock.now();
    const own = Math.max(0, (this.#wrong.get(address)?.until ?? 0) - now);
    this.refill(now);
    const all = this.#left >= 1 || this.#trusted.has(address) ? 0 : Math.ceil((1 - this.#left) * REFILL);
    return Math.max(own, all);
  }

  wrong(address: string): void {
    const now = this.clock.now();
    this.refill(now);
    this.#left = Math.max(0, this.#left - 1);
    const times = (this.#wrong.get(address)?.times ?? 0) + 1;
    const wait = times < FREE ? 0 : Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(times - FREE, 20));
    keepLatest(this.#wrong, address, { times, until: now + wait }, MOST_ADDRESSES);
  }

  right(address: string): void {
    this.#wrong.delete(address);
    keepLatest(this.#trusted, address, true, MOST_TRUSTED);
  }

  private refill(now: Millisecond): void {
    this.#left = Math.min(BURST, this.#left + (now - this.#at) / REFILL);
    this.#at = now;
  }
}
