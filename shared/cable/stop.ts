// Why a cable does not pay: a stable name and one sentence each, beside the audit's own reasons.

import { AUDIT_REASONS, type AuditReason } from "../bitcoin/audit-reasons";
import { constant } from "../kernel/constant";
import { NamedError } from "../kernel/named-error";
import type { Millisecond } from "../kernel/units";

export const STOP_REASONS = constant({
  ...AUDIT_REASONS,
  "out-of-funds": "The cable's address has no coins left that pay an increment and its fee.",
  "increment-too-large": "The socket asks for larger increments than the owner allows.",
  "no-common-scheme": "Socket and cable have no payment scheme in common.",
  "other-protocol": "The socket speaks another version of the protocol.",
  "daily-budget": "What the owner allows for a day is spent.",
  "fee-share": "Fees would be a larger share of what is paid than the owner allows.",
  "paid-already":
    "Too many payments were never acknowledged; the cable can remember no more. Its owner takes their coins back (setting release) or forgives.",
  "too-many-coins":
    "The cable has signed for more coins together than it can remember; coins one at a time are still good.",
  "claims-open":
    "Sockets still owe what was paid for, or never acknowledged a payment; no more is risked before one of them gives it, or the owner takes the coins back (setting release) or forgives.",
  undelivered: "The socket stopped the power before what was paid for had flowed.",
  "energy-claimed": "The socket claims more energy than the cable's own meter saw.",
  "credit-lost": "The socket does not honour credit that it still owes.",
  "wrong-socket": "Another socket answers than the one that the cable hangs on: their meters disagree.",
  elsewhere: "The cable sits in another socket than the one that it paid; it asks the next one.",
  "no-socket": "No socket's access point is in reach, or the one that is does not answer.",
  "power-fault": "The cable's power gate has tripped.",
  "not-calibrated":
    "The cable's power gate is not calibrated, so it cannot judge what it pays for; on mainnet it pays nothing (docs/metering.md).",
  "socket-fault": "The socket's power gate has tripped or is not calibrated.",
  refused: "The socket refuses to deal with this cable.",
  locked: "The socket is in lockout.",
  waiting: "The socket cannot sell now and asks to wait.",
} as const satisfies Record<string, string>);

export type StopReason = AuditReason | keyof typeof STOP_REASONS;

/** Reasons that mean the other side did not keep its word; they are remembered. */
const CHEATING: readonly StopReason[] = constant(["undelivered", "credit-lost", "energy-claimed", "wrong-socket"]);
/**
 * What an audit finds wrong is no honest mistake either, but for the terms that an owner may simply
 * not like.
 */
const TERMS: readonly StopReason[] = constant([
  "overpriced",
  "session-limit",
  "fee-too-high",
  "fee-rate-too-high",
  "expiry-too-late",
  "coin-pledged",
]);

export function isCheating(reason: StopReason): boolean {
  return CHEATING.includes(reason) || (reason in AUDIT_REASONS && !TERMS.includes(reason));
}

/** A reason, and when it may have changed. */
abstract class Refusal extends NamedError {
  constructor(
    readonly reason: StopReason,
    readonly detail = "",
    /** The cable's own pause where absent. */
    readonly retryAfter?: Millisecond,
  ) {
    super(`${STOP_REASONS[reason]}${detail ? ` ${detail}` : ""}`);
  }
}

/** No payment for now; what is paid for flows on. */
export class Hold extends Refusal {
  override readonly name = "Hold";
}

/** The relay opens, and dealing begins anew after a pause. */
export class Stop extends Refusal {
  override readonly name = "Stop";

  /** Where nothing is left to draw, a hold stops the cable. */
  static after({ reason, detail, retryAfter }: Hold): Stop {
    return new Stop(reason, detail, retryAfter);
  }
}
