// The cable's one key. Its public key costs as much to derive as a third of a signature, so that is done once, and not
// before it is needed: a cable's first question to the socket does not wait for it.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Ecdsa } from "../ports";
import { encodeUtf8 } from "../rpc/utf8";
import type { Hex } from "../units";
import { scriptOfKey } from "./address";

export interface Wallet {
  /** Compressed, 33 bytes. */
  readonly publicKey: Uint8Array;
  /** Its P2WPKH script. */
  readonly script: Hex;
  /** 16 bytes that show, without a signature, whose credit it is (docs/protocol.md, "Credit of a cable that left"). */
  readonly ticket: Hex;
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
  #ticket: Hex | undefined;

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

  get ticket(): Hex {
    this.#ticket ??= bytesToHex(hmac(sha256, this.#secret, encodeUtf8("plugpay ticket"))).slice(0, 32);
    return this.#ticket;
  }

  sign(digest: Uint8Array): Uint8Array {
    return this.#ecdsa.sign(digest, this.#secret);
  }
}
