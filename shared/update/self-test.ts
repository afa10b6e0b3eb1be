// What an image does first on trial: known answers of its own cryptography, from its own flash.

import { bytesToHex, hexToBytes } from "../bitcoin/bytes";
import { constant } from "../kernel/constant";
import type { Ecdsa } from "../kernel/ports";

/** BIP143's example of P2WPKH: key, digest and signature. */
export const BIP143 = constant({
  secret: "619c335025c7f4012e556c2a58b2506e30b8511b53ade95ea316fd8c3286feb9",
  publicKey: "025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee6357",
  script: "00141d0f172a0ecb48aee1be1f2687d2963ae33f71a1",
  digest: "c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670",
  signature:
    "304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518331561406f90300e8f3358f51928d43c212a8caed02de67eebee",
} as const);

/** Throws an Error that says what is wrong. */
export function selfTest(ecdsa: Ecdsa): void {
  const [secret, key, digest, signature] = [BIP143.secret, BIP143.publicKey, BIP143.digest, BIP143.signature].map(
    hexToBytes,
  ) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  if (bytesToHex(ecdsa.sign(digest, secret)) !== BIP143.signature) throw new Error("a known signature came out wrong");
  if (!ecdsa.verify(signature, digest, key)) throw new Error("a good signature is refused");
  const other = digest.map((byte) => byte ^ 1);
  if (ecdsa.verify(signature, other, key)) throw new Error("a wrong signature is taken");
}
