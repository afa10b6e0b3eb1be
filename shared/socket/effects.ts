// What may happen to a socket's outlet, and what may follow from it: the words of the table in
// states.ts.

import type { Changes } from "../journal/ledger";
import { constant } from "../kernel/constant";
import type { DeviceEvent, GateEvent, TripCause } from "../kernel/ports";
import type { Hex, MicrowattHour, Millisecond, MilliwattHour } from "../kernel/units";
import type { SocketRecord } from "./record";
import type { SocketSettings } from "./settings";

/** What the socket knows besides its record; a power cut takes it. */
export interface Memory {
  /**
   * In standby: since when a visitor is there that has not paid. In lockout: since when it lasts.
   */
  readonly since: Millisecond | undefined;
  readonly lastCall: Millisecond;
  /** When energy was last seen to flow, and the reading at that time. */
  readonly lastFlow: Millisecond;
  readonly flowMark: MicrowattHour;
  /** Until when the allowance has been filled up. */
  readonly refilledAt: Millisecond;
  /**
   * False from the start until the journal has the standby that it begins with: nothing is given
   * before.
   */
  readonly isWritten: boolean;
}

/** All that the table looks at. */
export interface Moment {
  readonly record: SocketRecord;
  readonly memory: Memory;
  readonly settings: SocketSettings;
  readonly now: Millisecond;
  /** The gate's reading. */
  readonly total: MicrowattHour;
}

export type SocketEvent =
  | { readonly kind: "start"; readonly isNew: boolean }
  | { readonly kind: "stop" }
  /** About once a second. */
  | { readonly kind: "tick" }
  /** A call came over the link. */
  | { readonly kind: "call" }
  /** A payment was found good. `besides`: what has to be written together with its credit. */
  | {
      readonly kind: "payment";
      readonly payer: Hex;
      readonly energy: MilliwattHour;
      readonly ticket: Hex | undefined;
      readonly besides: Changes<SocketRecord>;
    }
  /** A payment's credit is in the record already. */
  | { readonly kind: "credited" }
  /**
   * A channel of `payer` has credit: all that its entry holds, of which an increment has just added
   * `added`.
   */
  | {
      readonly kind: "channel";
      readonly payer: Hex;
      readonly ticket: Hex;
      readonly channel: Hex;
      readonly energy: MilliwattHour;
      readonly added: MilliwattHour;
    }
  /** `payer` asks for power: a payer that was here before makes room. */
  | { readonly kind: "request"; readonly payer: Hex }
  /** `payer` may have left credit here. */
  | { readonly kind: "return"; readonly payer: Hex; readonly ticket: Hex | undefined }
  /** Something about the payment is open. */
  | { readonly kind: "doubt"; readonly why: string }
  /** The coins that `payer` paid with are somebody else's now. */
  | { readonly kind: "double-spend"; readonly payer: Hex }
  | GateEvent;

export type Effect =
  /** Opens the relay. */
  | { readonly do: "revoke" }
  /** Clears a trip that the present visitor has not caused. */
  | { readonly do: "forgive" }
  /** Plans when a trip is cleared, for the one that paid. */
  | { readonly do: "retry"; readonly cause: TripCause }
  /** Changes the record in memory: kept even where the write after it fails. */
  | { readonly do: "change"; readonly changes: Changes<SocketRecord> }
  /** Changes the record and writes it; durable when it is done. */
  | { readonly do: "write"; readonly changes: Changes<SocketRecord> }
  /** Changes the record to what a channel's entry holds already: nothing is written for it. */
  | { readonly do: "follow"; readonly changes: Changes<SocketRecord> }
  | { readonly do: "remember"; readonly memory: Partial<Memory> }
  | { readonly do: "tell"; readonly event: DeviceEvent }
  /** Tells what standby gives, as the gate is now. */
  | { readonly do: "tell-standby" }
  /** Renews the lease that the record says is paid for, or that standby gives. */
  | { readonly do: "lease" }
  /** All credit that is drawn now is the channel's: its entry says so. */
  | { readonly do: "engage" }
  /** What is left waits in the channel's entry. */
  | { readonly do: "rest" }
  /** Nothing is left in the channel's entry: the credit goes on in another's. */
  | { readonly do: "empty" }
  /** A session that is open is over. */
  | { readonly do: "end-session" }
  /** State or renewal flag may have changed: calls that wait for it are answered. */
  | { readonly do: "answer" };

export type Effects = readonly Effect[];

// Those that hold no number lie in flash: an ordinary tick allocates nothing for them.
export const REVOKE: Effect = constant({ do: "revoke" });
export const FORGIVE: Effect = constant({ do: "forgive" });
export const LEASE: Effect = constant({ do: "lease" });
export const ANSWER: Effect = constant({ do: "answer" });
export const TELL_STANDBY: Effect = constant({ do: "tell-standby" });
export const ENGAGE: Effect = constant({ do: "engage" });
export const EMPTY: Effect = constant({ do: "empty" });
export const REST: Effect = constant({ do: "rest" });
export const END_SESSION: Effect = constant({ do: "end-session" });
export const NOTHING: Effects = constant([]);
export const OPEN: Effects = constant([REVOKE]);
export const HOLD: Effects = constant([LEASE]);
export const HOLD_AND_ANSWER: Effects = constant([LEASE, ANSWER]);
export const ONLY_ANSWER: Effects = constant([ANSWER]);

export function write(changes: Changes<SocketRecord>): Effect {
  return { do: "write", changes };
}

export function change(changes: Changes<SocketRecord>): Effect {
  return { do: "change", changes };
}

export function follow(changes: Changes<SocketRecord>): Effect {
  return { do: "follow", changes };
}

export function remember(memory: Partial<Memory>): Effect {
  return { do: "remember", memory };
}

export function tell(event: DeviceEvent): Effect {
  return { do: "tell", event };
}
