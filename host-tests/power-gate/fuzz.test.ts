import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { it } from "node:test";
import { buildReplay } from "../../lab/fuzz/power-gate";

it("the power gate keeps its invariants on random options, samples, time jumps and requests", () => {
  const { status, stdout, stderr } = spawnSync(buildReplay(), ["--random", "1500", "20"], { encoding: "utf8" });
  assert.equal(status, 0, `${stdout}${stderr}`);
});
