// What a device has for Home Assistant, an entity a row. Units, device and state classes are those
// that its sensors allow together (home-assistant.io, "Available device classes"); satoshi are no
// currency of ISO 4217, so sums have no device class. Nothing here takes a command.

import { constant } from "../kernel/constant";
import type { TripCause } from "../kernel/ports";
import type { Device } from "../settings/owner";

export interface Entity {
  /** Its name in the state, and the end of its unique id. */
  readonly key: string;
  readonly name: string;
  readonly platform: "sensor" | "binary_sensor";
  readonly deviceClass?: string;
  readonly unit?: string;
  readonly stateClass?: "measurement" | "total" | "total_increasing";
  /** Digits after the point. */
  readonly precision?: number;
  /** Of an enum: all that it may be. */
  readonly options?: readonly string[];
  readonly isDiagnostic?: true;
}

export const NO_TRIP = "none";

const TRIPS = constant([
  NO_TRIP,
  "over-current",
  "short-circuit",
  "over-voltage",
  "under-voltage",
  "over-temperature",
  "sensor-fault",
  "samples-lost",
  "relay-welded",
  "relay-stuck-open",
] as const satisfies readonly (TripCause | typeof NO_TRIP)[]);

const COMMON: readonly Entity[] = constant([
  { ...sensor("power", "Power"), deviceClass: "power", unit: "W", stateClass: "measurement", precision: 1 },
  { ...sensor("voltage", "Voltage"), deviceClass: "voltage", unit: "V", stateClass: "measurement", precision: 1 },
  { ...sensor("current", "Current"), deviceClass: "current", unit: "A", stateClass: "measurement", precision: 2 },
  { ...sensor("powerFactor", "Power factor"), deviceClass: "power_factor", stateClass: "measurement", precision: 2 },
  {
    ...sensor("frequency", "Frequency"),
    deviceClass: "frequency",
    unit: "Hz",
    stateClass: "measurement",
    precision: 2,
  },
  { ...sensor("energy", "Energy"), deviceClass: "energy", unit: "Wh", stateClass: "total_increasing", precision: 1 },
  { ...sensor("credit", "Credit"), unit: "Wh", stateClass: "measurement", precision: 1 },
  { ...sensor("price", "Price"), unit: "sat/kWh", stateClass: "measurement" },
  { key: "relay", name: "Relay", platform: "binary_sensor", deviceClass: "power" },
  { key: "problem", name: "Problem", platform: "binary_sensor", deviceClass: "problem", isDiagnostic: true },
  { ...sensor("trip", "Trip"), deviceClass: "enum", options: TRIPS, isDiagnostic: true },
  { ...sensor("reason", "Reason"), isDiagnostic: true },
] as const);

const OWN: Readonly<Record<Device, readonly Entity[]>> = constant({
  socket: [
    { ...sensor("state", "State"), deviceClass: "enum", options: ["standby", "paid", "lockout", "not-started"] },
    // Falls where a block is undone, so it is a total that may.
    { ...sensor("earned", "Earned"), unit: "sat", stateClass: "total" },
    { ...sensor("unconfirmed", "Earned, not in a block"), unit: "sat", stateClass: "measurement" },
    { ...sensor("exposure", "Exposure"), unit: "sat", stateClass: "measurement", isDiagnostic: true },
    { ...sensor("debts", "Owed by cables"), unit: "sat", stateClass: "measurement", isDiagnostic: true },
  ],
  cable: [
    {
      ...sensor("state", "State"),
      deviceClass: "enum",
      options: ["connecting", "negotiating", "powered", "stopped", "not-started"],
    },
    { ...sensor("spent", "Spent"), unit: "sat", stateClass: "total_increasing" },
    { ...sensor("today", "Spent today"), unit: "sat", stateClass: "measurement" },
    { ...sensor("claims", "Owed by sockets"), unit: "sat", stateClass: "measurement", isDiagnostic: true },
  ],
} as const);

function sensor(key: string, name: string): Pick<Entity, "key" | "name"> & { readonly platform: "sensor" } {
  return { key, name, platform: "sensor" };
}

export function entitiesOf(device: Device): readonly Entity[] {
  return [...COMMON, ...OWN[device]];
}
