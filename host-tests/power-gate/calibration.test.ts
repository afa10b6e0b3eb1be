import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CALIBRATION_BYTES, decodeCalibration, encodeCalibration, UNCALIBRATED } from "../../shared/board/calibration";
import { RAW_BOARD } from "../../tools/meter/figures";
import { fitCalibration } from "../../tools/meter/fit";
import { calibrateRig, Rig } from "../../tools/meter/rig";

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

describe("a stored calibration", () => {
  it("comes back as it was written", () => {
    fc.assert(
      fc.property(int32, int32, int32, int32, (currentGain, currentCurve, voltageGain, phase) => {
        const calibration = { currentGain, currentCurve, voltageGain, phase };
        assert.deepEqual(decodeCalibration(encodeCalibration(calibration)), calibration);
      }),
    );
  });

  it("has a layout that does not change: version 1", () => {
    const bytes = encodeCalibration({ currentGain: 1_018_000, currentCurve: -3, voltageGain: 990_000, phase: 55_000 });
    assert.equal(Buffer.from(bytes).toString("hex"), "5043010090880f00fdffffff301b0f00d8d60000194110a5");
  });

  it("is refused when any bit of it is wrong", () => {
    const whole = encodeCalibration(UNCALIBRATED);
    for (let bit = 0; bit < CALIBRATION_BYTES * 8; bit++) {
      const torn = whole.slice();
      torn[bit >> 3] = (torn[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.throws(() => decodeCalibration(torn), /calibration: /);
    }
    assert.throws(() => decodeCalibration(whole.subarray(1)), /expected 24 bytes, got 23/);
  });

  it("is not written with a value that is no 32-bit integer", () => {
    assert.throws(() => encodeCalibration({ ...UNCALIBRATED, phase: 0.5 }), /32-bit integer for phase, got 0.5/);
  });
});

describe("calibration with a resistive load at two points", () => {
  it("finds wrong scales and the delay between the channels, and brings the error under 0.2 %", async () => {
    const { calibration, high } = await calibrateRig({ seed: 21, sensor: RAW_BOARD });
    assert.ok(Math.abs(high.read.watts / high.reference.watts - 1) > 0.004, "the board was wrong before");
    assert.ok(Math.abs(calibration.currentGain * 1.018 - 1e6) < 6000, `current gain ${calibration.currentGain}`);
    assert.ok(Math.abs(calibration.voltageGain * 0.988 - 1e6) < 4000, `voltage gain ${calibration.voltageGain}`);
    assert.ok(Math.abs(calibration.phase - 55_000) < 2000, `phase ${calibration.phase} ns`);
    const rig = new Rig({ seed: 21, sensor: RAW_BOARD, gate: calibration });
    try {
      await rig.start();
      for (const watts of [184, 1000, 3600]) {
        const { read, truth } = await rig.energy({ kind: "resistive", watts }, 10_000);
        assert.ok(Math.abs(read / truth - 1) < 0.002, `${((read / truth - 1) * 100).toFixed(3)} % at ${watts} W`);
      }
    } finally {
      rig.close();
    }
  });

  it("loses nothing by taking the voltage between two samples", async () => {
    const ratios: number[] = [];
    for (const phase of [0, 125_000]) {
      const sensor = { noise: 0.5, nonlinearity: 0, drift: 0, delay: phase };
      const rig = new Rig({ seed: 4, sensor, gate: { phase } });
      try {
        await rig.start();
        const { read, truth } = await rig.energy({ kind: "resistive", watts: 3000 }, 10_000);
        ratios.push(read / truth);
      } finally {
        rig.close();
      }
    }
    const [whole = 0, half = 0] = ratios;
    assert.ok(Math.abs(half / whole - 1) < 0.0002, `${whole} and ${half}`);
  });

  it("turns a sensor that is the wrong way round", () => {
    const point = (watts: number) => ({
      read: { volts: 230, amperes: watts / 230, watts: -watts, vars: 0 },
      hz: 50,
      reference: { volts: 230, watts },
    });
    assert.equal(fitCalibration(point(184), point(3312), 35).currentGain, -1_000_000);
  });

  it("refuses points that are too close, a load that is off, and one that cannot be the known one", () => {
    const point = (watts: number, reference = watts) => ({
      read: { volts: 230, amperes: watts / 230, watts, vars: 0 },
      hz: 50,
      reference: { volts: 230, watts: reference },
    });
    assert.throws(() => fitCalibration(point(1000), point(1500), 35), /factor of two apart/);
    assert.throws(() => fitCalibration(point(0, 184), point(1500), 35), /is the load on/);
    assert.throws(() => fitCalibration(point(100, 900), point(1500), 35), /expected about 900 W/);
  });
});
