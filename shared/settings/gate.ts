// Options of the power gate, as an owner writes them: what the board is made of, and what
// calibration found.
//
// The C core (firmware/native/power-gate.h, table POWER_GATE_OPTIONS) has the same names, ranges
// and defaults, and checks them on the device; a test compares both. In the order of the C core's
// table; `sensor`, which the core does not know, is last.

import { constant } from "../kernel/constant";
import { conflicts, defaults, problems, stated } from "./check";
import type { Table } from "./entry";

const RANGES = "from the target's ADC and the parts of [hardware.md](hardware.md)";

export const GATE_TABLE = constant({
  entries: [
    {
      name: "sampleRate",
      meaning: "Samples on each channel.",
      kind: "whole",
      unit: "a second",
      least: 1_000,
      most: 20_000,
      usual: 4_000,
    },
    {
      name: "adcBits",
      meaning: "Width of a sample.",
      kind: "whole",
      unit: "bits",
      least: 10,
      most: 16,
      follows: "15 on a chip, whose samples are sums of eight conversions",
    },
    {
      name: "clipMargin",
      meaning: "A code this close to the end of the scale counts as clipped.",
      kind: "whole",
      unit: "steps of the ADC",
      least: 0,
      most: 1_000,
      follows: "32 on a chip",
    },
    {
      name: "currentRange",
      meaning: "Peak current at the end of the ADC's scale.",
      kind: "whole",
      unit: "mA",
      least: 100,
      most: 500_000,
      follows: RANGES,
    },
    {
      name: "voltageRange",
      meaning: "Peak voltage at the end of the ADC's scale.",
      kind: "whole",
      unit: "mV",
      least: 10_000,
      most: 2_000_000,
      follows: RANGES,
    },
    {
      name: "voltageSensor",
      meaning: "0 without a voltage sensor: then energy is nominal voltage times current.",
      kind: "zero-one",
      usual: 1,
    },
    {
      name: "nominalVoltage",
      meaning: "Voltage of the mains.",
      kind: "whole",
      unit: "mV",
      least: 50_000,
      most: 300_000,
      usual: 230_000,
    },
    {
      name: "nominalFrequency",
      meaning: "Frequency of the mains.",
      kind: "whole",
      unit: "mHz",
      least: 45_000,
      most: 65_000,
      usual: 50_000,
    },
    {
      name: "currentGain",
      meaning: "Calibration: real over nominal; negative for a current sensor the wrong way round.",
      kind: "whole",
      unit: "millionths",
      least: -2_000_000,
      most: 2_000_000,
      apart: 500_000,
      usual: 1_000_000,
    },
    {
      name: "currentCurve",
      meaning: "Calibration: cubic term of the current, at full scale.",
      kind: "whole",
      unit: "millionths of full scale",
      least: -50_000,
      most: 50_000,
      usual: 0,
    },
    {
      name: "voltageGain",
      meaning: "Calibration: real over nominal.",
      kind: "whole",
      unit: "millionths",
      least: 500_000,
      most: 2_000_000,
      usual: 1_000_000,
    },
    {
      name: "phase",
      meaning: "Calibration: time by which the current channel is later than the voltage channel; one sample at most.",
      kind: "whole",
      unit: "ns",
      least: -1_000_000,
      most: 1_000_000,
      usual: 0,
    },
    {
      name: "creep",
      meaning: "Power under which no energy is counted; with an HLW8012 at least 3.1 W, three pulses in ten seconds.",
      kind: "whole",
      unit: "mW",
      least: 0,
      most: 20_000,
      usual: 1_000,
    },
    {
      name: "rated",
      meaning: "Largest continuous RMS current of the hardware.",
      kind: "whole",
      unit: "mA",
      least: 50,
      most: 100_000,
      usual: 16_000,
    },
    {
      name: "instantaneous",
      meaning: "A peak current above this for four samples is a short circuit.",
      kind: "whole",
      unit: "mA",
      least: 100,
      most: 500_000,
      usual: 34_000,
    },
    {
      name: "overVoltage",
      meaning: "Largest RMS voltage at which power is given; 0: any.",
      kind: "whole",
      unit: "mV",
      least: 0,
      most: 400_000,
      usual: 265_000,
    },
    {
      name: "underVoltage",
      meaning: "Least RMS voltage at which power is given; 0: any.",
      kind: "whole",
      unit: "mV",
      least: 0,
      most: 300_000,
      usual: 180_000,
    },
    {
      name: "overTemperature",
      meaning: "Temperature at which the relay opens; 0 without a thermostat.",
      kind: "whole",
      unit: "thousandths of a degree Celsius",
      least: 0,
      most: 150_000,
      follows: "85000 on a board with a thermostat, else 0",
    },
    {
      name: "loadSense",
      meaning: "1 where an optocoupler reports voltage behind the relay.",
      kind: "zero-one",
      follows: "1 on a board with that pin, else 0",
    },
    {
      name: "selInverted",
      meaning: "1 on a board whose controller drives the SEL pin of a BL0937 or HLW8012 through a transistor.",
      kind: "zero-one",
      usual: 0,
    },
    {
      name: "weldPower",
      meaning: "Real power while the relay is open that means a welded relay.",
      kind: "whole",
      unit: "mW",
      least: 500,
      most: 1_000_000,
      usual: 5_000,
    },
    {
      name: "relayTime",
      meaning: "Time that the relay may take to close or open.",
      kind: "whole",
      unit: "ms",
      least: 5,
      most: 1_000,
      usual: 100,
    },
    {
      name: "minimumOff",
      meaning: "Least time that the relay stays open.",
      kind: "whole",
      unit: "ms",
      least: 0,
      most: 60_000,
      usual: 250,
    },
    {
      name: "sensor",
      meaning: "The board's sensor: the chip's own ADC, or a metering chip.",
      kind: "one-of",
      words: ["adc", "bl0937", "hlw8012", "cse7766"],
      usual: "adc",
    },
  ],
  rules: [
    { setting: "instantaneous", atMost: "currentRange" },
    { setting: "rated", atMost: "currentRange" },
    { setting: "overVoltage", atMost: "voltageRange", zeroIsOff: true },
    { setting: "overVoltage", above: "underVoltage", zeroIsOff: true },
  ],
} as const satisfies Table);

/**
 * All that is wrong with the options of a gate; `board` has the defaults that follow from it. The
 * core checks the same on the device, and says only the first.
 */
export function gateProblems(given: unknown, where: string, board: object = {}): readonly string[] {
  const found = problems(GATE_TABLE, given, where);
  if (found.length > 0) return found;
  const all: Readonly<Record<string, unknown>> = { ...defaults(GATE_TABLE), ...board, ...stated(given as object) };
  const sample = Math.floor(1e9 / Number(all.sampleRate));
  if (Math.abs(Number(all.phase)) > sample)
    found.push(`${where}.phase: expected at most one sample (${sample} ns), came ${all.phase}`);
  return found.concat(conflicts(GATE_TABLE, all, where));
}
