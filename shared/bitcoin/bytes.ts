// Bytes as bitcoin writes them: hexadecimal text, little-endian integers, its two hashes.
//
// Money code keeps transactions as lower-case hex strings, because joining and comparing strings is
// native on XS while a loop over bytes is not. Bytes appear only where a hash or a signature needs
// them.

import { ripemd160 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { isHex } from "../kernel/text";
import type { Hex } from "../kernel/units";

export { bytesToHex };

/**
 * The bytes of lower-case hexadecimal. Throws a RangeError for anything else. Eight digits at a
 * time: on XS a string is UTF-8, so reaching a character walks there, natively but from the start.
 */
export function hexToBytes(hex: Hex): Uint8Array {
  if (!isHex(hex))
    throw new RangeError(`expected lower-case hexadecimal of whole bytes, got "${String(hex).slice(0, 80)}"`);
  const bytes = new Uint8Array(hex.length / 2);
  const view = new DataView(bytes.buffer);
  const whole = bytes.length & ~3;
  for (let at = 0; at < whole; at += 4) view.setUint32(at, Number.parseInt(hex.slice(at * 2, at * 2 + 8), 16));
  for (let at = whole; at < bytes.length; at++) bytes[at] = Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16);
  return bytes;
}

/** The same bytes, last first: a txid as explorers show it is the hash reversed. */
export function reverseHex(hex: Hex): Hex {
  let reversed = "";
  for (let at = hex.length; at > 0; at -= 2) reversed += hex.slice(at - 2, at);
  return reversed;
}

/** One byte, 0 to 255. */
export function byteHex(value: number): Hex {
  return (value < 16 ? "0" : "") + value.toString(16);
}

/** Unsigned 32 bits, little-endian. */
export function le32(value: number): Hex {
  const v = value >>> 0;
  return byteHex(v & 255) + byteHex((v >>> 8) & 255) + byteHex((v >>> 16) & 255) + byteHex(v >>> 24);
}

/** An amount: unsigned 64 bits, little-endian; exact for every safe integer. */
export function le64(value: number): Hex {
  return le32(value) + le32(Math.floor(value / 0x1_0000_0000));
}

/** SHA-256 twice: what a txid and a sighash are. */
export function sha256d(data: Uint8Array): Uint8Array {
  return sha256(sha256(data));
}

/** RIPEMD-160 of SHA-256: what a P2WPKH program is. */
export function hash160(data: Uint8Array): Uint8Array {
  return ripemd160(sha256(data));
}
