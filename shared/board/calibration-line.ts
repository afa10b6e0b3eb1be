// What a board answers over its serial port while it is calibrated: one request a line, one JSON
// object back.
//
//   read            { voltage, current, power, reactive, frequency, closed, trip, range, calibration }; range in mA
//   close SECONDS   closes the relay for so long (at most 600), paid or not: calibration only
//   open            opens it
//   store HEX       keeps a record of shared/board/calibration.ts, used from the next start on
//   forget          removes the record
//
// Errors are { error: "what was expected, what came" }.

import type { GateReading, PowerGate, Store } from "../kernel/ports";
import { isHex } from "../kernel/text";
import type { Milliampere } from "../kernel/units";
import { CALIBRATION_KEY, decodeCalibration, UNCALIBRATED } from "./calibration";
import type { GateCalibration } from "./gate-options";

const MAX_SECONDS = 600;
const MAX_LINE = 200;

export interface CalibrationLineOptions {
  readonly gate: Pick<PowerGate, "grant" | "revoke" | "clear"> & {
    read(): GateReading & { readonly reactive: number };
  };
  readonly store: Store;
  /** What the gate was started with. */
  readonly calibration: GateCalibration;
  readonly rated: Milliampere;
  /** Peak at the end of the current channel's scale. */
  readonly range: Milliampere;
  readonly write: (line: string) => void;
}

export class CalibrationLine {
  readonly #options: CalibrationLineOptions;
  #text = "";

  constructor(options: CalibrationLineOptions) {
    this.#options = options;
  }

  /** Takes what came over the port, whole lines or pieces of them. */
  take(text: string): void {
    this.#text += text;
    for (let end = this.#text.indexOf("\n"); end >= 0; end = this.#text.indexOf("\n")) {
      const line = this.#text.slice(0, end).trim();
      this.#text = this.#text.slice(end + 1);
      if (line !== "") this.#options.write(JSON.stringify(this.answer(line)));
    }
    if (this.#text.length > MAX_LINE) this.#text = "";
  }

  private answer(line: string): object {
    const [verb, argument] = line.split(" ");
    try {
      switch (verb) {
        case "read":
          return this.read();
        case "close":
          return this.close(Number(argument));
        case "open":
          this.#options.gate.revoke();
          return { ok: true };
        case "store":
          return this.keep(argument ?? "");
        case "forget":
          this.#options.store.remove(CALIBRATION_KEY);
          return { ok: true };
        default:
          return { error: `expected read, close, open, store or forget, came ${verb}` };
      }
    } catch (error) {
      return { error: (error as Error).message };
    }
  }

  private read(): object {
    const { voltage, current, power, reactive, frequency, closed, trip } = this.#options.gate.read();
    const calibration = { ...UNCALIBRATED, ...this.#options.calibration };
    const { range } = this.#options;
    return { voltage, current, power, reactive, frequency, closed, trip, range, calibration };
  }

  private close(seconds: number): object {
    if (!(seconds > 0 && seconds <= MAX_SECONDS))
      throw new Error(`expected 1 to ${MAX_SECONDS} seconds, came ${seconds}`);
    const { gate, rated } = this.#options;
    gate.clear();
    gate.grant({ upTo: Number.MAX_SAFE_INTEGER, time: seconds * 1000, current: rated });
    return { ok: true };
  }

  private keep(hex: string): object {
    if (hex === "" || !isHex(hex)) throw new Error("expected a record in lower-case hexadecimal");
    const record = new Uint8Array(hex.length / 2);
    for (let k = 0; k < record.length; k++) record[k] = Number.parseInt(hex.slice(2 * k, 2 * k + 2), 16);
    const calibration = decodeCalibration(record);
    this.#options.store.write(CALIBRATION_KEY, record);
    return { ok: true, calibration };
  }
}
