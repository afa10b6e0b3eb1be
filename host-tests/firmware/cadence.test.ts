// A board tells how regularly its sensor spoke, once a session and at each trip.

import assert from "node:assert/strict";
import { test } from "node:test";
import { watched, withCadence } from "../../firmware/platform/cadence";
import type { DeviceEvent } from "../../shared/kernel/ports";

const CADENCE = { gaps: "1699 0 1", longest: 7, standstills: 0, rate: 4000 };

function told(gate: Parameters<typeof withCadence>[1]): readonly DeviceEvent[] {
  const events: DeviceEvent[] = [];
  const report = withCadence((event) => events.push(event), gate);
  for (const name of ["credited", "session-ended", "standby", "trip", "stopped"]) report({ name });
  return events;
}

test("the cadence follows a trip, a session's end and a cable that stops", () => {
  const cadence = { name: "cadence", ...CADENCE };
  assert.deepEqual(told({ cadence: () => CADENCE }), [
    { name: "credited" },
    { name: "session-ended" },
    cadence,
    { name: "standby" },
    { name: "trip" },
    cadence,
    { name: "stopped" },
    cadence,
  ]);
});

test("the gate knows while a signature is made or verified, also where that throws, and of nothing else", () => {
  const seen: string[] = [];
  const gate = { watch: (on: boolean) => void seen.push(on ? "begins" : "ends") };
  const ecdsa = watched(
    {
      publicKey: () => Uint8Array.of(2),
      sign: ([digest = 0]) => {
        seen.push("signs");
        if (digest === 0) throw new Error("no digest");
        return Uint8Array.of(digest);
      },
      verify: ([der]) => {
        seen.push("verifies");
        return der === 1;
      },
    },
    gate,
  );
  const [one, none] = [Uint8Array.of(1), new Uint8Array()];
  assert.deepEqual([ecdsa.publicKey(one), seen.splice(0)], [Uint8Array.of(2), []]);
  assert.deepEqual([ecdsa.sign(one, one), seen.splice(0)], [one, ["begins", "signs", "ends"]]);
  assert.deepEqual([ecdsa.verify(one, one, one), seen.splice(0)], [true, ["begins", "verifies", "ends"]]);
  assert.throws(() => ecdsa.sign(none, one), /no digest/);
  assert.deepEqual(seen, ["begins", "signs", "ends"]);
  assert.equal(watched(ecdsa, {}).verify(one, one, one), true);
});

test("a gate that knows of no cadence tells its story all the same", () => {
  assert.deepEqual(
    told({}).map(({ name }) => name),
    ["credited", "session-ended", "standby", "trip", "stopped"],
  );
});
