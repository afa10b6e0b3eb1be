// CRC-32 (ISO 3309, as in IEEE 802.3 and zlib): tells a torn or worn record from a whole one. Not a protection
// against people: who can write the store can write the checksum.

/** Signed: on a core without floating point an unsigned number past 2^31 is dear. */
const TABLE = new Int32Array(256).map((_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

/** Checksum of `length` bytes from `from`, as an unsigned 32-bit integer. `123456789` in ASCII gives 0xcbf43926. */
export function crc32(bytes: Uint8Array, from = 0, length = bytes.length - from): number {
  let crc = ~0;
  for (let i = from; i < from + length; i++) crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[i] as number)) & 255] as number);
  return ~crc >>> 0;
}
