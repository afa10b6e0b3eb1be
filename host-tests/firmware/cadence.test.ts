// A board tells how regularly its sensor spoke, once a session and at each trip.

import assert from "node:assert/strict";
import { test } from "node:test";
import { withCadence } from "../../firmware/platform/cadence";
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

test("a gate that knows of no cadence tells its story all the same", () => {
  assert.deepEqual(
    told({}).map(({ name }) => name),
    ["credited", "session-ended", "standby", "trip", "stopped"],
  );
});
