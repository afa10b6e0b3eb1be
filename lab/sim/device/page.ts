// Stands in for "plugpay/page" (on a device a resource in flash): the simulator's host has the
// page.

import { call } from "./host";

export function length(): number {
  return call("page.length").value as number;
}

export function read(from: number, to: number): Uint8Array {
  return new Uint8Array(call("page.read", { from, to }).bytes);
}
