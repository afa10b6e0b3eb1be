// Hashes, keys and signatures alone; also a program by itself, for measuring the wallet's steps one
// by one.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ecdsa } from "../../../shared/bitcoin/ecdsa";
import { calibrate, count, measure, report } from "./host";

const BLOCKS = 20;
const SECRET = new Uint8Array(32).fill(7);

/** Hashes, keys and signatures. */
export function primitives(): void {
  const short = new Uint8Array(3);
  const long = new Uint8Array(3 + 64 * BLOCKS);
  const one = count(() => sha256(short)).cost;
  report("sha256Block", (count(() => sha256(long)).cost - one) / BLOCKS);
  const digest = sha256(short);
  measure("hmac", () => hmac(sha256, digest, digest));
  const publicKey = measure("publicKey", () => ecdsa.publicKey(SECRET));
  const signature = measure("sign", () => ecdsa.sign(digest, SECRET));
  const valid = measure("verify", () => ecdsa.verify(signature, digest, publicKey));
  if (!valid) throw new Error("expected the signature to be valid");
}

/** The table is built before the count. */
export function main(): void {
  calibrate();
  ecdsa.publicKey(SECRET);
  primitives();
}
