// Whose credit is how much, and what standby still gives: read from the socket's record and the
// gate's total.
//
// Credit is one number: the gate's reading up to which energy is paid for (`paidUpTo`). What
// standby gives runs ahead of it, so the first payment pays for that too, and a lease that is
// granted twice gives nothing twice.

import { appended, type Changes } from "../journal/ledger";
import type { Hex, MicrowattHour, MilliwattHour } from "../kernel/units";
import type { Credit, SocketRecord } from "./record";
import type { SocketSettings } from "./settings";

/** Microwatt-hours in a milliwatt-hour. */
export const MICRO = 1000;
const MAX_PARKED = 16;

export function fullAllowance({ standbyAllowance }: SocketSettings): MicrowattHour {
  return standbyAllowance * MICRO;
}

/**
 * In standby the allowance shrinks with what flows; else it stands still. It may be negative: the
 * half-wave in which the relay opens is charged too, or a heavy appliance would get one for each
 * lockout that ends.
 */
export function allowanceLeft(record: SocketRecord, total: MicrowattHour): MicrowattHour {
  const { state, allowance, standbyUpTo } = record;
  return state === "standby" && standbyUpTo > 0 ? standbyUpTo - total : allowance;
}

/** Paid for and not yet delivered. */
export function creditLeft({ paidUpTo }: SocketRecord, total: MicrowattHour): MicrowattHour {
  return paidUpTo - total;
}

/**
 * The record's part that adds a payment's `energy` to the payer's credit, and what was put aside of
 * it. What standby gave is paid with it, so the allowance is whole again. Only with `ticket` can
 * the payer draw it after it was away.
 */
export function credited(
  { paidUpTo, parked }: SocketRecord,
  settings: SocketSettings,
  payer: Hex,
  energy: MilliwattHour,
  ticket: Hex | undefined,
): Changes<SocketRecord> {
  return {
    state: "paid",
    payer,
    ticket,
    paidUpTo: paidUpTo + (energy + waitingOf(parked, payer)) * MICRO,
    allowance: fullAllowance(settings),
    parked: withoutCreditOf(parked, payer),
  };
}

/** The record's part that adds `energy` to what waits for a payer that is not here. */
export function creditedAside(
  { parked }: SocketRecord,
  payer: Hex,
  energy: MilliwattHour,
  ticket: Hex | undefined,
): Changes<SocketRecord> {
  return { parked: parkedWith(parked, payer, waitingOf(parked, payer) + energy, ticket) };
}

/**
 * The record's part that puts the running credit aside for when its cable comes back; undefined
 * where there is none.
 */
export function putAside(record: SocketRecord, total: MicrowattHour): Changes<SocketRecord> | undefined {
  const { payer, ticket, parked, state } = record;
  const energy = Math.floor(creditLeft(record, total) / MICRO);
  if (state !== "paid" || payer === undefined || energy <= 0) return undefined;
  return { parked: parkedWith(parked, payer, energy, ticket), payer: undefined, ticket: undefined, paidUpTo: 0 };
}

/** Credit that waits for `payer`, if it shows the ticket that it came with. */
export function waitingFor({ parked }: SocketRecord, payer: Hex, ticket: Hex | undefined): Credit | undefined {
  const credit = parked.find(({ script }) => script === payer);
  return credit?.ticket === undefined || credit.ticket === ticket ? credit : undefined;
}

export function withoutCreditOf(parked: readonly Credit[], payer: Hex): readonly Credit[] {
  return parked.filter((credit) => credit.script !== payer);
}

function waitingOf(parked: readonly Credit[], payer: Hex): MilliwattHour {
  return parked.find((credit) => credit.script === payer)?.energy ?? 0;
}

/** `parked` with what one payer has there now; the oldest make room. */
function parkedWith(parked: readonly Credit[], script: Hex, energy: MilliwattHour, ticket?: Hex): readonly Credit[] {
  const others = withoutCreditOf(parked, script);
  return appended(others, { script, energy, ...(ticket === undefined ? {} : { ticket }) }, MAX_PARKED);
}
