// The algebra of signatures handed out, against an oracle that enumerates what can be mined
// together.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { dearestTogether } from "../../lab/model/together";
import { dearest, type Signing } from "../../shared/cable/signings";
import type { Outpoint } from "../../shared/kernel/ports";

const RUNS = 3_000;

const coin = (txid: string, vout = 0): Outpoint => ({ txid, vout });

/**
 * Up to six signings of up to three transactions each, over coins of the chain and change of the
 * earlier ones.
 */
const histories: fc.Arbitrary<readonly Signing[]> = fc
  .array(
    fc.record({
      coins: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
      steps: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
      answered: fc.nat(3),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((plans) => {
    const pool: Outpoint[] = [coin("a"), coin("b"), coin("c")];
    return plans.map(({ coins, steps, answered }, i) => {
      const outpoints = [...new Set(coins.map((at) => pool[at % pool.length] as Outpoint))];
      let value = 0;
      const commitments = steps.map((step, k) => {
        value += step;
        return { txid: `${i}.${k}`, value };
      });
      for (const { txid } of commitments) pool.push(coin(txid, 1));
      const acknowledged = commitments[Math.min(answered, commitments.length) - 1]?.value ?? 0;
      return { outpoints, commitments, unanswered: value - acknowledged };
    });
  });

/**
 * The most that any choice pays which a chain can hold, less what was acknowledged of all: each
 * coin spent once, each parent there.
 */
function oracle(signings: readonly Signing[], worth: (signing: Signing, value: number) => number): number {
  let most = 0;
  const parents = new Set(signings.flatMap(({ commitments }) => commitments.map(({ txid }) => txid)));
  const look = (at: number, spent: ReadonlySet<string>, mined: ReadonlySet<string>, sum: number): void => {
    most = Math.max(most, sum);
    const signing = signings[at];
    if (!signing) return;
    look(at + 1, spent, mined, sum);
    const keys = signing.outpoints.map(({ txid, vout }) => `${txid}:${vout}`);
    const isPossible =
      keys.every((key) => !spent.has(key)) &&
      signing.outpoints.every(({ txid }) => !parents.has(txid) || mined.has(txid));
    if (!isPossible) return;
    for (const { txid, value } of signing.commitments)
      look(at + 1, new Set([...spent, ...keys]), new Set([...mined, txid]), sum + worth(signing, value));
  };
  look(0, new Set(), new Set(), 0);
  return most;
}

/**
 * The same by a search that leaves out what cannot be better: what `prove` measures the device by.
 */
function searched(signings: readonly Signing[], worth: (signing: Signing, value: number) => number): number {
  const rivals = signings.map((signing) => ({
    outpoints: signing.outpoints,
    transactions: signing.commitments.map(({ txid, value }) => ({ txid, worth: worth(signing, value) })),
  }));
  return dearestTogether(rivals).worth;
}

const byRest = (signing: Signing, value: number): number => Math.max(0, value - answeredOf(signing));

function answeredOf({ commitments, unanswered }: Signing): number {
  return Math.max(...commitments.map(({ value }) => value)) - unanswered;
}

describe("the dearest signatures that can be mined together", () => {
  it("are never counted too low", () => {
    fc.assert(
      fc.property(histories, (signings) => dearest(signings) >= oracle(signings, byRest)),
      { numRuns: RUNS },
    );
  });

  it("cover what can be mined beyond what was acknowledged in all", () => {
    fc.assert(
      fc.property(histories, (signings) => {
        const answered = signings.reduce((sum, signing) => sum + answeredOf(signing), 0);
        return dearest(signings) >= oracle(signings, (_, value) => value) - answered;
      }),
      { numRuns: RUNS },
    );
  });

  it("are counted exactly where each transaction spends one coin", () => {
    const single = histories.filter((signings) => signings.every(({ outpoints }) => outpoints.length === 1));
    fc.assert(
      fc.property(single, (signings) => dearest(signings) === oracle(signings, byRest)),
      { numRuns: RUNS },
    );
  });

  it("are found by the quicker search that judges the device in long runs", () => {
    fc.assert(
      fc.property(histories, (signings) => {
        assert.equal(searched(signings, byRest), oracle(signings, byRest));
        const byValue = (_: Signing, value: number): number => value;
        assert.equal(searched(signings, byValue), oracle(signings, byValue));
      }),
      { numRuns: RUNS },
    );
  });

  it("are summed over coins that have nothing to do with each other", () => {
    const over = (txid: string): Signing => ({ outpoints: [coin(txid)], commitments: [], unanswered: 5 });
    assert.equal(dearest([over("a"), over("b"), over("c")]), 15);
  });

  it("count a vanished signature once, however many sessions went on over the change of the one before it", () => {
    const session = (n: number): Signing => ({
      outpoints: [n === 0 ? coin("a") : coin(`${n - 1}.paid`, 1)],
      commitments: [
        { txid: `${n}.paid`, value: 50 },
        { txid: `${n}.vanished`, value: 60 },
      ],
      unanswered: 10,
    });
    assert.equal(dearest([0, 1, 2, 3].map(session)), 10);
  });

  it("are not summed where they spend the same coin, nor where one descends from a rival of the other", () => {
    const first: Signing = { outpoints: [coin("a")], commitments: [{ txid: "1", value: 5 }], unanswered: 5 };
    const rival: Signing = { outpoints: [coin("a"), coin("b")], commitments: [{ txid: "2", value: 7 }], unanswered: 7 };
    const child: Signing = { outpoints: [coin("1", 1)], commitments: [{ txid: "3", value: 4 }], unanswered: 4 };
    assert.equal(dearest([first, rival]), 7);
    assert.equal(dearest([first, rival, child]), 9);
    assert.equal(dearest([first, child]), 9);
  });
});
