// The cable's one key. Its public key costs as much to derive as a third of a signature, so that is
// done once, and not before it is needed: a cable's first question to the socket does not wait for
// it.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Ecdsa } from "../kernel/ports";
import type { Hex } from "../kernel/units";
import { encodeUtf8 } from "../kernel/utf8";
import { scriptOfKey } from "./address";

export interface Wallet {
  /** Compressed, 33 bytes. */
  readonly publicKey: Uint8Array;
  /** Its P2WPKH script. */
  readonly script: Hex;
  /**
   * 16 bytes that show `payee`, without a signature, whose credit it is (docs/protocol.md, "Credit
   * of a cable that left").
   */
  ticket(payee: Hex): Hex;
  /** The one ticket that cables showed to all sockets before each payee had one. */
  readonly oneTicket: Hex;
  /** Strict DER with a low S over a 32-byte digest, without the sighash byte. */
  sign(digest: Uint8Array): Uint8Array;
}

/**
 * Opens the wallet of a 32-byte secret key, which then stays inside. A secret that is none throws
 * when it is first used.
 */
export function openWallet(secret: Uint8Array, ecdsa: Ecdsa): Wallet {
  return new OneKey(secret, ecdsa);
}

class OneKey implements Wallet {
  readonly #secret: Uint8Array;
  readonly #ecdsa: Ecdsa;
  #publicKey: Uint8Array | undefined;
  #script: Hex | undefined;
  #last: { readonly payee: Hex; readonly ticket: Hex } | undefined;

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

  ticket(payee: Hex): Hex {
    // A dealing is with one payee, and a payment should not wait for the same four hashes again.
    if (this.#last?.payee !== payee) this.#last = { payee, ticket: this.derived(`plugpay ticket ${payee}`) };
    return this.#last.ticket;
  }

  get oneTicket(): Hex {
    return this.derived("plugpay ticket");
  }

  private derived(text: string): Hex {
    return bytesToHex(hmac(sha256, this.#secret, encodeUtf8(text))).slice(0, 32);
  }

  sign(digest: Uint8Array): Uint8Array {
    return this.#ecdsa.sign(digest, this.#secret);
  }
}
