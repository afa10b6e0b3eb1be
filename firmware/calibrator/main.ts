// An application of its own, flashed to calibrate a board and replaced by the real one afterwards: so no image that
// handles money listens on its serial port. What it stores stays in NVS, and updates do not touch it.

/// <reference path="../../node_modules/@moddable/typings/embedded_io/serial.d.ts" />

import Serial from "embedded:io/serial";
import config from "mc/config";
import NativePowerGate from "plugpay/power-gate";
import { BOARD_STORE, storedCalibration } from "../../shared/calibration";
import { CalibrationLine } from "../../shared/calibration-line";
import type { GateReading, PowerGate } from "../../shared/ports";
import { DeviceStore } from "../platform/store";

const RATED_MA = 16_000;
/** The manifest's "config": the console's pins (manifests/pins.json); as it comes those of an esp32. */
interface CalibratorConfig {
  readonly receive: number;
  readonly transmit: number;
}

export default function main(): void {
  const { receive, transmit } = config as unknown as CalibratorConfig;
  const store = new DeviceStore(BOARD_STORE);
  let serial: Serial | undefined;
  const write = (line: string): void => serial?.write(ascii(`${line}\n`));
  const calibration = storedCalibration(store, (why) => write(JSON.stringify({ warning: why })));
  // On a device the reading has the reactive power too (firmware/native/power-gate.ts).
  const gate = new NativePowerGate(calibration) as PowerGate & { read(): GateReading & { reactive: number } };
  const line = new CalibrationLine({ gate, store, calibration, rated: RATED_MA, write });
  serial = new Serial({
    receive,
    transmit,
    baud: 115_200,
    port: 0,
    format: "buffer",
    onReadable(this: Serial) {
      const bytes = this.read() as ArrayBuffer | undefined;
      if (bytes) line.take(String.fromCharCode(...new Uint8Array(bytes)));
    },
  });
}

function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k++) bytes[k] = text.charCodeAt(k) & 127;
  return bytes;
}
