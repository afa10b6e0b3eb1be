// Judges the story of two emulated boards: what must have happened by its end, and what the chain
// has of it.

import type { Satoshi } from "../../shared/kernel/units";
import type { BoardEvent } from "./console";

export interface Told {
  readonly from: "socket" | "cable" | "scene";
  readonly event: BoardEvent;
}

export interface Ledger {
  /** What the payout address has in blocks. */
  readonly settled: Satoshi;
  /** What really flowed to the load. */
  readonly deliveredMilliwattHours: number;
}

/**
 * What standby gives for nothing, each time that the socket starts, and what two meters may be off
 * by.
 */
const FREE = { each: 50, once: 100 } as const;
/** The first payment, and one that renews it. */
const LEAST_INCREMENTS = 2;

export function sum(story: readonly Told[], from: Told["from"], name: string, fact: string): number {
  return named(story, from, name).reduce((total, event) => total + Number(event[fact]), 0);
}

export function named(story: readonly Told[], from: Told["from"], name: string): readonly BoardEvent[] {
  return story.filter((told) => told.from === from && told.event.name === name).map(({ event }) => event);
}

/**
 * Increments that both know of: the socket tells of one when it is written down, and the cable when
 * the answer has come. A plug that is pulled in between leaves the cable with one less, until it
 * comes back.
 */
export function known(story: readonly Told[]): number {
  return Math.min(named(story, "socket", "credited").length, named(story, "cable", "paid").length);
}

/** The session of the last payment has ended too. */
export function isOver(story: readonly Told[]): boolean {
  const last = (name: string): number => story.map(({ event }) => event.name).lastIndexOf(name);
  return last("session-ended") > last("credited");
}

/** What is missing or wrong, a sentence each; nothing where the boards did what they are for. */
export function verdict(story: readonly Told[], { settled, deliveredMilliwattHours: delivered }: Ledger): string[] {
  const complaints: string[] = [];
  for (const [from, name] of [
    ["cable", "paid"],
    ["socket", "credited"],
  ] as const) {
    const count = named(story, from, name).length;
    if (count < LEAST_INCREMENTS)
      complaints.push(`expected at least ${LEAST_INCREMENTS} increments that the ${from} calls ${name}, came ${count}`);
  }
  const ended = sum(story, "socket", "session-ended", "paid");
  if (ended === 0) complaints.push("expected a session that was paid on and ended, came none");
  complaints.push(...unsettled(story, ended, settled));
  const bought = sum(story, "socket", "credited", "energy");
  const free = FREE.once + FREE.each * named(story, "socket", "boot").length;
  if (delivered <= 0) complaints.push("expected that power flows to the load, came none");
  if (delivered > bought + free)
    complaints.push(
      `expected at most ${bought} mWh that were bought and ${free} to spare, ${Math.round(delivered)} flowed`,
    );
  return complaints;
}

/**
 * What sessions that ended were paid must be in blocks. A socket that started again settles what
 * its last run was paid, and tells of no session's end; one increment a start may have been written
 * down and not told.
 */
function unsettled(story: readonly Told[], ended: number, settled: Satoshi): readonly string[] {
  const restarts = named(story, "socket", "boot").length - 1;
  if (restarts < 1)
    return settled === ended ? [] : [`expected ${ended} sat of ended sessions in blocks, came ${settled}`];
  const values = named(story, "socket", "credited").map(({ value }) => Number(value));
  const accepted = sum(story, "socket", "credited", "value");
  const most = accepted + restarts * Math.max(0, ...values);
  if (settled >= accepted && settled <= most) return [];
  return [
    `expected ${accepted} to ${most} sat in blocks, of what was accepted before and after restarts, came ${settled}`,
  ];
}
