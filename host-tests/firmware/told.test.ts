// What a board tells of itself when it starts: everything that its owner wants to see first, and no
// secret.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Run, runScenario } from "../../lab/sim/run";
import { loadScenario } from "../../lab/sim/scenario";
import { sentenceOf } from "../../lab/sim/story";
import { VERSION } from "../../shared/kernel/version";
import { ROOT } from "../../tools/firmware/image";

let toaster: Promise<Run> | undefined;

function run(): Promise<Run> {
  toaster ??= runScenario({ scenario: loadScenario("toaster"), engine: "node", scheme: "single-fee", seed: 1 });
  return toaster;
}

async function told(from: string, name: string) {
  const { happenings } = await run();
  const found = happenings.find((each) => each.from === from && each.event.name === name);
  assert.ok(found, `${from} tells ${name}`);
  return found;
}

test("the version is package.json's", () => {
  assert.equal(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version, VERSION);
});

test("each device's first line says what it is, its version, its network and why it started", async () => {
  const { happenings } = await run();
  for (const device of ["socket", "cable"]) {
    const first = happenings.find(({ from }) => from === device);
    assert.deepEqual(
      { ...first?.event },
      { name: "boot", device, version: VERSION, network: "regtest", reset: "power-on" },
    );
  }
});

test("a socket tells its payout, price and limits, and whether it is calibrated", async () => {
  const { event } = await told("socket", "settings");
  assert.match(String(event.payout), /^bcrt1/);
  for (const name of ["price", "increment", "sessionMax", "exposureLimit", "standby", "maxCurrent"])
    assert.equal(typeof event[name], "number", name);
  assert.equal(event.exposureLimit, 3 * Number(event.sessionMax), "the default that is in force, not what was written");
  assert.equal(event.calibrated, false, "the simulator's boards have their nominal scales");
});

test("a cable tells its limits at once, and its address after its first question", async () => {
  const { event } = await told("cable", "settings");
  for (const name of ["maxPrice", "maxIncrement", "maxFee", "maxFeeRate", "maxSession", "maxDaily"])
    assert.equal(typeof event[name], "number", name);
  const address = await told("cable", "address");
  assert.match(String(address.event.address), /^bcrt1q[a-z0-9]{38}$/);
  const started = await told("cable", "start");
  assert.ok(address.at - started.at >= 1900, `${address.at - started.at} ms later`);
});

test("no line holds the cable's key", async () => {
  const { happenings } = await run();
  const secret = /"[0-9a-f]{64}"/;
  const lines = happenings.filter(
    ({ from, event }) => from === "cable" && ["boot", "settings", "address"].includes(event.name),
  );
  assert.equal(lines.length, 3);
  for (const { event } of lines) assert.doesNotMatch(JSON.stringify(event), secret);
});

test("the live view tells them in sentences", async () => {
  assert.equal(sentenceOf(await told("socket", "boot")), `boots: plugpay ${VERSION} on regtest, after power-on`);
  assert.match(
    sentenceOf(await told("socket", "settings")),
    /^sells at .* is paid to bcrt1\S+, risks 300 000 sat, not calibrated$/,
  );
  assert.match(sentenceOf(await told("cable", "settings")), /^pays at most .* a session, .* a day, not calibrated$/);
  assert.match(sentenceOf(await told("cable", "address")), /^its address: bcrt1q/);
});
