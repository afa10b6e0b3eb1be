// The character classes of the wires, at their edges.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  canonicalNumber,
  isDigits,
  isHeaderText,
  isHex,
  isToken,
  isVisible,
  printable,
} from "../../shared/kernel/text";

/** The code units from 0 to 256 that a class takes, as a text. */
function taken(is: (text: string) => boolean): string {
  const all = Array.from({ length: 257 }, (_, code) => String.fromCharCode(code));
  return all.filter((character) => is(character)).join("");
}

test("hexadecimal is lower case, of whole bytes, and as long as was asked for", () => {
  assert.equal(
    taken((one) => isHex(`0${one}`)),
    "0123456789abcdef",
  );
  assert.ok(isHex("") && isHex("00ff") && isHex("00ff", 2));
  for (const wrong of ["0", "0F", "0g", " 00", "00\n", "\uff10\uff10", 10, undefined]) assert.ok(!isHex(wrong));
  assert.ok(!isHex("00ff", 1) && !isHex("00ff", 3));
});

test("digits are ASCII's, one at least and no more than asked for", () => {
  assert.equal(
    taken((one) => isDigits(one, 3)),
    "0123456789",
  );
  assert.ok(isDigits("007", 3));
  for (const wrong of ["", "1234", "-1", "1.5", "1 ", "\u0661"]) assert.ok(!isDigits(wrong, 3));
});

test("visible is printable ASCII without the blank", () => {
  const visible = taken(isVisible);
  assert.equal(visible.length, 94);
  assert.equal(`${visible[0]}${visible.at(-1)}`, "!~");
});

test("a token is a name of RFC 9110, a header's text may hold blanks, tabs and bytes beyond ASCII", () => {
  assert.equal(taken(isToken), "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
  assert.equal(taken(isHeaderText).length, 1 + 95 + 128);
  for (const wrong of ["\0", "\r", "\n", "\x7f", "\u0100"]) assert.ok(!isHeaderText(`a${wrong}b`));
});

test("a number is canonical where JavaScript writes it so itself", () => {
  for (const value of [0, 1, -1, 1.5, 2 ** 53, 1e21, 1e-7, -0.001]) assert.equal(canonicalNumber(String(value)), value);
  for (const other of ["", " 1", "1 ", "01", "+1", "-0", "1.0", "1e3", "0x10", "NaN", "Infinity", "-Infinity", "1e999"])
    assert.equal(canonicalNumber(other), undefined);
});

test("what others say is made printable and short", () => {
  assert.equal(printable("a\u0000\u20ac~ \n", 100), "a??~ ?");
  assert.equal(printable("abcdef", 3), "abc");
});
