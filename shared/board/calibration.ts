// A gate's calibration as it is stored: a fixed layout with a version and a CRC-32, under a key of
// its own, so that it survives updates of the firmware and a changed journal. A record that is not
// whole is refused, never guessed at.
//
//   offset 0  magic "PC"      2 bytes
//   offset 2  version         1 byte, now 1
//   offset 3  reserved        1 byte, 0
//   offset 4  currentGain, currentCurve, voltageGain, phase: four 32-bit signed integers, little-endian
//   offset 20 CRC-32 of what is before it, little-endian

import { crc32 } from "../journal/crc32";
import { constant } from "../kernel/constant";
import type { Store } from "../kernel/ports";
import type { GateCalibration, GateOptions } from "./gate-options";

/** Where the Store (on ESP32: NVS) keeps the record. */
export const CALIBRATION_KEY = "calibration";
export const CALIBRATION_BYTES = 24;
const VERSION = 1;
const FIELDS = constant(["currentGain", "currentCurve", "voltageGain", "phase"] as const);

/** A gate as its parts list says, uncalibrated. */
export const UNCALIBRATED: Required<GateCalibration> = Object.freeze({
  currentGain: 1_000_000,
  currentCurve: 0,
  voltageGain: 1_000_000,
  phase: 0,
});

/** 24 bytes. Throws a RangeError for a value that is no 32-bit integer. */
export function encodeCalibration(calibration: Required<GateCalibration>): Uint8Array {
  const bytes = new Uint8Array(CALIBRATION_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set([0x50, 0x43, VERSION, 0]);
  FIELDS.forEach((name, index) => {
    const value = calibration[name];
    if ((value | 0) !== value) throw new RangeError(`calibration: expected a 32-bit integer for ${name}, got ${value}`);
    view.setInt32(4 + 4 * index, value, true);
  });
  view.setUint32(20, crc32(bytes, 0, 20), true);
  return bytes;
}

/** Throws an Error that says what is wrong with the record; then calibrate anew. */
export function decodeCalibration(bytes: Uint8Array): Required<GateCalibration> {
  if (bytes.length !== CALIBRATION_BYTES) {
    throw new Error(`calibration: expected ${CALIBRATION_BYTES} bytes, got ${bytes.length}; calibrate again`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const sum = crc32(bytes, 0, 20);
  if (view.getUint32(20, true) !== sum) throw new Error("calibration: the checksum does not fit; calibrate again");
  if (bytes[0] !== 0x50 || bytes[1] !== 0x43) throw new Error("calibration: this is another kind of record");
  if (bytes[2] !== VERSION)
    throw new Error(`calibration: expected version ${VERSION}, got ${bytes[2]}; calibrate again`);
  const field = (index: number): number => view.getInt32(4 + 4 * index, true);
  return { currentGain: field(0), currentCurve: field(1), voltageGain: field(2), phase: field(3) };
}

/**
 * True where both scales were measured: by the stored record, or by what the owner states of it. A
 * metering chip is not right by itself either: its reference, the shunt and the divider are each
 * off by percents.
 */
export function isCalibrated({ currentGain, voltageGain, voltageSensor }: GateOptions): boolean {
  return currentGain !== undefined && (voltageGain !== undefined || voltageSensor === 0);
}

/**
 * Where a board keeps what belongs to its hardware: apart from the journal, so that no update
 * touches it.
 */
export const BOARD_STORE = "board";

/**
 * Gate options from the stored record; none when there is no record. A broken one is told by
 * `onBroken` and not used: the gate then runs on its nominal scales.
 */
export function storedCalibration(store: Pick<Store, "read">, onBroken: (why: string) => void): GateCalibration {
  const record = store.read(CALIBRATION_KEY);
  if (!record) return {};
  try {
    return decodeCalibration(record);
  } catch (error) {
    onBroken((error as Error).message);
    return {};
  }
}
