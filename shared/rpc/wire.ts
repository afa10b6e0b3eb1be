// The three calls' parameters and results as XML-RPC structs: each wire name and each bound stands here once, for
// both sides. docs/protocol.md says what the fields mean.
//
// Reading trusts nobody: types, ranges, lengths and list sizes are checked, and the error names the field.

import { constant } from "../kernel/constant";
import { NamedError } from "../kernel/named-error";
import type { Outpoint } from "../kernel/ports";
import { canonicalNumber, isHex, isVisible, printable } from "../kernel/text";
import { type Hex, isSatoshi, MAX_SATOSHI, type MilliwattHour, type Satoshi } from "../kernel/units";
import { FAULTS, Fault, type FaultName, faultName } from "../protocol/faults";
import {
  type DraftOffer,
  MAX_PROMISED,
  type PaymentRequest,
  type PaymentResult,
  type PowerRequest,
  SCHEMES,
  type Scheme,
  type SocketState,
  type Status,
  type StatusRequest,
  type WireInput,
  type WireOutput,
} from "../protocol/types";
import { DateTime, Double, INT_MAX, type Members, type Struct, type Value } from "./xmlrpc";

/** Longest that `get_status` waits. */
export const MAX_WAIT_MS = 60_000;
export const MAX_INPUTS = 5;
const MAX_OUTPUTS = 2;
/** Five inputs with their witnesses and two outputs are under 900 bytes. */
const MAX_TRANSACTION_BYTES = 1024;
/** The longest witness program (BIP141): 42 bytes. */
const MAX_SCRIPT_BYTES = 42;

/** A value that is not what the protocol says. `field` is its path, such as `inputs[1].vout`. */
export class WireError extends NamedError {
  override readonly name = "WireError";
  constructor(
    readonly field: string,
    readonly expected: string,
    found: string,
  ) {
    super(`${field}: expected ${expected}, found ${found}`);
  }
}

/** How a T travels. */
export interface Shape<T> {
  write(value: T): Value;
  /** Throws a WireError that names `field`. */
  read(value: Value, field: string): T;
}

interface Member<T> {
  readonly name: string;
  readonly shape: Shape<T>;
  readonly optional?: boolean;
}

type Fields<T> = { readonly [K in keyof T]-?: Member<T[K]> };

// ---------------------------------------------------------------- shapes
//
// What a shape's functions hold on to is a constant, never a parameter: that could be assigned, so XS would keep a place
// in RAM for each (docs/building.md).

/** Whole number that fits XML-RPC's <int>. */
function int(from: number, to: number = INT_MAX): Shape<number> {
  const [least, most] = [from, to];
  return {
    write: (value) => value,
    read: (value, field) => {
      if (typeof value === "number" && value >= least && value <= most) return value;
      throw new WireError(field, `an int from ${least} to ${most}`, show(value));
    },
  };
}

/** Money or energy: a decimal string, since they may pass 2^31; <int> and <i8> are read too. */
function amount(test: (value: number) => boolean, description: string): Shape<number> {
  const [isValid, expected] = [test, description];
  return {
    write: (value) => String(value),
    read: (value, field) => {
      const number = typeof value === "string" ? canonicalNumber(value) : value;
      if (typeof number === "number" && isValid(number)) return number;
      throw new WireError(field, expected, show(value));
    },
  };
}

const satoshi: Shape<Satoshi> = amount(isSatoshi, `satoshi as a decimal string, at most ${MAX_SATOSHI}`);
const milliwattHour: Shape<MilliwattHour> = amount(
  (value) => Number.isSafeInteger(value) && value >= 0,
  "milliwatt-hours as a decimal string",
);

const flag: Shape<boolean> = {
  write: (value) => value,
  read: (value, field) => {
    if (typeof value === "boolean") return value;
    throw new WireError(field, "a boolean", show(value));
  },
};

function text<T extends string>(test: (value: string) => boolean, description: string): Shape<T> {
  const [isValid, expected] = [test, description];
  return {
    write: (value) => value,
    read: (value, field) => {
      if (typeof value === "string" && isValid(value)) return value as T;
      throw new WireError(field, expected, show(value));
    },
  };
}

/** Lower-case hexadecimal of `least` to `most` bytes. */
function hex(from: number, to: number = from): Shape<Hex> {
  const [least, most] = [from, to];
  const size = least === most ? `${least}` : `${least} to ${most}`;
  return {
    write: (value) => value,
    read: (value, field) => {
      const isRight = isHex(value);
      if (isRight && value.length >= 2 * least && value.length <= 2 * most) return value;
      const found = isRight ? `${value.length} digits` : show(value);
      throw new WireError(field, `${size} bytes in lower-case hexadecimal`, found);
    },
  };
}

function list<T>(shape: Shape<T>, from: number, to: number): Shape<readonly T[]> {
  const [item, least, most] = [constant(shape), from, to];
  return {
    write: (values) => values.map((value) => item.write(value)),
    read: (value, field) => {
      if (!Array.isArray(value)) throw new WireError(field, "an array", show(value));
      if (value.length < least || value.length > most) {
        throw new WireError(field, `${least} to ${most} items`, `${value.length}`);
      }
      return value.map((one, i) => item.read(one, `${field}[${i}]`));
    },
  };
}

/** A struct. A request must have no other members (a misspelt one would go unnoticed); an answer may, for later versions. */
function struct<T extends object>(fields: Fields<T>, others: "refuse" | "ignore"): Shape<T> {
  const members = constant(fields);
  const isClosed = others === "refuse";
  const keys = Object.freeze(Object.keys(members)) as readonly (keyof T)[];
  const names = Object.freeze(keys.map((key) => members[key].name)) as readonly string[];
  return Object.freeze({
    write: (value: T) => {
      const written: Record<string, Value> = {};
      for (const key of keys) {
        const { name, shape } = members[key];
        if (value[key] !== undefined) written[name] = shape.write(value[key]);
      }
      return written;
    },
    read: (value: Value, field: string) => {
      const present = membersOf(value);
      if (present === undefined) throw new WireError(field || "value", "a struct", show(value));
      const prefix = field === "" ? "" : `${field}.`;
      const read: Partial<T> = {};
      let known = 0;
      for (const key of keys) {
        const { name, shape, optional } = members[key];
        const member = present.get(name);
        if (member !== undefined) {
          read[key] = shape.read(member, prefix + name);
          known++;
        } else if (!optional) throw new WireError(prefix + name, "a member", "none");
      }
      if (isClosed) refuseOthers(present, names, known, prefix);
      return read as T;
    },
  });
}

function refuseOthers(present: Members, names: readonly string[], known: number, prefix: string): void {
  if (present.size === known) return;
  const other = [...present.keys()].find((name) => !names.includes(name)) ?? "";
  throw new WireError(prefix + other.slice(0, 40), `only ${names.join(", ")}`, "an unknown member");
}

/** A struct's members, as read from the wire or as written; undefined for any other value. */
function membersOf(value: Value): Members | undefined {
  if (value instanceof Map) return value;
  if (typeof value !== "object" || Array.isArray(value)) return undefined;
  if (value instanceof Uint8Array || value instanceof Double || value instanceof DateTime) return undefined;
  return new Map(Object.entries(value as Struct));
}

/** A value as an error shows it: short, and never a whole transaction. */
function show(value: Value): string {
  if (typeof value === "string") return `the string ${JSON.stringify(value.slice(0, 24))}`;
  if (typeof value === "number") return `the int ${value}`;
  if (typeof value === "boolean") return `the boolean ${value}`;
  if (value instanceof Double) return `the double ${value.value}`;
  if (value instanceof Uint8Array) return "base64";
  if (value instanceof DateTime) return "a date";
  return Array.isArray(value) ? "an array" : "a struct";
}

// ---------------------------------------------------------------- the fields

const STATES: readonly string[] = Object.freeze(["standby", "paid", "lockout"] satisfies SocketState[]);

const session: Shape<Hex> = hex(16);
const ticket: Shape<Hex> = hex(16);
const state = text<SocketState>((value) => STATES.includes(value), "standby, paid or lockout");
const transaction = hex(10, MAX_TRANSACTION_BYTES);
const increment = int(1);
const script: Shape<Hex> = hex(4, MAX_SCRIPT_BYTES);

const scheme: Shape<Scheme> = {
  write: (value) => value,
  read: (value, field) => {
    const known = SCHEMES.find((one) => one === value);
    if (known !== undefined) return known;
    if (typeof value === "string") throw new Fault("unknown-scheme", `Found ${JSON.stringify(value.slice(0, 24))}.`);
    throw new WireError(field, "the name of a scheme", show(value));
  },
};

const schemeNames = constant(
  list(
    text((name) => name.length <= 32 && /^[a-z0-9-]+$/.test(name), "the name of a scheme"),
    1,
    16,
  ),
);

/** Those that we know, in the socket's order: a later version may have more. */
const schemes: Shape<readonly Scheme[]> = {
  write: (values) => [...values],
  read: (value, field) => {
    const names = schemeNames.read(value, field);
    return names.filter((name): name is Scheme => SCHEMES.includes(name as Scheme));
  },
};

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
  },
  "ignore",
);

const OUTPOINT_BYTES = 36;
const outpointsHex: Shape<Hex> = constant(hex(OUTPOINT_BYTES, MAX_PROMISED * OUTPOINT_BYTES));

/** One text, 36 bytes an outpoint: the id as explorers show it, and the output's number, four bytes big-endian. */
const outpoints: Shape<readonly Outpoint[]> = {
  write: (values) => values.map(({ txid, vout }) => txid + vout.toString(16).padStart(8, "0")).join(""),
  read: (value, field) => {
    const text = outpointsHex.read(value, field);
    const width = 2 * OUTPOINT_BYTES;
    if (text.length % width !== 0) throw new WireError(field, `${width} digits an outpoint`, `${text.length} digits`);
    const found: Outpoint[] = [];
    for (let at = 0; at < text.length; at += width)
      found.push({ txid: text.slice(at, at + 64), vout: Number.parseInt(text.slice(at + 64, at + width), 16) });
    return found;
  },
};

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

const input: Shape<WireInput> = struct<WireInput>(
  {
    txid: { name: "txid", shape: hex(32) },
    vout: { name: "vout", shape: int(0) },
    amount: { name: "amount_sat", shape: satoshi },
  },
  "ignore",
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

/** `faultString`: the name, a colon, the sentence and the facts; printable ASCII of bounded length. */
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
