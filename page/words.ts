// What states are called, and how they look.

import { formatDuration, formatEnergy, formatSatoshi } from "../shared/kernel/units";
import type { SessionLine, Status } from "./shapes";

export type Tone = "good" | "quiet" | "warn" | "bad";

/** The state in a word, and its colour. */
export function stateOf({ device, state, trip, meter }: Status): { readonly word: string; readonly tone: Tone } {
  if (state === "not-started") return { word: "Not started", tone: "bad" };
  if (trip) return { word: `Tripped: ${trip.replace(/-/g, " ")}`, tone: "bad" };
  switch (state) {
    case "paid":
      return { word: "Paid", tone: "good" };
    case "powered":
      return { word: meter?.relayClosed === false ? "Paid, relay open" : "Powered", tone: "good" };
    case "standby":
      return { word: "Standby", tone: "quiet" };
    case "connecting":
      return { word: "Connecting", tone: "quiet" };
    case "negotiating":
      return { word: "Negotiating", tone: "quiet" };
    case "lockout":
      return { word: "Locked out", tone: "warn" };
    case "stopped":
      return { word: "Stopped", tone: "warn" };
    default:
      return { word: `${device} ${state}`, tone: "quiet" };
  }
}

/** What flows, as a number and its unit: from ten kilowatts on in kilowatts. */
export function powerOf(watts: number): readonly [number: string, unit: string] {
  if (Math.abs(watts) >= 10_000) return [(watts / 1000).toFixed(2), "kW"];
  return [watts.toFixed(Math.abs(watts) < 10 ? 1 : 0), "W"];
}

/** A session's name that a person can compare. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

export function endOf({ why, energyMwh }: SessionLine): string {
  return why ?? (energyMwh === null ? "unknown" : "goes on");
}

export { formatDuration, formatEnergy, formatSatoshi };
