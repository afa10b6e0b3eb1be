// What a socket's owner decides. What each means, its range and its default: shared/settings/socket.ts.

import type { Network } from "../bitcoin/address";
import type { Scheme } from "../rpc/types";
import { conflicts, defaults, missing, problems, refuse, stated } from "../settings/check";
import { payoutProblem } from "../settings/payout";
import { SOCKET_TABLE } from "../settings/socket";
import {
  energyFor,
  type Milliampere,
  type MilliSatPerWh,
  type Millisecond,
  type MilliwattHour,
  type Satoshi,
} from "../units";

export interface SocketSettings {
  readonly network: Network;
  /** Where the money goes: a native SegWit address. The socket holds no key of it. */
  readonly payoutAddress: string;
  /** Schemes that it accepts, the preferred one first. */
  readonly schemes: readonly Scheme[];
  readonly price: MilliSatPerWh;
  /** What one increment pays, in advance. */
  readonly increment: Satoshi;
  readonly sessionMax: Satoshi;
  /** The largest fee that a draft may have; at it the socket settles. */
  readonly feeLimit: Satoshi;
  /**
   * Credit under which the next increment is due. Default: a tenth of an increment, or what two seconds at the largest current
   * take where that is more, up to half an increment; both sides look at their meters once a second.
   */
  readonly renewalThreshold: MilliwattHour;
  /** Largest current that is sold. */
  readonly maxCurrent: Milliampere;
  /** What standby gives for nothing so that a cable can boot and pay. */
  readonly standbyAllowance: MilliwattHour;
  readonly standbyCurrent: Milliampere;
  /** Time in which a used-up allowance is whole again. */
  readonly standbyRefill: Millisecond;
  /** How long a cable may take to pay before it is locked out. */
  readonly grace: Millisecond;
  readonly lockout: Millisecond;
  /** A cable that makes no call for this long has left. */
  readonly leaveAfter: Millisecond;
  /** A relay is held by leases of this length, renewed four times as often. */
  readonly leaseTime: Millisecond;
  /** Delivered and unconfirmed value at which the running session's commitment is broadcast early. */
  readonly checkpoint: Satoshi;
  /** Delivered and unconfirmed value, over all sessions, at which no more is sold before a confirmation. */
  readonly exposureLimit: Satoshi;
  /** How old the chain's word that a coin is unspent may be when a payment is credited. */
  readonly unspentMaxAge: Millisecond;
  /** How often the chain is asked while there is something to watch. */
  readonly watchEvery: Millisecond;
  /** A session is over this many blocks after it opened. */
  readonly sessionBlocks: number;
  /** Blocks, the one that holds the transaction counted, after which a settlement is buried. */
  readonly confirmations: number;
  /** Energy after which the meter's total is written, so that little is forgotten at a power cut. */
  readonly writeEvery: MilliwattHour;
  /** Largest fee of a child of the socket's own that pays for its parent; needs a hot payout key. 0: never. */
  readonly childFeeLimit: Satoshi;
  /** A word, such as a date: when it is another than before, debts and cheats are written off at the next start. */
  readonly forgive: string;
}

/** IEC 60038; where mains have less, two seconds become longer. */
const MAINS_VOLT = 230;

type Given = Partial<SocketSettings> & Pick<SocketSettings, "network" | "payoutAddress">;

/** `given` over the defaults. Throws a RangeError that names each wrong setting, what was expected and what came. */
export function socketSettings(given: Given): SocketSettings {
  refuse(socketProblems(given, "settings"));
  refuse(missing(SOCKET_TABLE, given, "settings"));
  return overDefaults(given);
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

type Followed = "sessionMax" | "renewalThreshold" | "checkpoint" | "exposureLimit";

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

function thresholdOf(increment: MilliwattHour, maxCurrent: Milliampere): MilliwattHour {
  const twoSeconds = (maxCurrent * MAINS_VOLT * 2) / 3600;
  return Math.ceil(Math.max(increment / 10, Math.min(increment / 2, twoSeconds)));
}
