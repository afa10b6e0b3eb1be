// A receipt as its reader sees it: a record of OCMF (revision 1.2), taken apart and checked. The
// signature is checked by Node's own cryptography, not by the code that made it.

import { createPublicKey, verify } from "node:crypto";
import { isList, isObject, type Json, JsonError, type JsonObject, readJson } from "../../shared/owner/json";
import { ALGORITHM, serialOf } from "../../shared/owner/ocmf";

/** More than any of ours has; a file of somebody else's is not read without end. */
export const LONGEST_RECORD = 16_384;

export interface Reading {
  readonly time: string;
  readonly reason: string;
  /** As it is written: its digits count. */
  readonly wattHours: number;
  readonly flags: string;
}

export interface CheckedRecord {
  readonly pagination: string;
  readonly serial: string;
  readonly session: string;
  readonly tariff: string;
  readonly paidSat: number | undefined;
  readonly isCalibrated: boolean | undefined;
  readonly readings: readonly Reading[];
  readonly energyWh: number;
}

/** Says in a sentence what is wrong with a record. */
export class RecordError extends Error {}

/**
 * Checks `text` against `publicKey` (compressed, hexadecimal): signature, form, readings. Throws a
 * RecordError.
 */
export function checkRecord(text: string, publicKey: string): CheckedRecord {
  if (text.length > LONGEST_RECORD) throw new RecordError(`the record has more than ${LONGEST_RECORD} characters`);
  const [head, payload, signature, ...rest] = text.split("|");
  if (head !== "OCMF" || payload === undefined || signature === undefined || rest.length > 0)
    throw new RecordError("expected OCMF|payload|signature");
  checkSignature(payload, objectIn(signature, "the signature"), publicKey);
  return checkPayload(objectIn(payload, "the payload"), publicKey);
}

function objectIn(text: string, what: string): JsonObject {
  try {
    // Twice the same name is refused: two programs might read two things.
    const value = readJson(Buffer.from(text));
    if (isObject(value)) return value;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new RecordError(`${what} is no JSON: ${error.message}`);
  }
  throw new RecordError(`${what}: expected an object`);
}

// ---------------------------------------------------------------- signature

/** SubjectPublicKeyInfo of a compressed point on secp256k1 (RFC 5480, SEC 2), before the point. */
const SPKI = "3036301006072a8648ce3d020106052b8104000a032200";

function checkSignature(payload: string, signature: JsonObject, publicKey: string): void {
  // Those with other first letters are whoever's who passed the record on.
  const odd = [...signature.keys()].find((name) => !/^(S[AEMD]$|[A-FU-Z])/.test(name));
  if (odd !== undefined) throw new RecordError(`the signature: expected SA, SE, SM and SD, came ${odd.slice(0, 60)}`);
  const [algorithm, encoding, type, data] = ["SA", "SE", "SM", "SD"].map((name) => signature.get(name));
  if (algorithm !== ALGORITHM) throw new RecordError(`SA: expected ${ALGORITHM}, came ${shown(algorithm)}`);
  if (encoding !== undefined && encoding !== "hex") throw new RecordError(`SE: expected hex, came ${shown(encoding)}`);
  if (type !== undefined && type !== "application/x-der")
    throw new RecordError(`SM: expected application/x-der, came ${shown(type)}`);
  if (typeof data !== "string" || !/^([0-9a-f]{2}){8,72}$/i.test(data))
    throw new RecordError("SD: expected a signature in hexadecimal");
  if (!isSigned(payload, data, publicKey))
    throw new RecordError(`the signature is not of this text by the key ${publicKey}: it was changed, or is another's`);
}

function isSigned(payload: string, der: string, publicKey: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(SPKI + publicKey, "hex"), format: "der", type: "spki" });
    return verify("sha256", Buffer.from(payload), key, Buffer.from(der, "hex"));
  } catch {
    return false;
  }
}

// ---------------------------------------------------------------- form

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{3}[+-]\d{4} [UISR]$/;
const ENDS = ["E", "L", "R", "A", "P"];
const WATT_HOURS: Readonly<Record<string, number>> = { Wh: 1, kWh: 1000 };

function checkPayload(payload: JsonObject, publicKey: string): CheckedRecord {
  const pagination = textIn(payload, "PG");
  if (!/^T[1-9]\d{0,14}$/.test(pagination)) throw new RecordError(`PG: expected T and a number, came ${pagination}`);
  const serial = textIn(payload, "MS");
  if (payload.get("GI") === "plugpay socket" && serial !== serialOf(publicKey))
    throw new RecordError(`MS: expected ${serialOf(publicKey)}, as the key says, came ${serial}`);
  if (typeof payload.get("IS") !== "boolean") throw new RecordError("IS: expected true or false");
  textIn(payload, "IT");
  const readings = readingsOf(payload.get("RD"));
  const [first, last] = [readings[0] as Reading, readings[readings.length - 1] as Reading];
  const [paid, calibrated] = [payload.get("UPaidSat"), payload.get("UCalibrated")];
  return {
    pagination,
    serial,
    session: textIn(payload, "ID"),
    tariff: textIn(payload, "TT"),
    paidSat: typeof paid === "number" ? paid : undefined,
    isCalibrated: typeof calibrated === "boolean" ? calibrated : undefined,
    readings,
    energyWh: last.wattHours - first.wattHours,
  };
}

function textIn(object: JsonObject, name: string): string {
  const value = object.get(name);
  if (typeof value === "string" && value.length <= 250) return value;
  throw new RecordError(`${name}: expected a text of at most 250 characters, came ${shown(value)}`);
}

function readingsOf(list: Json | undefined): readonly Reading[] {
  if (!isList(list) || list.length < 2) throw new RecordError("RD: expected two readings at least");
  const found: Reading[] = [];
  // What a reading leaves out is as in the one before.
  let all: JsonObject = new Map();
  for (const each of list) {
    if (!isObject(each)) throw new RecordError("RD: expected objects");
    all = new Map([...all, ...each]);
    found.push(readingOf(all));
  }
  const reasons = found.map(({ reason }) => reason);
  if (reasons[0] !== "B") throw new RecordError(`TX: expected B first, came ${reasons[0]}`);
  if (!ENDS.includes(reasons[reasons.length - 1] as string) || reasons.slice(1, -1).some((each) => each !== "C"))
    throw new RecordError(`TX: expected C between and one of ${ENDS.join(", ")} last, came ${reasons.join(", ")}`);
  found.forEach(({ wattHours }, at) => {
    if (wattHours < (found[at - 1]?.wattHours ?? 0))
      throw new RecordError(`RV: a reading fell, from ${found[at - 1]?.wattHours} to ${wattHours} Wh`);
  });
  return found;
}

function readingOf(reading: JsonObject): Reading {
  const time = textIn(reading, "TM");
  if (!TIME.test(time))
    throw new RecordError(`TM: expected a time such as 2018-07-24T13:22:04,000+0200 S, came ${time}`);
  const [value, unit, flags] = [reading.get("RV"), textIn(reading, "RU"), reading.get("EF") ?? ""];
  const factor = Object.hasOwn(WATT_HOURS, unit) ? WATT_HOURS[unit] : undefined;
  if (factor === undefined) throw new RecordError(`RU: expected Wh or kWh, came ${unit}`);
  if (typeof value !== "number" || !(value >= 0 && value <= 1e12))
    throw new RecordError("RV: expected a number, 0 or more");
  if (textIn(reading, "ST") !== "G") throw new RecordError(`ST: expected G, came ${shown(reading.get("ST"))}`);
  if (typeof flags !== "string" || flags.includes("E")) throw new RecordError("EF: its energy is not to be used");
  return { time, reason: textIn(reading, "TX"), wattHours: value * factor, flags };
}

function shown(value: Json | undefined): string {
  return value === undefined ? "nothing" : String(value).slice(0, 60);
}
