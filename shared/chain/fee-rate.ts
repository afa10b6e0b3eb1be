// Fee rates in BTC/kvB of an answer, as Bitcoin Core and Electrum state them.

import type { MilliSatPerVbyte } from "../units";
import { rateOfBtcPerKvb, shifted } from "./decimal";
import type { Json } from "./json-stream";
import { malformed } from "./shape";

export function rateOf(value: Json | undefined, what: string): MilliSatPerVbyte {
  const rate = rateOfBtcPerKvb(value);
  if (rate === undefined) throw malformed(`${what} in BTC/kvB`, value);
  return rate;
}

/** Undefined where the backend says that it knows none: by nothing, or by -1 however it is written (-1, -1.0). */
export function estimateOf(value: Json | undefined, what: string): MilliSatPerVbyte | undefined {
  if (value === undefined || value === null || shifted(value, 0, "exact") === -1) return undefined;
  return rateOf(value, what);
}
