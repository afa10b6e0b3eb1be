// What can go wrong between a device and its view of the block chain, as one typed error.

import { NamedError } from "../kernel/named-error";
import type { Millisecond, Satoshi } from "../kernel/units";

export type ChainErrorKind =
  /** The backend wants fewer requests; see `retryAfter`. */
  | "rate-limited"
  /**
   * An input is spent by another transaction, or is unknown; or two backends disagree about one.
   */
  | "conflict"
  /** Below the relay fee or the mempool's least fee. */
  | "fee-too-low"
  /** It would replace another and does not pay enough for that; see `missing`. */
  | "replacement-fee-too-low"
  | "dust"
  /** Already in a block or a mempool. A broadcast turns it into success. */
  | "already-known"
  /** The answer is not what the backend's documents promise: nothing of it is believed. */
  | "malformed"
  /** It answers, and knows no fee rate for a confirmation, where none may be guessed. */
  | "no-estimate"
  /** No answer, or the backend says that it has failed. */
  | "away"
  /**
   * The network refuses the transaction for another reason; the message has it. Asking elsewhere
   * will not help.
   */
  | "refused";

export class ChainError extends NamedError {
  override readonly name = "ChainError";
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
    this.missing = facts.missing;
    this.retryAfter = facts.retryAfter;
  }
}
