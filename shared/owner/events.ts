// The last fifty lines of a device's story, over restarts. They come in at once and go to flash
// later, ten at a time, when nobody waits for a payment; a cut of power costs those that were not
// written yet.

import { jsonOf } from "../journal/json";
import { attempt } from "../kernel/attempt";
import { constant } from "../kernel/constant";
import type { Clock, DeviceEvent, Store } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import { Ring } from "./ring";

export const MOST_EVENTS = 50;
const PAGE = 10;
/** Five whole pages are there whatever the newest holds. */
const PAGES = MOST_EVENTS / PAGE + 1;
/** After which what came in is written. */
const LATER: Millisecond = 3000;
/** Lines that say how the device does, not what happened. */
const PASSED_OVER: readonly string[] = constant(["memory", "cadence"]);
const LONGEST_TEXT = 160;

/** One line: when it was told, since the start of that run, and how often in a row. */
export interface Noted {
  readonly atMs: Millisecond;
  readonly times?: number;
  readonly event: DeviceEvent;
}

export class EventLog {
  readonly #clock: Clock;
  readonly #pages: Ring<readonly Noted[]>;
  /** What is not in a page that is full. */
  #fresh: Noted[] = [];
  #due = false;

  constructor({ clock, store }: { readonly clock: Clock; readonly store: Store }) {
    this.#clock = clock;
    this.#pages = new Ring(store, "e", PAGES);
  }

  /** Takes a line of the story. Cheap: it may come in the middle of a payment. */
  note(event: DeviceEvent): void {
    if (PASSED_OVER.includes(event.name)) return;
    const noted: Noted = { atMs: Math.round(this.#clock.now()), event };
    const last = this.#fresh[this.#fresh.length - 1];
    if (last && isAgain(last.event, event))
      this.#fresh[this.#fresh.length - 1] = { ...last, times: (last.times ?? 1) + 1 };
    else this.#fresh.push(noted);
    // A flood of lines between two writes: the oldest go.
    if (this.#fresh.length > MOST_EVENTS) this.#fresh.shift();
    if (this.#due || this.#fresh.length < PAGE) return;
    this.#due = true;
    this.#clock.after(LATER, () => {
      this.#due = false;
      // A store that takes nothing costs lines of the past.
      attempt(
        () => {},
        () => this.write(),
      );
    });
  }

  /**
   * For the method events: those with a number above `after`, at most `limit`, the oldest first;
   * `next` is the cursor to go on with.
   */
  read(after: number | undefined, limit: number): { events: readonly object[]; next: number } {
    const first = this.#pages.next * PAGE;
    const end = first + this.#fresh.length;
    const from = Math.max(after === undefined ? end - limit : after + 1, end - MOST_EVENTS, 0);
    const events: object[] = [];
    for (let n = from; n < end && events.length < limit; ) {
      const page = n < first ? (this.#pages.read(Math.floor(n / PAGE)) ?? []) : this.#fresh;
      const start = n < first ? n - (n % PAGE) : first;
      const stop = n < first ? start + PAGE : end;
      for (; n < stop && events.length < limit; n++) {
        const noted = page[n - start];
        if (noted) events.push(shown(n, noted));
      }
    }
    const last = events[events.length - 1] as { n: number } | undefined;
    return { events, next: last?.n ?? Math.max(after ?? -1, Math.min(from, end) - 1) };
  }

  /**
   * What is not written yet, before a restart that is wanted. A page that is not full is filled up
   * with nothing.
   */
  flush(): void {
    this.write();
    if (this.#fresh.length > 0) this.#pages.append(this.#fresh.splice(0));
  }

  clear(): void {
    this.#fresh = [];
    this.#pages.clear();
  }

  private write(): void {
    while (this.#fresh.length >= PAGE) {
      this.#pages.append(this.#fresh.slice(0, PAGE));
      this.#fresh.splice(0, PAGE);
    }
  }
}

function isAgain(last: DeviceEvent, event: DeviceEvent): boolean {
  return last.name === event.name && jsonOf(last) === jsonOf(event);
}

function shown(n: number, { atMs, times, event }: Noted): object {
  const facts = Object.entries(event).map(([name, value]) => [
    name,
    typeof value === "string" ? value.slice(0, LONGEST_TEXT) : value,
  ]);
  return { n, atMs, ...(times && { times }), ...Object.fromEntries(facts) };
}
