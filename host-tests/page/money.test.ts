// Satoshi in money, at a rate that the owner typed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { moneyOf, rateOf } from "../../page/money";

test("a price in satoshi is told in money at the rate that was typed", () => {
  const rate = rateOf("95 000", "EUR");
  assert.equal(moneyOf(300, rate, "en"), "€0.29");
  assert.equal(moneyOf(10_000, rate, "en"), "€9.50");
  assert.equal(moneyOf(8, rate, "en"), "€0.0076");
  assert.equal(moneyOf(0, rate, "en"), "€0.00");
});

test("a currency that has no code of three letters is told as it was typed", () => {
  assert.equal(moneyOf(300, rateOf("95000", "Taler"), "en"), "0.29 Taler");
  assert.equal(moneyOf(300, rateOf("95000", "<b>"), "en"), "0.29 <b>");
});

test("without a rate, or with one that is none, nothing is told", () => {
  for (const text of ["", " ", "much", "0", "-5", "Infinity", "1e999"])
    assert.equal(moneyOf(300, rateOf(text, "EUR")), undefined);
});
