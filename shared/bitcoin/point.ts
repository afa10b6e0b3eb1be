// What x can be a point of secp256k1: half of all numbers, and no key ever signs for the others.

import { decodePoint } from "../curve/encoding";
import { isHex } from "../kernel/text";
import type { Hex } from "../kernel/units";
import { hexToBytes } from "./bytes";

/** True when a point of the curve has this x, 32 bytes. */
export function isPointX(x: Hex): boolean {
  return x.length === 64 && isHex(x) && decodePoint(hexToBytes(`02${x}`)) !== undefined;
}
