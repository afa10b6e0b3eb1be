// Whose turn it is while nobody has paid. An offer costs its caller nothing, so it holds the socket
// for a moment only, and a host that let one lapse goes to the back: neighbours who ask and never
// pay cannot keep out a cable that would.

import { keepLatest } from "../kernel/latest";
import type { Clock } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";

/** From the answer; a cable pays within a second of it. */
const HELD: Millisecond = 5_000;
/**
 * A cable that told that it will ask does so within a few round trips; later its turn is what is
 * left of it.
 */
const AT_ONCE: Millisecond = 1_000;
const AT_THE_BACK: Millisecond = 60_000;
/** Hosts that are remembered for it, the latest. */
const MAX_LAPSED = 16;

export class Candidates {
  readonly #clock: Clock;
  #holder: string | undefined;
  #since: Millisecond = 0;
  /** True while the chain is asked for the holder's first request: that takes the time it takes. */
  #isAsking = false;
  /** True while the holder has only told that it will request power. */
  #isAnnounced = false;
  readonly #lapsed = new Map<string, Millisecond>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long `host` has to wait until it may ask for a session; 0 where it may now. */
  wait(host: string): Millisecond {
    if (this.#holder === undefined || this.#holder === host) return 0;
    const lapsed = this.#lapsed.get(host);
    const now = this.#clock.now();
    const turn = lapsed === undefined ? 0 : lapsed + AT_THE_BACK;
    return Math.max(0, (this.#isAsking ? now : this.#since) + HELD - now, turn - now);
  }

  /** `host` asks, and may. To ask once more holds the socket no longer than the first time. */
  admit(host: string): void {
    const isNext = this.#isAnnounced && (this.#isAsking || this.#clock.now() - this.#since <= AT_ONCE);
    if (host === this.#holder && !isNext) return;
    this.giveTurn(host);
    this.#isAnnounced = false;
  }

  /** `host` tells that it will ask, and may: this is its turn, as if it had asked. */
  announced(host: string): void {
    if (host === this.#holder) return;
    this.giveTurn(host);
    this.#isAnnounced = true;
  }

  /**
   * What was asked because `host` told that it will ask is answered; a request of it may be under
   * way already.
   */
  learned(host: string): void {
    if (this.#isAnnounced) this.answered(host);
  }

  private giveTurn(host: string): void {
    if (this.#holder !== undefined && this.#holder !== host) this.remember(this.#holder);
    this.#holder = host;
    this.#isAsking = true;
  }

  /** A request of `host` was answered or refused. */
  answered(host: string): void {
    if (host !== this.#holder || !this.#isAsking) return;
    this.#isAsking = false;
    this.#since = this.#clock.now();
  }

  /** `host` has paid: what it let lapse before is forgotten. */
  paid(host: string): void {
    this.#holder = undefined;
    this.#isAsking = false;
    this.#isAnnounced = false;
    this.#lapsed.delete(host);
  }

  private remember(host: string): void {
    keepLatest(this.#lapsed, host, this.#clock.now(), MAX_LAPSED);
  }
}
