// The Ecdsa port over our own curve (shared/curve): signatures as bitcoin writes them. An image can
// bring another.

import { publicKeyOf, signDigest, verifyDigest } from "../curve/ecdsa";
import type { Ecdsa } from "../kernel/ports";
import { decodeDer, encodeDer } from "./der";

export const ecdsa: Ecdsa = Object.freeze({
  publicKey: publicKeyOf,
  sign: (digest: Uint8Array, secret: Uint8Array) => encodeDer(signDigest(digest, secret)),
  verify(der: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
    const compact = decodeDer(der);
    return compact !== undefined && verifyDigest(compact, digest, publicKey);
  },
});
