// What a socket says of itself: its host name, and its service by DNS-SD (RFC 6763). Each record
// has a bit, so that a set of them is a number. Messages are written without pointers: the whole of
// it is under 300 bytes.

import { constant } from "../kernel/constant";
import { CLASS_IN, HEADER_BYTES, LABEL_BYTES, nameBytes, TOP_BIT, TYPE } from "./message";

/** Whose records they are. */
export interface Identity {
  /** One label: host name and name of the service. */
  readonly name: string;
  /** "a.b.c.d". */
  readonly address: string;
  readonly port: number;
}

export interface OwnRecord {
  readonly bit: number;
  readonly name: string;
  readonly type: number;
  /** Nobody else has one of this name and type. */
  readonly unique: boolean;
  readonly ttl: number;
  readonly data: Uint8Array;
}

/** The records' bits. */
export const BIT = constant({ A: 1, SRV: 2, TXT: 4, PTR: 8, TYPES: 16, NSEC: 32 });
/** What is announced. */
export const ALL = BIT.A | BIT.SRV | BIT.TXT | BIT.PTR;

const SERVICE = "_plugpay._tcp.local";
const TYPES = "_services._dns-sd._udp.local";
/** As RFC 6762 recommends (10): what holds a host name, and the rest. */
const HOST_TTL_S = 120;
const OTHER_TTL_S = 4500;
/** For a resolver that hears of no change (6.7). */
const LEGACY_TTL_S = 10;
/** The one property of the service that RFC 6763 asks for: the version of the description. */
const TXT = constant([9, 0x74, 0x78, 0x74, 0x76, 0x65, 0x72, 0x73, 0x3d, 0x31]);
/** NSEC's map: of the first 256 types, in one byte, only A. */
const ONLY_A = constant([0, 1, 0x40]);

export function hostOf(name: string): string {
  return `${name}.local`;
}

export function serviceOf(name: string): string {
  return `${name}.${SERVICE}`;
}

/** All of them, in the order of their bits. */
export function recordsOf({ name, address, port }: Identity): OwnRecord[] {
  const host = hostOf(name);
  const service = serviceOf(name);
  const target = nameBytes(host);
  const record = (bit: number, of: string, type: number, unique: boolean, ttl: number, data: number[]): OwnRecord => ({
    bit,
    name: of,
    type,
    unique,
    ttl,
    data: Uint8Array.from(data),
  });
  return [
    record(BIT.A, host, TYPE.A, true, HOST_TTL_S, address.split(".").map(Number)),
    record(BIT.SRV, service, TYPE.SRV, true, HOST_TTL_S, [0, 0, 0, 0, port >> 8, port & 255, ...target]),
    record(BIT.TXT, service, TYPE.TXT, true, OTHER_TTL_S, [...TXT]),
    record(BIT.PTR, SERVICE, TYPE.PTR, false, OTHER_TTL_S, nameBytes(service)),
    record(BIT.TYPES, TYPES, TYPE.PTR, false, OTHER_TTL_S, nameBytes(SERVICE)),
    record(BIT.NSEC, host, TYPE.NSEC, true, HOST_TTL_S, [...target, ...ONLY_A]),
  ];
}

/** The records that answer a question, as a set. */
export function answersTo(name: string, type: number, own: string): number {
  const any = type === TYPE.ANY;
  const of = name.toLowerCase();
  if (of === hostOf(own).toLowerCase()) {
    if (any || type === TYPE.A) return BIT.A;
    // It has no other kind of address, and says so, or the asker waits for one.
    return type === TYPE.AAAA ? BIT.NSEC : 0;
  }
  if (of === serviceOf(own).toLowerCase())
    return (any || type === TYPE.SRV ? BIT.SRV : 0) | (any || type === TYPE.TXT ? BIT.TXT : 0);
  if (type !== TYPE.PTR && !any) return 0;
  return of === SERVICE ? BIT.PTR : of === TYPES ? BIT.TYPES : 0;
}

/** What an asker will want next (RFC 6763, 12), as a set. */
export function besides(answers: number): number {
  const service = answers & BIT.PTR ? BIT.SRV | BIT.TXT | BIT.A : 0;
  return (service | (answers & BIT.SRV ? BIT.A : 0)) & ~answers;
}

// ---------------------------------------------------------------- messages

/** To all: `answers` and what goes with them. `goodbye`: they hold no longer. */
export function announcement(records: readonly OwnRecord[], answers: number, goodbye = false): Uint8Array {
  const given = chosen(records, answers);
  const more = goodbye ? [] : chosen(records, besides(answers));
  const entry = (record: OwnRecord): number[] => entryBytes(record, goodbye ? 0 : record.ttl, record.unique);
  return message(0, 0x8400, [], [...given.map(entry)], [], more.map(entry));
}

/**
 * For a device that asked from a port of its own (6.7): its number, its question, a short life, no
 * word about caches.
 */
export function legacyAnswer(
  records: readonly OwnRecord[],
  answers: number,
  id: number,
  questions: readonly { readonly spelled: string; readonly type: number }[],
): Uint8Array {
  const entry = (record: OwnRecord): number[] => entryBytes(record, Math.min(record.ttl, LEGACY_TTL_S), false);
  const asked = questions.map(({ spelled, type }) => questionBytes(spelled, type, false));
  return message(
    id,
    0x8400,
    asked,
    chosen(records, answers).map(entry),
    [],
    chosen(records, besides(answers)).map(entry),
  );
}

/** Asks whether anybody has our names, and says what we would say under them (8.1, 8.2). */
export function probe(records: readonly OwnRecord[]): Uint8Array {
  const mine = chosen(records, BIT.A | BIT.SRV | BIT.TXT);
  const names = [...new Set(mine.map(({ name }) => name))];
  const entries = mine.map((record) => entryBytes(record, record.ttl, false));
  return message(
    0,
    0,
    names.map((name) => questionBytes(name, TYPE.ANY, true)),
    [],
    entries,
    [],
  );
}

/** Asks for the address of `host` from a port of one's own. */
export function addressQuery(id: number, host: string): Uint8Array {
  return message(id, 0, [questionBytes(host, TYPE.A, false)], [], [], []);
}

function chosen(records: readonly OwnRecord[], set: number): OwnRecord[] {
  return records.filter(({ bit }) => set & bit);
}

function message(
  id: number,
  flags: number,
  questions: readonly number[][],
  answers: readonly number[][],
  authorities: readonly number[][],
  additionals: readonly number[][],
): Uint8Array {
  const parts = [...questions, ...answers, ...authorities, ...additionals];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, HEADER_BYTES));
  const head = [id, flags, questions.length, answers.length, authorities.length, additionals.length];
  bytes.set(head.flatMap((value) => [value >> 8, value & 255]));
  let at = HEADER_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function questionBytes(name: string, type: number, unicast: boolean): number[] {
  return [...nameBytes(name), type >> 8, type & 255, unicast ? TOP_BIT >> 8 : 0, CLASS_IN];
}

function entryBytes({ name, type, data }: OwnRecord, ttl: number, flush: boolean): number[] {
  const head = [type >> 8, type & 255, flush ? TOP_BIT >> 8 : 0, CLASS_IN];
  return [...nameBytes(name), ...head, 0, 0, ttl >> 8, ttl & 255, data.length >> 8, data.length & 255, ...data];
}

// ---------------------------------------------------------------- names

const MOST_SUFFIX = 99;

/**
 * The name after `name` where that is taken: plugpay, plugpay-2, ... plugpay-99, and round again
 * from 2.
 */
export function nextName(wanted: string, name: string): string {
  const number = name === wanted ? 1 : Number(name.slice(name.lastIndexOf("-") + 1));
  const suffix = `-${number >= 1 && number < MOST_SUFFIX ? number + 1 : 2}`;
  return `${wanted.slice(0, LABEL_BYTES - suffix.length)}${suffix}`;
}

/** Whether `name` is `wanted`, or one that came of it. */
export function comesOf(wanted: string, name: string): boolean {
  if (name === wanted) return true;
  const number = Number(name.slice(name.lastIndexOf("-") + 1));
  return number >= 2 && number <= MOST_SUFFIX && nextName(wanted, number === 2 ? wanted : `x-${number - 1}`) === name;
}
