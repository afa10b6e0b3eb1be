// Stands in for the native entropy source of firmware/native: here the scenario's seed, so that a run can be repeated.

import { call } from "./host";

export default function entropy(length: number): ArrayBuffer {
  return call("entropy", { length }).bytes;
}
