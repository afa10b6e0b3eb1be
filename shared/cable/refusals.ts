// What an error means for dealing: faults of the socket, silence, and what the cable's own rules
// refuse.

import { constant } from "../kernel/constant";
import type { Millisecond } from "../kernel/units";
import { Fault, type FaultName } from "../protocol/faults";
import { LOOK_AGAIN } from "./states";
import { Hold, Stop, type StopReason } from "./stop";

/** After an error that is no word of the socket. */
const RECONNECT: Millisecond = 500;

/** Faults that only time changes: go on drawing credit, and ask again later. */
const PATIENT: Partial<Record<FaultName, StopReason>> = constant({
  "insufficient-funds": "out-of-funds",
  "exposure-limit": "waiting",
  "fees-too-high": "waiting",
  "chain-unavailable": "waiting",
  "socket-busy": "waiting",
  "locked-out": "locked",
  "too-many-requests": "waiting",
  stopping: "waiting",
  "internal-error": "waiting",
  "broadcast-refused": "waiting",
  "power-fault": "socket-fault",
  "address-refused": "refused",
});

/** Faults that another draft heals. */
const STALE: readonly FaultName[] = constant([
  "unknown-session",
  "session-ended",
  "wrong-increment",
  "already-superseded",
  "input-spent",
]);

/**
 * The hold that an error amounts to while a draft is asked for or paid; undefined where another
 * draft heals it.
 */
export function holdOf(error: unknown): Hold | undefined {
  if (error instanceof Hold) return error;
  if (error instanceof Stop) return new Hold(error.reason, error.detail, error.retryAfter);
  if (!(error instanceof Fault)) return new Hold("waiting", `(${String(error)})`, RECONNECT);
  if (STALE.includes(error.fault)) return undefined;
  return new Hold(PATIENT[error.fault] ?? "refused", `(${error.message})`, error.retryAfterMs);
}

/** The stop that an error amounts to anywhere else. */
export function stopOf(error: unknown): Stop {
  if (error instanceof Stop) return error;
  const hold = holdOf(error);
  return hold ? Stop.after(hold) : new Stop("waiting", String(error), LOOK_AGAIN);
}
