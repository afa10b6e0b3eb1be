import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { READING } from "../../firmware/selftest/calibrator";
import { CALIBRATION_KEY, encodeCalibration, storedCalibration, UNCALIBRATED } from "../../shared/board/calibration";
import { CalibrationLine } from "../../shared/board/calibration-line";
import type { Lease } from "../../shared/kernel/ports";

function setUp() {
  const kept = new Map<string, Uint8Array>();
  const store = {
    read: (key: string) => kept.get(key),
    write: (key: string, value: Uint8Array) => void kept.set(key, value),
    remove: (key: string) => void kept.delete(key),
  };
  const leases: (Lease | undefined)[] = [];
  const gate = {
    grant: (lease: Lease) => void leases.push(lease),
    revoke: () => void leases.push(undefined),
    clear: () => {},
    read: () => READING,
  };
  const answers: string[] = [];
  const write = (line: string): void => void answers.push(line);
  const line = new CalibrationLine({ gate, store, calibration: { phase: 7 }, rated: 16_000, range: 40_000, write });
  const ask = (text: string): Record<string, unknown> => {
    line.take(text);
    return JSON.parse(answers.pop() ?? "{}");
  };
  return { store, leases, line, answers, ask };
}

describe("a board that is being calibrated", () => {
  it("tells what it reads and what calibration is in force", () => {
    const { ask } = setUp();
    const { power, reactive, range, calibration } = ask("read\n");
    assert.deepEqual(
      { power, reactive, range, calibration },
      {
        power: 184_000,
        reactive: 1200,
        range: 40_000,
        calibration: { ...UNCALIBRATED, phase: 7 },
      },
    );
  });

  it("closes its relay for a bounded time only, and opens it", () => {
    const { ask, leases } = setUp();
    ask("close 20\n");
    assert.equal(leases[0]?.time, 20_000);
    ask("open\n");
    assert.equal(leases[1], undefined);
    assert.match(String(ask("close 601\n").error), /expected 1 to 600 seconds, came 601/);
    assert.equal(leases.length, 2);
  });

  it("keeps a whole record, which the next start reads, and refuses a broken one", () => {
    const { ask, store } = setUp();
    const calibration = { currentGain: 990_000, currentCurve: 12, voltageGain: 1_010_000, phase: 55_000 };
    const record = Buffer.from(encodeCalibration(calibration)).toString("hex");
    assert.match(String(ask(`store 00${record.slice(2)}\n`).error), /checksum/);
    assert.equal(store.read(CALIBRATION_KEY), undefined);
    assert.equal(ask(`store ${record}\n`).ok, true);
    assert.deepEqual(storedCalibration(store, assert.fail), calibration);
    ask("forget\n");
    assert.deepEqual(storedCalibration(store, assert.fail), {});
  });

  it("takes lines in pieces and several at once, and answers each", () => {
    const { line, answers } = setUp();
    line.take("re");
    line.take("ad\nopen\nno");
    assert.equal(answers.length, 2);
    line.take("nsense\n");
    assert.match(answers[2] ?? "", /expected read, close, open, store or forget, came nonsense/);
  });
});

describe("a gate that starts with a broken record", () => {
  it("runs on its nominal scales and says so", () => {
    const complaints: string[] = [];
    const broken = encodeCalibration(UNCALIBRATED);
    broken[9] = 1;
    assert.deepEqual(
      storedCalibration({ read: () => broken }, (why) => complaints.push(why)),
      {},
    );
    assert.match(complaints[0] ?? "", /checksum does not fit; calibrate again/);
  });
});
