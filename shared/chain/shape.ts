import { checkBoolean, checkHex, checkWhole, type Fail } from "../kernel/check";
import { type Hex, MAX_SATOSHI, type Satoshi } from "../kernel/units";
import { Decimal } from "./decimal";
import { ChainError } from "./error";
import type { Json, JsonObject } from "./json-stream";

/** Far beyond any block height (2^31), and an index of an output never reaches it. */
const LARGEST_COUNT = 0x7fff_ffff;

export function malformed(wanted: string, came: unknown): ChainError {
  return new ChainError("malformed", `expected ${wanted}, got ${shown(came)}`);
}

const fail: Fail = (what, expected, came) => malformed(`${what} (${expected})`, came);

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Decimal);
}

export function objectOf(value: Json | undefined, what: string): JsonObject {
  if (!isObject(value)) throw malformed(what, value);
  return value;
}

export function arrayOf(value: Json | undefined, what: string): readonly Json[] {
  if (!Array.isArray(value)) throw malformed(what, value);
  return value;
}

export function booleanOf(value: Json | undefined, what: string): boolean {
  return checkBoolean(value, what, fail);
}

export function hashOf(value: Json | undefined, what: string): Hex {
  return checkHex(value, 32, 32, what, fail);
}

/** Beyond it a lock time is a time and no height (BIP65); no chain is that long. */
const LARGEST_HEIGHT = 499_999_999;

/** Height of a block. A socket adds to it, and what it tells has to fit XML-RPC's int. */
export function heightOf(value: Json | undefined, what: string): number {
  return checkWhole(value, 0, LARGEST_HEIGHT, what, fail);
}

/** An index, a number of confirmations. */
export function countOf(value: Json | undefined, what: string): number {
  return checkWhole(value, 0, LARGEST_COUNT, what, fail);
}

export function satoshiOf(value: Json | undefined, what: string): Satoshi {
  return checkWhole(value, 0, MAX_SATOSHI, what, fail);
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value instanceof Decimal) return value.text;
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  const text = String(value);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
