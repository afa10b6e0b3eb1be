// CRC-32 (ISO 3309, as in IEEE 802.3 and zlib): tells a torn or worn record from a whole one. Not a
// protection against people: anybody who can write the store can write the checksum.
//
// Four bytes at a time ("slicing by 4", Kounavis and Berry 2005), over signed words and an ordinary
// array: on a core without floating point an unsigned number past 2^31 is dear, and XS reads a
// typed array in twice an array's time.

/**
 * Of each byte's remainder with 0, 1, 2 and 3 bytes to come: four tables of 256, one after the
 * other.
 */
const TABLE: readonly number[] = Object.freeze(remainders());

function remainders(): number[] {
  const table: number[] = [];
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
    table.push(remainder | 0);
  }
  for (let i = 256; i < 1024; i++) table.push(withByte(table, table[i - 256] as number, 0));
  return table;
}

/**
 * Checksum of `length` bytes from `from`, as an unsigned 32-bit integer. `123456789` in ASCII gives
 * 0xcbf43926. `before` is the checksum of what stands before them, where they are only a part.
 */
export function crc32(bytes: Uint8Array, from = 0, length = bytes.length - from, before = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + from, length);
  const table = TABLE;
  const whole = length & ~3;
  let crc = ~before;
  for (let at = 0; at < whole; at += 4) {
    const four = crc ^ view.getInt32(at, true);
    crc =
      (table[768 + (four & 255)] as number) ^
      (table[512 + ((four >> 8) & 255)] as number) ^
      (table[256 + ((four >> 16) & 255)] as number) ^
      (table[(four >> 24) & 255] as number);
  }
  for (let at = whole; at < length; at++) crc = withByte(table, crc, view.getUint8(at));
  return ~crc >>> 0;
}

function withByte(table: readonly number[], crc: number, byte: number): number {
  return ((crc >> 8) & 0xffffff) ^ (table[(crc ^ byte) & 255] as number);
}
