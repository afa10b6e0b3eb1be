// Base64 with padding (RFC 4648, section 4).

import { encodeUtf8 } from "./utf8";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const EQUALS = 61;

export function toBase64(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const bits = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const digits = [18, 12, 6, 0].map((shift) => ALPHABET.charAt((bits >> shift) & 63)).join("");
    groups.push(left >= 3 ? digits : digits.slice(0, left + 1).padEnd(4, "="));
  }
  return groups.join("");
}

/**
 * Undefined for what is not canonical: other characters, padding that is missing, a second spelling
 * of the same bytes. Over bytes, since on XS a string's characters are reached by walking to them.
 */
export function fromBase64(text: string): Uint8Array | undefined {
  const digits = encodeUtf8(text);
  if (digits.length % 4 !== 0) return undefined;
  const padded = digits.length - paddingOf(digits);
  const bytes = new Uint8Array(Math.floor((padded * 3) / 4));
  let length = 0;
  let bits = 0;
  let have = 0;
  for (let at = 0; at < padded; at++) {
    const value = digitOf(digits[at] as number);
    if (value < 0) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    have += 6;
    if (have < 8) continue;
    have -= 8;
    bytes[length++] = (bits >> have) & 0xff;
  }
  return (bits & ((1 << have) - 1)) === 0 ? bytes : undefined;
}

/** How many signs of equality end it: two at most. */
function paddingOf(digits: Uint8Array): number {
  const { length } = digits;
  if (length === 0 || digits[length - 1] !== EQUALS) return 0;
  return digits[length - 2] === EQUALS ? 2 : 1;
}

/** Of a digit's character; negative where it is none. */
function digitOf(character: number): number {
  if (character >= 65 && character <= 90) return character - 65;
  if (character >= 97 && character <= 122) return character - 71;
  if (character >= 48 && character <= 57) return character + 4;
  if (character === 43) return 62;
  return character === 47 ? 63 : -1;
}
