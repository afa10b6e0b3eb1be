// What a device does about a trip of its power gate: it clears it after a pause, a few times or
// until it has passed, and leaves to a person what a person must look at. The same for a socket and
// a cable; the gate itself never clears anything.

import { constant } from "../kernel/constant";
import type { Clock, PowerGate, TripCause } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";

/** So often in a row, so long after each trip; after that so long where it goes on. */
const TRIES = 3;
const PAUSE: Millisecond = 10_000;
const LONG_PAUSE: Millisecond = 60_000;
/** Trips that are further apart than this are not the same trouble. */
const APART: Millisecond = 600_000;
/** A person must look: they last until the device is started anew. */
const FINAL: readonly TripCause[] = constant(["short-circuit", "relay-welded", "relay-stuck-open"]);
/** Nobody mends them by looking: the relay itself is broken. */
const BROKEN: readonly TripCause[] = constant(["relay-welded", "relay-stuck-open"]);
/**
 * Not the appliance's fault: the gate does not close while they last, so trying costs nothing and
 * needs nobody.
 */
const PASSING: readonly TripCause[] = constant(["over-voltage", "under-voltage", "sensor-fault", "samples-lost"]);

export interface TripRetryOptions {
  readonly clock: Clock;
  readonly gate: Pick<PowerGate, "read" | "clear">;
}

export class TripRetry {
  readonly #options: TripRetryOptions;
  #trips = 0;
  #lastTrip: Millisecond = Number.NEGATIVE_INFINITY;
  #due: Millisecond | undefined;

  constructor(options: TripRetryOptions) {
    this.#options = options;
  }

  /** The gate has tripped: plans another try, or none. */
  tripped(cause: TripCause): void {
    const now = this.#options.clock.now();
    if (now - this.#lastTrip >= APART) this.#trips = 0;
    this.#lastTrip = now;
    const often = ++this.#trips > TRIES;
    const lasts = FINAL.includes(cause) || (often && !PASSING.includes(cause));
    this.#due = lasts ? undefined : now + (often ? LONG_PAUSE : PAUSE);
  }

  /**
   * Call about once a second. True when the gate has been cleared, so that it may be granted a
   * lease again.
   */
  tick(): boolean {
    if (this.#due === undefined || this.#options.clock.now() < this.#due) return false;
    return this.clear();
  }

  /** Begins anew: the next visitor has not caused the trip. */
  forgive(): void {
    this.#trips = 0;
    this.clear();
  }

  /**
   * Clears what is latched, as a start anew would: a person has looked. False where the relay
   * itself is broken.
   */
  looked(): boolean {
    const { gate } = this.#options;
    const { trip } = gate.read();
    if (trip !== undefined && BROKEN.includes(trip)) return false;
    this.#trips = 0;
    this.#due = undefined;
    if (trip !== undefined) gate.clear();
    return true;
  }

  /**
   * A sensor that comes off shows a short circuit first: what is latched now counts, not what came
   * first.
   */
  private clear(): boolean {
    this.#due = undefined;
    const { gate } = this.#options;
    const { trip } = gate.read();
    if (trip === undefined || FINAL.includes(trip)) return false;
    gate.clear();
    return true;
  }
}
