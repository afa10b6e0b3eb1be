// A ring of small records in the store, the latest of so many: it takes flash, not the heap. Each
// has a key of its own and its number in it, so that a cut of power costs the one that was being
// written and no other.

import { jsonOf } from "../journal/json";
import type { Store } from "../kernel/ports";
import { decodeUtf8, encodeUtf8 } from "../kernel/utf8";

export class Ring<T> {
  #next: number | undefined;

  /** `prefix`: of the keys. */
  constructor(
    private readonly store: Store,
    private readonly prefix: string,
    private readonly size: number,
  ) {}

  /** Number that the next record gets; they count from 0. Reads the whole ring the first time. */
  get next(): number {
    if (this.#next === undefined) {
      let next = 0;
      for (let place = 0; place < this.size; place++) next = Math.max(next, (this.slot(place)?.n ?? -1) + 1);
      this.#next = next;
    }
    return this.#next;
  }

  /** Gives its number. */
  append(value: T): number {
    const n = this.next;
    this.put(n, value);
    this.#next = n + 1;
    return n;
  }

  /** Writes the record of this number anew. */
  put(n: number, value: T): void {
    this.store.write(this.key(n % this.size), encodeUtf8(jsonOf({ n, value })));
  }

  /** Undefined where it is gone, or torn. */
  read(n: number): T | undefined {
    const found = this.slot(n % this.size);
    return found?.n === n ? found.value : undefined;
  }

  /** Numbers that may still be there, the latest first. */
  numbers(): number[] {
    const { next } = this;
    return Array.from({ length: Math.min(next, this.size) }, (_, back) => next - 1 - back);
  }

  clear(): void {
    for (let place = 0; place < this.size; place++) this.store.remove(this.key(place));
    this.#next = 0;
  }

  private slot(place: number): { n: number; value: T } | undefined {
    const bytes = this.store.read(this.key(place));
    if (!bytes) return undefined;
    try {
      const { n, value } = JSON.parse(decodeUtf8(bytes)) as { n: unknown; value: T };
      return typeof n === "number" && Number.isSafeInteger(n) && n % this.size === place ? { n, value } : undefined;
    } catch {
      return undefined;
    }
  }

  private key(place: number): string {
    return `${this.prefix}${place}`;
  }
}
