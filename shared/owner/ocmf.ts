// A receipt of one session as a record of S.A.F.E.'s Open Charge Metering Format, revision 1.2:
// `OCMF|payload|signature`, both of them JSON. Signed are the payload's bytes as they stand.
//
// The device has no calendar: times count from its start and say that they are not synchronised.
// The meter is no calibrated one in the sense of the law (docs/owner.md says what a receipt
// proves).

import type { Hex, MicrowattHour, MilliSatPerWh, Millisecond, Satoshi } from "../kernel/units";

export const FORMAT_VERSION = "1.2";
export const ALGORITHM = "ECDSA-secp256k1-SHA256";
/** Active energy drawn from the mains, all tariffs (IEC 62056-6-1). */
export const ACTIVE_IMPORT = "1-0:1.8.0";
const SERIAL_DIGITS = 16;

export interface Receipt {
  /** Counts the socket's receipts from 1 on, without a gap. */
  readonly number: number;
  readonly version: string;
  /** Compressed, of the socket's identity. */
  readonly publicKey: Hex;
  readonly session: Hex;
  readonly priceSatPerKwh: MilliSatPerWh;
  readonly paidSat: Satoshi;
  /** Whether the scales of the meter were measured on this board (docs/metering.md). */
  readonly isCalibrated: boolean;
  /** Readings of the meter, and when they were taken. */
  readonly begin: Reading;
  readonly end: Reading;
  /**
   * The power was cut in its midst: the end is what was written last, and times are of two runs.
   */
  readonly isCut: boolean;
}

export interface Reading {
  readonly at: Millisecond;
  readonly total: MicrowattHour;
}

/**
 * The serial number of a socket: how its public key begins, without the byte that gives its form.
 */
export function serialOf(publicKey: Hex): string {
  return publicKey.slice(2, 2 + SERIAL_DIGITS);
}

/** What is signed. */
export function payloadOf(receipt: Receipt): string {
  const { number, version, publicKey, session, priceSatPerKwh, paidSat, isCalibrated, begin, end, isCut } = receipt;
  const serial = serialOf(publicKey);
  const head = JSON.stringify({
    FV: FORMAT_VERSION,
    GI: "plugpay socket",
    GS: serial,
    GV: version,
    PG: `T${number}`,
    MS: serial,
    IS: true,
    IT: "LOCAL",
    ID: session,
    TT: `${priceSatPerKwh} sat/kWh`,
    // The vendor's own begin with a letter from U on.
    UPaidSat: paidSat,
    UPriceSatPerKwh: priceSatPerKwh,
    UCalibrated: isCalibrated,
  });
  const readings = [readingText(begin, "B", isCut), readingText(end, isCut ? "P" : "E", isCut)];
  return `${head.slice(0, -1)},"RD":[${readings.join()}]}`;
}

/** `der`: of the payload's SHA-256. */
export function recordOf(payload: string, der: Hex): string {
  return `OCMF|${payload}|${JSON.stringify({ SA: ALGORITHM, SE: "hex", SM: "application/x-der", SD: der })}`;
}

function readingText({ at, total }: Reading, reason: "B" | "E" | "P", isCut: boolean): string {
  return `{"TM":"${timeText(at)} U","TX":"${reason}","RV":${wattHours(total)},"RI":"${ACTIVE_IMPORT}","RU":"Wh","RT":"AC","EF":"${isCut ? "t" : ""}","ST":"G"}`;
}

/** Exact: how many digits count is part of a reading. */
function wattHours(total: MicrowattHour): string {
  return `${Math.floor(total / 1e6)}.${digits(total % 1e6, 6)}`;
}

/** As if the device had started with the epoch of POSIX. */
function timeText(at: Millisecond): string {
  const days = Math.floor(at / 86_400_000);
  const { year, month, day } = dateOf(days);
  const seconds = Math.floor(at / 1000);
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const time = clock.map((each) => digits(each, 2)).join(":");
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}T${time},${digits(at % 1000, 3)}+0000`;
}

/** Days since 1970-01-01 as a date of the Gregorian calendar. */
function dateOf(days: number): { year: number; month: number; day: number } {
  let year = 1970;
  let left = days;
  for (; left >= lengthOf(year, 12); year++) left -= lengthOf(year, 12);
  let month = 0;
  while (left >= lengthOf(year, month + 1)) month++;
  return { year, month: month + 1, day: left - lengthOf(year, month) + 1 };
}

/** Days of the first `months` months. */
function lengthOf(year: number, months: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const long = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365][months] as number;
  return long + (isLeap && months > 1 ? 1 : 0);
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, "0");
}
