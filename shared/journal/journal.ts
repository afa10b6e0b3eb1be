// A journal of one: the latest state of a device, written whole at each change, in two slots that
// take turns.
//
// A power cut may tear or lose the write that was under way; the other slot still holds the state
// before it, and a state is written before anybody acts on it, so nothing that was promised is
// forgotten. One record holds everything that must agree; there are never two keys to reconcile.
// Only what a meter counts goes on beside it (counters.ts).
//
// A slot is ASCII (docs/protocol.md, "The journal"):
//   plugpay <version> <sequence> <length> <crc32>\n<JSON>
// The checksum is of "<version> <sequence> <length>\n<JSON>", so that no part of the header can be
// mistaken either.

import { attempt } from "../kernel/attempt";
import { constant } from "../kernel/constant";
import { messageOf } from "../kernel/message";
import type { Reporter, Store } from "../kernel/ports";
import { decodeLatin1, encodeUtf8 } from "../kernel/utf8";
import { crc32 } from "./crc32";
import { jsonOf } from "./json";

export interface JournalOptions<T> {
  readonly store: Store;
  /**
   * Prefix of the keys: `<name>.a`, `<name>.b`, and `<name>.bad` for a slot that could not be read.
   * At most 11 letters (NVS keys have 15).
   */
  readonly name: string;
  /** Of the record's format. Another version is set aside, never guessed at. */
  readonly version: number;
  /** Older versions that are read too, and become one of this version. */
  readonly older?: Older | undefined;
  /** Checks what was read; throws an Error that says what is wrong. */
  readonly parse: (value: unknown) => T;
  readonly report: Reporter;
}

/** What earlier images wrote: nothing of it may be forgotten by an update. */
export interface Older {
  /** The oldest version that is read. */
  readonly from: number;
  /** Gives the record as this version has it; throws where it is none of `version`. */
  readonly upgrade: (value: unknown, version: number) => unknown;
}

const SLOTS = constant(["a", "b"] as const);
type Slot = (typeof SLOTS)[number];

export class Journal<T> {
  readonly #options: JournalOptions<T>;
  #sequence = 0;
  #next: Slot = "a";
  /**
   * Tells the record that was read or written last from every other: the CRC-32 of its header. 0:
   * there is none.
   */
  mark = 0;
  /** Bytes of the record that was read or written last. */
  size = 0;

  constructor(options: JournalOptions<T>) {
    this.#options = options;
  }

  /**
   * The newest readable state, or undefined when there is none. An unreadable slot is reported and
   * set aside.
   */
  load(): T | undefined {
    let newest: T | undefined;
    for (const slot of SLOTS) {
      const found = this.read(slot);
      if (!found || found.sequence <= this.#sequence) continue;
      newest = found.value;
      this.#sequence = found.sequence;
      this.mark = found.mark;
      this.size = found.size;
      this.#next = slot === "a" ? "b" : "a";
    }
    return newest;
  }

  /** Durable when it returns. */
  save(value: T): void {
    const { store, name, version } = this.#options;
    const sequence = this.#sequence + 1;
    const bytes = encodeSlot(version, sequence, jsonOf(value));
    store.write(`${name}.${this.#next}`, bytes);
    this.#sequence = sequence;
    this.mark = markOf(bytes);
    this.size = bytes.length;
    this.#next = this.#next === "a" ? "b" : "a";
  }

  private read(slot: Slot): { sequence: number; value: T; mark: number; size: number } | undefined {
    const { store, name, version, older, parse, report } = this.#options;
    const key = `${name}.${slot}`;
    const bytes = store.read(key);
    if (!bytes) return undefined;
    try {
      const { sequence, json, version: found } = decodeSlot(version, bytes, older?.from);
      const record = JSON.parse(json) as unknown;
      const value = parse(older && found < version ? older.upgrade(record, found) : record);
      return { sequence, value, mark: markOf(bytes), size: bytes.length };
    } catch (error) {
      report({ name: "journal-unreadable", key, why: messageOf(error) });
      // Kept for a person who wants to look, where there is room; the next save reuses the slot.
      attempt(report, () => store.write(`${name}.bad`, bytes));
      return undefined;
    }
  }
}

/** The bytes of a slot. `json` may hold any text; what is not printable ASCII is escaped. */
export function encodeSlot(version: number, sequence: number, json: string): Uint8Array {
  // A record has kilobytes, and a microcontroller few of them: it is one text and its bytes, twice,
  // and never more.
  const record = asciiOf(json);
  const counts = `${version} ${sequence} ${record.length}`;
  const head = encodeUtf8(`plugpay ${counts} ${checksum(counts, record)}\n`);
  const slot = new Uint8Array(head.length + record.length);
  slot.set(head);
  slot.set(record, head.length);
  return slot;
}

/**
 * As long in bytes as in characters means ASCII already; looking at each character is dear on XS.
 */
function asciiOf(json: string): Uint8Array {
  const bytes = encodeUtf8(json);
  return bytes.length === json.length ? bytes : encodeUtf8(json.replace(/[^\x20-\x7e]/g, escapeUnit));
}

function checksum(counts: string, record: Uint8Array): string {
  const sum = crc32(record, 0, record.length, crc32(encodeUtf8(`${counts}\n`)));
  return sum.toString(16).padStart(8, "0");
}

interface Slotted {
  readonly version: number;
  readonly sequence: number;
  readonly json: string;
}

/** The version of a slot that is whole; undefined where it is torn. */
export function versionOf(bytes: Uint8Array): number | undefined {
  try {
    return wholeSlot(bytes).version;
  } catch {
    return undefined;
  }
}

/**
 * Throws an Error that says which part of the slot is not as expected. `from`: the oldest version
 * that is taken beside `version`.
 */
export function decodeSlot(version: number, bytes: Uint8Array, from = version): Slotted {
  const slot = wholeSlot(bytes);
  if (slot.version > version || slot.version < from)
    throw new Error(`expected version ${version}, came ${slot.version}`);
  return slot;
}

function wholeSlot(bytes: Uint8Array): Slotted {
  const text = decodeLatin1(bytes);
  const end = text.indexOf("\n");
  const head = /^plugpay (\d{1,9}) (\d{1,15}) (\d{1,7}) ([0-9a-f]{8})$/.exec(text.slice(0, Math.max(end, 0)));
  if (!head) throw new Error("expected a header 'plugpay <version> <sequence> <length> <crc32>'");
  const [, recordVersion, sequence, length, sum] = head as unknown as [string, string, string, string, string];
  const record = bytes.subarray(end + 1);
  if (record.length !== Number(length)) throw new Error(`expected ${length} bytes, came ${record.length}`);
  const actual = checksum(`${recordVersion} ${sequence} ${length}`, record);
  if (actual !== sum) throw new Error(`expected checksum ${sum}, came ${actual}`);
  return { version: Number(recordVersion), sequence: Number(sequence), json: text.slice(end + 1) };
}

/** The header holds the sequence, the length and the checksum of all else. */
function markOf(slot: Uint8Array): number {
  return crc32(slot, 0, slot.indexOf(10));
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
