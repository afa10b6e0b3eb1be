// Many runs, with shrinking: honest devices under faults, a rogue cable against an honest socket, a
// rogue socket against an honest cable. And the proof of the proof: mutations of a device's ports
// that must make it fail.

import fc from "fast-check";
import type { Plan } from "./moves";
import { CASTS, channelPlanOf, planOf } from "./moves";
import { Estimates } from "./overestimate";
import { type Outcome, run } from "./run";
import type { Tamper } from "./stage";

export interface Report {
  readonly runs: number;
  readonly realSignerRuns: number;
  readonly sessions: number;
  readonly increments: number;
  readonly steps: number;
  readonly casts: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  /** The worst seen, in satoshi and as a share of the bound that held for that run. */
  readonly worst: {
    readonly socketSat: number;
    readonly socketOfBound: number;
    readonly cableSat: number;
    readonly cableOfBound: number;
  };
  /** By how much the cable overestimates what its signatures can cost it. */
  readonly overestimate: ReturnType<Estimates["report"]>;
  readonly failure: Failure | undefined;
}

export interface Failure {
  readonly violation: string;
  /** The shrunk plan, and both devices' story of it. */
  readonly plan: Plan;
  readonly story: readonly string[];
  readonly afterRuns: number;
}

export interface ProveOptions {
  readonly runs: number;
  readonly seed: number;
  readonly casts?: readonly Plan["cast"][];
  readonly tamper?: Tamper;
  /** True: plans by channel only. */
  readonly byChannel?: boolean;
  /** False: the first failing plan as it is, not shrunk. */
  readonly shrink?: boolean;
  /** Milliseconds of real time, where shrinking takes too long; a test brings its own. */
  readonly now?: () => number;
  /** How a plan is played; a test brings its own. */
  readonly play?: typeof run;
  /** Called now and then with the number of runs so far. */
  readonly onProgress?: (runs: number) => void;
  /** Once it is true no run is played any more, and the report is of those before. */
  readonly stopped?: () => boolean;
}

/** Milliseconds of real time for looking for a shorter plan; the shortest found by then is told. */
export const SHRINK_TIME = 45_000;

/** Runs between two turns of the event loop, in which a signal may arrive. */
const TURN = 20;

export async function prove(options: ProveOptions): Promise<Report> {
  const tally = new Tally();
  const casts = options.casts ?? CASTS;
  const plans = fc.oneof(...casts.map((cast) => (options.byChannel ? channelPlanOf(cast) : planOf(cast))));
  let shrinkUntil = Number.POSITIVE_INFINITY;
  let last: { readonly plan: Plan; readonly outcome: Outcome } | undefined;
  const { now = Date.now, play = run } = options;
  const property = fc.asyncProperty(plans, async (plan) => {
    // When time is up no plan is played any more: what is left to try passes at once, and the
    // shortest so far is told.
    if (now() > shrinkUntil || options.stopped?.()) return;
    const outcome = await play(plan, options.tamper);
    if (!last) {
      tally.add(plan, outcome);
      if (tally.runs % TURN === 0) await turned(options, tally.runs);
    }
    if (!outcome.violation) return;
    if (!last) shrinkUntil = now() + SHRINK_TIME;
    last = { plan, outcome };
    throw new Error(outcome.violation);
  });
  const endOnFailure = options.shrink === false;
  const restore = options.tamper?.patch?.() ?? (() => {});
  const details = await fc
    .check(property, { numRuns: options.runs, seed: options.seed, endOnFailure })
    .finally(restore);
  if (details.failed && !last) throw details.errorInstance ?? new Error("a run failed");
  const failure = last
    ? { violation: last.outcome.violation ?? "", plan: last.plan, story: last.outcome.story, afterRuns: tally.runs }
    : undefined;
  return tally.report(failure);
}

async function turned({ onProgress }: ProveOptions, runs: number): Promise<void> {
  onProgress?.(runs);
  await new Promise((resolve) => setImmediate(resolve));
}

class Tally {
  runs = 0;
  private real = 0;
  private sessions = 0;
  private increments = 0;
  private steps = 0;
  private readonly casts: Record<string, number> = {};
  private readonly faults: Record<string, number> = {};
  private readonly estimates = new Estimates();
  private readonly worst = { socketSat: 0, socketOfBound: 0, cableSat: 0, cableOfBound: 0 };

  add(plan: Plan, outcome: Outcome): void {
    this.runs += 1;
    if (plan.terms.realSigner) this.real += 1;
    this.sessions += outcome.sessions;
    this.increments += outcome.increments;
    this.steps += outcome.steps;
    this.casts[plan.cast] = (this.casts[plan.cast] ?? 0) + 1;
    for (const [fault, times] of Object.entries(outcome.faults)) this.faults[fault] = (this.faults[fault] ?? 0) + times;
    for (const estimate of outcome.estimates) this.estimates.add(estimate);
    const { worst } = this;
    worst.socketSat = Math.max(worst.socketSat, Math.ceil(outcome.worst.socket));
    worst.socketOfBound = Math.max(worst.socketOfBound, outcome.worst.socketOfBound);
    worst.cableSat = Math.max(worst.cableSat, Math.ceil(outcome.worst.cable));
    worst.cableOfBound = Math.max(worst.cableOfBound, outcome.worst.cableOfBound);
  }

  report(failure: Failure | undefined): Report {
    const { runs, real, sessions, increments, steps, casts, faults, worst } = this;
    const overestimate = this.estimates.report();
    return { runs, realSignerRuns: real, sessions, increments, steps, casts, faults, worst, overestimate, failure };
  }
}
