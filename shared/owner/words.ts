// Why a device is in the state that it is in, in words; and where coins or sums are stuck, the one
// action that frees them.

import type { CableView } from "../cable/view";
import type { TripCause } from "../kernel/ports";
import { formatDuration, formatEnergy, formatSatoshi } from "../kernel/units";
import type { SocketView } from "../socket/view";

/** What holds a device up, in sums, and what its owner does about it. */
export interface Stuck {
  readonly what: string;
  readonly sat: number;
  /** Outpoints, where it is coins. */
  readonly coins?: readonly string[];
  readonly action: string;
}

const FORGIVE = "npm run owner -- --port PORT forgive";
const RELEASE = 'npm run owner -- --port PORT set release "a new word", then restart';

function tripWords(cause: TripCause): string {
  switch (cause) {
    case "over-current":
      return "more current flowed than is allowed: unplug the appliance";
    case "short-circuit":
      return "a short circuit: unplug the appliance, look at its cord, then clear";
    case "over-voltage":
      return "the mains have too much voltage";
    case "under-voltage":
      return "the mains have too little voltage";
    case "over-temperature":
      return "it is too hot: let it cool";
    case "sensor-fault":
      return "its current sensor is at fault";
    case "samples-lost":
      return "its sensor was not read in time";
    case "relay-welded":
      return "its relay is welded: disconnect it, and have the relay replaced";
    case "relay-stuck-open":
      return "its relay does not close: have the relay replaced";
  }
}

/** `state`: as it is told to cables. */
export function socketReason(view: SocketView): string {
  const { trip, record, isGuessing, isStopping, canSell, credit, lockoutLeft } = view;
  if (isStopping) return "it is about to restart";
  if (trip !== undefined) return `the relay is open: ${tripWords(trip)}`;
  if (isGuessing) return "it sells nothing on mainnet before its meter is calibrated (docs/metering.md)";
  if (record.state === "lockout")
    return `the relay is open for ${formatDuration(lockoutLeft)} more: nobody paid in time, or what was paid was spent elsewhere`;
  const rest = canSell ? "" : "; nothing more is sold before a block confirms what was sold";
  if (record.state === "paid") return `a cable has paid: ${formatEnergy(credit)} are left${rest}`;
  if (!canSell) return `standby${rest}`;
  return "standby: it waits for a cable that pays";
}

/** What fills up the exposure where nothing more is sold. */
export function socketStuck({ record, canSell }: SocketView): readonly Stuck[] {
  if (canSell) return [];
  const owed = record.debts.reduce((sum, { amount }) => sum + amount, 0);
  const waits = record.settlements.length;
  const debts = owed > 0 ? [{ what: `cables owe ${formatSatoshi(owed)}`, sat: owed, action: FORGIVE }] : [];
  const sat = record.settlements.reduce(
    (sum, { commitments }) => sum + (commitments[commitments.length - 1]?.value ?? 0),
    0,
  );
  const blocks = waits > 0 ? [{ what: `${waits} settlements wait for a block`, sat, action: "wait for a block" }] : [];
  return [...debts, ...blocks];
}

export function cableReason({ state, stop, trip, remaining }: CableView): string {
  if (trip !== undefined) return `the relay is open: ${tripWords(trip)}`;
  if (stop) return stop.message;
  switch (state) {
    case "connecting":
      return "it looks for a socket";
    case "negotiating":
      return "it asks the socket for a draft";
    case "powered":
      return `it has paid: ${formatEnergy(Math.max(0, remaining))} are left`;
    case "stopped":
      return "it waits before it tries again";
  }
}

/** Coins of payments that nobody acknowledged, then what sockets owe. */
export function cableStuck({ stuck, record }: CableView): readonly Stuck[] {
  const coins = stuck.map(({ outpoints, unanswered, socketScript, release, forgiven }) => ({
    what: release
      ? `a payment to ${socketScript} is being taken back`
      : `a payment to ${socketScript} was never acknowledged`,
    sat: forgiven ? 0 : unanswered,
    coins: outpoints.map(({ txid, vout }) => `${txid}:${vout}`),
    action: release ? "plug it into any socket, which broadcasts that, and wait for a block" : RELEASE,
  }));
  const claims = record.claims.map(({ script, energy, value }) => ({
    what: `${script === "" ? "several sockets owe" : `the socket paid by ${script} owes`} ${formatEnergy(energy)}`,
    sat: value,
    action: `plug it into that socket again, or ${FORGIVE}`,
  }));
  return [...coins, ...claims];
}
