// Compressed points, 33 bytes (SEC 1, version 2, sections 2.3.3 and 2.3.4): 2 or 3 for an even or
// an odd y, then x.

import { numberOf, putNumber } from "./bytes";
import { reduced, squareRoot } from "./field";
import { P } from "./params";
import type { Affine } from "./point";

export function encodePoint({ x, y }: Affine): Uint8Array {
  const bytes = new Uint8Array(33);
  bytes[0] = isOdd(y) ? 3 : 2;
  putNumber(bytes, 1, x);
  return bytes;
}

/** Undefined where the bytes are no compressed point of the curve. */
export function decodePoint(bytes: Uint8Array): Affine | undefined {
  const head = bytes[0];
  if (bytes.length !== 33 || (head !== 2 && head !== 3)) return undefined;
  const x = numberOf(bytes.subarray(1));
  if (x >= P) return undefined;
  const y = squareRoot(rightSide(x));
  if (y === undefined) return undefined;
  // No point of this curve has y = 0, so P - y is in the field.
  return { x, y: isOdd(y) === (head === 3) ? y : P - y };
}

export function isOnCurve({ x, y }: Affine): boolean {
  return Object.is(reduced(y * y), rightSide(x));
}

/** x^3 + 7, what y^2 is. */
function rightSide(x: bigint): bigint {
  return reduced(x * x * x + 7n);
}

function isOdd(n: bigint): boolean {
  return Number(n & 1n) === 1;
}
