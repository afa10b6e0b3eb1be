// The three calls' parameters and results as XML-RPC structs: each wire name and each bound stands
// here once, for both sides. docs/protocol.md says what the fields mean.
//
// Reading trusts nobody: types, ranges, lengths and list sizes are checked, and the error names the
// field.

import { constant } from "../kernel/constant";
import { isVisible, printable } from "../kernel/text";
import type { Hex } from "../kernel/units";
import { FAULTS, Fault, type FaultName, faultName } from "../protocol/faults";
import type {
  DraftOffer,
  PaymentRequest,
  PaymentResult,
  PowerRequest,
  Status,
  StatusRequest,
  WireOutput,
} from "../protocol/types";
import { SCHEME_NAMES, SCHEMES, type Scheme, type SchemeName } from "../protocol/words";
import { channelTerms } from "./channel-wire";
import { input, MAX_INPUTS, outpoints, script, state, ticket, transaction } from "./fields";
import { flag, hex, int, list, milliwattHour, type Shape, satoshi, show, struct, text, WireError } from "./shapes";

/** Longest that `get_status` waits. */
export const MAX_WAIT_MS = 60_000;
const MAX_OUTPUTS = 2;

const session: Shape<Hex> = hex(16);
const increment = int(1);

const scheme: Shape<Scheme> = constant({
  write: (value) => value,
  read: (value, field) => {
    const known = SCHEMES.find((one) => one === value);
    if (known !== undefined) return known;
    if (typeof value === "string") throw new Fault("unknown-scheme", `Found ${JSON.stringify(value.slice(0, 24))}.`);
    throw new WireError(field, "the name of a scheme", show(value));
  },
});

const schemeNames = constant(
  list(
    text((name) => name.length <= 32 && /^[a-z0-9-]+$/.test(name), "the name of a scheme"),
    1,
    16,
  ),
);

/** Those that we know, in the socket's order: a later version may have more. */
const schemes: Shape<readonly SchemeName[]> = constant({
  write: (values) => [...values],
  read: (value, field) => {
    const names = schemeNames.read(value, field);
    return names.filter((name): name is SchemeName => SCHEME_NAMES.includes(name as SchemeName));
  },
});

const address = text(
  (value) => value.length >= 1 && value.length <= 90 && isVisible(value),
  "an address of at most 90 characters",
);

export const statusRequest: Shape<StatusRequest> = struct<StatusRequest>(
  {
    waitMs: { name: "wait_ms", shape: int(0, MAX_WAIT_MS), optional: true },
    address: { name: "address", shape: address, optional: true },
    scheme: { name: "scheme", shape: scheme, optional: true },
  },
  "refuse",
);

const trouble = text((value) => value.length <= 64 && isVisible(value), "a word of at most 64 characters");

export const status: Shape<Status> = struct<Status>(
  {
    version: { name: "version", shape: int(1) },
    schemes: { name: "schemes", shape: schemes },
    state: { name: "state", shape: state },
    used: { name: "used_mwh", shape: milliwattHour },
    remaining: { name: "remaining_mwh", shape: milliwattHour },
    standbyRemaining: { name: "standby_remaining_mwh", shape: milliwattHour },
    price: { name: "price_msat_per_wh", shape: int(1) },
    increment: { name: "increment_sat", shape: satoshi },
    sessionMax: { name: "session_max_sat", shape: satoshi },
    renewalDue: { name: "renewal_due", shape: flag },
    lockoutMs: { name: "lockout_ms", shape: int(0) },
    payee: { name: "payee", shape: script, optional: true },
    trouble: { name: "trouble", shape: trouble, optional: true },
    channel: { name: "channel", shape: channelTerms, optional: true },
  },
  "ignore",
);

export const powerRequest: Shape<PowerRequest> = struct<PowerRequest>(
  {
    address: { name: "address", shape: address },
    scheme: { name: "scheme", shape: scheme },
    session: { name: "session", shape: session, optional: true },
    ticket: { name: "ticket", shape: ticket, optional: true },
    promised: { name: "promised", shape: outpoints, optional: true },
    release: { name: "release", shape: transaction, optional: true },
  },
  "refuse",
);

const output: Shape<WireOutput> = struct<WireOutput>(
  {
    script: { name: "script", shape: script },
    amount: { name: "amount_sat", shape: satoshi },
  },
  "ignore",
);

export const draftOffer: Shape<DraftOffer> = struct<DraftOffer>(
  {
    session: { name: "session", shape: session },
    scheme: { name: "scheme", shape: scheme },
    increment: { name: "increment", shape: increment },
    inputs: { name: "inputs", shape: list(input, 1, MAX_INPUTS) },
    outputs: { name: "outputs", shape: list(output, 1, MAX_OUTPUTS) },
    fee: { name: "fee_sat", shape: satoshi },
    transaction: { name: "transaction", shape: transaction },
    energy: { name: "energy_mwh", shape: milliwattHour },
    sessionMax: { name: "session_max_sat", shape: satoshi },
    arrears: { name: "arrears_sat", shape: satoshi },
    credit: { name: "credit_mwh", shape: milliwattHour },
    expiry: { name: "expiry_height", shape: int(0) },
  },
  "ignore",
);

export const paymentRequest: Shape<PaymentRequest> = struct<PaymentRequest>(
  {
    session: { name: "session", shape: session },
    increment: { name: "increment", shape: increment },
    transaction: { name: "transaction", shape: transaction },
    ticket: { name: "ticket", shape: ticket, optional: true },
  },
  "refuse",
);

export const paymentResult: Shape<PaymentResult> = struct<PaymentResult>(
  {
    state: { name: "state", shape: state },
    credited: { name: "credited_mwh", shape: milliwattHour },
    remaining: { name: "remaining_mwh", shape: milliwattHour },
    next: { name: "next", shape: draftOffer, optional: true },
    txid: { name: "txid", shape: hex(32), optional: true },
  },
  "ignore",
);

// ---------------------------------------------------------------- faults

const MAX_FAULT_TEXT = 400;

/**
 * `faultString`: the name, a colon, the sentence and the facts; printable ASCII of bounded length.
 */
export function faultText(fault: Fault): string {
  return printable(`${fault.fault}: ${fault.message}`, MAX_FAULT_TEXT);
}

/** The Fault that a code and text stand for; undefined where the catalogue has no such code. */
export function readFault(code: number, message: string, retryAfterMs?: number): Fault | undefined {
  const name: FaultName | undefined = faultName(code);
  if (name === undefined) return undefined;
  const known = `${name}: ${FAULTS[name][1]}`;
  const detail = message.startsWith(known) ? message.slice(known.length) : message;
  return new Fault(name, printable(detail, MAX_FAULT_TEXT).trim(), retryAfterMs);
}
