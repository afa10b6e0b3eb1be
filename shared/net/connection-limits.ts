// How much, and for how long, one connection of an HTTP server may keep a device busy.

import type { Millisecond } from "../kernel/units";

export interface ConnectionLimits {
  readonly headBytes: number;
  readonly headers: number;
  readonly bodyBytes: number;
  /** Bytes of later requests that may wait while one is answered. */
  readonly earlyBytes: number;
  /** From a request's first byte to its last. */
  readonly requestMs: Millisecond;
  /** Silence between requests. */
  readonly idleMs: Millisecond;
  /** An answer that takes longer is given up; above the longest wait of get_status. */
  readonly answerMs: Millisecond;
  /**
   * After a refusal, or a last answer, what still comes is dropped for so long, so that the peer
   * can read it.
   */
  readonly farewellMs: Millisecond;
}

export const CONNECTION_LIMITS: ConnectionLimits = Object.freeze({
  headBytes: 1024,
  headers: 24,
  bodyBytes: 4096,
  earlyBytes: 1024,
  requestMs: 10_000,
  idleMs: 15_000,
  answerMs: 90_000,
  farewellMs: 1000,
});
