// Shrinking is bounded in time: it ends with what it has, on a clock that the test moves. So does a
// proof that is told to stop.

import assert from "node:assert/strict";
import { it } from "node:test";
import { prove, SHRINK_TIME } from "../../lab/prove/prove";
import type { Outcome } from "../../lab/prove/run";

const PLAY_TAKES = 7_000;

it("shrinking ends within a minute and tells the shortest plan that failed until then", async () => {
  let time = 0;
  const failed: number[] = [];
  let plays = 0;
  const play = async ({ steps }: { readonly steps: readonly unknown[] }): Promise<Outcome> => {
    plays += 1;
    time += PLAY_TAKES;
    // A plan that takes long to shrink: it fails with as few steps as two.
    const fails = steps.length >= 2;
    if (fails) failed.push(time);
    const worst = { socket: 0, socketOfBound: 0, cable: 0, cableOfBound: 0 };
    const counts = { steps: steps.length, sessions: 0, increments: 0, faults: {} };
    return { ...counts, worst, estimates: [], story: [`${steps.length} steps`], violation: fails ? "lost" : undefined };
  };
  const { failure } = await prove({ runs: 100, seed: 1, play, now: () => time });
  const first = failed[0] ?? 0;
  assert.ok(SHRINK_TIME + PLAY_TAKES < 60_000);
  assert.ok(time - first <= SHRINK_TIME + PLAY_TAKES, `${(time - first) / 1000} s, ${plays} plays`);
  assert.equal(failure?.violation, "lost");
  assert.deepEqual(failure.story, [`${failure.plan.steps.length} steps`]);
  assert.ok(failed.length > 1, "it had time for more than one plan");
});

it("a proof that is told to stop plays no run any more and reports those before", async () => {
  let plays = 0;
  const play = async (): Promise<Outcome> => {
    plays += 1;
    const worst = { socket: 0, socketOfBound: 0, cable: 0, cableOfBound: 0 };
    const counts = { steps: 0, sessions: 0, increments: 0, faults: {} };
    return { ...counts, worst, estimates: [], story: [], violation: undefined };
  };
  const { runs, failure } = await prove({ runs: 100, seed: 1, play, stopped: () => plays === 7 });
  assert.deepEqual({ plays, runs, failure }, { plays: 7, runs: 7, failure: undefined });
});
