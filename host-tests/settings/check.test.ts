// What the tables of settings refuse, and in which words.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadScenario } from "../../lab/sim/scenario";
import { addressOf } from "../../shared/bitcoin/address";
import { isPointX } from "../../shared/bitcoin/point";
import { cableProblems, cableSettings } from "../../shared/cable/settings";
import { energyFor, formatPrice, MAX_SATOSHI } from "../../shared/kernel/units";
import { nearest } from "../../shared/settings/nearest";
import { socketProblems, socketSettings } from "../../shared/socket/settings";
import { buildConfig } from "../../tools/firmware/config";
import { TARGETS } from "../../tools/firmware/targets";

const PAYOUT = addressOf(`0014${"11".repeat(20)}`, "regtest");
const socket = (given: object) => socketProblems(given, "settings");
const cable = (given: object) => cableProblems(given, "settings");

test("a limit that is a text is refused, not switched off", () => {
  assert.deepEqual(cable({ maxFee: "5000" }), [
    'settings.maxFee: expected a whole number (sat) from 0 to 2100000000000000, came "5000"',
  ]);
  assert.match(
    cable({ toleranceBase: "100" }).join(),
    /^settings\.toleranceBase: expected a whole number \(mWh\).*"100"$/,
  );
  assert.match(socket({ increment: "10000" }).join(), /^settings\.increment: expected a whole number \(sat\) from 294/);
  assert.match(socket({ price: -1 }).join(), /^settings\.price: expected .*sat\/kWh\) from 1 to .*, came -1$/);
  assert.match(cable({ maxFee: 1.5 }).join(), /came 1\.5$/);
});

test("an unknown name is refused with the nearest known one", () => {
  assert.match(
    cable({ maxDialy: 100 }).join(),
    /settings\.maxDialy: there is no such setting; did you mean maxDaily\?/,
  );
  assert.match(socket({ exposurelimit: 1 }).join(), /did you mean exposureLimit\?/);
  assert.match(socket({ payoutAdress: PAYOUT }).join(), /did you mean payoutAddress\?/);
  assert.match(socket({ zzzzzzzzzz: 1 }).join(), /docs\/settings\.md lists all/);
  assert.equal(nearest("MAXFEE", ["maxSession", "maxFee"]), "maxFee");
});

test("all that is wrong is told at once", () => {
  assert.equal(cable({ maxFee: "1", maxDialy: 2, sharedLink: "yes", schemes: ["foo"] }).length, 4);
});

test("schemes are known, at least one, and each once", () => {
  for (const schemes of [["foo"], [], "basic", ["basic", "basic"]])
    assert.match(socket({ schemes }).join(), /^settings\.schemes: expected a list of one or more, each once/);
  assert.deepEqual(socket({ schemes: ["basic"] }), []);
});

test("a session sells or pays at least one increment", () => {
  assert.match(
    socket({ increment: 500, sessionMax: 400 }).join(),
    /sessionMax: expected at least increment \(500\), came 400/,
  );
  assert.match(cable({ maxSession: 400 }).join(), /maxSession: expected at least maxIncrement \(1000\), came 400/);
});

test("a Taproot payout whose bytes are no point of the curve is refused", () => {
  const words = Array.from({ length: 9 }, (_, last) => `${"00".repeat(31)}0${last + 1}`);
  // x^3 + 7 is a square for 1, 2, 3, 4, 6 and 8.
  assert.deepEqual(words.map(isPointX), [true, true, true, true, false, true, false, true, false]);
  const at = (x: string | undefined) => socket({ network: "regtest", payoutAddress: addressOf(`5120${x}`, "regtest") });
  assert.deepEqual(at(words[0]), []);
  assert.match(at(words[4]).join(), /^settings\.payoutAddress: expected a P2TR address whose 32 bytes are a point/);
});

test("a device refuses bad settings, and on mainnet those that its owner did not state", () => {
  const bad = { network: "regtest", payoutAddress: PAYOUT, exposurelimit: 1 } as const;
  assert.throws(() => socketSettings(bad), /exposurelimit/);
  assert.throws(() => cableSettings({ network: "mainnet" }), /settings\.maxPrice: .*\n.*settings\.maxDaily: expected/);
  assert.ok(cableSettings({ network: "mainnet", maxPrice: 400, maxDaily: 5000 }));
  assert.throws(() => socketSettings({ network: "regtest" } as typeof bad), /settings\.payoutAddress: .*came nothing/);
});

test("what follows from another setting follows from the one given", () => {
  assert.equal(cableSettings({ network: "regtest", maxIncrement: 700 }).maxClaims, 2100);
  assert.equal(cableSettings({ network: "regtest", maxClaims: 5 }).maxClaims, 5);
  const all = socketSettings({ network: "regtest", payoutAddress: PAYOUT, increment: 1000 });
  assert.equal(all.sessionMax, 10_000);
  assert.equal(all.exposureLimit, 30_000);
  assert.equal(cableSettings({ network: "regtest", maxDaily: MAX_SATOSHI }).maxDaily, MAX_SATOSHI);
});

test("defaults are of today: a kWh costs 300 sat, an increment lasts half an hour at full load, a day's limit a day", () => {
  const socket = socketSettings({ network: "regtest", payoutAddress: PAYOUT });
  const cable = cableSettings({ network: "regtest" });
  assert.equal(formatPrice(socket.price), "300 sat/kWh");
  assert.ok(cable.maxPrice >= socket.price && cable.maxPrice <= 3 * socket.price);
  assert.ok(cable.maxIncrement >= socket.increment && cable.maxFee >= socket.feeLimit);
  const fullLoad = (socket.maxCurrent * 230) / 1000;
  const watts = (energy: number) => energyFor(energy, socket.price) / 1000;
  assert.ok(watts(socket.increment) >= fullLoad / 2, "half an hour");
  assert.ok(watts(cable.maxDaily) >= 24 * fullLoad, "a day");
  assert.ok(cable.maxDaily >= cable.maxSession && cable.maxSession >= socket.sessionMax);
  assert.ok(energyFor(socket.increment, socket.price) > 10 * socket.standbyAllowance);
});

test("a build refuses what its table does not allow, and names the place", () => {
  const build = (given: Record<string, unknown>) => () => buildConfig(given, "socket", TARGETS.esp32, false);
  assert.throws(build({ settings: "none" }), /settings: expected an object of settings, came "none"/);
  assert.throws(build({ encrypted: "yes" }), /configuration\.encrypted: expected true or false, came "yes"/);
  assert.throws(build({ esplora: "mempool.space/api" }), /configuration\.esplora: expected a URL with its scheme/);
  assert.throws(build({ ssid: "x".repeat(33) }), /configuration\.ssid: expected a text of 1 to 32 bytes/);
  assert.throws(build({ ssid: "ä".repeat(17) }), /configuration\.ssid/);
  assert.doesNotThrow(build({ ssid: "ä".repeat(16) }));
  assert.throws(build({ encripted: true, settings: { price: -1 } }), /did you mean encrypted\?\nsettings\.price/);
});

test("a scenario with a wrong setting is refused by name", () => {
  const folder = mkdtempSync(join(tmpdir(), "scenario-"));
  const file = join(folder, "wrong.json");
  const load = (cable: object) => {
    writeFileSync(file, JSON.stringify({ cable, steps: [{ atS: 1, plug: "in" }] }));
    return () => loadScenario(file);
  };
  try {
    assert.throws(load({ maxFee: "1 sat" }), /cable\.maxFee: expected a whole number \(sat\).*"1 sat"/);
    assert.throws(load({ maxDayly: 100 }), /cable\.maxDayly: there is no such setting; did you mean maxDaily\?/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
