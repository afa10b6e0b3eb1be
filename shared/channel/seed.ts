// The seed of a socket's payee keys: where it comes from, and when none may be made up.
//
// Whoever holds it can close every channel, so its owner should have it elsewhere too, and gets at
// what a burnt socket was paid. So on mainnet no key comes from a seed before its owner said that
// he has it (shared/owner/socket.ts, docs/keys.md).

import type { Random, Store } from "../kernel/ports";
import { SEED_BYTES } from "./payee-key";
import { MAX_SOCKET_CHANNELS, slotsOf } from "./record";

/**
 * Of the store's entry: the seed, and a byte behind it once its owner has it. One entry, so that no
 * cut parts the two.
 */
const SEED_ENTRY = "channel.seed";
const KEPT = 1;

export interface StoredSeed {
  readonly seed: Uint8Array;
  /** True once its owner said that he has it elsewhere. */
  readonly isKept: boolean;
}

export interface SeedSource {
  readonly store: Store;
  readonly mainnet: boolean;
  /** True where the owner sells by channel now; else a seed counts for channels that were sold. */
  readonly sells: boolean;
  readonly random: Random;
}

/**
 * The seed of the store, or one that is born now and kept; undefined where no payee key may be
 * made. Throws for a wrong one.
 */
export function deviceSeed({ store, mainnet, sells, random }: SeedSource): Uint8Array | undefined {
  const stored = storedSeed(store);
  if (stored) return mainnet && !stored.isKept ? undefined : stored.seed;
  return mainnet || !sells ? undefined : bornSeed(store, random);
}

/** What the store has; undefined where nothing. Throws for what is no seed. */
export function storedSeed(store: Store): StoredSeed | undefined {
  const bytes = store.read(SEED_ENTRY);
  if (!bytes) return undefined;
  const isKept = bytes.length === SEED_BYTES + 1 && bytes[SEED_BYTES] === KEPT;
  // Nothing of the seed goes into the message.
  if (!isKept && bytes.length !== SEED_BYTES)
    throw new Error(`the stored seed of channels has ${bytes.length} bytes, expected ${SEED_BYTES}; import it again`);
  return { seed: bytes.slice(0, SEED_BYTES), isKept };
}

/** One that nobody else has. */
export function bornSeed(store: Store, random: Random): Uint8Array {
  const born = random.bytes(SEED_BYTES);
  store.write(SEED_ENTRY, born);
  return born;
}

/** From now on it makes keys on mainnet too: its owner has it elsewhere. */
export function keepSeed(store: Store, seed: Uint8Array): void {
  const bytes = new Uint8Array(SEED_BYTES + 1);
  bytes.set(seed);
  bytes[SEED_BYTES] = KEPT;
  store.write(SEED_ENTRY, bytes);
}

/** True while a channel's entry is there: its keys come from the seed. */
export function holdsChannels(store: Store): boolean {
  for (let slot = 0; slot < MAX_SOCKET_CHANNELS; slot++)
    if (slotsOf(slot).some((key) => store.read(key) !== undefined)) return true;
  return false;
}
