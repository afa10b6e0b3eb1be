// Options of the native power gate: one name, one unit, one meaning in the C core, on the device
// and in the simulator. What each means, its range and its default: shared/settings/gate.ts. All
// values are integers.

import { constant } from "../kernel/constant";
import { GATE_TABLE } from "../settings/gate";
import type { SettingsOf } from "../settings/types";

/** What the C core knows; the sensor is chosen before it. */
export type GateOptions = Partial<Omit<SettingsOf<typeof GATE_TABLE>, "sensor">>;
/** The board's sensor: the chip's own ADC, or a metering chip. */
export type GateSensor = SettingsOf<typeof GATE_TABLE>["sensor"];

/** The options that calibration sets; the rest describes the board. */
export type GateCalibration = Pick<GateOptions, "currentGain" | "currentCurve" | "voltageGain" | "phase">;

/** Every option of the C core once, in the order of its table. */
export const GATE_OPTION_NAMES = constant(
  GATE_TABLE.entries.map(({ name }) => name).filter((name) => name !== "sensor"),
);
