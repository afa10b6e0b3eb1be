// A curve library alone on XS, as it comes: what the first public key builds, and what key,
// signature and verification cost once it is there. Two programs, so that each has the heap for
// itself.

import { sha256 } from "@noble/hashes/sha2.js";
import { calibrate, measure, report } from "./host";

export interface CurveLibrary {
  publicKey(secret: Uint8Array): Uint8Array;
  sign(digest: Uint8Array, secret: Uint8Array): Uint8Array;
  verify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean;
}

export function contest(library: CurveLibrary): void {
  const secret = new Uint8Array(32).fill(7);
  const digest = sha256(secret);
  calibrate();
  const [slots, chunks] = host.heap();
  measure("firstPublicKey", () => library.publicKey(secret));
  const [slotsAfter, chunksAfter] = host.heap();
  const publicKey = measure("publicKey", () => library.publicKey(secret));
  const signature = measure("sign", () => library.sign(digest, secret));
  const valid = measure("verify", () => library.verify(signature, digest, publicKey));
  if (!valid) throw new Error("expected the signature to be valid");
  report("slots", slotsAfter - slots);
  report("chunks", chunksAfter - chunks);
}
