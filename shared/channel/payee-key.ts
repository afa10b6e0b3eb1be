// The payee's keys: one a channel, all from one seed of the device, so that an owner who holds the
// seed has them all.
//
// HMAC-SHA-256 of "plugpay channel <index>" under the seed, 32 bytes: no BIP32, whose SHA-512 is
// dear on a microcontroller. An index is used once: its channel's entry is in the store before the
// key is shown to a cable.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "../bitcoin/bytes";
import { openWallet, type Wallet } from "../bitcoin/wallet";
import type { Ecdsa } from "../kernel/ports";
import type { Hex } from "../kernel/units";
import { encodeUtf8 } from "../kernel/utf8";

export const SEED_BYTES = 32;
export const MAX_INDEX = 0x7fffffff;

/**
 * The secret key of channel `index`. That it is 0 or beyond the curve's order has a probability of
 * 2^-127.
 */
export function payeeSecret(seed: Uint8Array, index: number): Uint8Array {
  if (seed.length !== SEED_BYTES) throw new RangeError(`expected a seed of ${SEED_BYTES} bytes, got ${seed.length}`);
  if (!Number.isInteger(index) || index < 0 || index > MAX_INDEX)
    throw new RangeError(`expected an index of 0 to ${MAX_INDEX}, got ${index}`);
  return hmac(sha256, seed, encodeUtf8(`plugpay channel ${index}`));
}

/** The wallet of channel `index`: signs closings, and fee coins that were paid to it. */
export function payeeWallet(seed: Uint8Array, index: number, ecdsa: Ecdsa): Wallet {
  return openWallet(payeeSecret(seed, index), ecdsa);
}

/**
 * The index of a payee key under `from` to `to`, its end not counted: for an owner who has the seed
 * and a funding's memo.
 */
export function indexOfPayeeKey(seed: Uint8Array, key: Hex, ecdsa: Ecdsa, from = 0, to = 1_000): number | undefined {
  for (let index = from; index < to; index++)
    if (bytesToHex(ecdsa.publicKey(payeeSecret(seed, index))) === key) return index;
  return undefined;
}
