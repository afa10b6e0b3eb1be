import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ANYTHING, onSocket, onStage } from "./stage";

const KETTLE = { kind: "resistive", watts: 2000 } as const;

describe("the power gate's lease", () => {
  it("keeps the relay open until something is granted", () =>
    onStage({}, async (stage) => {
      await stage.world.boot("socket");
      assert.deepEqual(await stage.run(2000), []);
      const { closed, total, voltage } = await stage.world.read("socket");
      assert.equal(closed, false);
      assert.equal(total, 0);
      assert.ok(Math.abs(voltage - 230_000) < 2300, `it reads ${voltage} mV while open`);
    }));

  it("opens by itself when the leased energy is used up, having counted it", () =>
    onSocket({}, async (stage) => {
      await stage.world.setLoad(KETTLE);
      await stage.run(1000);
      const { total } = await stage.world.read("socket");
      const upTo = total + 1_000_000; // 1 Wh: 1.8 s
      await stage.world.grant("socket", { ...ANYTHING, upTo });
      const { what, after } = await stage.until(10_000);
      assert.equal(what, "socket energy-used");
      assert.ok(Math.abs(after - 1800) < 30, `after ${after} ms`);
      const reading = await stage.world.read("socket");
      assert.ok(reading.total >= upTo && reading.total < upTo + 5600, "less than a half-wave over");
      assert.equal(reading.closed, false);
      assert.equal(reading.trip, undefined);
    }));

  it("opens by itself when the leased time is over", () =>
    onSocket({}, async (stage) => {
      await stage.world.grant("socket", { ...ANYTHING, time: 500 });
      assert.deepEqual(await stage.until(10_000), { what: "socket time-used", after: 500 });
    }));

  it("takes a repeated grant for the same reading as the same grant", () =>
    onSocket({}, async (stage) => {
      await stage.world.setLoad(KETTLE);
      const upTo = (await stage.world.read("socket")).total + 1_000_000;
      for (let k = 0; k < 8; k++) {
        await stage.world.grant("socket", { ...ANYTHING, upTo });
        await stage.run(200);
      }
      const { what, after } = await stage.until(10_000);
      assert.equal(what, "socket energy-used");
      assert.ok(after < 250, `the eight grants bought one watt-hour, ${after} ms were left`);
    }));

  it("ends a grant for energy that was used already at once", () =>
    onSocket({}, async (stage) => {
      await stage.world.grant("socket", { ...ANYTHING, upTo: 0 });
      assert.deepEqual(await stage.until(1000), { what: "socket energy-used", after: 0 });
    }));

  it("opens when the lease is revoked, without an event", () =>
    onSocket({}, async (stage) => {
      await stage.world.revoke("socket");
      assert.deepEqual(await stage.run(1000), []);
      assert.equal((await stage.world.read("socket")).closed, false);
    }));

  it("goes on from a restored total, but only before the first grant", () =>
    onStage({}, async (stage) => {
      await stage.world.boot("socket");
      await stage.world.restore("socket", 123_456_789);
      assert.equal((await stage.world.read("socket")).total, 123_456_789);
      await stage.world.grant("socket", ANYTHING);
      await assert.rejects(stage.world.restore("socket", 5), /only before the first grant/);
      assert.equal((await stage.world.read("socket")).total, 123_456_789);
    }));

  it("lets the relay rest before it closes again", () =>
    onSocket({ minimumOff: 500 }, async (stage) => {
      await stage.world.revoke("socket");
      await stage.world.grant("socket", ANYTHING);
      await stage.run(490);
      assert.equal((await stage.world.read("socket")).closed, false);
      await stage.run(30);
      assert.equal((await stage.world.read("socket")).closed, true);
    }));

  it("allows more than the leased current only for a while, and never minds what is below it", () =>
    onSocket({}, async (stage) => {
      await stage.world.grant("socket", { ...ANYTHING, current: 100 });
      await stage.world.setLoad({ kind: "resistive", watts: 20 }); // 87 mA
      assert.deepEqual(await stage.run(20_000), []);
      await stage.world.setLoad(KETTLE);
      const { what, after } = await stage.until(10_000);
      assert.equal(what, "socket trip over-current");
      assert.ok(after > 100 && after < 300, `after ${after} ms`);
    }));
});

describe("the power gate's trips", () => {
  it("are latched with their cause until they are cleared, and refuse every grant", () =>
    onSocket({}, async (stage) => {
      await stage.world.setLoad({ kind: "short" });
      assert.equal((await stage.until(100)).what, "socket trip short-circuit");
      await stage.world.setLoad({ kind: "none" });
      await stage.world.grant("socket", ANYTHING);
      await stage.run(1000);
      assert.deepEqual(pick(await stage.world.read("socket")), { closed: false, trip: "short-circuit" });
      await stage.world.clear("socket");
      await stage.run(1000);
      assert.deepEqual(pick(await stage.world.read("socket")), { closed: false, trip: undefined });
      await stage.world.grant("socket", ANYTHING);
      await stage.run(1000);
      assert.deepEqual(pick(await stage.world.read("socket")), { closed: true, trip: undefined });
    }));

  it("open on over-voltage within 100 ms, and not on a swell of 20 ms", () =>
    onSocket({}, async (stage) => {
      await stage.world.setMains({ volts: 280, hz: 50 });
      assert.deepEqual(await stage.run(20), []);
      await stage.world.setMains({ volts: 230, hz: 50 });
      assert.deepEqual(await stage.run(1000), []);
      await stage.world.setMains({ volts: 280, hz: 50 });
      const { what, after } = await stage.until(1000);
      assert.equal(what, "socket trip over-voltage");
      assert.ok(after <= 100, `after ${after} ms`);
    }));

  it("open on under-voltage, and not on a dip of 200 ms", () =>
    onSocket({}, async (stage) => {
      await stage.world.setMains({ volts: 150, hz: 50 });
      assert.deepEqual(await stage.run(200), []);
      await stage.world.setMains({ volts: 230, hz: 50 });
      assert.deepEqual(await stage.run(1000), []);
      await stage.world.setMains({ volts: 150, hz: 50 });
      assert.equal((await stage.until(2000)).what, "socket trip under-voltage");
    }));

  it("keep the relay from closing into a voltage that is out of limits", () =>
    onStage({ mains: { volts: 290, hz: 50 } }, async (stage) => {
      await stage.world.boot("socket");
      await stage.run(500);
      await stage.world.grant("socket", ANYTHING);
      assert.deepEqual(await stage.run(200), ["socket trip over-voltage"]);
      assert.equal((await stage.world.advance(stage.now)).contacts.socket, false);
    }));

  it("tell a sensor that was torn off under load from a short circuit as soon as it can be told", () =>
    onSocket({}, async (stage) => {
      await stage.world.setLoad(KETTLE);
      await stage.run(1000);
      await stage.world.fault("socket", { sensorTornOff: true });
      const first = await stage.until(1000);
      assert.ok(first.after <= 2, `it opened after ${first.after} ms: a clipped sensor counts as over-current`);
      const second = await stage.until(1000);
      assert.equal(second.what, "socket trip sensor-fault");
      assert.equal((await stage.world.read("socket")).trip, "sensor-fault");
      await stage.world.clear("socket");
      assert.equal((await stage.until(1000)).what, "socket trip sensor-fault", "it stays broken");
    }));

  it("take a torn-off current sensor for no welded relay, and let power come back once it is healed and cleared", () =>
    onSocket({}, async (stage) => {
      await stage.world.setLoad(KETTLE);
      await stage.run(5000);
      const before = await stage.world.read("socket");
      await stage.world.fault("socket", { sensorTornOff: true });
      assert.deepEqual(await stage.run(20_000), ["socket trip short-circuit", "socket trip sensor-fault"]);
      const torn = await stage.world.read("socket");
      assert.equal(torn.power, 0);
      // What flowed while the contacts opened, and at most a half-wave of a full scale that was
      // none.
      assert.ok(torn.total - before.total < 25_000, `${torn.total - before.total} uWh`);
      await stage.world.fault("socket", { sensorTornOff: false });
      await stage.run(2000);
      assert.equal((await stage.world.read("socket")).trip, "sensor-fault", "it stays latched until it is cleared");
      await stage.world.clear("socket");
      await stage.world.grant("socket", ANYTHING);
      await stage.run(2000);
      const healed = await stage.world.read("socket");
      assert.deepEqual(pick(healed), { closed: true, trip: undefined });
      await stage.run(20_000);
      const after = await stage.world.read("socket");
      near(after.total - healed.total, after.truth - healed.truth, 0.005);
    }));

  it("do not close the relay on a sensor that is still torn off, however often the trip is cleared", () =>
    onSocket({}, async (stage) => {
      await stage.world.revoke("socket");
      await stage.run(1000);
      await stage.world.fault("socket", { sensorTornOff: true });
      await stage.run(3000);
      const { truth } = await stage.world.read("socket");
      await stage.world.setLoad(KETTLE);
      for (let k = 0; k < 30; k++) {
        await stage.world.clear("socket");
        await stage.world.grant("socket", ANYTHING);
        assert.deepEqual(await stage.run(100), ["socket trip sensor-fault"]);
      }
      assert.equal((await stage.world.read("socket")).truth, truth);
    }));

  it("find the offset of a sensor anew that was off since the start, before the relay closes", () =>
    onSocket({}, async (stage) => {
      await stage.world.cutPower("socket");
      await stage.world.fault("socket", { sensorTornOff: true });
      await stage.run(100);
      await stage.world.boot("socket");
      await stage.run(5000);
      await stage.world.setLoad(KETTLE);
      await stage.world.fault("socket", { sensorTornOff: false });
      await stage.run(50);
      await stage.world.clear("socket");
      await stage.world.grant("socket", ANYTHING);
      assert.deepEqual(await stage.run(400), []);
      assert.equal((await stage.world.read("socket")).closed, false);
      assert.deepEqual(await stage.run(3000), []);
      const before = await stage.world.read("socket");
      assert.equal(before.closed, true);
      await stage.run(10_000);
      const after = await stage.world.read("socket");
      near(after.total - before.total, after.truth - before.truth, 0.005);
    }));

  it("find a welded relay with a torn-off sensor by the voltage behind it", () =>
    onSocket({ loadSense: 1 }, async (stage) => {
      await stage.world.setLoad(KETTLE);
      await stage.world.fault("socket", { weldRelay: true, sensorTornOff: true });
      assert.ok((await stage.run(5000)).includes("socket trip relay-welded"));
    }));

  it("take a sensor whose input sits anywhere else for a broken one too, and no noise of it", async () => {
    for (const voltageSensor of [1, 0] as const) {
      await onSocket({ voltageSensor, weldPower: voltageSensor ? 5_000 : 60_000 }, async (stage) => {
        await stage.world.revoke("socket");
        await stage.run(2000);
        await stage.world.fault("socket", { sensorAdrift: true });
        const events = await stage.run(10_000);
        assert.ok(
          events.includes("socket trip sensor-fault") && !events.includes("socket trip relay-welded"),
          events.join(),
        );
        await stage.world.fault("socket", { sensorAdrift: false });
        await stage.run(20_000);
        const { current } = await stage.world.read("socket");
        assert.ok(current < 20, `${current} mA: half of what the converter's noise is`);
        await stage.world.clear("socket");
        await stage.world.grant("socket", ANYTHING);
        await stage.world.setLoad(KETTLE);
        await stage.run(2000);
        const before = await stage.world.read("socket");
        await stage.run(10_000);
        const after = await stage.world.read("socket");
        near(after.total - before.total, after.truth - before.truth, 0.01);
      });
    }
  });

  it("take the strongest short circuit through a welded relay for no broken sensor", () =>
    onSocket({}, async (stage) => {
      await stage.world.fault("socket", { weldRelay: true });
      await stage.world.setLoad({ kind: "short", ohms: 0.1 });
      assert.deepEqual(await stage.run(5000), ["socket trip short-circuit", "socket trip relay-welded"]);
    }));

  it("find a torn-off sensor of either channel while nothing is leased", () =>
    onStage({}, async (stage) => {
      await stage.world.boot("socket");
      await stage.run(1000);
      await stage.world.fault("socket", { voltageTornOff: true });
      assert.deepEqual(await stage.run(1000), ["socket trip sensor-fault"]);
    }));

  it("notice lost samples within 100 ms", () =>
    onSocket({}, async (stage) => {
      await stage.world.fault("socket", { feedStopped: true });
      const { what, after } = await stage.until(1000);
      assert.equal(what, "socket trip samples-lost");
      assert.ok(after <= 100, `after ${after} ms`);
    }));

  it("open when the relay's place is too hot, and when its sensor is broken", () =>
    onSocket({ overTemperature: 85_000 }, async (stage) => {
      await stage.world.setTemperature("socket", 84_000);
      assert.deepEqual(await stage.run(100), []);
      await stage.world.setTemperature("socket", 85_000);
      assert.deepEqual(await stage.run(100), ["socket trip over-temperature"]);
      await stage.world.clear("socket");
      await stage.world.setTemperature("socket", -273_000);
      assert.deepEqual(await stage.run(100), ["socket trip sensor-fault"]);
    }));

  it("find a welded relay by the power that flows while it should be open", () =>
    onSocket({}, async (stage) => {
      await stage.world.setLoad({ kind: "resistive", watts: 40 });
      await stage.world.fault("socket", { weldRelay: true });
      await stage.world.revoke("socket");
      const { what, after } = await stage.until(5000);
      assert.equal(what, "socket trip relay-welded");
      assert.ok(after < 1500, `after ${after} ms`);
      await stage.world.clear("socket");
      assert.equal((await stage.until(5000)).what, "socket trip relay-welded", "it stays welded");
    }));

  it("go on counting what flows through a welded relay", () =>
    onSocket({}, async (stage) => {
      await stage.world.setLoad(KETTLE);
      await stage.run(1000);
      await stage.world.fault("socket", { weldRelay: true });
      await stage.world.revoke("socket");
      const before = await stage.world.read("socket");
      await stage.run(10_000);
      const after = await stage.world.read("socket");
      const truth = after.truth - before.truth;
      assert.ok(Math.abs((after.total - before.total) / truth - 1) < 0.01);
    }));

  it("find a welded relay and one that does not close by the voltage behind it, without any load", async () => {
    await onSocket({ loadSense: 1 }, async (stage) => {
      await stage.world.fault("socket", { weldRelay: true });
      await stage.world.revoke("socket");
      assert.equal((await stage.until(5000)).what, "socket trip relay-welded");
    });
    await onStage({ gates: [{ name: "socket", options: { loadSense: 1 } }] }, async (stage) => {
      await stage.world.boot("socket");
      await stage.world.fault("socket", { stuckRelay: true });
      await stage.world.grant("socket", ANYTHING);
      assert.equal((await stage.until(5000)).what, "socket trip relay-stuck-open");
    });
  });

  it("find a current sensor that is the wrong way round; its gain can be told to be negative", async () => {
    await onSocket({}, async (stage) => {
      await stage.world.setLoad(KETTLE);
      await stage.run(5000);
      assert.ok((await stage.world.read("socket")).power > 0);
    });
    await onSocket({ currentGain: -1_000_000 }, async (stage) => {
      await stage.run(3000);
      await stage.world.setLoad(KETTLE);
      assert.equal((await stage.until(3000)).what, "socket trip sensor-fault");
    });
  });
});

describe("the power gate's readings", () => {
  it("give voltage, current, power, power factor and frequency of a motor", () =>
    onSocket({}, async (stage) => {
      await stage.world.setMains({ volts: 236, hz: 50.2 });
      await stage.world.setLoad({ kind: "motor", watts: 500, powerFactor: 0.7 });
      await stage.run(3000);
      const reading = await stage.world.read("socket");
      near(reading.voltage, 236_000, 0.01);
      near(reading.current, (500 / 230 / 0.7) * 1000, 0.02);
      near(reading.power, (500 * 236 * 1000) / 230, 0.02);
      near(reading.powerFactor, 700, 0.02);
      near(reading.reactive, (500 * 236 * 1000 * Math.tan(Math.acos(0.7))) / 230, 0.03);
      near(reading.frequency, 50_200, 0.001);
      assert.equal(reading.voltageMeasured, true);
    }));

  it("say that the voltage is nominal where there is no sensor, and count apparent energy", () =>
    onSocket({ voltageSensor: 0, weldPower: 20_000 }, async (stage) => {
      await stage.world.setLoad({ kind: "resistive", watts: 1000 });
      await stage.run(2000);
      const before = await stage.world.read("socket");
      await stage.run(20_000);
      const reading = await stage.world.read("socket");
      assert.equal(reading.voltageMeasured, false);
      assert.equal(reading.voltage, 230_000);
      assert.equal(reading.frequency, 0);
      near(reading.total - before.total, reading.truth - before.truth, 0.01);
    }));

  it("count nothing while nothing flows", () =>
    onSocket({}, async (stage) => {
      await stage.run(60_000);
      assert.equal((await stage.world.read("socket")).total, 0);
      assert.equal((await stage.world.read("socket")).power, 0);
    }));

  it("do not make up later for what was below the creep threshold", () =>
    onSocket({}, async (stage) => {
      await stage.world.setLoad({ kind: "resistive", watts: 0.6 });
      await stage.run(120_000);
      const before = await stage.world.read("socket");
      assert.ok(before.truth > 19_000, "20 mWh flowed");
      await stage.world.setLoad(KETTLE);
      await stage.run(2000);
      const { total, truth } = await stage.world.read("socket");
      near(total, truth - before.truth, 0.008);
    }));

  it("are the same on every run of the same seed", async () => {
    const readings: unknown[] = [];
    for (let k = 0; k < 2; k++) {
      await onSocket({}, async (stage) => {
        await stage.world.setLoad({ kind: "charger", watts: 60 });
        await stage.run(5000);
        readings.push(await stage.world.read("socket"));
      });
    }
    assert.deepEqual(readings[0], readings[1]);
  });
});

function pick({ closed, trip }: { closed: boolean; trip: unknown }): unknown {
  return { closed, trip };
}

function near(value: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(value / expected - 1) <= tolerance, `expected about ${expected}, got ${value}`);
}

describe("a socket's and a cable's gate on one line", () => {
  const both = { gates: [{ name: "socket" }, { name: "cable" }], electronics: 1.5 } as const;

  it("agree on the energy within the sum of their tolerances", () =>
    onStage(both, async (stage) => {
      const { world } = stage;
      await world.boot("socket");
      await world.plug("in");
      await world.setLoad({ kind: "resistive", watts: 1300 });
      await world.grant("socket", ANYTHING);
      await stage.run(1000);
      await world.boot("cable");
      await world.grant("cable", ANYTHING);
      await stage.run(60_000);
      const [socket, cable] = [await world.read("socket"), await world.read("cable")];
      assert.ok(socket.total > 20_000_000);
      near(cable.total, socket.total, 0.01);
      near(socket.total, socket.truth, 0.005);
    }));

  it("bound what an appliance takes from a standby allowance, whatever a cable does", () =>
    onStage(both, async (stage) => {
      const { world } = stage;
      await world.boot("socket");
      await world.plug("in");
      await world.setLoad(KETTLE);
      await world.grant("socket", { upTo: 50_000, time: 600_000, current: 100 }); // standby: 50 mWh
      assert.deepEqual(await stage.run(20_000), []);
      await world.boot("cable");
      await world.grant("cable", ANYTHING);
      const before = (await world.read("socket")).truth;
      assert.deepEqual(await stage.run(1000), ["socket energy-used"]);
      const { truth } = await world.read("socket");
      // A half-wave of 2 kW, and what flows while the contacts open (4 ms).
      assert.ok(truth < 50_000 + 5556 + 2300 * 2 && truth > before, `${truth} uWh of 50 000 allowed`);
    }));

  it("lose the cable's gate, relay open, when its supply's bridge is over, and need a boot after that", () =>
    onStage({ ...both, holdUp: 60 }, async (stage) => {
      const { world } = stage;
      await world.boot("socket");
      await world.plug("in");
      await world.grant("socket", ANYTHING);
      await stage.run(1000);
      await world.boot("cable");
      await world.grant("cable", ANYTHING);
      await stage.run(1000);
      assert.deepEqual((await world.advance(stage.now)).contacts, { socket: true, cable: true });
      await world.revoke("socket");
      const { atMs, powered } = await world.advance(stage.now + 1000);
      assert.equal(powered.cable, false);
      assert.ok(atMs - stage.now >= 60 && atMs - stage.now < 70, `after ${atMs - stage.now} ms`);
      stage.now = atMs;
      await stage.run(50);
      assert.equal((await world.advance(stage.now)).contacts.cable, false);
      assert.equal((await world.read("cable")).running, false);
      await assert.rejects(world.boot("cable"), /no supply/);
    }));
});
