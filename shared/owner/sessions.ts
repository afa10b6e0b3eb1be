// The last twenty sessions, over restarts: what each paid, delivered and broadcast; and what a
// socket has earned in all.
//
// It listens to the device's own story. What is read of the record is read at once, and written
// later, when nobody waits.

import { Journal } from "../journal/journal";
import { attempt } from "../kernel/attempt";
import type { Clock, Reporter, Store } from "../kernel/ports";
import type { Hex, MicrowattHour, MilliSatPerWh, Millisecond, MilliwattHour, Satoshi } from "../kernel/units";
import type { Session } from "../payment/session";
import { Ring } from "./ring";

export const MOST_SESSIONS = 20;
const LATER: Millisecond = 3000;
/**
 * Settlements that were counted last: a run that ends between counting one and forgetting it tells
 * of it again.
 */
const MOST_COUNTED = 24;
const SHORT_TXID = 16;

export interface SessionEntry {
  readonly session: Hex;
  /** Since the start of the run in which it opened. */
  readonly atMs: Millisecond;
  readonly priceSatPerKwh: MilliSatPerWh;
  readonly paidSat: Satoshi;
  readonly feesSat: Satoshi;
  /** Reading of the gate at which it began. */
  readonly from: MicrowattHour;
  /** Absent while it goes on. */
  readonly energyMwh?: MilliwattHour;
  /** When what it paid for flowed no more, since the start of the run that saw it. */
  readonly endMs?: Millisecond;
  /** The device started anew in its midst: its times are of two runs. */
  readonly isResumed?: true;
  readonly why?: string;
  /** Latest broadcast of it. */
  readonly txid?: Hex;
  readonly confirmedSat: Satoshi;
  readonly lostSat: Satoshi;
  /** Number of its receipt, or of the word that there is none (receipts.ts). */
  readonly receipt?: number;
}

export interface Earned {
  readonly confirmed: Satoshi;
  readonly lost: Satoshi;
  readonly counted: readonly string[];
}

export interface SessionLogOptions {
  readonly clock: Clock;
  readonly store: Store;
  readonly report: Reporter;
  /** Reading of the gate. */
  readonly total: () => MicrowattHour;
}

export class SessionLog {
  readonly #options: SessionLogOptions;
  readonly #ring: Ring<SessionEntry>;
  /** Told of each session that is over: it ended, and what it paid for flows no more. */
  onOver: () => void = () => {};
  /** Read when first needed. */
  #sums: Earned | undefined;
  /** Of this run: the session that began last, and its number in the ring once it has one. */
  #current: { entry: SessionEntry; n: number | undefined } | undefined;
  #later: (() => void)[] = [];
  #due = false;

  constructor(options: SessionLogOptions) {
    this.#options = options;
    this.#ring = new Ring(options.store, "s", MOST_SESSIONS);
  }

  /** A payment for this session was taken, or made. */
  paid({ id: session, price, scheme }: Session, pay: Satoshi, fee: Satoshi, from: MicrowattHour): void {
    const now = Math.round(this.#options.clock.now());
    if (this.#current?.entry.session !== session) {
      this.delivered();
      const sums = { paidSat: 0, feesSat: 0, confirmedSat: 0, lostSat: 0 };
      // What flowed until now is the session's before, though this one opened earlier.
      const begin = Math.max(from, endOf(this.#current?.entry));
      this.#current = { entry: { session, atMs: now, priceSatPerKwh: price, from: begin, ...sums }, n: undefined };
    }
    const { entry } = this.#current;
    // More is paid for: what was counted is not all.
    if (entry.energyMwh !== undefined) this.#current.entry = flowsOn(entry);
    // A commitment takes the place of the one before, and its fee too; a basic payment has a fee of
    // its own.
    const feesSat = scheme === "basic" ? entry.feesSat + fee : Math.max(entry.feesSat, fee);
    this.change(session, { paidSat: entry.paidSat + pay, feesSat });
  }

  /** The session ended, and why. What it paid for may flow on. */
  ended(session: Hex, why: string): void {
    if (this.#current?.entry.session !== session) return;
    this.change(session, { why });
    this.tellIfOver();
  }

  /** What the latest session paid for flows no more. */
  delivered(): void {
    const entry = this.#current?.entry;
    if (!entry || entry.energyMwh !== undefined) return;
    this.change(entry.session, {
      energyMwh: this.energyOf(entry),
      endMs: Math.round(this.#options.clock.now()),
    });
    this.tellIfOver();
  }

  /**
   * At the start: the power was cut in this session, and what is left of it is its end. `from`: the
   * reading at which it opened.
   */
  resume({ id: session, price, paid }: Session, from: MicrowattHour): void {
    const n = this.#ring.numbers().find((each) => this.#ring.read(each)?.session === session);
    // What was cut within seconds of its first payment never came into the ring.
    const unwritten = { session, atMs: 0, priceSatPerKwh: price, paidSat: paid, feesSat: 0, from };
    const entry = (n !== undefined && this.#ring.read(n)) || { ...unwritten, confirmedSat: 0, lostSat: 0 };
    this.#current = { entry: { ...entry, isResumed: true, why: "power-cut" }, n };
  }

  /** Entries with their numbers, the oldest first; without the one that this run still adds to. */
  past(): readonly { readonly n: number; readonly entry: SessionEntry }[] {
    this.write();
    const { n: now, entry: current } = this.#current ?? {};
    const found = this.#ring.numbers().reverse();
    return found.flatMap((n) => {
      const entry = n === now && current && !isOver(current) ? undefined : this.#ring.read(n);
      return entry ? [{ n, entry }] : [];
    });
  }

  knows(session: Hex): boolean {
    return this.#ring.numbers().some((n) => this.#ring.read(n)?.session === session);
  }

  /** Its receipt is kept under this number. */
  receipted(n: number, receipt: number): void {
    const current = this.#current;
    if (current?.n === n) current.entry = { ...current.entry, receipt };
    const entry = this.#ring.read(n);
    if (entry) this.#ring.put(n, { ...entry, receipt });
  }

  broadcast(session: Hex, txid: Hex): void {
    this.change(session, { txid });
  }

  /** A settlement is buried: so much is earned for good. */
  buried(session: Hex | undefined, txid: Hex, value: Satoshi): void {
    this.count({ confirmed: value, lost: 0 }, txid);
    if (session !== undefined) this.add(session, { confirmedSat: value, lostSat: 0 });
  }

  /** Somebody else has the coins. */
  lost(session: Hex, value: Satoshi): void {
    this.count({ confirmed: 0, lost: value });
    this.add(session, { confirmedSat: 0, lostSat: value });
  }

  /** For the method sessions: the latest first. */
  read(limit: number): readonly object[] {
    this.write();
    const entries = this.#ring.numbers().flatMap((n) => this.#ring.read(n) ?? []);
    return entries.slice(0, limit).map(({ from, endMs, isResumed, receipt, ...entry }) => ({
      ...entry,
      energyMwh: entry.energyMwh ?? (entry.session === this.#current?.entry.session ? this.energyOf({ from }) : null),
    }));
  }

  get earned(): Earned {
    this.#sums ??= this.journal().load() ?? { confirmed: 0, lost: 0, counted: [] };
    return this.#sums;
  }

  /** What is not written yet, before a restart that is wanted. */
  write(): void {
    const later = this.#later;
    this.#later = [];
    // A store that takes nothing costs a line of the past.
    for (const action of later) attempt(this.#options.report, action);
  }

  clear(): void {
    this.#later = [];
    this.#current = undefined;
    this.#ring.clear();
  }

  private tellIfOver(): void {
    if (this.#current && isOver(this.#current.entry)) this.onOver();
  }

  private energyOf({ from }: Pick<SessionEntry, "from">): MilliwattHour {
    return Math.max(0, Math.floor((this.#options.total() - from) / 1000));
  }

  private change(session: Hex, changes: Partial<SessionEntry>): void {
    const current = this.#current;
    if (current?.entry.session !== session) {
      this.soon(() => this.rewrite(session, (entry) => ({ ...entry, ...changes })));
      return;
    }
    current.entry = { ...current.entry, ...changes };
    this.soon(() => {
      if (current.n === undefined) current.n = this.#ring.append(current.entry);
      else this.#ring.put(current.n, current.entry);
    });
  }

  private add(session: Hex, more: Pick<SessionEntry, "confirmedSat" | "lostSat">): void {
    const summed = (entry: SessionEntry): SessionEntry => ({
      ...entry,
      confirmedSat: entry.confirmedSat + more.confirmedSat,
      lostSat: entry.lostSat + more.lostSat,
    });
    const current = this.#current?.entry;
    if (current?.session === session) this.change(session, summed(current));
    else this.soon(() => this.rewrite(session, summed));
  }

  private rewrite(session: Hex, change: (entry: SessionEntry) => SessionEntry): void {
    for (const n of this.#ring.numbers()) {
      const entry = this.#ring.read(n);
      if (entry?.session !== session) continue;
      this.#ring.put(n, change(entry));
      return;
    }
  }

  private count(more: Pick<Earned, "confirmed" | "lost">, txid?: Hex): void {
    const name = txid?.slice(0, SHORT_TXID);
    const { confirmed, lost, counted } = this.earned;
    if (name !== undefined && counted.includes(name)) return;
    this.#sums = {
      confirmed: confirmed + more.confirmed,
      lost: lost + more.lost,
      counted: name === undefined ? counted : [...counted, name].slice(-MOST_COUNTED),
    };
    this.soon(() => {
      const journal = this.journal();
      journal.load(); // which slot is next
      journal.save(this.earned);
    });
  }

  /** Made for each use, which is rare: it holds heap. */
  private journal(): Journal<Earned> {
    const { store, report } = this.#options;
    return new Journal({ store, name: "sum", version: 1, parse: parseEarned, report });
  }

  private soon(action: () => void): void {
    this.#later.push(action);
    if (this.#due) return;
    this.#due = true;
    this.#options.clock.after(LATER, () => {
      this.#due = false;
      this.write();
    });
  }
}

/** Nothing of it changes any more but what the chain says. */
export function isOver({ energyMwh, why }: SessionEntry): boolean {
  return energyMwh !== undefined && why !== undefined;
}

function flowsOn({ energyMwh, endMs, ...rest }: SessionEntry): SessionEntry {
  return rest;
}

/** The reading at which it was over; 0 where nothing says so. */
function endOf(entry: SessionEntry | undefined): MicrowattHour {
  return entry?.energyMwh === undefined ? 0 : entry.from + entry.energyMwh * 1000;
}

function parseEarned(value: unknown): Earned {
  const { confirmed, lost, counted } = value as Partial<Earned>;
  const isRight = Number.isSafeInteger(confirmed) && Number.isSafeInteger(lost) && Array.isArray(counted);
  if (!isRight) throw new Error("record: expected what was earned and lost, and what was counted last");
  return { confirmed, lost, counted } as Earned;
}
