// What a cable's owner decides: above all, what it may spend.

import type { Network } from "../bitcoin/address";
import { MAX_WORD } from "../journal/shape";
import type { Scheme } from "../rpc/types";
import type {
  Milliampere,
  MilliSatPerVbyte,
  MilliSatPerWh,
  Millisecond,
  Milliwatt,
  MilliwattHour,
  Satoshi,
} from "../units";

export interface CableSettings {
  readonly network: Network;
  /** Schemes that it would pay by, the preferred one first. */
  readonly schemes: readonly Scheme[];
  readonly maxPrice: MilliSatPerWh;
  readonly maxIncrement: Satoshi;
  /** For one transaction. */
  readonly maxFee: Satoshi;
  readonly maxFeeRate: MilliSatPerVbyte;
  /** Largest share of fees in what is paid, over all sessions, in thousandths; one fee may run ahead. */
  readonly maxFeeShare: number;
  readonly maxSession: Satoshi;
  /** Block after which no session may end; 0: any. A cable knows no tip of its own. */
  readonly latestExpiry: number;
  /** Worth of what other sockets still owe, beyond which nothing more is paid to anybody; three increments. */
  readonly maxClaims: Satoshi;
  /** For 24 hours of being plugged in: a cable has no calendar, and refills no budget while it is unpowered. */
  readonly maxDaily: Satoshi;
  /** Largest current that the appliance may draw. */
  readonly maxCurrent: Milliampere;
  /** What the cable's own electronics draw, ahead of its sensor. */
  readonly ownPower: Milliwatt;
  /** Share of energy, in thousandths, by which both meters together may be off. */
  readonly tolerance: number;
  /** Power by which both meters together may be off however little flows. */
  readonly tolerancePower: Milliwatt;
  /** Energy that is not argued about: rounding, and what standby gave before the first payment. */
  readonly toleranceBase: MilliwattHour;
  /** Share of an increment, in thousandths, that may be left when the next one is paid. */
  readonly renewAt: number;
  /** True on a link that a neighbour could answer on: stop when the meters disagree in the first minute. */
  readonly sharedLink: boolean;
  /** Energy after which the meter's total is written. */
  readonly writeEvery: MilliwattHour;
  /** A relay is held by leases of this length, renewed four times as often. */
  readonly leaseTime: Millisecond;
  /** How long get_status may be held back. */
  readonly waitMs: Millisecond;
  /** Pause before another try after a stop; doubled with each loss. */
  readonly retryAfter: Millisecond;
  /** A word, such as a date: when it is another than before, what sockets owe is written off at the next start. */
  readonly forgive: string;
}

/** `given` over the defaults. Throws a RangeError that names the setting, what was expected and what came. */
export function cableSettings(given: Partial<CableSettings> & Pick<CableSettings, "network">): CableSettings {
  const settings: CableSettings = {
    schemes: ["single-fee", "basic"],
    maxPrice: 300_000,
    maxIncrement: 10_000,
    maxFee: 5_000,
    maxFeeRate: 100_000,
    maxFeeShare: 100,
    maxSession: 100_000,
    latestExpiry: 0,
    maxDaily: 1_000_000,
    maxClaims: 3 * (given.maxIncrement ?? 10_000),
    maxCurrent: 16_000,
    ownPower: 1_000,
    tolerance: 40,
    tolerancePower: 4_000,
    toleranceBase: 100,
    renewAt: 100,
    sharedLink: false,
    writeEvery: 2_000,
    leaseTime: 4_000,
    waitMs: 20_000,
    retryAfter: 30_000,
    forgive: "",
    ...given,
  };
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value !== "number" || (Number.isSafeInteger(value) && value >= 0)) continue;
    throw new RangeError(`setting ${name}: expected a whole number from 0, came ${value}`);
  }
  if (settings.leaseTime < 1_000)
    throw new RangeError(`setting leaseTime: expected at least 1000 ms, came ${settings.leaseTime}`);
  if (settings.forgive.length > MAX_WORD)
    throw new RangeError(`setting forgive: expected at most ${MAX_WORD} characters, came ${settings.forgive.length}`);
  if (settings.schemes.length === 0) throw new RangeError("setting schemes: expected at least one scheme, came none");
  return settings;
}
