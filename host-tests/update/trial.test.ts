// An image on trial: what it waits for, when it confirms itself, and what it leaves in the store.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { VirtualClock } from "../../lab/model/clock";
import { CutStore } from "../../lab/model/store";
import type { DeviceEvent } from "../../shared/kernel/ports";
import { HeldStore } from "../../shared/update/held-store";
import { Trial, type TrialCheck } from "../../shared/update/trial";

const HOUR = 3_600_000;

class Trying {
  readonly clock = new VirtualClock();
  readonly told: DeviceEvent[] = [];
  confirmed = 0;
  restarts = 0;
  readonly trial: Trial;

  constructor(...checks: readonly TrialCheck[]) {
    this.trial = new Trial({
      clock: this.clock,
      report: (event) => void this.told.push(event),
      checks,
      confirm: () => void this.confirmed++,
      restart: () => void this.restarts++,
    });
    void this.trial.run();
  }

  names(): readonly string[] {
    return this.told.map(({ name }) => name);
  }
}

describe("a trial", () => {
  test("confirms once each check has held, one after the other, and starts anew", async () => {
    const looked: string[] = [];
    let link = false;
    const device = new Trying(
      { name: "journal", look: () => void looked.push("journal") },
      {
        name: "link",
        look: () => {
          looked.push("link");
          return link ? undefined : "no address yet";
        },
      },
      { name: "chain", look: async () => void looked.push("chain") },
    );
    await device.clock.run(5000);
    assert.deepEqual([device.confirmed, device.trial.why], [0, "no address yet"]);
    assert.ok(!looked.includes("chain"));
    link = true;
    await device.clock.run(5000);
    assert.deepEqual([device.confirmed, device.restarts], [1, 1]);
    assert.deepEqual(device.names(), ["update-trial", "update-confirmed"]);
    assert.equal(looked.at(-1), "chain");
  });

  test("waits for a chain that is away as long as it takes, and tells so", async () => {
    let away = true;
    const device = new Trying({ name: "chain", look: async () => (away ? "no answer" : undefined) });
    await device.clock.run(24 * HOUR);
    assert.deepEqual([device.confirmed, device.restarts], [0, 0]);
    assert.ok(device.told.length > 8000 && device.told.every(({ name }) => name === "update-trial"));
    away = false;
    await device.clock.run(3000);
    assert.deepEqual([device.confirmed, device.restarts], [1, 1]);
  });

  test("ends where a link does not come up in its time: it starts anew unconfirmed", async () => {
    const device = new Trying({ name: "link", look: () => "no address", most: 600_000 });
    await device.clock.run(599_000);
    assert.equal(device.restarts, 0);
    await device.clock.run(5000);
    assert.deepEqual([device.confirmed, device.restarts], [0, 1]);
    assert.deepEqual(device.told.at(-1), { name: "update-undone", why: "link: no address" });
  });

  test("ends at once where a check says that the image is no good", async () => {
    const bad = () => {
      throw new Error("its record cannot be read");
    };
    const device = new Trying({ name: "journal", look: bad }, { name: "link", look: () => undefined });
    await device.clock.run(1000);
    assert.deepEqual([device.confirmed, device.restarts], [0, 1]);
  });
});

describe("the store of an image on trial", () => {
  test("reads what is there, gives back what it wrote, and leaves flash as it was", () => {
    const flash = new CutStore();
    flash.write("socket.a", Uint8Array.of(1));
    flash.write("socket.b", Uint8Array.of(2));
    const { writes } = flash;
    const store = new HeldStore(flash);
    store.write("socket.a", Uint8Array.of(9));
    store.write("socket.c", Uint8Array.of(8));
    store.remove("socket.b");
    const read = ["socket.a", "socket.b", "socket.c"].map((key) => store.read(key)?.[0]);
    assert.deepEqual(read, [9, undefined, 8]);
    assert.equal(flash.writes, writes);
    assert.deepEqual([...flash.values.keys()], ["socket.a", "socket.b"]);
  });
});
