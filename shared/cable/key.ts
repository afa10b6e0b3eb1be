// The cable's one secret key: where it comes from, and when none may be made up.
//
// A key that its owner supplied lies in the store, written there once over the serial port
// (tools/firmware/provision.ts); the owner has it elsewhere too and can sweep its coins. A key that
// is born on the device exists nowhere else: when the board is lost, so are its coins. So it is
// born for test networks only.

import type { Network } from "../bitcoin/address";
import type { Random, Store } from "../kernel/ports";

/** Of the store's entry; the provisioning tool writes the same. */
export const KEY_ENTRY = "key";

const KEY_BYTES = 32;

/** n - 1 of secp256k1, the largest secret (SEC 2, section 2.4.1). */
const LARGEST = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140";

export interface KeySource {
  readonly store: Store;
  readonly network: Network;
  /** The device's own generator; asked for only where a key is born. */
  readonly random: () => Random;
}

/**
 * The key of the store, or on a test network one that is born now and kept. Throws where there is
 * none to be had.
 */
export function deviceKey({ store, network, random }: KeySource): Uint8Array {
  const kept = store.read(KEY_ENTRY);
  if (kept) return checked(kept);
  if (network === "mainnet") {
    throw new Error("there is no key: on mainnet the owner supplies one (docs/keys.md), a device makes none up");
  }
  const born = birth(random());
  store.write(KEY_ENTRY, born);
  return born;
}

/** True for 32 bytes from 1 to n - 1. */
export function isSecret(bytes: Uint8Array): boolean {
  if (bytes.length !== KEY_BYTES) return false;
  let hex = "";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return hex <= LARGEST && bytes.some((byte) => byte !== 0);
}

function checked(key: Uint8Array): Uint8Array {
  // Nothing of the key goes into the message.
  if (!isSecret(key))
    throw new Error(`the stored key is no secret key of secp256k1 (${key.length} bytes); supply it again`);
  return key;
}

/** One draw in 2^128 is no key; then the next is taken. */
function birth(random: Random): Uint8Array {
  for (;;) {
    const key = random.bytes(KEY_BYTES);
    if (isSecret(key)) return key;
  }
}
