import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { actualFee, DUST, draftVsize, totalOf } from "../../shared/bitcoin/draft";
import { feeNeeded, quoteFee, replacementFee } from "../../shared/bitcoin/fees";
import { anyDraft, coin, draft } from "./cases";

const rate = fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 100, max: 500_000 }));

test("rates below one satoshi a vbyte are real and round up", () => {
  assert.equal(feeNeeded(141, { rate: 100 }), 15);
  assert.equal(feeNeeded(141, { rate: 1000 }), 141);
  assert.equal(feeNeeded(141, { rate: 1500 }), 212);
});

test("a quoted fee reaches the rate, with change or without", () => {
  fc.assert(
    fc.property(anyDraft, rate, (payment, rate) => {
      const fee = quoteFee(payment, { rate });
      if (fee === undefined) {
        const alone = { ...payment, inputs: payment.inputs };
        assert.ok(totalOf(alone.inputs) - alone.value < feeNeeded(draftVsize({ ...alone, fee: 0 }), { rate }));
        return;
      }
      const quoted = { ...payment, fee };
      assert.ok(actualFee(quoted) * 1000 >= draftVsize(quoted) * rate);
      assert.equal(actualFee(quoted), fee, "the quoted fee is the whole fee");
    }),
    { numRuns: 1000 },
  );
});

test("where the change would be dust the quote is all that is left", () => {
  const total = totalOf(draft.inputs);
  const value = total - 209 - (DUST - 1);
  assert.equal(quoteFee({ ...draft, value }, { rate: 1000 }), 209 + DUST - 1);
  assert.equal(quoteFee({ ...draft, value: value - 1 }, { rate: 1000 }), 209);
  assert.equal(quoteFee({ ...draft, value: total - 177 }, { rate: 1000 }), undefined, "178 vbytes without change");
  assert.equal(quoteFee({ ...draft, value: total - 178 }, { rate: 1000 }), 178);
});

test("a replacement pays the last fee, its own relaying, and a strictly better rate", () => {
  assert.equal(replacementFee({ fee: 141, vsize: 141 }, 141, 1000), 282);
  assert.equal(replacementFee({ fee: 141, vsize: 141 }, 141, 100), 156);
  assert.equal(replacementFee({ fee: 141, vsize: 141 }, 141, 0), 142, "no more than equal would not replace");
  assert.equal(replacementFee({ fee: 1000, vsize: 110 }, 141, 100), 1282, "a larger one has to keep the rate up");
  fc.assert(
    fc.property(
      fc.nat(1e6),
      fc.integer({ min: 82, max: 600 }),
      fc.integer({ min: 82, max: 600 }),
      rate,
      (fee, a, b, rate) => {
        const next = replacementFee({ fee, vsize: a }, b, rate);
        assert.ok(next * 1000 >= fee * 1000 + rate * b, "BIP125 rules 3 and 4");
        assert.ok(next * a > fee * b, "a better rate");
      },
    ),
  );
});

test("a demand with a replacement takes the dearer of rate and rules", () => {
  const replaces = { fee: 141, vsize: 141 };
  assert.equal(feeNeeded(141, { rate: 5000, incremental: 1000, replaces }), 705);
  assert.equal(feeNeeded(141, { rate: 1000, incremental: 1000, replaces }), 282);
  const single = { ...draft, inputs: [coin("ab", 60_000)] };
  assert.equal(quoteFee(single, { rate: 1000, incremental: 100, replaces }), 156);
});
