// What can go wrong between a device and its view of the block chain, as one typed error.

import type { Millisecond, Satoshi } from "../units";

export type ChainErrorKind =
  | "rate-limited"
  | "conflict"
  | "fee-too-low"
  | "replacement-fee-too-low"
  | "dust"
  | "already-known"
  | "malformed"
  | "away";

export class ChainError extends Error {
  /** Satoshi that a replacement still lacks, where the backend says so. */
  readonly missing: Satoshi | undefined;
  /** How long the backend asks us to wait. */
  readonly retryAfter: Millisecond | undefined;
  constructor(
    readonly kind: ChainErrorKind,
    message: string,
    facts: { readonly missing?: Satoshi; readonly retryAfter?: Millisecond } = {},
  ) {
    super(message);
    this.name = "ChainError";
    this.missing = facts.missing;
    this.retryAfter = facts.retryAfter;
  }
}
