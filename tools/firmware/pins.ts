// What a board's pins are for, from manifests/pins.json: which signals it uses follows from its
// configuration.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TargetName, UsageError } from "./targets";

const FILE = join(import.meta.dirname, "../../manifests/pins.json");

interface Pins {
  readonly pins: Readonly<Record<string, number>>;
  readonly console: { readonly receive: number; readonly transmit: number };
}

/** What each kind of sensor is connected by. */
const SENSORS: Readonly<Record<string, readonly string[]>> = {
  adc: ["current", "voltage"],
  bl0937: ["meterCf", "meterCf1", "meterSel"],
  hlw8012: ["meterCf", "meterCf1", "meterSel"],
  cse7766: ["meterRx"],
};
const ALWAYS = ["relay", "loadSense", "thermostat"];

export function pinsOf(target: TargetName): Pins {
  return JSON.parse(readFileSync(FILE, "utf8")).targets[target] as Pins;
}

/** The signals of the power gate that a board with this sensor uses. */
export function gateSignals(sensor: string): readonly string[] {
  return [...ALWAYS, ...(SENSORS[sensor] ?? [])];
}

interface Given {
  readonly light?: unknown;
  readonly display?: unknown;
  readonly gate?: unknown;
}

/**
 * The light as the image has it; nothing where the board has none. Throws a UsageError where its
 * pin is another's.
 */
export function boardLight(target: TargetName, given: Given): { light?: { pin: number; litByLow: boolean } } {
  if (given.light === undefined) return {};
  const pin = freePin(target, "light", given);
  return { light: { pin, litByLow: given.light === "active-low" } };
}

/** Likewise the display. */
export function boardDisplay(target: TargetName, given: Given): { display?: { data: number; clock: number } } {
  if (given.display === undefined) return {};
  const data = freePin(target, "displayData", given);
  return { display: { data, clock: freePin(target, "displayClock", given) } };
}

function freePin(target: TargetName, signal: string, { gate }: Given): number {
  const { sensor = "adc" } = (gate ?? {}) as { readonly sensor?: string };
  const { pins } = pinsOf(target);
  const pin = pins[signal] as number;
  const other = gateSignals(sensor).find((each) => pins[each] === pin);
  if (other === undefined) return pin;
  throw new UsageError(
    `configuration.${signal.replace(/[A-Z].*/, "")}: expected nothing, as on an ${target} its pin ${pin} is ${other} of the sensor ${sensor}`,
  );
}
