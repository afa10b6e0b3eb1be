// The list of a cable's pledges: what becomes one, what stays apart, and what makes room.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { roomFor, withPledge, worthOf } from "../../shared/cable/pledges";
import type { Pledge } from "../../shared/cable/record";
import { Hold } from "../../shared/cable/stop";

const PAYEE = `0014${"01".repeat(20)}`;
const OTHER = `0014${"02".repeat(20)}`;

/** A pledge over the `n`th coin that nobody has acknowledged; each of `values` is a commitment. */
function pledge(n: number, values: readonly number[], rest: Partial<Pledge> = {}): Pledge {
  return {
    scheme: "single-fee",
    socketScript: PAYEE,
    price: 250_000,
    outpoints: [{ txid: n.toString(16).padStart(64, "0"), vout: 0 }],
    commitments: values.map((value) => ({ txid: `${n}.${value}`, value })),
    unanswered: Math.max(0, ...values),
    fee: 200,
    forgiven: false,
    ...rest,
  };
}

describe("pledges of the same coins", () => {
  it("become one where they are to the same payee, at the dearest fee of both", () => {
    const both = withPledge([pledge(1, [10_000], { fee: 300 })], pledge(1, [20_000], { fee: 100 }));
    assert.deepEqual(
      both.map(({ fee, unanswered, commitments }) => ({ fee, unanswered, commitments: commitments.length })),
      [{ fee: 300, unanswered: 20_000, commitments: 2 }],
    );
  });

  it("count the dearest of both, less the most that was acknowledged of either, whichever came first", () => {
    const dear = pledge(1, [30_000], { unanswered: 20_000 });
    const cheap = pledge(1, [5_000], { unanswered: 5_000 });
    for (const [before, after] of [
      [dear, cheap],
      [cheap, dear],
    ] as const)
      assert.equal(withPledge([before], after)[0]?.unanswered, 20_000);
  });

  it("stay two where they are to two payees", () => {
    assert.equal(withPledge([pledge(1, [10_000])], pledge(1, [10_000], { socketScript: OTHER })).length, 2);
  });
});

describe("a list of pledges that is full", () => {
  const many = Array.from({ length: 40 }, (_, i) => (i + 1) * 100);

  it("is full also by the commitments of all together: what was acknowledged makes room", () => {
    const answered = pledge(1, many, { unanswered: 0 });
    assert.deepEqual(roomFor(pledge(2, [1_000]), [answered]), [answered], "one more fits");
    assert.deepEqual(roomFor(pledge(2, many), [answered]), []);
  });

  it("forgets nothing that was never acknowledged", () => {
    const open = pledge(1, many);
    assert.equal(worthOf(open), 4_000);
    assert.throws(
      () => roomFor(pledge(2, many), [open]),
      (error) => error instanceof Hold && error.reason === "paid-already",
    );
  });
});
