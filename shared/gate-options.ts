// Options of the native power gate: one name, one unit, one meaning in the C core, on the device and in the simulator.
//
// The C core (firmware/native/power-gate.h, table POWER_GATE_OPTIONS) holds defaults and ranges and checks each value;
// a test compares its table with the names below. All values are integers.

import { constant } from "./constant";
import type { Milliampere, Millisecond, Millivolt, Milliwatt } from "./units";

export interface GateOptions {
  /** Samples a second on each channel; default 4000. */
  readonly sampleRate?: number;
  /** Width of a sample, 10 to 16 bits; default 12. */
  readonly adcBits?: number;
  /** A code this close to the end of the scale counts as clipped; default 4. */
  readonly clipMargin?: number;
  /** Peak current at the end of the ADC's scale; default 35 A. */
  readonly currentRange?: Milliampere;
  /** Peak voltage at the end of the ADC's scale; default 450 V. */
  readonly voltageRange?: Millivolt;
  /** 1 with a voltage sensor (default), 0 without: then energy is nominal voltage times current. */
  readonly voltageSensor?: 0 | 1;
  /** Default 230 V. */
  readonly nominalVoltage?: Millivolt;
  /** In mHz; default 50 000. */
  readonly nominalFrequency?: number;
  /** Calibration: real over nominal, in millionths; negative for a current sensor the wrong way round. */
  readonly currentGain?: number;
  /** Calibration: cubic term of the current, millionths of full scale at full scale. */
  readonly currentCurve?: number;
  readonly voltageGain?: number;
  /** Calibration: nanoseconds by which the current channel is later than the voltage channel. */
  readonly phase?: number;
  /** Power under which no energy is counted; default 1 W. With an HLW8012 at least 3.1 W: three pulses in ten seconds. */
  readonly creep?: Milliwatt;
  /** Largest continuous RMS current of the hardware; default 16 A. */
  readonly rated?: Milliampere;
  /** Instantaneous trip: a peak current above this for four samples is a short circuit; default 34 A. */
  readonly instantaneous?: Milliampere;
  /** RMS limits; 0 switches one off. Default 265 V and 180 V. */
  readonly overVoltage?: Millivolt;
  readonly underVoltage?: Millivolt;
  /** In thousandths of a degree Celsius; 0 (default) without a sensor. */
  readonly overTemperature?: number;
  /** 1 where an optocoupler reports voltage behind the relay; default 0. */
  readonly loadSense?: 0 | 1;
  /** 1 on a board whose controller drives the SEL pin of a BL0937 or HLW8012 through a transistor; default 0. */
  readonly selInverted?: 0 | 1;
  /** Real power while the relay is open that means a welded relay; default 5 W. */
  readonly weldPower?: Milliwatt;
  /** Time that the relay may take to close or open; default 100 ms. */
  readonly relayTime?: Millisecond;
  /** Least time the relay stays open; default 250 ms. */
  readonly minimumOff?: Millisecond;
}

/** The options that calibration sets; the rest describes the board. */
export type GateCalibration = Pick<GateOptions, "currentGain" | "currentCurve" | "voltageGain" | "phase">;

/** Every option once, in the order of the C core's table: how the device hands them to C. */
export const GATE_OPTION_NAMES = constant([
  "sampleRate",
  "adcBits",
  "clipMargin",
  "currentRange",
  "voltageRange",
  "voltageSensor",
  "nominalVoltage",
  "nominalFrequency",
  "currentGain",
  "currentCurve",
  "voltageGain",
  "phase",
  "creep",
  "rated",
  "instantaneous",
  "overVoltage",
  "underVoltage",
  "overTemperature",
  "loadSense",
  "selInverted",
  "weldPower",
  "relayTime",
  "minimumOff",
] as const satisfies readonly (keyof GateOptions)[]);
