// Amounts and fee rates out of decimal text, without a float in between.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Decimal, rateOfBtcPerKvb, rateOfSatPerVb, satoshiOfBtc, shifted } from "../../shared/chain/decimal";
import { MAX_SATOSHI } from "../../shared/kernel/units";

const satoshi = fc.integer({ min: 0, max: MAX_SATOSHI });

describe("a decimal amount", () => {
  it("is exact for every possible amount of satoshi", () => {
    fc.assert(
      fc.property(satoshi, (amount) => {
        const digits = String(amount).padStart(9, "0");
        const text = `${digits.slice(0, -8)}.${digits.slice(-8)}`;
        assert.equal(satoshiOfBtc(new Decimal(text)), amount);
      }),
      { numRuns: 2_000 },
    );
  });

  it("is read the same from an exponent, as Python prints small floats", () => {
    for (const [text, amount] of [
      ["1e-08", 1],
      ["1.5e-7", 15],
      ["2.1e7", MAX_SATOSHI],
      ["0.1e+1", 100_000_000],
      ["1E-8", 1],
    ] as const) {
      assert.equal(satoshiOfBtc(new Decimal(text)), amount);
    }
  });

  it("may be a whole number of bitcoin", () => {
    assert.equal(satoshiOfBtc(21), 2_100_000_000);
    assert.equal(satoshiOfBtc(0), 0);
  });

  it("is refused when it is negative, too precise, too large or no number", () => {
    for (const value of [
      new Decimal("-0.1"),
      new Decimal("0.000000001"),
      new Decimal("1e-9"),
      new Decimal("21000000.00000001"),
    ]) {
      assert.equal(satoshiOfBtc(value), undefined, value.text);
    }
    for (const value of [
      new Decimal("1e300"),
      new Decimal("1e999"),
      new Decimal("9".repeat(60)),
      "0.1",
      null,
      true,
      -1,
      NaN,
    ]) {
      assert.equal(satoshiOfBtc(value), undefined);
    }
  });
});

describe("a decimal fee rate", () => {
  it("is millisatoshi a vbyte, rounded up", () => {
    assert.equal(rateOfBtcPerKvb(new Decimal("0.00001")), 1000);
    assert.equal(rateOfBtcPerKvb(new Decimal("0.000001")), 100);
    assert.equal(rateOfBtcPerKvb(new Decimal("0.00000100")), 100);
    assert.equal(rateOfBtcPerKvb(new Decimal("0.000010001")), 1001);
    assert.equal(rateOfSatPerVb(1), 1000);
    assert.equal(rateOfSatPerVb(new Decimal("87.882")), 87_882);
    assert.equal(rateOfSatPerVb(new Decimal("1.0271")), 1028);
    assert.equal(rateOfSatPerVb(new Decimal("0.1")), 100);
  });

  it("is refused when it is negative or beyond what anybody ever paid", () => {
    assert.equal(rateOfSatPerVb(-1), undefined);
    assert.equal(rateOfSatPerVb(new Decimal("-0.00001")), undefined);
    assert.equal(rateOfSatPerVb(100_001), undefined);
    assert.equal(rateOfBtcPerKvb(new Decimal("1e20")), undefined);
  });

  it("never comes out below the exact value", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 0, max: 9 }), (digits, places) => {
        const text = `${digits}e-${places}`;
        const rounded = shifted(new Decimal(text), 3, "up") as number;
        const exact = (BigInt(digits) * 1000n + 10n ** BigInt(places) - 1n) / 10n ** BigInt(places);
        assert.equal(rounded, Number(exact));
      }),
    );
  });
});
