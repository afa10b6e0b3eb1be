// Stands in for the native entropy source of firmware/native: here the scenario's seed, so that a
// run can be repeated.

import { call } from "./host";

/** Nothing that would be lost when a radio starts. */
export function drawSeed(): void {}

export default function entropy(length: number): ArrayBuffer {
  return call("entropy", { length }).bytes;
}
