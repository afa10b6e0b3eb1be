// How single values travel: a shape writes one as XML-RPC and reads it back. What the calls are
// made of: wire.ts and channel-wire.ts.
//
// Reading trusts nobody: kernel/check.ts judges what came. Its own this file has what that language
// does not know: how a value is written, names on the wire that are not those of our code, amounts
// as decimal strings, and that an unknown member of a request is refused.

import { checkBoolean, checkHex, checkList, checkWhole, type Fail } from "../kernel/check";
import { constant } from "../kernel/constant";
import { NamedError } from "../kernel/named-error";
import { canonicalNumber } from "../kernel/text";
import { type Hex, isSatoshi, MAX_SATOSHI, type MilliwattHour, type Satoshi } from "../kernel/units";
import { DateTime, Double, INT_MAX, type Members, type Struct, type Value } from "./xmlrpc";

/** A value that is not what the protocol says. `field` is its path, such as `inputs[1].vout`. */
export class WireError extends NamedError {
  override readonly name = "WireError";
  constructor(
    readonly field: string,
    readonly expected: string,
    found: string,
  ) {
    super(`${field}: expected ${expected}, got ${found}`);
  }
}

const fail: Fail = (field, expected, came) => new WireError(field, expected, show(came as Value));

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
// What a shape's functions hold on to is a constant, never a parameter: that could be assigned, so
// XS would keep a place in RAM for each (docs/building.md).

/** Whole number that fits XML-RPC's <int>. */
export function int(from: number, to: number = INT_MAX): Shape<number> {
  const [least, most] = [from, to];
  return {
    write: (value) => value,
    read: (value, field) => checkWhole(value, least, most, field, fail),
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

export const satoshi: Shape<Satoshi> = amount(isSatoshi, `satoshi as a decimal string, at most ${MAX_SATOSHI}`);
export const milliwattHour: Shape<MilliwattHour> = amount(
  (value) => Number.isSafeInteger(value) && value >= 0,
  "milliwatt-hours as a decimal string",
);

export const flag: Shape<boolean> = constant({
  write: (value) => value,
  read: (value, field) => checkBoolean(value, field, fail),
});

export function text<T extends string>(test: (value: string) => boolean, description: string): Shape<T> {
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
export function hex(from: number, to: number = from): Shape<Hex> {
  const [least, most] = [from, to];
  return {
    write: (value) => value,
    read: (value, field) => checkHex(value, least, most, field, fail),
  };
}

export function list<T>(shape: Shape<T>, from: number, to: number): Shape<readonly T[]> {
  const [item, least, most] = [constant(shape), from, to];
  return {
    write: (values) => values.map((value) => item.write(value)),
    read: (value, field) =>
      checkList(value, least, most, field, fail).map((one, i) => item.read(one as Value, `${field}[${i}]`)),
  };
}

/**
 * A struct. A request must have no other members (a misspelt one would go unnoticed); an answer
 * may, for later versions.
 */
export function struct<T extends object>(fields: Fields<T>, others: "refuse" | "ignore"): Shape<T> {
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
export function membersOf(value: Value): Members | undefined {
  if (value instanceof Map) return value;
  if (typeof value !== "object" || Array.isArray(value)) return undefined;
  if (value instanceof Uint8Array || value instanceof Double || value instanceof DateTime) return undefined;
  return new Map(Object.entries(value as Struct));
}

/** A value as an error shows it: short, and never a whole transaction. */
export function show(value: Value): string {
  if (typeof value === "string") {
    const text = JSON.stringify(value.slice(0, 24));
    return value.length > 24 ? `the string ${text}... of ${value.length} characters` : `the string ${text}`;
  }
  if (typeof value === "number") return `the int ${value}`;
  if (typeof value === "boolean") return `the boolean ${value}`;
  if (value instanceof Double) return `the double ${value.value}`;
  if (value instanceof Uint8Array) return "base64";
  if (value instanceof DateTime) return "a date";
  return Array.isArray(value) ? "an array" : "a struct";
}
