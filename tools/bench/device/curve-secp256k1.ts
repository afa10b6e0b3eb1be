import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { getPublicKey, hashes, sign, verify } from "@noble/secp256k1";
import { contest } from "./curves";

const DIGEST_GIVEN = { prehash: false, lowS: true };

export function main(): void {
  hashes.sha256 = sha256;
  hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);
  contest({
    publicKey: (secret) => getPublicKey(secret, true),
    sign: (digest, secret) => sign(digest, secret, DIGEST_GIVEN),
    verify: (signature, digest, publicKey) => verify(signature, digest, publicKey, DIGEST_GIVEN),
  });
}
