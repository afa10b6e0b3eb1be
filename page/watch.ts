// Keeps asking a device how it does, and keeps what it said: for the pages of both devices.
//
// All times are the device's own: a simulated one may live faster than the clock, and is asked more
// often then.

import type { Call, Rpc } from "./rpc";
import { Refusal } from "./rpc";
import type { EventLine, Limits, SessionLine, Settings, Status } from "./shapes";
import { WayError } from "./way";

/** The chart's width, of the device's time. */
export const CHART_MS = 600_000;
const EVERY_MS = 2000;
const LEAST_MS = 250;
/** After which it is asked again where it did not answer. */
const RETRY_MS = 2000;
/** Sessions, settings and limits change less often: asked every so many turns. */
const SELDOM = 4;
const MOST_EVENTS = 50;
/** What was asked for at once, the first time. */
const FIRST_EVENTS = 20;

export interface Point {
  /** The device's time since the page first saw it, in ms. */
  readonly at: number;
  /** Null where the device was not heard. */
  readonly powerW: number | null;
}

export interface Seen {
  readonly status: Status | undefined;
  readonly history: readonly Point[];
  readonly sessions: readonly SessionLine[];
  readonly events: readonly EventLine[];
  readonly settings: Settings | undefined;
  readonly limits: Limits | undefined;
  readonly address: string | undefined;
  /** Since when nobody answers, and why. */
  readonly lost: { readonly since: number; readonly why: string } | undefined;
}

export interface Timers {
  now(): number;
  after(delayMs: number, action: () => void): () => void;
}

export interface WatchOptions {
  readonly rpc: Rpc;
  readonly timers: Timers;
  readonly onSeen: (seen: Seen) => void;
  /** The password counts no more: it was changed. */
  readonly onOut: (why: string) => void;
  /** Nobody looks: nothing is asked meanwhile. */
  readonly isHidden?: () => boolean;
}

const NOTHING: Seen = {
  status: undefined,
  history: [],
  sessions: [],
  events: [],
  settings: undefined,
  limits: undefined,
  address: undefined,
  lost: undefined,
};

export class Watch {
  readonly #options: WatchOptions;
  #seen: Seen = NOTHING;
  #turn = 0;
  #next: number | undefined;
  #cancel: () => void = () => {};
  #stopped = false;
  /** Of the last answer: the clock's time and the device's. */
  #last: { readonly real: number; readonly uptimeMs: number } | undefined;
  /** The same when its speed was last looked at. */
  #pace: { readonly real: number; readonly uptimeMs: number } | undefined;
  #pause = EVERY_MS;
  /** The chart's time at the device's start. */
  #base = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  get seen(): Seen {
    return this.#seen;
  }

  start(): void {
    void this.look();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** Asks for everything now: something was changed. */
  async refresh(): Promise<void> {
    this.#cancel();
    this.#turn = 0;
    await this.look();
  }

  private async look(): Promise<void> {
    const { rpc, timers, isHidden, onOut } = this.#options;
    if (this.#stopped) return;
    if (isHidden?.()) return this.later(EVERY_MS);
    try {
      const answers = await rpc.all(this.calls());
      if (this.#stopped) return;
      this.take(answers);
      if (this.#turn++ % SELDOM === 0) await this.lookSeldom();
      this.later(this.pause());
    } catch (error) {
      if (this.#stopped) return;
      if (!(error instanceof WayError)) throw error;
      if (error.problem === "password") return onOut(error.message);
      this.show({ lost: this.#seen.lost ?? { since: timers.now(), why: error.message } });
      this.gap();
      this.later(Math.max(RETRY_MS, error.waitMs));
    }
  }

  private later(delay: number): void {
    this.#cancel();
    if (!this.#stopped) this.#cancel = this.#options.timers.after(delay, () => void this.look());
  }

  private calls(): readonly Call[] {
    const params = this.#next === undefined ? { limit: FIRST_EVENTS } : { after: this.#next };
    return [{ method: "status" }, { method: "events", params }];
  }

  private take([status, events]: readonly unknown[]): void {
    if (status instanceof Refusal || events instanceof Refusal || !status)
      throw new WayError("odd", "the device does not tell how it does");
    const told = events as { events: readonly EventLine[]; next: number };
    this.#next = told.next;
    const now = status as Status;
    this.show({
      status: now,
      history: this.historyWith(now),
      events: [...this.#seen.events, ...told.events].slice(-MOST_EVENTS),
      lost: undefined,
    });
  }

  /** Each by itself: together they are more than a small device holds for one answer. */
  private async lookSeldom(): Promise<void> {
    const { rpc } = this.#options;
    const sessions = await rpc.call<{ sessions: readonly SessionLine[] }>("sessions");
    const settings = await rpc.call<Settings>("settings.get");
    this.show({ sessions: sessions.sessions, settings });
    if (this.#seen.status?.device !== "cable") return;
    const [limits, found] = await rpc.all([{ method: "limits" }, { method: "address" }]);
    const address = (found as { address?: string | null }).address ?? undefined;
    if (!(limits instanceof Refusal)) this.show({ limits: limits as Limits, address });
  }

  private historyWith({ uptimeMs, meter }: Status): readonly Point[] {
    const real = this.#options.timers.now();
    const before = this.#seen.history[this.#seen.history.length - 1];
    // It started anew: what it missed is not known; the chart goes on behind it.
    if (before && this.#base + uptimeMs <= before.at) this.#base = before.at + 1 - uptimeMs;
    if (!before) this.#base = -uptimeMs;
    this.#last = { real, uptimeMs };
    const at = this.#base + uptimeMs;
    const points = [...this.#seen.history, { at, powerW: meter ? meter.powerW : null }];
    return points.filter((point) => point.at >= at - CHART_MS);
  }

  private gap(): void {
    const last = this.#seen.history[this.#seen.history.length - 1];
    if (last && last.powerW !== null)
      this.show({ history: [...this.#seen.history, { at: last.at + 1, powerW: null }] });
  }

  /** A device that lives faster than the clock is asked more often. */
  private pause(): number {
    const [before, last] = [this.#pace, this.#last];
    if (last && (!before || last.real - before.real >= LEAST_MS)) this.#pace = last;
    if (!before || !last || last.real - before.real < LEAST_MS) return this.#pause;
    const speed = (last.uptimeMs - before.uptimeMs) / (last.real - before.real);
    this.#pause = Math.min(EVERY_MS, Math.max(LEAST_MS, EVERY_MS / Math.max(1, speed)));
    return this.#pause;
  }

  private show(changes: Partial<Seen>): void {
    this.#seen = { ...this.#seen, ...changes };
    this.#options.onSeen(this.#seen);
  }
}
