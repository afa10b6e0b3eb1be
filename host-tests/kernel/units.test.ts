// Quantities carry their unit for the compiler: what it has to refuse is stated here, and
// `npm run typecheck` fails where it does not. The rest is rounding, which is in favour of the one
// that is owed.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type {
  MicrowattHour,
  MilliSatoshi,
  MilliSatPerVbyte,
  MilliSatPerWh,
  Millisecond,
  MilliwattHour,
  Satoshi,
} from "../../shared/kernel/units";
import { energyFor, feeFor, priceOf } from "../../shared/kernel/units";

const energy: MilliwattHour = 40_000;
const meter: MicrowattHour = 40_000_000;
const amount: Satoshi = 10_000;
const price: MilliSatPerWh = 250_000;
const rate: MilliSatPerVbyte = 1_500;
const time: Millisecond = 60_000;

describe("a quantity", () => {
  it("is refused by the compiler in the place of one with another unit", () => {
    // @ts-expect-error µWh for mWh
    priceOf(meter, price);
    // @ts-expect-error mWh for µWh
    const reading: MicrowattHour = energy;
    // @ts-expect-error sat for msat
    const fine: MilliSatoshi = amount;
    // @ts-expect-error a price of energy for a fee rate
    feeFor(141, price);
    // @ts-expect-error a time for an amount
    energyFor(time, price);
    assert.deepEqual([reading, fine], [energy, amount], "to the engine it is a number");
  });

  it("takes plain numbers, and what comes of arithmetic", () => {
    const sum: MilliwattHour = energy + Math.floor(meter / 1_000);
    assert.equal(sum, 80_000);
  });
});

describe("what energy costs", () => {
  it("buys no more than was paid for, and costs no less than was used", () => {
    assert.equal(energyFor(amount, price), energy);
    assert.equal(energyFor(1, 3_000_000), 0);
    assert.equal(priceOf(1, price), 1);
    for (let value = 1; value < 2_000; value += 7) assert.ok(priceOf(energyFor(value, 333_333), 333_333) <= value);
  });

  it("is a fee that reaches its rate", () => {
    assert.equal(feeFor(141, rate), 212);
  });
});
