// A file of receipts, and what it proves, in words.

import { formatEnergy, formatSatoshi } from "../../shared/kernel/units";
import { UsageError } from "../command";
import { type CheckedRecord, checkRecord, RecordError } from "./record";

/** Twenty receipts have 20 KB. */
const LONGEST_FILE = 1 << 20;

export interface GivenReceipts {
  /** Named beside the records, by whoever made the file. */
  readonly publicKey: string | undefined;
  readonly receipts: readonly GivenReceipt[];
}

export interface GivenReceipt {
  readonly number?: number | undefined;
  readonly session?: string | undefined;
  readonly ocmf?: string | undefined;
  readonly missing?: string | undefined;
}

/** What the method `receipts` answers, as JSON; or records, a line each. Throws a UsageError. */
export function receiptsIn(text: string): GivenReceipts {
  if (text.length > LONGEST_FILE)
    throw new UsageError("the file has more than a megabyte: that is no file of receipts");
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length > 0 && lines.every((line) => line.startsWith("OCMF|")))
    return { publicKey: undefined, receipts: lines.map((ocmf) => ({ ocmf: ocmf.trim() })) };
  try {
    const { publicKey, receipts } = JSON.parse(text) as { publicKey?: unknown; receipts?: unknown };
    if (Array.isArray(receipts))
      return {
        publicKey: typeof publicKey === "string" ? publicKey : undefined,
        receipts: receipts.map((each) => receiptOf(each)),
      };
  } catch {
    // Told below.
  }
  throw new UsageError("expected what npm run receipt -- fetch writes, or lines that begin with OCMF|");
}

function receiptOf(given: unknown): GivenReceipt {
  const { number, session, ocmf, missing } = (given ?? {}) as Readonly<Record<string, unknown>>;
  return {
    number: typeof number === "number" ? number : undefined,
    session: typeof session === "string" ? session : undefined,
    ocmf: typeof ocmf === "string" ? ocmf : undefined,
    missing: typeof missing === "string" ? missing : undefined,
  };
}

export interface Verdict {
  readonly isRight: boolean;
  readonly lines: readonly string[];
}

/** Of each receipt, and of all together: numbers without a gap, readings that do not fall. */
export function verdictOf({ receipts }: GivenReceipts, key: string): Verdict {
  const lines: string[] = [];
  let isRight = receipts.length > 0;
  let before: CheckedRecord | undefined;
  let missing = 0;
  const wrong = (line: string): void => {
    isRight = false;
    lines.push(line);
  };
  for (const receipt of receipts) {
    if (receipt.ocmf === undefined) {
      missing++;
      lines.push(`T${receipt.number ?? "?"} is missing: ${receipt.missing ?? "it says not why"}`);
      continue;
    }
    try {
      const record = checkRecord(receipt.ocmf, key);
      lines.push(sentenceOf(record));
      const gap = before && gapBetween(before, record, missing);
      if (gap !== undefined) wrong(`WRONG    ${gap}`);
      before = record;
      missing = 0;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      wrong(`WRONG    ${receipt.number === undefined ? "a record" : `T${receipt.number}`}: ${error.message}`);
    }
  }
  if (receipts.length === 0) lines.push("there is no receipt in it");
  return { isRight, lines };
}

function gapBetween(before: CheckedRecord, after: CheckedRecord, missing: number): string | undefined {
  const step = Number(after.pagination.slice(1)) - Number(before.pagination.slice(1));
  const names = `${before.pagination} and ${after.pagination}`;
  if (step !== 1 + missing) return `the numbers ${names} do not follow one another: a receipt was left out`;
  const [end, begin] = [before.readings[before.readings.length - 1], after.readings[0]];
  return end && begin && begin.wattHours < end.wattHours
    ? `between ${names} the meter's reading fell, from ${end.wattHours} to ${begin.wattHours} Wh (a reset to how it left the factory does so)`
    : undefined;
}

function sentenceOf({ pagination, session, energyWh, readings, tariff, paidSat, isCalibrated }: CheckedRecord): string {
  const [first, last] = [readings[0], readings[readings.length - 1]];
  const paid = paidSat === undefined ? "" : `, ${formatSatoshi(paidSat)} paid`;
  const cut = last?.reason === "P" ? "; the power was cut in it, so a little more may have flowed" : "";
  const guess = isCalibrated === false ? "; by a meter that nobody has calibrated" : "";
  return `right    ${pagination}, session ${session}: ${formatEnergy(Math.round(energyWh * 1000))}, from ${first?.wattHours} to ${last?.wattHours} Wh, at ${tariff}${paid}${cut}${guess}`;
}

/** In plain words; `isOwn`: the key came beside the file, not in it. */
export function whatItProves(key: string, isOwn: boolean): string {
  const whose = isOwn
    ? `You gave the key ${key} yourself: if it is the one that your socket shows, your socket signed this.`
    : `The key ${key} came with the file, and anybody can make both. Compare it with what the socket itself shows over its
serial port (npm run owner -- --port PORT receipts), or give that as --key.`;
  return `What this proves: the holder of that key signed these very texts, and nobody has changed them since. ${whose}
What it does not prove: that the meter is right, or when it was (the socket has no calendar: times count from its start).
It is no measurement in the sense of metering law.`;
}

/** Compares with the cable's own account of the same sessions. */
export function comparison({ receipts }: GivenReceipts, key: string, sessions: readonly CableSession[]): Verdict {
  const lines: string[] = [];
  let isRight = true;
  for (const { ocmf } of receipts) {
    if (ocmf === undefined) continue;
    const record = attempted(() => checkRecord(ocmf, key));
    const own = record && sessions.find(({ session }) => session === record.session);
    if (!record || !own) continue;
    const energy = own.energyMwh ?? undefined;
    const differs = energy !== undefined && Math.abs(energy - record.energyWh * 1000) > allowance(energy);
    const isOther = record.paidSat !== undefined && own.paidSat !== record.paidSat;
    if (differs || isOther) isRight = false;
    const measured = energy === undefined ? "did not see its end" : `measured ${formatEnergy(energy)}`;
    lines.push(
      `${differs || isOther ? "DIFFERS" : "agrees "}  ${record.pagination}: the cable ${measured}, and paid ${formatSatoshi(own.paidSat)}`,
    );
  }
  if (lines.length === 0) lines.push("the cable has no session of these");
  return { isRight, lines };
}

export interface CableSession {
  readonly session: string;
  readonly paidSat: number;
  readonly energyMwh: number | null;
}

/** Two meters of 2 % each, and what the cable's own electronics draw before it pays. */
function allowance(energyMwh: number): number {
  return Math.max(1000, energyMwh * 0.05);
}

function attempted<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
