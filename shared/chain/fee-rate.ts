// Fee rates of an answer, in BTC/kvB as Bitcoin Core and Electrum state them, and what holds where
// there is none.

import { OLD_FLOOR } from "../bitcoin/fees";
import type { FeeRates } from "../kernel/ports";
import type { MilliSatPerVbyte } from "../kernel/units";
import { rateOfBtcPerKvb, shifted } from "./decimal";
import { ChainError } from "./error";
import type { Json } from "./json-stream";
import { malformed } from "./shape";

export function rateOf(value: Json | undefined, what: string): MilliSatPerVbyte {
  const rate = rateOfBtcPerKvb(value);
  if (rate === undefined) throw malformed(`${what} in BTC/kvB`, value);
  return rate;
}

/**
 * Undefined where the backend says that it knows none: by nothing, or by -1 however it is written
 * (-1, -1.0).
 */
export function estimateOf(value: Json | undefined, what: string): MilliSatPerVbyte | undefined {
  if (value === undefined || value === null || shifted(value, 0, "exact") === -1) return undefined;
  return rateOf(value, what);
}

/** Bitcoin Core's default since 29.1. */
const NEW_FLOOR: MilliSatPerVbyte = 100;

/**
 * Of a backend that tells no relay floor: what older nodes want, unless an estimate lies below it,
 * which only newer ones make.
 */
export function likelyFloor(lowest: MilliSatPerVbyte | undefined): MilliSatPerVbyte {
  return lowest !== undefined && lowest < OLD_FLOOR ? NEW_FLOOR : OLD_FLOOR;
}

export interface EstimateOptions {
  /**
   * Blocks are full there: without an estimate `feeRates` fails, and does not give the floor in its
   * place. Default false.
   */
  readonly needsEstimate?: boolean;
}

/** Without an estimate the floor is the target, unless `needsEstimate`. */
export function ratesOf(
  estimate: MilliSatPerVbyte | undefined,
  { floor, incremental }: Omit<FeeRates, "target">,
  { needsEstimate = false }: EstimateOptions,
): FeeRates {
  if (estimate === undefined && needsEstimate)
    throw new ChainError("no-estimate", "expected a fee estimate, got none; wait, or name a backend that has one");
  return { floor, incremental, target: Math.max(estimate ?? floor, floor) };
}
