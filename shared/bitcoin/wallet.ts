// The cable's one key, opened once: a public key costs as much as a signature, so it is derived at the start only.

import type { Ecdsa } from "../ports";
import type { Hex } from "../units";
import { scriptOfKey } from "./address";

export interface Wallet {
  /** Compressed, 33 bytes. */
  readonly publicKey: Uint8Array;
  /** Its P2WPKH script. */
  readonly script: Hex;
  /** Strict DER with a low S over a 32-byte digest, without the sighash byte. */
  sign(digest: Uint8Array): Uint8Array;
}

/** Opens the wallet of a 32-byte secret key, which then stays inside. */
export function openWallet(secret: Uint8Array, ecdsa: Ecdsa): Wallet {
  const publicKey = ecdsa.publicKey(secret);
  return { publicKey, script: scriptOfKey(publicKey), sign: (digest) => ecdsa.sign(digest, secret) };
}
