// What a socket's owner decides. Defaults are the 2017 paper's where it has them.

import type { Network } from "../bitcoin/address";
import { MAX_WORD } from "../journal/shape";
import type { Scheme } from "../rpc/types";
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

/** `given` over the defaults. Throws a RangeError that names the setting, what was expected and what came. */
export function socketSettings(
  given: Partial<SocketSettings> & Pick<SocketSettings, "network" | "payoutAddress">,
): SocketSettings {
  const price = given.price ?? 250_000;
  const increment = given.increment ?? 10_000;
  const sessionMax = given.sessionMax ?? 10 * increment;
  const maxCurrent = given.maxCurrent ?? 16_000;
  const settings: SocketSettings = {
    schemes: ["single-fee", "basic"],
    price,
    increment,
    sessionMax,
    feeLimit: 5_000,
    renewalThreshold: thresholdOf(energyFor(increment, price), maxCurrent),
    maxCurrent,
    standbyAllowance: 50,
    standbyCurrent: 250,
    standbyRefill: 3_600_000,
    grace: 60_000,
    lockout: 60_000,
    leaveAfter: 30_000,
    leaseTime: 4_000,
    checkpoint: 3 * sessionMax,
    exposureLimit: 3 * sessionMax,
    unspentMaxAge: 30_000,
    watchEvery: 10_000,
    confirmations: 2,
    writeEvery: 2_000,
    childFeeLimit: 0,
    forgive: "",
    ...given,
  };
  check(settings);
  return settings;
}

function thresholdOf(increment: MilliwattHour, maxCurrent: Milliampere): MilliwattHour {
  const twoSeconds = (maxCurrent * MAINS_VOLT * 2) / 3600;
  return Math.ceil(Math.max(increment / 10, Math.min(increment / 2, twoSeconds)));
}

function check(settings: SocketSettings): void {
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value === "number")
      expect(name, value, Number.isSafeInteger(value) && value >= 0, "a whole number from 0");
  }
  expect("price", settings.price, settings.price > 0, "at least 1 msat/Wh");
  // An output of less than the dust limit is not relayed, so neither is a first increment of less.
  expect("increment", settings.increment, settings.increment >= 294 && settings.increment <= 1e9, "294 to 1e9 satoshi");
  expect("sessionMax", settings.sessionMax, settings.sessionMax >= settings.increment, "at least one increment");
  expect("confirmations", settings.confirmations, settings.confirmations >= 1, "at least 1");
  expect("leaseTime", settings.leaseTime, settings.leaseTime >= 1_000, "at least 1000 ms");
  expect("forgive", settings.forgive.length, settings.forgive.length <= MAX_WORD, `at most ${MAX_WORD} characters`);
  expect("schemes", settings.schemes.length, settings.schemes.length > 0, "at least one scheme");
}

function expect(name: string, came: number, holds: boolean, expected: string): void {
  if (!holds) throw new RangeError(`setting ${name}: expected ${expected}, came ${came}`);
}
