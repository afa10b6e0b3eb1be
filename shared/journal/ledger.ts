// A device's one record in memory, and its way into the journal. Everybody on that device changes
// it here.

import type { PowerGate, Reporter, Store } from "../kernel/ports";
import type { Check } from "../kernel/shape";
import type { MicrowattHour, Millisecond } from "../kernel/units";
import { Counters } from "./counters";
import { Journal, type Older } from "./journal";

/** Every device's record carries the energy total of its gate, which a restart goes on from. */
export interface Totalled {
  readonly total: MicrowattHour;
  /** Where the device counts the time that it was powered. */
  readonly uptime?: Millisecond;
}

export interface LedgerOptions<T extends Totalled> {
  readonly store: Store;
  readonly gate: PowerGate;
  readonly report: Reporter;
  /** Prefix of the journal's keys. */
  readonly name: string;
  readonly version: number;
  readonly older?: Older | undefined;
  readonly parse: Check<T>;
  /** The record of a device that is new. */
  readonly empty: T;
}

export type Changes<T> = { readonly [K in keyof T]?: T[K] | undefined };

export class Ledger<T extends Totalled> {
  readonly #journal: Journal<T>;
  readonly #counters: Counters;
  readonly #gate: PowerGate;
  #record: T;
  #writtenTotal = 0;
  /** True where the record holds what the journal does not: more than counters. */
  #changed = true;
  /** True where the journal held nothing to go on from. */
  isNew = true;

  constructor(options: LedgerOptions<T>) {
    this.#gate = options.gate;
    this.#record = options.empty;
    this.#journal = new Journal(options);
    this.#counters = new Counters(options.store, options.name);
  }

  get record(): T {
    return this.#record;
  }

  /**
   * Bytes of the record as it was written last: what a save takes of a device's memory grows with
   * it.
   */
  get size(): number {
    return this.#journal.size;
  }

  /** Reads the journal; an empty one is a new device. */
  load(): void {
    const found = this.#journal.load();
    this.isNew = found === undefined;
    this.#changed = this.isNew;
    this.#record = found ?? this.#record;
    const counted = found && this.#counters.load(this.#journal.mark);
    if (counted && counted.total >= found.total) this.count(counted.total, counted.uptime);
    this.#writtenTotal = this.#record.total;
  }

  /**
   * Changes the record and writes it; durable when it returns. `undefined` removes a field. Where
   * the store throws, nothing has changed: what is not written must not be acted on.
   */
  write(changes: Changes<T>): void {
    const [record, changed] = [this.#record, this.#changed];
    this.change(changes);
    this.count(this.#gate.read().total);
    try {
      this.#journal.save(this.#record);
    } catch (error) {
      [this.#record, this.#changed] = [record, changed];
      throw error;
    }
    this.#changed = false;
    this.#writtenTotal = this.#record.total;
  }

  /**
   * Writes what the meter counts, durable when it returns: in few bytes where nothing else has
   * changed since the record.
   */
  writeCounters(uptime?: Millisecond): void {
    this.count(this.#gate.read().total, uptime);
    const { total, uptime: time = 0 } = this.#record;
    if (this.#changed) this.write({});
    else this.#counters.save(this.#journal.mark, { total, uptime: time });
    this.#writtenTotal = total;
  }

  /** Changes what may be forgotten at a power cut. */
  change(changes: Changes<T>): void {
    this.#record = merged(this.#record, changes);
    this.#changed = true;
  }

  /**
   * Takes over what another entry of the store holds already, from where a restart takes it up:
   * nothing has to be written for it.
   */
  follow(changes: Changes<T>): void {
    this.#record = merged(this.#record, changes);
  }

  private count(total: MicrowattHour, uptime = this.#record.uptime): void {
    this.#record = this.#record.uptime === undefined ? { ...this.#record, total } : { ...this.#record, total, uptime };
  }

  /** Energy that the journal does not know of yet. */
  unwritten(): MicrowattHour {
    return this.#gate.read().total - this.#writtenTotal;
  }
}

/** `base` with `changes`; a field that changes to undefined is gone. */
export function merged<T>(base: T, changes: Changes<T>): T {
  const result: Partial<T> = { ...base };
  for (const key in changes) {
    const value = changes[key];
    if (value === undefined) delete result[key];
    else result[key] = value as T[typeof key];
  }
  return result as T;
}

/** `list` with `item` at its end, the oldest dropped beyond `most`. */
export function appended<T>(list: readonly T[], item: T, most: number): readonly T[] {
  return [...list, item].slice(-most);
}
