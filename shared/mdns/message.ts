// Messages of multicast DNS (RFC 6762) as they come: read with bounds, and never believed further
// than they reach.
//
// A name is a text of its labels with points between, in lower case; a label with a point or a
// backslash in it has a backslash before it, so that no other name reads like it. Of a name with
// more labels than any of ours nothing is kept.

import { constant } from "../kernel/constant";

export const MDNS_PORT = 5353;
export const MDNS_GROUP = "224.0.0.251";

export interface Peer {
  /** "a.b.c.d". */
  readonly address: string;
  readonly port: number;
}

export const TYPE = constant({ A: 1, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, NSEC: 47, ANY: 255 });
export const CLASS_IN = 1;
/** In a question: answer me alone. In a record: forget what you knew under this name and type. */
export const TOP_BIT = 0x8000;

export const HEADER_BYTES = 12;
export const NAME_BYTES = 255;
export const LABEL_BYTES = 63;
/** Beyond those a message is not read. */
const QUESTIONS = 8;
const RECORDS = 64;
/**
 * Of the records so many are kept: each costs a device 200 bytes while its message is looked at.
 */
const KEPT = 12;
/** Names of ours have at most four; one of the reverse lookup has 34. */
const LABELS = 4;
/** What a name may jump, each time further back. */
const JUMPS = 8;

export interface Question {
  readonly name: string;
  /** As it was written: an answer to an ordinary resolver repeats it so. */
  readonly spelled: string;
  readonly type: number;
  readonly unicast: boolean;
}

export interface Entry {
  readonly name: string;
  readonly type: number;
  /** Seconds; 0 says goodbye. */
  readonly ttl: number;
  /** Where its data lies in the message. */
  readonly at: number;
  readonly length: number;
}

export interface Message {
  readonly bytes: Uint8Array;
  readonly id: number;
  readonly isResponse: boolean;
  readonly questions: readonly Question[];
  readonly answers: readonly Entry[];
  readonly authorities: readonly Entry[];
  readonly additionals: readonly Entry[];
}

/**
 * Undefined for what is no message: shorter than it says, a name that leads nowhere, an operation
 * that is no query. Keeps what is under names that `isWanted` names, in lower case.
 */
export function parseMessage(bytes: Uint8Array, isWanted: (name: string) => boolean = () => true): Message | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const flags = word(bytes, 2);
  // Neither another operation nor an error: both are to be ignored (RFC 6762, 18.3 and 18.11).
  if ((flags & 0x780f) !== 0) return undefined;
  const cursor = { at: HEADER_BYTES, left: RECORDS, kept: 0, isWanted };
  const questions = readQuestions(bytes, cursor, word(bytes, 4));
  const answers = questions && readEntries(bytes, cursor, word(bytes, 6));
  const authorities = answers && readEntries(bytes, cursor, word(bytes, 8));
  const additionals = authorities && readEntries(bytes, cursor, word(bytes, 10));
  if (!additionals) return undefined;
  return {
    bytes,
    id: word(bytes, 0),
    isResponse: (flags & 0x8000) !== 0,
    questions,
    answers,
    authorities,
    additionals,
  };
}

interface Cursor {
  at: number;
  /** How many records more are read. */
  left: number;
  kept: number;
  readonly isWanted: (name: string) => boolean;
}

/** Of more questions than are read no record is read either: where they begin is not known. */
function readQuestions(bytes: Uint8Array, cursor: Cursor, count: number): Question[] | undefined {
  const questions: Question[] = [];
  if (count > QUESTIONS) cursor.left = 0;
  for (let k = 0; k < Math.min(count, QUESTIONS); k++) {
    const end = nameEnd(bytes, cursor.at);
    const spelled = end === undefined ? undefined : readName(bytes, cursor.at);
    if (end === undefined || spelled === undefined || end + 4 > bytes.length) return undefined;
    const kind = word(bytes, end + 2);
    cursor.at = end + 4;
    const name = spelled.toLowerCase();
    if (!isInternet(kind & ~TOP_BIT) || !cursor.isWanted(name)) continue;
    questions.push({
      name,
      spelled,
      type: word(bytes, end),
      unicast: (kind & TOP_BIT) !== 0,
    });
  }
  return questions;
}

function readEntries(bytes: Uint8Array, cursor: Cursor, count: number): Entry[] | undefined {
  const entries: Entry[] = [];
  for (let k = 0; k < count && cursor.left > 0; k++) {
    cursor.left--;
    const end = nameEnd(bytes, cursor.at);
    const spelled = end === undefined ? undefined : readName(bytes, cursor.at);
    if (end === undefined || spelled === undefined || end + 10 > bytes.length) return undefined;
    const at = end + 10;
    const length = word(bytes, end + 8);
    if (at + length > bytes.length) return undefined;
    cursor.at = at + length;
    const name = spelled.toLowerCase();
    if (!isInternet(word(bytes, end + 2) & ~TOP_BIT) || cursor.kept >= KEPT || !cursor.isWanted(name)) continue;
    cursor.kept++;
    const ttl = word(bytes, end + 4) * 0x10000 + word(bytes, end + 6);
    entries.push({ name, type: word(bytes, end), ttl, at, length });
  }
  return entries;
}

function isInternet(kind: number): boolean {
  return kind === CLASS_IN || kind === TYPE.ANY;
}

export function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** Where what follows a name begins; undefined where it has no end. Follows no pointer. */
function nameEnd(bytes: Uint8Array, from: number): number | undefined {
  let at = from;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (length >= 0xc0) return at + 2 <= bytes.length ? at + 2 : undefined;
    if (length > LABEL_BYTES) return undefined;
    at += 1 + length;
    if (length === 0) return at;
    if (at - from > NAME_BYTES) return undefined;
  }
}

/**
 * The name as it is written there; "" for one that cannot be ours; undefined for one that is none.
 */
export function readName(bytes: Uint8Array, from: number): string | undefined {
  const labels: string[] = [];
  let at = from;
  // Each jump must lead further back than all before, so that none comes round.
  let earliest = from;
  for (let steps = 0; steps < LABELS + JUMPS; steps++) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (length === 0) return labels.join(".");
    if (length >= 0xc0) {
      const to = word(bytes, at) & 0x3fff;
      if (at + 2 > bytes.length || to >= earliest || to < HEADER_BYTES) return undefined;
      earliest = to;
      at = to;
      continue;
    }
    if (length > LABEL_BYTES || at + 1 + length > bytes.length) return undefined;
    if (labels.length === LABELS) return "";
    labels.push(labelText(bytes.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return "";
}

function labelText(bytes: Uint8Array): string {
  const text = String.fromCharCode(...bytes);
  return text.indexOf(".") < 0 && text.indexOf("\\") < 0 ? text : text.replace(/[.\\]/g, "\\$&");
}

/**
 * A record's data without pointers, so that two can be compared; undefined where its name is none.
 */
export function plainData(bytes: Uint8Array, { type, at, length }: Entry): Uint8Array | undefined {
  const before = type === TYPE.SRV ? 6 : type === TYPE.PTR ? 0 : undefined;
  if (before === undefined) return bytes.slice(at, at + length);
  const name = length > before ? readName(bytes, at + before) : undefined;
  if (name === undefined) return undefined;
  return Uint8Array.from([...bytes.subarray(at, at + before), ...nameBytes(name)]);
}

/** A name as it is sent, without pointers. Each label of `name` has 1 to 63 bytes. */
export function nameBytes(name: string): number[] {
  const bytes: number[] = [];
  let label: number[] = [];
  const end = (): void => {
    if (label.length > 0) bytes.push(label.length, ...label);
    label = [];
  };
  for (let k = 0; k < name.length; k++) {
    if (name.charAt(k) === ".") end();
    else {
      if (name.charAt(k) === "\\") k++;
      label.push(name.charCodeAt(k));
    }
  }
  end();
  bytes.push(0);
  return bytes;
}
