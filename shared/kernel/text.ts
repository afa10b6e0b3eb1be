// What a text is made of: the character classes that the wires know, each once.
//
// On a device a regular expression must come into being at run time: one that exists while the
// image is linked lies in flash, where the SDK corrupts memory when it is used
// (docs/sdk-defects.md, 1). So each is written where it is used, inside a function. Compiling a
// class costs XS 8,000 instructions a time, and a loop in JavaScript 2,000 and more a character,
// where the expression takes 150: searching for one character that must not be there is the
// quickest way.

import { constant } from "./constant";
import type { Hex } from "./units";

/** What a letter after a backslash means in JSON (RFC 8259, section 7), `u` aside. */
export const JSON_ESCAPES: Readonly<Record<string, string>> = constant({
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
});

/** True for lower-case hexadecimal of whole bytes; exactly `bytes` of them where that is given. */
export function isHex(value: unknown, bytes?: number): value is Hex {
  if (typeof value !== "string" || value.length % 2 !== 0) return false;
  return (bytes === undefined || value.length === bytes * 2) && !/[^0-9a-f]/.test(value);
}

/** One to `most` decimal digits, as a length or a number of seconds is written. */
export function isDigits(text: string, most: number): boolean {
  return text.length > 0 && text.length <= most && !/[^0-9]/.test(text);
}

/** Printable ASCII without the blank; true for the empty text. */
export function isVisible(text: string): boolean {
  return !/[^!-~]/.test(text);
}

/** What a name consists of in HTTP (RFC 9110: a token); true for the empty text. */
export function isToken(text: string): boolean {
  return !/[^!#-'*+\-.0-9A-Z^-z|~]/.test(text);
}

/**
 * What a header may hold beside its line end: printable ASCII, blanks and tabs, and bytes beyond
 * ASCII (obs-text).
 */
export function isHeaderText(text: string): boolean {
  return !/[^\t -~\u0080-\u00ff]/.test(text);
}

/**
 * The finite number that JavaScript itself writes so: most that come are, and to see it is a third
 * of an expression's work.
 */
export function canonicalNumber(text: string): number | undefined {
  const value = Number(text);
  return Number.isFinite(value) && String(value) === text ? value : undefined;
}

/**
 * Text of others for a message: printable ASCII, everything else a question mark, at most `most`
 * characters.
 */
export function printable(text: string, most: number): string {
  return text.replace(/[^ -~]/g, "?").slice(0, most);
}
