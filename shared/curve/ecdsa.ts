// ECDSA on secp256k1 over a digest of 32 bytes (SEC 1, version 2, section 4.1), with the nonce of
// RFC 6979 and a low s (BIP146).

import { invert, mod } from "@noble/curves/abstract/modular.js";
import { multiplyBase, toAffine } from "./base-table";
import { numberOf, putNumber } from "./bytes";
import { decodePoint, encodePoint, isOnCurve } from "./encoding";
import { multiply } from "./endomorphism";
import { reduced } from "./field";
import { withNonce } from "./nonce";
import { HALF_N, N, P } from "./params";
import { type Affine, add, isInfinity, type Point } from "./point";

/** The compressed public key, 33 bytes. Throws for a secret that is none. */
export function publicKeyOf(secret: Uint8Array): Uint8Array {
  const point = affine(multiplyBase(secretOf(secret)));
  // Coins sent to a wrong key are lost. This look costs a hundredth of what made the key.
  if (!isOnCurve(point)) throw new Error("expected a point of the curve, got another");
  return encodePoint(point);
}

/**
 * r and s, 32 bytes each, with a low s; the same bytes for the same digest. Throws for a secret
 * that is none.
 */
export function signDigest(digest: Uint8Array, secret: Uint8Array): Uint8Array {
  const d = secretOf(secret);
  const h = mod(numberOf(digest), N);
  const seed = new Uint8Array(64);
  putNumber(seed, 0, d);
  putNumber(seed, 32, h);
  return withNonce(seed, (k) => {
    const r = mod(affine(multiplyBase(k)).x, N);
    const s = mod(invert(k, N) * (h + r * d), N);
    if (Object.is(r, 0n) || Object.is(s, 0n)) return undefined;
    const signature = new Uint8Array(64);
    putNumber(signature, 0, r);
    putNumber(signature, 32, s > HALF_N ? N - s : s);
    return signature;
  });
}

/**
 * True where `signature` (r and s, 32 bytes each) with a low s is one of `digest` under `publicKey`
 * (33 bytes).
 */
export function verifyDigest(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || digest.length !== 32) return false;
  const r = numberOf(signature.subarray(0, 32));
  const s = numberOf(signature.subarray(32));
  if (r < 1n || r >= N || s < 1n || s > HALF_N) return false;
  const key = decodePoint(publicKey);
  if (!key) return false;
  const inverse = invert(s, N);
  const h = numberOf(digest);
  const sum = add(multiplyBase(mod(h * inverse, N)), multiply({ ...key, z: 1n }, mod(r * inverse, N)));
  if (isInfinity(sum)) return false;
  // r is x/z modulo N, and x/z is below P: x/z is r, or r + N where that is still below P. Asked
  // without the division.
  const x = reduced(sum.x);
  return Object.is(reduced(r * sum.z), x) || (r + N < P && Object.is(reduced((r + N) * sum.z), x));
}

function affine(p: Point): Affine {
  return toAffine([p])[0] as Affine;
}

function secretOf(bytes: Uint8Array): bigint {
  const secret = numberOf(bytes);
  if (secret < 1n || secret >= N) throw new RangeError("expected a secret key from 1 to the order less one");
  return secret;
}
