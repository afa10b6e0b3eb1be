// What holds now, a value an entity (entities.ts). What is not measured or not known is null, never
// 0: Home Assistant shows it as unknown.

import type { Device } from "../settings/owner";
import { NO_TRIP } from "./entities";

/**
 * What this reads of the method status (shared/owner/status.ts); a device that did not start has
 * less.
 */
interface Status {
  readonly state: string;
  readonly reason: string;
  readonly trip?: string | null;
  readonly stop?: string | null;
  readonly creditMwh?: number;
  readonly priceSatPerKwh?: number | null;
  readonly stuck?: readonly unknown[];
  readonly meter?: {
    readonly powerW: number;
    readonly voltageV: number | null;
    readonly currentA: number;
    readonly powerFactor: number;
    readonly frequencyHz: number | null;
    readonly relayClosed: boolean;
  };
  readonly energy?: { readonly totalMwh: number };
  readonly exposureSat?: number;
  readonly earned?: { readonly confirmedSat: number; readonly unconfirmedSat: number };
  readonly debts?: { readonly sat: number };
  readonly spent?: { readonly todaySat: number; readonly totalSat: number };
  readonly claims?: { readonly sat: number };
}

export type Value = string | number | null;

/** Home Assistant takes no longer state. */
const MOST_TEXT = 255;

export function stateOf(device: Device, given: object): Readonly<Record<string, Value>> {
  const status = given as Status;
  const { meter, energy, trip, reason, state, creditMwh, priceSatPerKwh, stuck = [] } = status;
  return {
    state,
    reason: reason.slice(0, MOST_TEXT),
    power: rounded(meter?.powerW, 10),
    voltage: rounded(meter?.voltageV, 10),
    current: rounded(meter?.currentA, 100),
    powerFactor: rounded(meter?.powerFactor, 100),
    frequency: rounded(meter?.frequencyHz, 100),
    energy: rounded(wattHours(energy?.totalMwh), 10),
    credit: rounded(wattHours(creditMwh), 10),
    price: priceSatPerKwh ?? null,
    relay: meter ? onOff(meter.relayClosed) : null,
    trip: meter ? (trip ?? NO_TRIP) : null,
    problem: onOff(!meter || typeof trip === "string" || typeof status.stop === "string" || stuck.length > 0),
    ...(device === "socket" ? ofSocket(status) : ofCable(status)),
  };
}

function ofSocket({ earned, exposureSat, debts }: Status): Readonly<Record<string, Value>> {
  return {
    earned: earned?.confirmedSat ?? null,
    unconfirmed: earned?.unconfirmedSat ?? null,
    exposure: exposureSat ?? null,
    debts: debts?.sat ?? null,
  };
}

function ofCable({ spent, claims }: Status): Readonly<Record<string, Value>> {
  return { spent: spent?.totalSat ?? null, today: spent?.todaySat ?? null, claims: claims?.sat ?? null };
}

function onOff(isOn: boolean): string {
  return isOn ? "ON" : "OFF";
}

function wattHours(milliwattHours: number | undefined): number | undefined {
  return milliwattHours === undefined ? undefined : milliwattHours / 1000;
}

/** To a `parts`th. */
function rounded(value: number | null | undefined, parts: number): number | null {
  return value === null || value === undefined ? null : Math.round(value * parts) / parts;
}
