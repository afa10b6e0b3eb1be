// The store of an image on trial: it reads what the device keeps, and what it writes stays in
// memory. So whatever a new image would make of the records, the older one finds them as it left
// them.

import type { Store } from "../kernel/ports";

export class HeldStore implements Store {
  /** By key; null: removed. */
  readonly #changes = new Map<string, Uint8Array | null>();

  constructor(private readonly kept: Store) {}

  read(key: string): Uint8Array | undefined {
    const changed = this.#changes.get(key);
    if (changed === undefined) return this.kept.read(key);
    return changed?.slice();
  }

  write(key: string, value: Uint8Array): void {
    this.#changes.set(key, value.slice());
  }

  remove(key: string): void {
    this.#changes.set(key, null);
  }
}
