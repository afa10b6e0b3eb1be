// The seed of a socket's payee keys: where it comes from, and when none may be made up.
//
// Whoever holds it can close every channel, so its owner should have it elsewhere too, and gets at what a burnt socket was
// paid. On mainnet he supplies it (docs/keys.md); on a test network one is born on the device.

import type { Random, Store } from "../kernel/ports";
import { SEED_BYTES } from "./payee-key";

/** Of the store's entry. */
const SEED_ENTRY = "channel.seed";

export interface SeedSource {
  readonly store: Store;
  readonly mainnet: boolean;
  /** True where the owner sells by channel now; else a seed counts for channels that were sold. */
  readonly sells: boolean;
  readonly random: Random;
}

/** The seed of the store, or one that is born now and kept; undefined where no payee key may be made. Throws for a wrong one. */
export function deviceSeed({ store, mainnet, sells, random }: SeedSource): Uint8Array | undefined {
  const kept = store.read(SEED_ENTRY);
  if (kept) {
    // Nothing of the seed goes into the message.
    if (kept.length !== SEED_BYTES)
      throw new Error(`the stored seed of channels has ${kept.length} bytes, expected ${SEED_BYTES}; supply it again`);
    return kept;
  }
  if (mainnet || !sells) return undefined;
  const born = random.bytes(SEED_BYTES);
  store.write(SEED_ENTRY, born);
  return born;
}
