// What the device's light says: from the state alone, and while its owner looks for the device.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { VirtualClock } from "../../lab/model/clock";
import { Light, type LightWord, lightOf, RHYTHMS } from "../../shared/owner/light";
import { owned } from "./owned";

const WORDS = Object.keys(RHYTHMS) as LightWord[];

describe("the light says", () => {
  const quiet = { trip: undefined };

  test("of a socket whether it waits, deals, sells, or is shut", () => {
    assert.equal(lightOf({ state: "standby", ...quiet }), "standby");
    assert.equal(lightOf({ state: "standby", ...quiet, isOpen: true }), "negotiating");
    assert.equal(lightOf({ state: "paid", ...quiet, isOpen: true }), "paid");
    assert.equal(lightOf({ state: "lockout", ...quiet }), "lockout");
  });

  test("of a cable whether it looks for a socket, deals, draws, or waits", () => {
    const words = (["connecting", "negotiating", "powered", "stopped"] as const).map((state) =>
      lightOf({ state, ...quiet }),
    );
    assert.deepEqual(words, ["standby", "negotiating", "paid", "lockout"]);
  });

  test("above all that somebody must look: a trip, a welded relay, a device that did not start or is not calibrated", () => {
    assert.equal(lightOf({ state: "paid", trip: "over-current" }), "fault");
    assert.equal(lightOf({ state: "lockout", trip: "relay-welded" }), "weld");
    assert.equal(lightOf({ state: "not-started", trip: undefined }), "fault");
    assert.equal(lightOf({ state: "standby", trip: undefined, isGuessing: true }), "fault");
  });
});

test("the light gets a rhythm where another is due, and no other; identify blinks, then the state's rhythm is back", async () => {
  const clock = new VirtualClock();
  const shown: string[] = [];
  let word: LightWord = "standby";
  const light = new Light({ clock, lamp: { show: (rhythm) => shown.push(rhythm) }, word: () => word });
  const seen = () => shown.splice(0).map((rhythm) => WORDS.find((each) => RHYTHMS[each] === rhythm));
  await clock.run(10_000);
  assert.deepEqual(seen(), ["standby"]);
  word = "paid";
  await clock.run(1000);
  assert.deepEqual(seen(), ["paid"]);
  light.identify(3500);
  await clock.run(3000);
  assert.deepEqual(seen(), ["identify"]);
  word = "lockout";
  await clock.run(600);
  assert.deepEqual(seen(), ["lockout"]);
  light.identify(1000);
  light.identify(5000);
  await clock.run(4900);
  assert.deepEqual(seen(), ["identify"]);
  await clock.run(200);
  assert.deepEqual(seen(), ["lockout"]);
});

test("status tells what the light says, of a socket and of a cable", async () => {
  const { bench, socket, cable } = owned();
  const said = async () => [(await socket.get("status")).light, (await cable.get("status")).light];
  assert.deepEqual(await said(), ["standby", "standby"]);
  await bench.clock.run(60_000);
  assert.deepEqual(await said(), ["paid", "paid"]);
});

test("docs/hardware.md has every rhythm in words, and its length", () => {
  const page = readFileSync(new URL("../../docs/hardware.md", import.meta.url), "utf8");
  for (const [word, rhythm] of Object.entries(RHYTHMS)) assert.ok(page.includes(`| ${word} | \`${rhythm}\` |`), word);
});
