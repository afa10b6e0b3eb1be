// What the ends of a board's scales mean: the chip's ADC, and the parts of docs/hardware.md before
// it. An image is built with these ranges unless its owner states others. Calibration then finds
// what a board really has.

import type { GateOptions } from "../../shared/board/gate-options";
import type { TargetName } from "./targets";

/**
 * Millivolts at the pin from one end of the ADC's scale to the other, with 12 dB of attenuation and
 * the reference at its nominal 1.1 V: 4096 times what a step is worth in the middle of the scale,
 * where the signal is. That is more than the range which the datasheets call effective (ESP32 150
 * to 2450 mV, -S3 3100, -C3 2500, -C6 3300 mV), where the scale bends or the supply ends it. From
 * the calibration data of ESP-IDF v6.0, components/esp_adc and components/efuse:
 *
 * - esp32: adc_cali_line_fitting.c, adc1_vref_atten_scale[3] = 196602: x 1100 mV / 65536.
 * - esp32s3: esp_efuse_rtc_calib.c, 850 mV at a code of 900 + 0 to 255, bent by
 *   curve_fitting_coefficients.c.
 * - esp32c3: the same files, 1370 mV at 2000, bent likewise.
 * - esp32c6: the same file, 2800 mV at 2850 (version 2 of the calibration; by version 1 it is 1370
 *   mV at 1500, 7 % less).
 */
const FULL_SCALE = { esp32: 3300, esp32s3: 3280, esp32c3: 2760, esp32c6: 4020 } as const;

/** The parts of docs/hardware.md: two transformers, each with its burden. */
const PARTS = { turns: 2000, currentBurden: 62, primary: 4 * 30_000, voltageBurden: 330 } as const;

/**
 * By how much a limit may act late without calibration, in percent: the reference of a chip is 1.0
 * to 1.2 V instead of 1.1 (ESP-IDF, "Analog to Digital Converter"), burdens and transformers add 1
 * % each.
 */
export const LATE_PERCENT = 12;

/** Peaks at the end of the scale: half of it, as the signal swings around its middle. */
export function rangesOf(target: TargetName): Required<Pick<GateOptions, "currentRange" | "voltageRange">> {
  const half = FULL_SCALE[target] / 2;
  return {
    currentRange: Math.round((half / PARTS.currentBurden) * PARTS.turns),
    voltageRange: Math.round((half / PARTS.voltageBurden) * PARTS.primary),
  };
}

/**
 * The owner's options over the board's. A metering chip has scales of its own, which its datasheet
 * fixes.
 */
export function boardGate<Options extends object>(target: TargetName, given: Options): object {
  const { sensor = "adc" } = given as { readonly sensor?: unknown };
  return sensor === "adc" ? { ...rangesOf(target), ...given } : given;
}
