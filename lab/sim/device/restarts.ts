// Stands in for the native "plugpay/restarts" of firmware/native: a simulated board starts when it
// gets power, and what ends its firmware is the simulator's to tell.

import { call } from "./host";

export function watchRestarts(): void {}

export function resetCause(): string {
  return "power-on";
}

export function lastWords(): string | undefined {
  return undefined;
}

export function restartPause(): number {
  return 0;
}

export function chip(): string {
  return "simulated";
}

export function restart(): void {
  call("restart");
}
