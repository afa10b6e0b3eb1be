// The socket's one record in memory, and its way into the journal. Everybody on the selling side changes it here.

import { Journal } from "../journal/journal";
import type { PowerGate, Reporter, Store } from "../ports";
import { EMPTY_RECORD, parseSocketRecord, SOCKET_RECORD_VERSION, type SocketRecord } from "./record";

type Changes = { readonly [K in keyof SocketRecord]?: SocketRecord[K] | undefined };

export class Ledger {
  readonly #journal: Journal<SocketRecord>;
  readonly #gate: PowerGate;
  #record: SocketRecord = EMPTY_RECORD;
  #writtenTotal = 0;
  /** True where the journal held nothing to go on from. */
  isNew = true;

  constructor(options: { readonly store: Store; readonly gate: PowerGate; readonly report: Reporter }) {
    const { store, gate, report } = options;
    this.#gate = gate;
    this.#journal = new Journal({
      store,
      name: "socket",
      version: SOCKET_RECORD_VERSION,
      parse: parseSocketRecord,
      report,
    });
  }

  get record(): SocketRecord {
    return this.#record;
  }

  /** Reads the journal; an empty one is a new socket. */
  load(): void {
    const found = this.#journal.load();
    this.isNew = found === undefined;
    this.#record = found ?? EMPTY_RECORD;
    this.#writtenTotal = this.#record.total;
  }

  /** Changes the record and writes it; durable when it returns. `undefined` removes a field. */
  write(changes: Changes): void {
    this.change({ ...changes, total: this.#gate.read().total });
    this.#journal.save(this.#record);
    this.#writtenTotal = this.#record.total;
  }

  /** Changes what may be forgotten at a power cut. */
  change(changes: Changes): void {
    const record: Record<string, unknown> = { ...this.#record, ...changes };
    for (const key in record) if (record[key] === undefined) delete record[key];
    this.#record = record as unknown as SocketRecord;
  }

  /** Energy counted since the last write, in microwatt-hours. */
  unwritten(total: number): number {
    return total - this.#writtenTotal;
  }
}

/** `list` with `item` at its end, the oldest dropped beyond `most`. */
export function appended<T>(list: readonly T[], item: T, most: number): readonly T[] {
  return [...list, item].slice(-most);
}
