// What an owner is known by over the link, kept as hashes: of the password what Digest computes
// with, of the token its SHA-256. Whoever reads the flash could use the first, but learns no
// password that its owner uses elsewhere too.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "../bitcoin/bytes";
import type { Hex } from "../kernel/units";
import { encodeUtf8 } from "../kernel/utf8";

export const OWNER = "owner";
export const REALM = "plugpay";

export interface Credentials {
  /** RFC 7616's H(user:realm:password). */
  readonly secret?: Hex;
  readonly token?: Hex;
}

/** SHA-256 of a text's UTF-8. */
export function hashOf(text: string): Hex {
  return bytesToHex(sha256(encodeUtf8(text)));
}

export function secretOf(password: string): Hex {
  return hashOf(`${OWNER}:${REALM}:${password}`);
}

/** Whether two hashes are the same, in a time that tells nothing about where they differ. */
export function isSame(a: string, b: string): boolean {
  let apart = a.length ^ b.length;
  for (let at = 0; at < a.length; at++) apart |= a.charCodeAt(at) ^ b.charCodeAt(at);
  return apart === 0;
}
