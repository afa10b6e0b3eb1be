// What boards tell of the memory beside XS's own heap: a line whenever it has been scarcer than it
// was when last told.

import { formatDuration, type Millisecond } from "../../shared/kernel/units";
import type { BoardEvent } from "./console";

/** What fragments and late connections may still take in the second half of a long run. */
const SLACK_BYTES = 4096;

export class NativeHeap {
  #start: Millisecond = 0;
  readonly #least: { readonly at: Millisecond; readonly bytes: number }[] = [];

  /** `now`: on any clock that goes on. A start of the board begins anew. */
  told(event: BoardEvent, now: Millisecond): void {
    if (event.name === "boot") {
      this.#start = now;
      this.#least.length = 0;
    }
    if (event.name === "memory") this.#least.push({ at: now - this.#start, bytes: Number(event.least) });
  }

  /** The facts since the last start, for people. */
  facts(now: Millisecond): Readonly<Record<string, string | number>> {
    const last = this.#least.at(-1);
    if (!last) return {};
    return {
      least: last.bytes,
      fell: formatDuration(Math.round(last.at)),
      up: formatDuration(Math.round(now - this.#start)),
    };
  }

  /** Bytes by which the least has fallen since half of the time; a leak goes on falling. */
  fallen(now: Millisecond): number {
    const half = (now - this.#start) / 2;
    const before = this.#least.filter(({ at }) => at <= half).at(-1);
    return before ? before.bytes - (this.#least.at(-1)?.bytes ?? before.bytes) : 0;
  }

  complaint(now: Millisecond): string | undefined {
    const fallen = this.fallen(now);
    if (fallen <= SLACK_BYTES) return undefined;
    return `expected that native heap stays as it was after half of the time, its least fell by ${fallen} bytes more`;
  }
}
