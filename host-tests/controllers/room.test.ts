// Twenty sockets in one room, each with an access point of its own, and a cable in each: every
// cable comes to pay the socket that it sits in.

import assert from "node:assert/strict";
import { test } from "node:test";
import { playRoom, type RoomScenario } from "../../lab/room";

/** One increment and the owner's limit, by the usual settings. */
const BOUND = 4_000;
const HEATERS = Array.from({ length: 20 }, () => 2_000_000);
const CHARGERS = Array.from({ length: 20 }, () => 5_000);

const ROOMS: readonly (RoomScenario & { readonly name: string; readonly withinMs: number })[] = [
  { name: "appliances of 2 kW", seed: 1, loads: HEATERS, louder: "none", withinMs: 300_000 },
  { name: "appliances of 5 W", seed: 1, loads: CHARGERS, louder: "none", withinMs: 600_000 },
  { name: "both, and an imitator that is always the loudest", seed: 1, withinMs: 3_600_000 },
];

for (const { name, withinMs, ...scenario } of ROOMS)
  test(`twenty sockets serve twenty cables, each its own: ${name}`, async () => {
    const { served, atMs, strayPayments, claims } = await playRoom(scenario);
    assert.equal(served, 20);
    assert.ok(atMs < withinMs, `${atMs} ms`);
    // Radio alone would have been wrong at least once, or nothing was shown.
    assert.ok(strayPayments >= 2, `${strayPayments} payments went astray`);
    for (const claim of claims) assert.ok(claim <= BOUND, `${claims.join()} sat`);
  });
