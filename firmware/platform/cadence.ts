// Tells how regularly the gate's sensor spoke, after a trip and at a session's end: whether
// something held the gate up, as a signature that JavaScript verifies must not, can be read off it.

import type { DeviceEvent, Reporter } from "../../shared/kernel/ports";

/** As in firmware/native/power-gate.ts; the simulator's gate has none. */
export interface Regular {
  cadence?(): Readonly<Record<string, number | string>>;
}

export function withCadence(report: Reporter, gate: Regular): Reporter {
  return (event: DeviceEvent) => {
    report(event);
    if (gate.cadence && endsSomething(event.name)) report({ name: "cadence", ...gate.cadence() });
  };
}

/** A socket's sessions end, a cable's payments stop. */
function endsSomething(name: string): boolean {
  return name === "trip" || name === "session-ended" || name === "stopped";
}
