// Bounded loss on both sides, over random sessions under every fault that can be made; and that the
// proof would notice.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { behind, MUTATIONS } from "../../lab/prove/mutations";
import { prove } from "../../lab/prove/prove";
import { TEST_RUNS, TEST_SEED } from "../../lab/prove/size";

describe("money", () => {
  it("is never lost beyond the bounds, by either side, over a thousand sessions of faults and cheats", async (t) => {
    const report = await prove({ runs: TEST_RUNS, seed: TEST_SEED });
    assert.equal(report.failure, undefined, `${report.failure?.violation}\n${report.failure?.story.join("\n")}`);
    assert.ok(report.sessions >= 1000, `expected 1000 sessions, came ${report.sessions}`);
    assert.ok(report.realSignerRuns > 0, "a part of the runs must sign on the real curve");
    const standIn = report.runs - report.realSignerRuns;
    t.diagnostic(
      `${report.sessions} sessions, ${report.increments} payments, ${report.steps} steps, in ${report.runs} runs`,
    );
    t.diagnostic(`real signatures in ${report.realSignerRuns} runs, a stand-in signer in ${standIn}`);
    t.diagnostic(`worst loss: socket ${report.worst.socketSat} sat, cable ${report.worst.cableSat} sat`);
  });

  it("is not lost to a backend that lists settled coins again, nor to one of two that hides the mempool", async () => {
    for (const tamper of [{ socketChain: behind }, { quorum: true }]) {
      const { failure } = await prove({ runs: 100, seed: TEST_SEED, casts: ["rogue-cable"], tamper });
      assert.equal(failure, undefined, `${failure?.violation}\n${failure?.story.join("\n")}`);
    }
  });

  for (const { name, casts, tamper, byChannel = false } of MUTATIONS)
    it(`is seen to be lost when ${name}`, async (t) => {
      const { failure } = await prove({ runs: TEST_RUNS, seed: TEST_SEED, casts, tamper, byChannel, shrink: false });
      assert.ok(failure, `expected a failure within ${TEST_RUNS} runs, there was none`);
      t.diagnostic(`after ${failure.afterRuns} runs: ${failure.violation}`);
    });
});
