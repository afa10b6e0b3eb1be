// The Ecdsa port over @noble/secp256k1: the only file that names a curve library, so that an image can bring another.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { getPublicKey, hashes, Point, sign, verify } from "@noble/secp256k1";
import type { Ecdsa } from "../kernel/ports";
import type { Hex } from "../kernel/units";
import { decodeDer, encodeDer } from "./der";

// The library is free of dependencies and asks for its hashes; this is its documented way to get them.
hashes.sha256 = sha256;
hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);

/** RFC 6979 without extra entropy: the same digest gives the same bytes, so a repeated answer repeats them. */
const DIGEST_GIVEN = Object.freeze({ prehash: false, lowS: true });

export const ecdsa: Ecdsa = Object.freeze({
  publicKey: (secret: Uint8Array) => getPublicKey(secret, true),
  sign: (digest: Uint8Array, secret: Uint8Array) => encodeDer(sign(digest, secret, DIGEST_GIVEN)),
  verify(der: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
    const compact = decodeDer(der);
    if (!compact || publicKey.length !== 33 || digest.length !== 32) return false;
    return verify(compact, digest, publicKey, DIGEST_GIVEN);
  },
});

/** True when a point of the curve has this x, 32 bytes. */
export function isPointX(x: Hex): boolean {
  try {
    Point.fromHex(`02${x}`);
    return true;
  } catch {
    return false;
  }
}
