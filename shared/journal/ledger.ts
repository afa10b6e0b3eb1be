// A device's one record in memory, and its way into the journal. Everybody on that device changes it here.

import type { PowerGate, Reporter, Store } from "../ports";
import type { MicrowattHour } from "../units";
import { Journal } from "./journal";
import type { Check } from "./shape";

/** Every device's record carries the energy total of its gate, which a restart goes on from. */
export interface Totalled {
  readonly total: MicrowattHour;
}

export interface LedgerOptions<T extends Totalled> {
  readonly store: Store;
  readonly gate: PowerGate;
  readonly report: Reporter;
  /** Prefix of the journal's keys. */
  readonly name: string;
  readonly version: number;
  readonly parse: Check<T>;
  /** The record of a device that is new. */
  readonly empty: T;
}

export type Changes<T> = { readonly [K in keyof T]?: T[K] | undefined };

export class Ledger<T extends Totalled> {
  readonly #journal: Journal<T>;
  readonly #gate: PowerGate;
  #record: T;
  #writtenTotal = 0;
  /** True where the journal held nothing to go on from. */
  isNew = true;

  constructor(options: LedgerOptions<T>) {
    this.#gate = options.gate;
    this.#record = options.empty;
    this.#journal = new Journal(options);
  }

  get record(): T {
    return this.#record;
  }

  /** Reads the journal; an empty one is a new device. */
  load(): void {
    const found = this.#journal.load();
    this.isNew = found === undefined;
    this.#record = found ?? this.#record;
    this.#writtenTotal = this.#record.total;
  }

  /** Changes the record and writes it; durable when it returns. `undefined` removes a field. */
  write(changes: Changes<T>): void {
    this.change(changes);
    this.#record = { ...this.#record, total: this.#gate.read().total };
    this.#journal.save(this.#record);
    this.#writtenTotal = this.#record.total;
  }

  /** Changes what may be forgotten at a power cut. */
  change(changes: Changes<T>): void {
    this.#record = merged(this.#record, changes);
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
