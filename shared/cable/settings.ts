// What a cable's owner decides: above all, what it may spend. What each setting means:
// shared/settings/cable.ts.

import { CABLE_TABLE } from "../settings/cable";
import { conflicts, defaults, missing, problems, refuse, stated } from "../settings/check";
import type { FollowedOf, GivenOf, SettingsOf } from "../settings/types";

export type CableSettings = SettingsOf<typeof CABLE_TABLE>;

type Given = GivenOf<typeof CABLE_TABLE>;
type Followed = FollowedOf<typeof CABLE_TABLE>;

/**
 * `given` over the defaults. Throws a RangeError that names each wrong setting, what was expected
 * and what came.
 */
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

function overDefaults(given: Given): CableSettings {
  const base = { ...defaults(CABLE_TABLE), ...stated(given) } as unknown as Omit<CableSettings, Followed> &
    Partial<Pick<CableSettings, Followed>>;
  return { maxClaims: 3 * base.maxIncrement, ...base };
}
