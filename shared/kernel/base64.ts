// Base64 with padding (RFC 4648, section 4).

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

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
 * of the same bytes.
 */
export function fromBase64(text: string): Uint8Array | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined;
  const digits = text.replace(/=+$/, "");
  const bytes = new Uint8Array(Math.floor((digits.length * 6) / 8));
  let length = 0;
  let bits = 0;
  for (let i = 0; i < digits.length; i++) {
    bits = ((bits << 6) | ALPHABET.indexOf(digits.charAt(i))) & 0xffff;
    const have = ((i + 1) * 6) % 8;
    if (have < 6) bytes[length++] = (bits >> have) & 0xff;
  }
  const spare = (1 << ((digits.length * 6) % 8)) - 1;
  if ((bits & spare) !== 0) return undefined;
  return bytes;
}
