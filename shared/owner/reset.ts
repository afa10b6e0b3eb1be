// Back to how the device left the factory: a mark in the store first, then at the next start,
// before anything else is read, all that is to go; the mark goes last. So a cut of power at any
// write leaves a device as it was, or one that goes on forgetting. What is measured of the board
// stays, and so does a key.

import type { Store } from "../kernel/ports";
import type { Device } from "../settings/owner";

const MARK = "reset";
const MOST_PAGES = 32;

/** To be called with a restart right after it. */
export function askReset(owner: Store): void {
  owner.write(MARK, Uint8Array.of(1));
}

/** At the start: goes on with a reset that was asked for. Gives whether there was one. */
export function finishReset(options: {
  readonly owner: Store;
  readonly device: Store;
  readonly kind: Device;
}): boolean {
  const { owner, device, kind } = options;
  if (!owner.read(MARK)) return false;
  for (const name of ["owner", "sum"]) for (const slot of ["a", "b", "bad"]) owner.remove(`${name}.${slot}`);
  for (let page = 0; page < MOST_PAGES; page++) for (const ring of ["e", "s"]) owner.remove(`${ring}${page}`);
  // A cable's record says what its key has signed: it stays as long as the key does, or the same
  // coins would be promised twice.
  if (kind === "socket") for (const slot of ["a", "b", "bad", "c", "d"]) device.remove(`socket.${slot}`);
  owner.remove(MARK);
  return true;
}
