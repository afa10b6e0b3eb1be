// What a meter counts between two records: a few bytes beside the journal, written every few Wh, so
// that flash lasts ten years of heavy use where whole records would wear it out in months
// (docs/metering.md has the sums).
//
// A note belongs to the record that it follows and counts for no other. Two keys take turns, as a
// cut of power may tear the one that is being written; the later one counts. 24 bytes, which take
// three of NVS's entries:
//   offset 0   mark of the record (journal.ts)   4 bytes
//   offset 4   total, uWh                        float64
//   offset 12  uptime, ms                        float64
//   offset 20  CRC-32 of what is before it       4 bytes; all little-endian

import { constant } from "../kernel/constant";
import type { Store } from "../kernel/ports";
import type { MicrowattHour, Millisecond } from "../kernel/units";
import { crc32 } from "./crc32";

const BYTES = 24;
const KEYS = constant(["c", "d"] as const);

export interface Counted {
  readonly total: MicrowattHour;
  /** 0 where the device counts no time. */
  readonly uptime: Millisecond;
}

export class Counters {
  readonly #store: Store;
  readonly #name: string;
  /** Index of the key that the next note goes to. */
  #next = 0;

  /** `name`: prefix of the keys, as the journal's. */
  constructor(store: Store, name: string) {
    this.#store = store;
    this.#name = name;
  }

  /** What was noted last after the record with this mark; undefined when nothing was. */
  load(mark: number): Counted | undefined {
    let last: Counted | undefined;
    KEYS.forEach((key, index) => {
      const bytes = this.#store.read(`${this.#name}.${key}`);
      const found = bytes && decodeNote(mark, bytes);
      if (!found || (last && found.total < last.total)) return;
      last = found;
      this.#next = 1 - index;
    });
    return last;
  }

  /** Durable when it returns. */
  save(mark: number, counted: Counted): void {
    this.#store.write(`${this.#name}.${KEYS[this.#next]}`, encodeNote(mark, counted));
    this.#next = 1 - this.#next;
  }
}

export function encodeNote(mark: number, { total, uptime }: Counted): Uint8Array {
  const bytes = new Uint8Array(BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, mark, true);
  view.setFloat64(4, total, true);
  view.setFloat64(12, uptime, true);
  view.setUint32(20, crc32(bytes, 0, 20), true);
  return bytes;
}

/** Undefined for a note that is torn, or that follows another record. */
export function decodeNote(mark: number, bytes: Uint8Array): Counted | undefined {
  if (bytes.length !== BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, BYTES);
  if (view.getUint32(0, true) !== mark || view.getUint32(20, true) !== crc32(bytes, 0, 20)) return undefined;
  return { total: view.getFloat64(4, true), uptime: view.getFloat64(12, true) };
}
