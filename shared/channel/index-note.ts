// The number of the next payee key, in a record of its own: it outlives every channel's entry, so
// no key is used twice.

import { Journal } from "../journal/journal";
import type { Reporter, Store } from "../kernel/ports";
import { integer, object } from "../kernel/shape";

interface Note {
  readonly next: number;
}

const parse = object<Note>({ next: integer });

export class IndexNote {
  readonly #journal: Journal<Note>;
  #next: number;

  /** `least`: beyond the numbers of all entries, should the note itself be unreadable. */
  constructor(store: Store, report: Reporter, least: number) {
    this.#journal = new Journal({ store, name: "channel.n", version: 1, parse, report });
    this.#next = Math.max(least, this.#journal.load()?.next ?? 0);
  }

  get next(): number {
    return this.#next;
  }

  /** Durable when it returns. */
  use(index: number): void {
    this.#journal.save({ next: index + 1 });
    this.#next = index + 1;
  }
}
