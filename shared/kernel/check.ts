// One language for what comes from outside, be it from a peer, the journal, a chain's server or the
// owner: a check gives the value back as what it is, or throws. What it throws says where, what was
// expected and what came; its class is the border's own (`Fail`). shape.ts makes checks of records
// from these; who uses them: rpc/shapes.ts, chain/shape.ts, settings/check.ts, owner/params.ts.

import { isHex } from "./text";
import type { Hex } from "./units";

/** Makes the error of a border: at `where` something else was expected than what `came`. */
export type Fail = (where: string, expected: string, came: unknown) => Error;

export function isWhole(value: unknown, least: number, most: number): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most;
}

export function wholeExpected(least: number, most: number): string {
  if (least === Number.MIN_SAFE_INTEGER && most === Number.MAX_SAFE_INTEGER) return "a whole number";
  return most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least}` : `a whole number from ${least} to ${most}`;
}

export function checkWhole(value: unknown, least: number, most: number, where: string, fail: Fail): number {
  if (isWhole(value, least, most)) return value;
  throw fail(where, wholeExpected(least, most), value);
}

export function checkBoolean(value: unknown, where: string, fail: Fail): boolean {
  if (typeof value === "boolean") return value;
  throw fail(where, "true or false", value);
}

/** A text of at most `most` characters. */
export function checkText(value: unknown, most: number, where: string, fail: Fail): string {
  if (typeof value === "string" && value.length <= most) return value;
  throw fail(where, most === Number.POSITIVE_INFINITY ? "a text" : `a text of at most ${most} characters`, value);
}

/** Lower-case hexadecimal of `least` to `most` bytes. */
export function checkHex(value: unknown, least: number, most: number, where: string, fail: Fail): Hex {
  if (isHex(value) && value.length >= 2 * least && value.length <= 2 * most) return value;
  const bytes = least === most ? `${least}` : `${least} to ${most}`;
  const size = most === Number.POSITIVE_INFINITY ? "whole bytes" : `${bytes} bytes`;
  throw fail(where, `${size} in lower-case hexadecimal`, value);
}

export function checkWord<T extends string>(value: unknown, words: readonly T[], where: string, fail: Fail): T {
  if (words.includes(value as T)) return value as T;
  throw fail(where, words.join(" or "), value);
}

export function checkList(value: unknown, least: number, most: number, where: string, fail: Fail): readonly unknown[] {
  if (Array.isArray(value) && value.length >= least && value.length <= most) return value;
  throw fail(where, `a list of ${least} to ${most} items`, value);
}

/** What came, for a message: short, and of an object its kind alone. */
export function shown(came: unknown): string {
  if (came === undefined) return "nothing";
  if (Array.isArray(came)) return `a list of ${came.length}`;
  if (typeof came === "object" && came !== null) return "an object";
  const text = typeof came === "string" ? JSON.stringify(came) : String(came);
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
