import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { missingTools, runScript } from "../../tools/bench/engine";
import { OPERATIONS } from "../../tools/bench/figures";
import { type Budgets, overBudget } from "../../tools/bench/main";

const folder = join(import.meta.dirname, "../../tools/bench");
const read = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder, name), "utf8")) as Record<string, unknown>;

describe("budgets", () => {
  it("hold a figure for every operation and for both parts of the heap", () => {
    const budgets = read("budgets.json");
    for (const name of [...OPERATIONS, "slots", "chunks"]) assert.ok(Number(budgets[name]) > 0, name);
  });

  it("let a figure be 2 % over and not more, and name one without a budget", () => {
    const budgets: Budgets = { sign: 1_000_000 };
    assert.deepEqual(overBudget({ sign: 1_020_000 }, budgets), []);
    assert.match(overBudget({ sign: 1_020_001 }, budgets).join(), /^sign costs 1020001.*2\.0 % over$/);
    assert.match(overBudget({ verify: 1 }, budgets).join(), /verify has no budget/);
  });

  it("give the simulator a factor with the figures that it comes from", () => {
    const factor = read("factor.json");
    const operations = Object.values(factor.operations as Record<string, { instructions: number; meter: number }>);
    const sum = (part: "instructions" | "meter") => operations.reduce((total, one) => total + one[part], 0);
    assert.ok(Math.abs(Number(factor.instructionsPerMeter) - sum("instructions") / sum("meter")) < 0.1);
  });
});

describe("the emulated core", async () => {
  const missing = await missingTools();
  const skip = missing.length > 0 ? `needs ${missing.join("; ")}` : false;

  it("counts the same on every run", { skip, timeout: 900_000 }, async () => {
    const script = `let x = 1n; const f = () => { for (let i = 0; i < 50; i++) x = x * 3n + 1n; };
      f(); const before = host.instret(); f(); host.print(String(host.instret() - before));`;
    const [first, second] = [await runScript(script, "test-a"), await runScript(script, "test-b")];
    assert.ok(Number(first[0]) > 10_000);
    assert.deepEqual(first, second);
  });

  it("finds BigInts in flash unequal to equal ones in RAM, a literal among them, as a device does", {
    skip,
  }, async () => {
    const script = `const flash = 5n, one = 1n;
      const show = () => host.print([flash === 5n, flash === one * 5n, Object.is(flash, one * 5n), flash < 6n].join());
      show(); host.seal(16384, 1024); show();`;
    assert.deepEqual(await runScript(script, "test-flash"), ["true,true,true,true", "false,false,true,true"]);
  });

  it("stops with the place to look at where a preloaded array holds a BigInt", { skip }, async () => {
    await assert.rejects(runScript("const list = [1n]; host.seal(16384, 1024);", "test-array"), /array holds a BigInt/);
  });
});
