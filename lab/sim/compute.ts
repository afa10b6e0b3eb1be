// What computing costs in time, in one place: the engine's meter, turned into a board's
// milliseconds.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Millisecond } from "../../shared/kernel/units";

/** Written by the device benchmark (npm run bench); until it has run, the figures below serve. */
const MEASURED = join(import.meta.dirname, "../../tools/bench/factor.json");

export interface ComputeFactor {
  /** Instructions of a 32-bit core (rv32imac) for one unit of XS's meter. */
  readonly instructionsPerMeter: number;
  /** Of the board: an ESP32-C3 or -C6 at 160 MHz, one instruction a cycle. */
  readonly instructionsPerSecond: number;
}

/**
 * A signature costs 70 M instructions and 1.24 M units of the meter, a verification 114 M and 1.65
 * M: 56 and 69 instructions a unit (XS 13.3, -Os, @noble/curves as it comes).
 */
const ESTIMATE: ComputeFactor = { instructionsPerMeter: 62, instructionsPerSecond: 160_000_000 };

/**
 * From reset to `main`: Espressif's figure for an untuned ESP32 (about 30 ms with quick flash mode
 * and no boot log). What `main` itself does is charged by the meter.
 */
export const BOOT_TIME: Millisecond = 300;

export function computeFactor(): ComputeFactor {
  return existsSync(MEASURED) ? (JSON.parse(readFileSync(MEASURED, "utf8")) as ComputeFactor) : ESTIMATE;
}

export function computeTime(meter: number, factor: ComputeFactor): Millisecond {
  return (meter * factor.instructionsPerMeter * 1000) / factor.instructionsPerSecond;
}
