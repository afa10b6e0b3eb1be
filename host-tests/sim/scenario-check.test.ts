// A scenario file that is wrong is refused with the place and with what was expected there.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { EVENTS, SCENE, TOLD } from "../../lab/sim/events";
import { builtInScenarios, loadScenario } from "../../lab/sim/scenario";
import { scenarioProblems } from "../../lab/sim/scenario-check";
import { sentences } from "../../lab/sim/story";

const ROOT = join(import.meta.dirname, "../..");
const PLUG = { atS: 1, plug: "in" };

test("each scenario that comes with the simulator is well", () => {
  for (const name of builtInScenarios()) assert.equal(loadScenario(name).name, name);
});

const wrong: readonly [what: string, scenario: unknown, problem: string][] = [
  ["no object", 7, "expected an object, got 7"],
  ["a list", [], "expected an object, got []"],
  ["no steps", {}, 'expected "steps", or "trouble", which plays by itself'],
  ["a misspelt key", { stepz: [], steps: [PLUG] }, 'no key "stepz"; did you mean "steps"?'],
  ["a misspelt step", { steps: [PLUG, { atS: 2, plugg: "out" }] }, 'step 2: no key "plugg"; did you mean "plug"?'],
  ["a wrong word", { steps: [{ atS: 1, plug: "inn" }] }, 'step 1, plug: expected one of in, out, got "inn"'],
  ["a wrong type", { steps: [{ atS: "1", plug: "in" }] }, 'step 1, atS: expected a number, got "1"'],
  ["half a block", { steps: [{ atS: 1, mine: 1.5 }] }, "step 1, mine: expected a whole number, got 1.5"],
  ["time before the start", { steps: [{ atS: -1, plug: "in" }] }, "step 1, atS: must be >= 0, got -1"],
  ["neither time nor event", { steps: [{ plug: "in" }] }, 'step 1: expected either "atS" (seconds) or "on" (an event)'],
  [
    "time and event",
    { steps: [{ ...PLUG, on: "plug in" }] },
    'step 1: expected either "atS" (seconds) or "on" (an event)',
  ],
  [
    "an unknown event",
    { steps: [PLUG, { on: "socket brodcast", mine: 1 }] },
    'step 2: no event "socket brodcast"; did you mean "socket broadcast"?',
  ],
  [
    "an unknown appliance",
    { steps: [{ atS: 1, appliance: "tooster" }] },
    'step 1: no appliance "tooster"; did you mean "toaster"?',
  ],
  ["a cut of nobody", { steps: [{ atS: 1, cut: { forS: 1 } }] }, 'step 1, cut: expected "device"'],
  [
    "an unknown fault",
    { steps: [{ atS: 1, fault: { gate: "cable", weldRelai: true } }] },
    'step 1, fault: no key "weldRelai"; did you mean "weldRelay"?',
  ],
  ["a coin of nothing", { coins: [0], steps: [PLUG] }, "coins.0: must be >= 1, got 0"],
  ["a negative delay", { linkDelayMs: -2, steps: [PLUG] }, "linkDelayMs: must be >= 0, got -2"],
];

describe("a scenario with", () => {
  for (const [what, scenario, problem] of wrong)
    test(`${what} is refused: ${problem}`, () => assert.deepEqual(scenarioProblems(scenario), [problem]));

  test("two faults is told of both", () => {
    assert.equal(scenarioProblems({ endS: "long", steps: [{ atS: 1, plug: 1 }] }).length, 2);
  });

  test("an unknown event that resembles none gets the list", () => {
    assert.match(scenarioProblems({ steps: [{ on: "moonrise", mine: 1 }] }).join(), /there are plug in, plug out/);
  });
});

test("the events that a scenario can wait for are those that the code tells", () => {
  const told = new Set([...sources("shared"), ...sources("firmware")].flatMap(namesTold));
  const missing = [...told].filter((name) => !(TOLD as readonly string[]).includes(name));
  assert.deepEqual(missing, [], "add them to lab/sim/events.ts");
});

test("each event that has a sentence is one that a scenario can wait for", () => {
  const known = new Set([...EVENTS, ...SCENE.map((name) => `scene ${name}`)]);
  assert.deepEqual(
    sentences().filter((name) => !known.has(name)),
    [],
  );
});

function sources(folder: string): string[] {
  const path = join(ROOT, folder);
  const files = readdirSync(path, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".ts") && !file.startsWith("selftest") && !file.startsWith("calibrator"))
    .map((file) => readFileSync(join(path, file), "utf8"));
}

/** Names in `report({ name: "..." })`, `tell({ ... })` and `event: { ... }`. */
function namesTold(text: string): string[] {
  return [...text.matchAll(/(?:report|tell)\(\{\s*name: "([a-z-]+)"|event: \{\s*name: "([a-z-]+)"/g)].map(
    ([, a, b]) => a ?? b ?? "",
  );
}
