import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GATE_OPTION_NAMES, type GateOptions } from "../../shared/gate-options";
import { gateOptionTable } from "../../tools/world/world";
import { onStage } from "./stage";

describe("the power gate's options", () => {
  it("bear the same names in TypeScript and in C, in the same order", async () => {
    assert.deepEqual(Object.keys(await gateOptionTable()), [...GATE_OPTION_NAMES]);
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
