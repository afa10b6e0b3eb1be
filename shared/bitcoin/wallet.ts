// The cable's one key. Its public key costs as much to derive as a third of a signature, so that is done once, and not
// before it is needed: a cable's first question to the socket does not wait for it.

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

/** Opens the wallet of a 32-byte secret key, which then stays inside. A secret that is none throws when it is first used. */
export function openWallet(secret: Uint8Array, ecdsa: Ecdsa): Wallet {
  return new OneKey(secret, ecdsa);
}

class OneKey implements Wallet {
  readonly #secret: Uint8Array;
  readonly #ecdsa: Ecdsa;
  #publicKey: Uint8Array | undefined;
  #script: Hex | undefined;

  constructor(secret: Uint8Array, ecdsa: Ecdsa) {
    this.#secret = secret;
    this.#ecdsa = ecdsa;
  }

  get publicKey(): Uint8Array {
    this.#publicKey ??= this.#ecdsa.publicKey(this.#secret);
    return this.#publicKey;
  }

  get script(): Hex {
    this.#script ??= scriptOfKey(this.publicKey);
    return this.#script;
  }

  sign(digest: Uint8Array): Uint8Array {
    return this.#ecdsa.sign(digest, this.#secret);
  }
}
