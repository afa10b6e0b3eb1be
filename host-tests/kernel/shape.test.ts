// The language of checks: what passes, and what an error says.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { arrayOf, boolean, hex, integer, object, oneOf, optional, text } from "../../shared/kernel/shape";

const coin = object<{ txid: string; amount: number; note?: string }>({
  txid: hex(2),
  amount: integer,
  note: optional(text(3)),
});
const record = object<{ state: "on" | "off"; coins: readonly { txid: string; amount: number }[]; open: boolean }>({
  state: oneOf("on", "off"),
  coins: arrayOf(coin, 2, 1),
  open: boolean,
});
const GOOD = { state: "on", coins: [{ txid: "ab01", amount: 5 }], open: false };

describe("the shape of a record", () => {
  it("gives the record back as it is, without what it does not name", () => {
    assert.deepEqual(record({ ...GOOD, later: 1 }), GOOD);
  });

  const refused: readonly (readonly [what: string, value: unknown, message: string])[] = [
    ["a list", [], "record: expected an object, got a list of 0"],
    ["nothing", undefined, "record: expected an object, got nothing"],
    ["a word that is not among them", { ...GOOD, state: "maybe" }, 'record.state: expected on or off, got "maybe"'],
    ["too many items", { ...GOOD, coins: [1, 2, 3] }, "record.coins: expected a list of 1 to 2 items, got a list of 3"],
    ["no item", { ...GOOD, coins: [] }, "record.coins: expected a list of 1 to 2 items, got a list of 0"],
    ["an object for a list", { ...GOOD, coins: {} }, "record.coins: expected a list of 1 to 2 items, got an object"],
    ["a number that is not whole", one({ amount: 0.5 }), "record.coins[0].amount: expected a whole number, got 0.5"],
    ["a number as a text", one({ amount: "5" }), 'record.coins[0].amount: expected a whole number, got "5"'],
    [
      "hexadecimal that is too long",
      one({ txid: "ab0102" }),
      'record.coins[0].txid: expected 2 bytes in lower-case hexadecimal, got "ab0102"',
    ],
    [
      "hexadecimal that is too short",
      one({ txid: "ab" }),
      'record.coins[0].txid: expected 2 bytes in lower-case hexadecimal, got "ab"',
    ],
    [
      "upper-case hexadecimal",
      one({ txid: "AB01" }),
      'record.coins[0].txid: expected 2 bytes in lower-case hexadecimal, got "AB01"',
    ],
    [
      "a text that is too long",
      one({ note: "four" }),
      'record.coins[0].note: expected a text of at most 3 characters, got "four"',
    ],
    ["a number for a yes or no", { ...GOOD, open: 1 }, "record.open: expected true or false, got 1"],
  ];
  for (const [what, value, message] of refused)
    it(`refuses ${what}, and says where, what it expected and what it got`, () => {
      assert.throws(() => record(value), { message });
    });

  it("repeats no more than 40 characters of what it got", () => {
    assert.throws(() => text(3)("x".repeat(100)), { message: /, got "x{39}\.\.\.$/ });
  });
});

function one(coinPart: object): unknown {
  return { ...GOOD, coins: [{ txid: "ab01", amount: 5, ...coinPart }] };
}
