// Numbers from and to bytes, big-endian. XS writes a 256-bit number as text in 380,000
// instructions, and by 64-bit words in 8,000.

/** The number that 32 bytes say. */
export function numberOf(bytes: Uint8Array): bigint {
  if (bytes.length !== 32) throw new RangeError(`expected 32 bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 32);
  const upper = (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
  return (upper << 128n) | (view.getBigUint64(16) << 64n) | view.getBigUint64(24);
}

/** Writes a number below 2^256 as 32 bytes from `at` on. */
export function putNumber(bytes: Uint8Array, at: number, number: bigint): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 32);
  view.setBigUint64(0, number >> 192n);
  view.setBigUint64(8, number >> 128n);
  view.setBigUint64(16, number >> 64n);
  view.setBigUint64(24, number);
}
