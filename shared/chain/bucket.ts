// Keeping a server's rate limit: a token bucket, and silence after the server has asked for it.

import { doubled } from "../kernel/backoff";
import { constant } from "../kernel/constant";
import type { Clock } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import { ChainError } from "./error";

export interface BucketOptions {
  /** Requests that may go out at once. */
  readonly burst: number;
  /** Requests a minute, on the long run. */
  readonly perMinute: number;
  /** A request that would have to wait longer than this is refused at once. */
  readonly patience: Millisecond;
}

export const DEFAULT_BUCKET: BucketOptions = constant({ burst: 10, perMinute: 120, patience: 5_000 });

const FIRST_SILENCE: Millisecond = 2_000;
const LONGEST_SILENCE: Millisecond = 300_000;

export class Bucket {
  readonly #clock: Clock;
  readonly #options: BucketOptions;
  readonly #interval: Millisecond;
  /**
   * When the bucket would be full, if nobody took anything more; what lies ahead of now is what was
   * taken.
   */
  #fullAt: Millisecond = 0;
  #silentUntil: Millisecond = 0;
  #refusals = 0;

  constructor(clock: Clock, options: BucketOptions = DEFAULT_BUCKET) {
    this.#clock = clock;
    this.#options = options;
    this.#interval = 60_000 / options.perMinute;
  }

  /** Resolves when a request may go out; rejects with "rate-limited" when that is too far away. */
  async take(): Promise<void> {
    const now = this.#clock.now();
    if (now < this.#silentUntil) throw this.refusal(this.#silentUntil - now);
    const fullAt = Math.max(this.#fullAt, now) + this.#interval;
    const wait = fullAt - now - this.#options.burst * this.#interval;
    if (wait > this.#options.patience) throw this.refusal(wait);
    this.#fullAt = fullAt;
    if (wait > 0) await new Promise<void>((resolve) => void this.#clock.after(wait, resolve));
  }

  /**
   * The server said 429: nothing goes out for as long as it asked, or for twice as long as the last
   * time.
   */
  refused(retryAfter?: Millisecond): Millisecond {
    const silence = Math.min(retryAfter ?? doubled(FIRST_SILENCE, this.#refusals), LONGEST_SILENCE);
    this.#refusals += 1;
    this.#silentUntil = this.#clock.now() + silence;
    return silence;
  }

  /** The server answered: the next silence is a short one again. */
  answered(): void {
    this.#refusals = 0;
  }

  private refusal(retryAfter: Millisecond): ChainError {
    const wait = Math.ceil(retryAfter);
    return new ChainError("rate-limited", `the backend takes no request for another ${wait} ms`, { retryAfter: wait });
  }
}
