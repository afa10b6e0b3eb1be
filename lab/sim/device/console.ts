// Stands in for the native console of firmware/native: the live view takes what a device traces,
// and a pseudo-terminal all of it (lab/sim/pty.ts); what somebody types there comes in.

import { bytesOf, call, receive } from "./host";

declare function trace(text: string): void;

export function print(text: string): void {
  trace(text);
}

export function write(bytes: Uint8Array): void {
  call("console.write", {}, bytesOf(bytes));
}

export function listen(take: (bytes: ArrayBuffer) => void): void {
  const { handle } = call("console.listen").value as { handle: number };
  receive(handle, (_, bytes) => take(bytes));
}

/** Nobody counts what a simulated device has left. */
export function memory(_which: number): number {
  return 0;
}
