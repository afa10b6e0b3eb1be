import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gateOptionTable } from "../../lab/world/world";
import { GATE_OPTION_NAMES, type GateOptions } from "../../shared/board/gate-options";
import type { Entry } from "../../shared/settings/entry";
import { GATE_TABLE, gateProblems } from "../../shared/settings/gate";
import { onStage } from "./stage";

const CONTRADICTIONS: readonly GateOptions[] = [
  { currentGain: 0 },
  { instantaneous: 500_000 },
  { rated: 100_000 },
  { overVoltage: 170_000 },
  { phase: 300_000 },
  { overVoltage: 300_000, voltageRange: 290_000 },
];

describe("the power gate's options", () => {
  it("bear the same names in TypeScript and in C, in the same order", async () => {
    assert.deepEqual(Object.keys(await gateOptionTable()), [...GATE_OPTION_NAMES]);
  });

  it("have the same ranges and defaults in the owner's table, but for those that follow from the board", async () => {
    const table = await gateOptionTable();
    const entries: readonly Entry[] = GATE_TABLE.entries;
    for (const { name, kind, least = 0, most = 1, usual, follows } of entries.filter(({ name }) => name in table)) {
      assert.ok(kind === "whole" || kind === "zero-one", name);
      const byDefault = follows === undefined ? usual : table[name]?.byDefault;
      assert.deepEqual({ name, least, most, byDefault }, { name, ...table[name] });
    }
  });

  it("are told to contradict each other by the owner's table as by the core", async () => {
    const table = await gateOptionTable();
    const byDefault = (name: string) => table[name]?.byDefault;
    for (const wrong of CONTRADICTIONS) {
      const board = { currentRange: byDefault("currentRange"), voltageRange: byDefault("voltageRange") };
      const [problem = ""] = gateProblems(wrong, "gate", board);
      const [name] = Object.keys(wrong);
      assert.match(problem, new RegExp(`^gate\\.${name}: expected`));
      await assert.rejects(start(wrong), new RegExp(`option ${name}: expected`));
    }
  });

  it("are refused by name when they are out of range", async () => {
    const table = await gateOptionTable();
    for (const name of GATE_OPTION_NAMES) {
      const { least, most } = table[name] ?? { least: 0, most: 0 };
      for (const value of [least - 1, most + 1]) {
        await assert.rejects(start({ [name]: value }), new RegExp(`option ${name}: expected ${least} to ${most}`));
      }
    }
  });

  it("are refused when they contradict each other", async () => {
    await assert.rejects(start({ currentGain: 0 }), /currentGain: expected at least 500000/);
    await assert.rejects(start({ instantaneous: 36_000 }), /instantaneous: expected at most currentRange/);
    await assert.rejects(start({ overVoltage: 170_000 }), /overVoltage: expected more than underVoltage/);
    await assert.rejects(start({ phase: 300_000 }), /phase: expected at most one sample/);
    await assert.rejects(start({ overVoltage: 300_000, voltageRange: 290_000 }), /overVoltage: expected at most volt/);
  });

  it("start the gate with their defaults, listed or not", async () => {
    const table = await gateOptionTable();
    const defaults = Object.fromEntries(GATE_OPTION_NAMES.map((name) => [name, table[name]?.byDefault]));
    await start(defaults as GateOptions);
    await start({});
  });
});

function start(options: GateOptions): Promise<void> {
  return onStage({ gates: [{ name: "socket", options }] }, async ({ world }) => world.boot("socket"));
}
