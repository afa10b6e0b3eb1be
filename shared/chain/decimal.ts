// Numbers of an answer that are no safe integers, kept as the text that came: 0.1 + 0.2 satoshi
// must not happen.
//
// Bitcoin Core and Electrum state amounts in BTC and fee rates in BTC/kvB, Esplora fee rates in
// sat/vB.

import { isSatoshi, type MilliSatPerVbyte, type Satoshi } from "../kernel/units";

export class Decimal {
  /** `text` is a number by JSON's grammar. */
  constructor(readonly text: string) {}
}

/**
 * `value` times ten to the power of `shift`, as a safe integer. `round` says what to do with a
 * fraction that is left: refuse it, or count upwards. Undefined where that is not possible.
 */
export function shifted(value: unknown, shift: number, round: "exact" | "up"): number | undefined {
  const text = value instanceof Decimal ? value.text : typeof value === "number" ? String(value) : "";
  const [, sign, whole, fraction = "", exponent = "0"] = parts(text) ?? [];
  if (whole === undefined) return undefined;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent) + shift;
  const kept = point <= 0 ? "0" : digits.slice(0, point).padEnd(Math.min(point, 40), "0");
  const rest = point <= 0 ? digits : digits.slice(point);
  const hasRest = /[1-9]/.test(rest);
  if (hasRest && (round === "exact" || sign === "-")) return undefined;
  const magnitude = Number(kept) + (hasRest ? 1 : 0);
  if (!Number.isSafeInteger(magnitude)) return undefined;
  return sign === "-" && magnitude !== 0 ? -magnitude : magnitude;
}

/** Sign, whole, fraction and exponent. */
function parts(text: string): readonly string[] | null {
  return /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,3}))?$/.exec(text);
}

/** Amount in BTC as satoshi; undefined unless it is a whole, possible number of them. */
export function satoshiOfBtc(value: unknown): Satoshi | undefined {
  const amount = shifted(value, 8, "exact");
  return isSatoshi(amount) ? amount : undefined;
}

/** Fee rate in BTC/kvB; undefined for a negative one (Electrum's "unknown") or none. */
export function rateOfBtcPerKvb(value: unknown): MilliSatPerVbyte | undefined {
  return rate(shifted(value, 8, "up"));
}

/** Fee rate in sat/vB. */
export function rateOfSatPerVb(value: unknown): MilliSatPerVbyte | undefined {
  return rate(shifted(value, 3, "up"));
}

/**
 * Nobody ever paid 100,000 sat/vB; an answer beyond is nonsense, and a cable could not afford it
 * anyway.
 */
const LARGEST_RATE: MilliSatPerVbyte = 100_000_000;

function rate(value: number | undefined): MilliSatPerVbyte | undefined {
  return value !== undefined && value >= 0 && value <= LARGEST_RATE ? value : undefined;
}
