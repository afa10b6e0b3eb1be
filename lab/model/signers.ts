// Signatures for tests: the real curve (@noble/curves, where shared/ has a curve of its own), and a
// quick stand-in for runs whose subject is not cryptography. A run that uses the stand-in says so.

import { createHash } from "node:crypto";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { isPointX } from "../../shared/bitcoin/point";
import type { Ecdsa } from "../../shared/kernel/ports";
import type { Verify } from "./transaction";

/** Strict DER, low-S, deterministic. */
export const realEcdsa: Ecdsa = {
  publicKey: (secret) => secp256k1.getPublicKey(secret, true),
  sign: (digest, secret) => secp256k1.sign(digest, secret, { prehash: false, lowS: true, format: "der" }),
  verify: (der, digest, publicKey) => {
    try {
      return secp256k1.verify(der, digest, publicKey, { prehash: false, lowS: true, format: "der" });
    } catch {
      return false;
    }
  },
};

export function realVerify(): Verify {
  return realEcdsa.verify;
}

/**
 * NOT cryptography: "signatures" shaped as strict DER of 70 bytes that anybody could forge, because
 * the secret is the hash behind the public key. In the model only the holder of the secret calls
 * `sign`, and `verify` still refuses a signature of other bytes or of another key.
 */
export const standInEcdsa: Ecdsa = {
  publicKey: standInKey,
  sign: (digest, secret) => standInSignature(digest, standInEcdsa.publicKey(secret)),
  verify: (der, digest, publicKey) => Buffer.compare(Buffer.from(der), standInSignature(digest, publicKey)) === 0,
};

const keys = new Map<string, Uint8Array>();

/**
 * A point of the curve, since nobody makes a channel with anything else; the secret is only the
 * hash behind its x.
 */
function standInKey(secret: Uint8Array): Uint8Array {
  const name = Buffer.from(secret).toString("hex");
  const known = keys.get(name);
  if (known) return known;
  let x = hash(secret);
  while (!isPointX(x.toString("hex"))) x = hash(x);
  const key = Buffer.concat([Buffer.from([2]), x]);
  keys.set(name, key);
  return key;
}

function standInSignature(digest: Uint8Array, publicKey: Uint8Array): Buffer {
  const r = hash(publicKey, digest);
  const s = hash(digest, publicKey);
  // Both positive and without a leading zero; s below half the order.
  r[0] = (r.readUInt8(0) & 0x7f) | 0x40;
  s[0] = (s.readUInt8(0) & 0x3f) | 0x20;
  return Buffer.concat([Buffer.from([0x30, 68, 0x02, 32]), r, Buffer.from([0x02, 32]), s]);
}

function hash(...parts: Uint8Array[]): Buffer {
  const sum = createHash("sha256");
  for (const part of parts) sum.update(part);
  return sum.digest();
}
