// What a cable's owner decides: above all, what it may spend.

import type { Network } from "../bitcoin/address";
import type { Scheme } from "../rpc/types";
import { CABLE_TABLE } from "../settings/cable";
import { conflicts, defaults, missing, problems, refuse, stated } from "../settings/check";
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
  /** A word, such as a date: when it is another than before, coins that vanished sockets hold are taken back at the next start. */
  readonly release: string;
}

type Given = Partial<CableSettings> & Pick<CableSettings, "network">;

/** `given` over the defaults. Throws a RangeError that names each wrong setting, what was expected and what came. */
export function cableSettings(given: Given): CableSettings {
  refuse(cableProblems(given, "settings"));
  refuse(missing(CABLE_TABLE, given, "settings"));
  return overDefaults(given);
}

/** All that is wrong with what an owner wrote so far; what is missing is not. */
export function cableProblems(given: unknown, where: string): readonly string[] {
  const found = problems(CABLE_TABLE, given, where);
  return found.length > 0 ? found : conflicts(CABLE_TABLE, { ...overDefaults(given as Given) }, where);
}

type Followed = "maxClaims";

function overDefaults(given: Given): CableSettings {
  const base = { ...defaults(CABLE_TABLE), ...stated(given) } as unknown as Omit<CableSettings, Followed> &
    Partial<Pick<CableSettings, Followed>>;
  return { maxClaims: 3 * base.maxIncrement, ...base };
}
