// The socket's identity: a key that says who signed a receipt, and holds no money. It is born on
// the socket when the first receipt is due, and never leaves it.

import { bytesToHex } from "../bitcoin/bytes";
import { isSecret } from "../cable/key";
import type { Ecdsa, Random, Store } from "../kernel/ports";
import type { Hex } from "../kernel/units";

/** Of the store's entry: the secret, and its public key behind it, which takes long to compute. */
const IDENTITY_ENTRY = "identity";
const SECRET_BYTES = 32;
const PUBLIC_BYTES = 33;

export interface IdentityOptions {
  /** The socket's store. */
  readonly store: Store;
  readonly ecdsa: Ecdsa;
  readonly random: () => Random;
}

export interface Identity {
  readonly secret: Uint8Array;
  /** Compressed. */
  readonly publicKey: Hex;
}

/** Undefined where none was born yet. */
export function identityOf(store: Store): Identity | undefined {
  const bytes = store.read(IDENTITY_ENTRY);
  if (!bytes || bytes.length !== SECRET_BYTES + PUBLIC_BYTES) return undefined;
  const secret = bytes.slice(0, SECRET_BYTES);
  return isSecret(secret) ? { secret, publicKey: bytesToHex(bytes.slice(SECRET_BYTES)) } : undefined;
}

export function bornIdentity({ store, ecdsa, random }: IdentityOptions): Identity {
  let secret: Uint8Array;
  do secret = random().bytes(SECRET_BYTES);
  while (!isSecret(secret));
  const publicKey = ecdsa.publicKey(secret);
  const entry = new Uint8Array(SECRET_BYTES + PUBLIC_BYTES);
  entry.set(secret);
  entry.set(publicKey, SECRET_BYTES);
  store.write(IDENTITY_ENTRY, entry);
  return { secret, publicKey: bytesToHex(publicKey) };
}
