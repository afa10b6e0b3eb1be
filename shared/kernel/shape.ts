// Shapes of what the journal and manifests hold: checks of whole records, made of those of
// check.ts. Members that a shape does not name are dropped: another version may have written them.
//
// What is right passes without a further call, as a journal has some hundred values and a device
// reads it before it does anything else; check.ts says what is wrong with the rest.
//
// What a check holds on to is a constant, never a parameter: that could be assigned, so XS would
// keep a place in RAM for each (docs/building.md).

import { checkBoolean, checkHex, checkList, checkText, checkWhole, checkWord, type Fail, shown } from "./check";
import { constant } from "./constant";
import { isHex } from "./text";
import type { Hex } from "./units";

/** Gives `value` as a T, or throws an Error that starts with `where`. */
export type Check<T> = (value: unknown, where?: string) => T;

type Checks<T> = { readonly [K in keyof Required<T>]: Check<T[K]> };

const HERE = "record";
const fail: Fail = (where, expected, came) => new Error(`${where}: expected ${expected}, got ${shown(came)}`);

export const integer: Check<number> = (value, where = HERE) =>
  typeof value === "number" && Number.isSafeInteger(value)
    ? value
    : checkWhole(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, where, fail);

export const boolean: Check<boolean> = (value, where = HERE) =>
  typeof value === "boolean" ? value : checkBoolean(value, where, fail);

/** Text of at most `limit` characters. */
export function text(limit: number): Check<string> {
  const most = limit;
  return (value, where = HERE) => checkText(value, most, where, fail);
}

/** Lower-case hexadecimal of `size` bytes, or of any whole number of them. */
export function hex(size?: number): Check<Hex> {
  const length = size;
  const least = length ?? 0;
  const most = length ?? Number.POSITIVE_INFINITY;
  return (value, where = HERE) => (isHex(value, length) ? value : checkHex(value, least, most, where, fail));
}

export function oneOf<T extends string>(...allowed: readonly T[]): Check<T> {
  const words = constant(allowed);
  return (value, where = HERE) => (words.includes(value as T) ? (value as T) : checkWord(value, words, where, fail));
}

export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, where) => (value === undefined ? undefined : check(value, where));
}

export function arrayOf<T>(check: Check<T>, limit: number, from = 0): Check<readonly T[]> {
  const most = limit;
  const least = from;
  return (value, where = HERE) =>
    checkList(value, least, most, where, fail).map((item, index) => check(item, `${where}[${index}]`));
}

export function object<T>(fields: Checks<T>): Check<T> {
  const checks = constant(fields);
  return (value, where = HERE) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw fail(where, "an object", value);
    const result: Partial<T> = {};
    for (const key in checks) {
      const field = checks[key]((value as Record<string, unknown>)[key], `${where}.${key}`);
      if (field !== undefined) result[key] = field;
    }
    return result as T;
  };
}
