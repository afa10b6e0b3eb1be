import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { VirtualClock } from "../../lab/model/clock";
import { TripRetry } from "../../shared/board/trip-retry";
import type { GateReading, TripCause } from "../../shared/kernel/ports";

function setUp() {
  const clock = new VirtualClock();
  let latched: TripCause | undefined;
  const gate = {
    read: () => ({ trip: latched }) as GateReading,
    clear: () => {
      latched = undefined;
    },
  };
  const retry = new TripRetry({ clock, gate });
  const trip = (cause: TripCause, shown = cause): void => {
    latched = shown;
    retry.tripped(cause);
  };
  /** Ticks for so long; tells after how many seconds the gate was cleared. */
  const wait = async (seconds: number): Promise<number | undefined> => {
    let cleared: number | undefined;
    for (let second = 1; second <= seconds; second++) {
      await clock.run(1000);
      if (retry.tick()) cleared ??= second;
    }
    return cleared;
  };
  return { retry, trip, wait, latched: () => latched };
}

describe("a device whose power gate trips", () => {
  it("clears an over-current three times, ten seconds after each, and no more", async () => {
    const { trip, wait, latched } = setUp();
    for (let k = 0; k < 3; k++) {
      trip("over-current");
      assert.equal(await wait(15), 10);
    }
    trip("over-current");
    assert.equal(await wait(3600), undefined);
    assert.equal(latched(), "over-current");
  });

  it("takes trips that are far apart for troubles of their own", async () => {
    const { trip, wait } = setUp();
    for (let k = 0; k < 10; k++) {
      trip("over-current");
      assert.equal(await wait(700), 10);
    }
  });

  it("goes on trying, every minute in the end, where the gate does not close while the cause lasts", async () => {
    for (const cause of ["under-voltage", "over-voltage", "sensor-fault", "samples-lost"] as const) {
      const { trip, wait } = setUp();
      for (let k = 0; k < 20; k++) {
        trip(cause);
        assert.equal(await wait(61), k < 3 ? 10 : 60);
      }
    }
  });

  it("leaves to a person what a person must look at, also when somebody else comes", async () => {
    for (const cause of ["short-circuit", "relay-welded", "relay-stuck-open"] as const) {
      const { retry, trip, wait, latched } = setUp();
      trip("over-current");
      trip(cause);
      assert.equal(await wait(3600), undefined);
      retry.forgive();
      assert.equal(latched(), cause);
    }
  });

  it("goes by what is latched: a sensor that came off showed a short circuit first", async () => {
    const { trip, wait } = setUp();
    trip("short-circuit");
    trip("sensor-fault");
    assert.equal(await wait(15), 10);
    trip("sensor-fault", "relay-welded");
    assert.equal(await wait(3600), undefined);
  });

  it("begins anew for the next visitor", async () => {
    const { retry, trip, wait, latched } = setUp();
    for (let k = 0; k < 4; k++) trip("over-current");
    assert.equal(await wait(60), undefined);
    retry.forgive();
    assert.equal(latched(), undefined);
    trip("over-current");
    assert.equal(await wait(15), 10);
  });
});
