// The Store port over ECMA-419 key-value storage: on ESP32 NVS, where each write commits and is
// atomic, keys have at most 15 characters and a blob at most half a partition.

import storage from "embedded:storage/key-value";
import type { Store } from "../../shared/kernel/ports";
import { HeldStore } from "../../shared/update/held-store";

export class DeviceStore implements Store {
  readonly #storage;

  /** `path` is NVS's namespace, at most 15 characters. */
  constructor(path: string) {
    this.#storage = storage.open({ path, format: "buffer" });
  }

  read(key: string): Uint8Array | undefined {
    const value = this.#storage.read(key);
    return value && new Uint8Array(value);
  }

  write(key: string, value: Uint8Array): void {
    // NVS takes whole buffers: a view of a larger one is copied.
    const whole = value.byteLength === value.buffer.byteLength ? value : value.slice();
    this.#storage.write(key, whole.buffer as ArrayBuffer);
  }

  remove(key: string): void {
    this.#storage.delete(key);
  }
}

/** The stores of this run: an image on trial has what it writes in memory only. */
export class Stores {
  readonly #held = new Map<string, HeldStore>();

  constructor(private readonly isHeld: boolean) {}

  open(path: string): Store {
    if (!this.isHeld) return new DeviceStore(path);
    const held = this.#held.get(path) ?? new HeldStore(new DeviceStore(path));
    this.#held.set(path, held);
    return held;
  }
}
