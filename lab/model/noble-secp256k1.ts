// The Ecdsa port over @noble/secp256k1 as it comes: what tests hold shared/curve against, and what
// the benchmark compares it with.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { getPublicKey, hashes, sign, verify } from "@noble/secp256k1";
import { decodeDer, encodeDer } from "../../shared/bitcoin/der";
import type { Ecdsa } from "../../shared/kernel/ports";

// The library is free of dependencies and asks for its hashes; this is its documented way to get
// them.
hashes.sha256 = sha256;
hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);

const DIGEST_GIVEN = { prehash: false, lowS: true };

/** r and s, 32 bytes each. */
export function nobleSign(digest: Uint8Array, secret: Uint8Array): Uint8Array {
  return sign(digest, secret, DIGEST_GIVEN);
}

export function nobleVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
  return verify(signature, digest, publicKey, DIGEST_GIVEN);
}

export const ecdsa: Ecdsa = {
  publicKey: (secret) => getPublicKey(secret, true),
  sign: (digest, secret) => encodeDer(nobleSign(digest, secret)),
  verify(der, digest, publicKey) {
    const compact = decodeDer(der);
    return compact !== undefined && publicKey.length === 33 && nobleVerify(compact, digest, publicKey);
  },
};
