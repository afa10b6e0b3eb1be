// Where the time from plug to power goes: walked backwards from the relay that closed last, by what
// made each thing happen. Every event that reaches a device was caused by one thing: bytes of
// another, a timer, the power. What a device computes meanwhile for other reasons is not on the
// path, unless the event had to wait for it.

import type { Millisecond } from "../../shared/kernel/units";

/** Why an event reached a device. */
export interface Cause {
  /** Who made it wait: a wire, a server, a timer. */
  readonly who: string;
  readonly what: string;
  /** When that began, and the turn that began it. */
  readonly since: Millisecond;
  readonly after: Turn | undefined;
}

/** A device's work on one event. */
export interface Turn {
  readonly device: string;
  readonly start: Millisecond;
  readonly cause: Cause;
  /** When the event came; before `start` where the device was at work on another, `before`. */
  readonly came: Millisecond;
  readonly before: Turn | undefined;
}

export interface PathStep {
  /** Since the plug. */
  readonly atMs: Millisecond;
  readonly ms: Millisecond;
  readonly who: string;
  readonly what: string;
}

/** More than any path has; a walk ends there. */
const LONGEST = 1_000;
export const NOT_KNOWN = "?";

/**
 * The steps that led to what `last` did at `end`, from `start` on; what is not known of is
 * nobody's.
 */
export function pathTo(last: Turn, end: Millisecond, start: Millisecond): readonly PathStep[] {
  const steps: { from: Millisecond; to: Millisecond; who: string; what: string }[] = [];
  let at = end;
  const add = (from: Millisecond, who: string, what: string): void => {
    const since = Math.max(from, start);
    const next = steps[0];
    if (next && next.who === who && next.what === what) next.from = since;
    else if (since < at) steps.unshift({ from: since, to: at, who, what });
    at = Math.min(at, since);
  };
  let turn: Turn | undefined = last;
  for (let i = 0; turn && at > start && i < LONGEST; i++) {
    add(turn.start, turn.device, "computes");
    if (turn.came < turn.start && turn.before) turn = turn.before;
    else {
      const { cause }: Turn = turn;
      add(cause.since, cause.who, cause.what);
      turn = cause.after;
    }
  }
  if (at > start) add(start, NOT_KNOWN, "not known");
  return steps.map(({ from, to, who, what }) => ({ atMs: round(from - start), ms: round(to - from), who, what }));
}

function round(time: Millisecond): Millisecond {
  return Math.round(time * 10) / 10;
}

/** The first line of what an HTTP message asks or tells, without what differs from run to run. */
export function labelOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, 4_096)).toString("latin1");
  const call = /<methodName>(\w+)<\/methodName>/.exec(text)?.[1];
  if (call) return call;
  const [line = ""] = text.split("\r\n");
  if (line.startsWith("HTTP/")) return "answer";
  const [, method, path = ""] = /^(GET|POST) (\S+) HTTP/.exec(line) ?? [];
  return method ? `${method} ${path.replace(/[0-9a-f]{64}/g, "...")}` : "bytes";
}

export function pathText(steps: readonly PathStep[]): readonly string[] {
  return steps.map(
    ({ atMs, ms, who, what }) =>
      `${atMs.toFixed(0).padStart(6)} ${ms.toFixed(0).padStart(6)}  ${who.padEnd(7)} ${what}`,
  );
}
