// An application of its own, flashed to calibrate a board and replaced by the real one afterwards:
// so no image that handles money listens on its serial port. What it stores stays in NVS, and
// updates do not touch it.

import config from "mc/config";
import NativePowerGate from "plugpay/power-gate";
import { BOARD_STORE, storedCalibration } from "../../shared/board/calibration";
import { CalibrationLine } from "../../shared/board/calibration-line";
import type { GateOptions } from "../../shared/board/gate-options";
import type { GateReading, PowerGate } from "../../shared/kernel/ports";
import { SerialText } from "../platform/serial";
import { DeviceStore } from "../platform/store";
import { bootLine } from "../platform/told";

const BAUD = 115_200;
/** The core's default (firmware/native/power-gate.h). */
const RATED_MA = 16_000;

interface CalibratorConfig {
  /** The console's pins (manifests/pins.json). */
  readonly receive: number;
  readonly transmit: number;
  /** As the device's own image has them: a calibration is relative to the board's ranges. */
  readonly gate: GateOptions & Required<Pick<GateOptions, "currentRange">>;
}

export default function main(): void {
  const { receive, transmit, gate: options } = config as unknown as CalibratorConfig;
  const store = new DeviceStore(BOARD_STORE);
  const port = new SerialText({ receive, transmit, baud: BAUD, onText: (text) => line.take(text) });
  const write = (text: string): void => port.write(`${text}\n`);
  write(JSON.stringify(bootLine("calibrator")));
  const calibration = storedCalibration(store, (why) => write(JSON.stringify({ warning: why })));
  // On a device the reading has the reactive power too (firmware/native/power-gate.ts).
  const gate = new NativePowerGate({ ...calibration, ...options }) as PowerGate & {
    read(): GateReading & { reactive: number };
  };
  const { rated = RATED_MA, currentRange: range } = options;
  const line = new CalibrationLine({ gate, store, calibration, rated, range, write });
}
