// Small checks that turn what was read from a journal into a typed value, or say where it is wrong.
//
// What a check holds on to is a constant, never a parameter: that could be assigned, so XS would
// keep a place in RAM for each (docs/building.md).

import { constant } from "../kernel/constant";
import { isHex } from "../kernel/text";
import type { Hex } from "../kernel/units";

/** Gives `value` as a T, or throws an Error that starts with `where`. */
export type Check<T> = (value: unknown, where?: string) => T;

/** Longest word that an owner sets (`forgive`). */
export const MAX_WORD = 32;

type Checks<T> = { readonly [K in keyof Required<T>]: Check<T[K]> };

export const integer: Check<number> = (value, where = "record") => {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw wrong(where, "a whole number", value);
  return value;
};

export const boolean: Check<boolean> = (value, where = "record") => {
  if (typeof value !== "boolean") throw wrong(where, "true or false", value);
  return value;
};

/** Text of at most `most` characters. */
export function text(limit: number): Check<string> {
  const most = limit;
  return (value, where = "record") => {
    if (typeof value !== "string" || value.length > most) throw wrong(where, `at most ${most} characters`, value);
    return value;
  };
}

/** Lower-case hexadecimal of `bytes` bytes, or of any whole number of them. */
export function hex(length?: number): Check<Hex> {
  const bytes = length;
  return (value, where = "record") => {
    const expected = bytes === undefined ? "hexadecimal" : `${bytes} bytes in hexadecimal`;
    if (!isHex(value, bytes)) throw wrong(where, expected, value);
    return value;
  };
}

export function oneOf<T extends string>(...allowed: readonly T[]): Check<T> {
  const names = constant(allowed);
  return (value, where = "record") => {
    if (!names.includes(value as T)) throw wrong(where, names.join(" or "), value);
    return value as T;
  };
}

export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, where) => (value === undefined ? undefined : check(value, where));
}

export function arrayOf<T>(check: Check<T>, limit: number, from = 0): Check<readonly T[]> {
  const most = limit;
  const least = from;
  return (value, where = "record") => {
    if (!Array.isArray(value) || value.length < least || value.length > most)
      throw wrong(where, `a list of ${least} to ${most}`, value);
    return value.map((item, index) => check(item, `${where}[${index}]`));
  };
}

export function object<T>(fields: Checks<T>): Check<T> {
  const checks = constant(fields);
  return (value, where = "record") => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(where, "an object", value);
    const result: Partial<T> = {};
    for (const key in checks) {
      const field = checks[key]((value as Record<string, unknown>)[key], `${where}.${key}`);
      if (field !== undefined) result[key] = field;
    }
    return result as T;
  };
}

function wrong(where: string, expected: string, came: unknown): Error {
  return new Error(`${where}: expected ${expected}, came ${String(JSON.stringify(came)).slice(0, 40)}`);
}
