// Calibration from two points with a resistive load: what an uncalibrated gate reads against what a
// reference says.
//
// The current channel's scale is taken from real power over voltage, which noise does not bias. Two
// points give two unknowns, gain and the cubic term of the converter's bend: a sine of amplitude a
// (of full scale) through i + c i^3 comes out as a (1 + 3/4 c a^2). A resistive load has no
// reactive power, so what is read is the channels' delay.

import type { GateCalibration } from "../../shared/board/gate-options";

/** Means over some seconds. The gate's side is read with UNCALIBRATED options. */
export interface CalibrationPoint {
  readonly read: { readonly volts: number; readonly amperes: number; readonly watts: number; readonly vars: number };
  readonly hz: number;
  readonly reference: { readonly volts: number; readonly watts: number };
}

/**
 * `range` is the current channel's peak range in A. Throws when the points are too close or the
 * readings make no sense.
 */
export function fitCalibration(
  low: CalibrationPoint,
  high: CalibrationPoint,
  range: number,
): Required<GateCalibration> {
  for (const point of [low, high]) check(point);
  const voltageScale = high.reference.volts / high.read.volts;
  const [near, far] = [currentScale(low), currentScale(high)];
  const [a, b] = [amplitude(low, range), amplitude(high, range)];
  if (b < 2 * a) throw new Error(`expected two points at least a factor of two apart, got ${(b / a).toFixed(2)}`);
  const bend = (far - near) / (0.75 * (near * b * b - far * a * a));
  const gain = near / (1 + 0.75 * bend * a * a);
  const angle = Math.atan2(high.read.vars, Math.abs(high.read.watts)) * Math.sign(high.read.watts);
  return {
    currentGain: Math.round(gain * 1e6),
    currentCurve: Math.round(bend * 1e6),
    voltageGain: Math.round(voltageScale * 1e6),
    phase: Math.round((angle / (2 * Math.PI * high.hz)) * 1e9),
  };
}

function currentScale({ read, reference }: CalibrationPoint): number {
  return reference.watts / reference.volts / (read.watts / read.volts);
}

function amplitude({ read }: CalibrationPoint, range: number): number {
  return ((Math.abs(read.watts) / read.volts) * Math.SQRT2) / range;
}

function check({ read, reference }: CalibrationPoint): void {
  if (!(reference.watts > 0 && reference.volts > 0)) throw new Error("expected a reference above 0 W and 0 V");
  if (!(read.volts > 0 && Math.abs(read.watts) > 1)) {
    throw new Error(`expected voltage and power, the gate reads ${read.volts} V, ${read.watts} W: is the load on?`);
  }
  const scale = reference.watts / read.watts;
  if (Math.abs(scale) < 0.5 || Math.abs(scale) > 2) {
    throw new Error(
      `expected about ${reference.watts} W, the gate reads ${read.watts.toFixed(1)} W: wrong load, or options do not fit the board`,
    );
  }
}

/**
 * A correction found while another one was in force, and that one, as one. The bends are small, so
 * they add.
 */
export function combine(
  inForce: Required<GateCalibration>,
  found: Required<GateCalibration>,
): Required<GateCalibration> {
  return {
    currentGain: Math.round((inForce.currentGain * found.currentGain) / 1e6),
    currentCurve: inForce.currentCurve + found.currentCurve,
    voltageGain: Math.round((inForce.voltageGain * found.voltageGain) / 1e6),
    phase: inForce.phase + found.phase,
  };
}
