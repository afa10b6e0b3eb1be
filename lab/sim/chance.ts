// Everything random in the simulator comes from the run's seed: SHA-256 of seed, purpose and a
// counter. Two purposes never disturb each other, so one more draw here changes nothing there.

import { createHash } from "node:crypto";

export class Chance {
  #drawn = 0;

  constructor(
    readonly seed: number,
    readonly purpose: string,
  ) {}

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      const block = createHash("sha256")
        .update(`plugpay simulator ${this.seed} ${this.purpose} ${this.#drawn++}`)
        .digest();
      bytes.set(block.subarray(0, length - at), at);
    }
    return bytes;
  }

  /** At least 0, less than 1. */
  fraction(): number {
    const view = new DataView(this.bytes(8).buffer);
    return view.getUint32(0) / 2 ** 32;
  }

  /** Exponentially distributed: how long until the next block, say. */
  interval(mean: number): number {
    return -Math.log(1 - this.fraction()) * mean;
  }
}
