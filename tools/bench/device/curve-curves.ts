import { secp256k1 } from "@noble/curves/secp256k1.js";
import { contest } from "./curves";

const DIGEST_GIVEN = { prehash: false, lowS: true };

export function main(): void {
  contest({
    publicKey: (secret) => secp256k1.getPublicKey(secret, true),
    sign: (digest, secret) => secp256k1.sign(digest, secret, DIGEST_GIVEN),
    verify: (signature, digest, publicKey) => secp256k1.verify(signature, digest, publicKey, DIGEST_GIVEN),
  });
}
