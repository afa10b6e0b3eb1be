// Tells how regularly the gate's sensor spoke, after a trip and at a session's end: whether
// something held the gate up, as a signature that JavaScript verifies must not, can be read off it.

import type { DeviceEvent, Ecdsa, Reporter } from "../../shared/kernel/ports";

/** As in firmware/native/power-gate.ts; the simulator's gate has neither. */
export interface Regular {
  cadence?(): Readonly<Record<string, number | string>>;
  watch?(on: boolean): void;
}

/** Lets the gate know when JavaScript computes a signature, which takes a sixth of a second. */
export function watched(ecdsa: Ecdsa, gate: Regular): Ecdsa {
  return {
    publicKey: (secret) => ecdsa.publicKey(secret),
    sign: (digest, secret) => during(gate, () => ecdsa.sign(digest, secret)),
    verify: (der, digest, key) => during(gate, () => ecdsa.verify(der, digest, key)),
  };
}

function during<T>(gate: Regular, compute: () => T): T {
  gate.watch?.(true);
  try {
    return compute();
  } finally {
    gate.watch?.(false);
  }
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
