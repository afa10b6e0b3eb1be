// What a socket's owner decides. What each means, its range and its default:
// shared/settings/socket.ts.

import { payeeScriptOf } from "../bitcoin/address";
import { dustOf } from "../bitcoin/draft";
import { energyFor, type Milliampere, type MilliwattHour } from "../kernel/units";
import { conflicts, defaults, missing, problems, refuse, stated } from "../settings/check";
import { payoutProblem } from "../settings/payout";
import { SOCKET_TABLE } from "../settings/socket";
import type { FollowedOf, GivenOf, SettingsOf } from "../settings/types";

export type SocketSettings = SettingsOf<typeof SOCKET_TABLE>;

/** IEC 60038; where mains have less, two seconds become longer. */
const MAINS_VOLT = 230;

type Given = GivenOf<typeof SOCKET_TABLE>;
type Followed = FollowedOf<typeof SOCKET_TABLE>;

/**
 * `given` over the defaults. Throws a RangeError that names each wrong setting, what was expected
 * and what came.
 */
export function socketSettings(given: Given): SocketSettings {
  refuse(socketProblems(given, "settings"));
  refuse(missing(SOCKET_TABLE, given, "settings"));
  return overDefaults(given);
}

/** The same, and checked as a socket that begins to sell checks it. */
export function sellingSettings(given: Given): SocketSettings {
  const settings = socketSettings(given);
  mustBeWorthAnOutput(settings);
  return settings;
}

/** Throws a RangeError where no node would relay what an increment pays. */
export function mustBeWorthAnOutput({ increment, payoutAddress, network }: SocketSettings): void {
  const least = dustOf(payeeScriptOf(payoutAddress, network));
  if (increment >= least) return;
  throw new RangeError(`setting increment: expected at least ${least} sat for this payout address, came ${increment}`);
}

/** All that is wrong with what an owner wrote so far; what is missing is not. */
export function socketProblems(given: unknown, where: string): readonly string[] {
  const found = problems(SOCKET_TABLE, given, where);
  if (found.length > 0) return found;
  const settings = overDefaults(given as Given);
  const { payoutAddress, network = "regtest" } = settings;
  const payout = payoutAddress === undefined ? undefined : payoutProblem(payoutAddress, network);
  if (payout) found.push(`${where}.payoutAddress: ${payout}`);
  return found.concat(conflicts(SOCKET_TABLE, { ...settings }, where));
}

function overDefaults(given: Given): SocketSettings {
  const base = { ...defaults(SOCKET_TABLE), ...stated(given) } as unknown as Omit<SocketSettings, Followed> &
    Partial<Pick<SocketSettings, Followed>>;
  const { increment, price, maxCurrent, sessionMax = 10 * increment } = base;
  return {
    renewalThreshold: thresholdOf(energyFor(increment, price), maxCurrent),
    checkpoint: 3 * sessionMax,
    exposureLimit: 3 * sessionMax,
    ...base,
    sessionMax,
  };
}

/** Credit under which the next increment, worth `increment`, is due. */
export function thresholdOf(increment: MilliwattHour, maxCurrent: Milliampere): MilliwattHour {
  const twoSeconds = (maxCurrent * MAINS_VOLT * 2) / 3600;
  return Math.ceil(Math.max(increment / 10, Math.min(increment / 2, twoSeconds)));
}
