// The self-test of the calibrator's image: its line in flash answers, keeps a whole record and
// refuses a torn one.

import { CALIBRATION_KEY, encodeCalibration, storedCalibration } from "../../shared/board/calibration";
import { CalibrationLine } from "../../shared/board/calibration-line";
import type { Check } from "./fixture";

const CALIBRATION = Object.freeze({ currentGain: 982_318, currentCurve: -3, voltageGain: 1_012_146, phase: 55_000 });

/** What a gate reads on 184 W. */
export const READING = Object.freeze({
  total: 5,
  closed: true,
  trip: undefined,
  current: 800,
  voltage: 230_000,
  voltageMeasured: true,
  power: 184_000,
  apparent: 184_000,
  powerFactor: 1000,
  frequency: 50_000,
  reactive: 1200,
});

export default function selfTest(): readonly Check[] {
  const kept = new Map<string, Uint8Array>();
  const store = {
    read: (key: string) => kept.get(key),
    write: (key: string, value: Uint8Array) => void kept.set(key, value),
    remove: (key: string) => void kept.delete(key),
  };
  const gate = { grant: () => {}, revoke: () => {}, clear: () => {}, read: () => READING };
  const answers: string[] = [];
  const write = (line: string): void => void answers.push(line);
  const line = new CalibrationLine({ gate, store, calibration: {}, rated: 16_000, range: 35_000, write });
  const record = hex(encodeCalibration(CALIBRATION));
  line.take(`read\nclose 601\nstore ff${record.slice(2)}\nstore ${record}\n`);
  const [read = "", close = "", torn = "", whole = ""] = answers;
  const stored = storedCalibration(store, () => {});
  return [
    { name: "read", holds: answers.length === 4, gave: read },
    { name: "close", holds: close.includes("expected 1 to 600 seconds, came 601"), gave: close },
    { name: "refuse", holds: torn.includes("checksum"), gave: torn },
    { name: "store", holds: kept.has(CALIBRATION_KEY) && stored.phase === CALIBRATION.phase, gave: whole },
  ];
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
