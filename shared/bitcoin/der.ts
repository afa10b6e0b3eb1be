// ECDSA signatures as bitcoin wants them: strict DER (BIP66) with a low S (BIP146), so that each
// has one encoding only.

/** r and s, 32 bytes each, big-endian. */
export type CompactSignature = Uint8Array;

/** Half of secp256k1's order, the largest low S (SEC 2, 2.4.1). */
const HALF_ORDER = Object.freeze([
  0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e,
  0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
]);

/** Strict DER of r and s: 8 to 72 bytes. */
export function encodeDer(compact: CompactSignature): Uint8Array {
  const r = integerOf(compact.subarray(0, 32));
  const s = integerOf(compact.subarray(32, 64));
  const der = new Uint8Array(6 + r.length + s.length);
  der.set([0x30, 4 + r.length + s.length, 0x02, r.length]);
  der.set(r, 4);
  der.set([0x02, s.length], 4 + r.length);
  der.set(s, 6 + r.length);
  return der;
}

/** r and s of a strict DER signature with a low S; undefined for anything else. */
export function decodeDer(der: Uint8Array): CompactSignature | undefined {
  const length = der.length;
  if (length < 8 || length > 72 || der[0] !== 0x30 || der[1] !== length - 2) return undefined;
  const rLength = der[3] as number;
  const sAt = 6 + rLength;
  if (sAt >= length || der[sAt - 1] !== length - sAt) return undefined;
  if (der[2] !== 0x02 || der[sAt - 2] !== 0x02) return undefined;
  const r = der.subarray(4, 4 + rLength);
  const s = der.subarray(sAt);
  if (!isMinimal(r) || !isMinimal(s)) return undefined;
  const compact = new Uint8Array(64);
  if (!place(compact, 32, r) || !place(compact, 64, s)) return undefined;
  return hasLowS(compact) ? compact : undefined;
}

/** A DER integer: no needless zeros in front, one where the top bit would make it negative. */
function integerOf(number: Uint8Array): Uint8Array {
  let start = 0;
  while (start < 31 && number[start] === 0) start += 1;
  if ((number[start] as number) < 0x80) return number.subarray(start);
  const padded = new Uint8Array(33 - start);
  padded.set(number.subarray(start), 1);
  return padded;
}

function isMinimal(integer: Uint8Array): boolean {
  const [first = 0x80, second = 0] = integer;
  return first < 0x80 && (first > 0 || integer.length === 1 || second >= 0x80);
}

/** Writes an integer so that it ends before `end`; false where it has more than 32 bytes. */
function place(compact: CompactSignature, end: number, integer: Uint8Array): boolean {
  const digits = integer.length === 33 ? integer.subarray(1) : integer;
  if (digits.length > 32 || (integer.length === 33 && integer[0] !== 0)) return false;
  compact.set(digits, end - digits.length);
  return true;
}

function hasLowS(compact: CompactSignature): boolean {
  for (let i = 0; i < 32; i++) {
    const difference = (compact[32 + i] as number) - (HALF_ORDER[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return true;
}
