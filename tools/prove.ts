// npm run prove -- --runs N [--seed N] [--by-channel] [--json] [--no-self-check] | --plan FILE
//
// Plays N random runs of a socket and a cable under every fault that can be made, holds the bounds
// of both sides after each step, and shrinks what fails to a readable story. Its self-check takes
// one safeguard away at a time and shows that each is missed within the runs of npm test. A plan
// that failed is printed as JSON; --plan plays it once more.

import { readFileSync } from "node:fs";
import type { Plan } from "../lab/prove/moves";
import { MUTATIONS } from "../lab/prove/mutations";
import { type Failure, prove, type Report } from "../lab/prove/prove";
import { run as play } from "../lab/prove/run";
import { TEST_RUNS, TEST_SEED } from "../lab/prove/size";
import { type Command, type Given, Interrupt, run } from "./command";
import { Progress } from "./progress";

type Name = "runs" | "seed" | "by-channel" | "json" | "no-self-check" | "plan";

const COMMAND: Command<Name> = {
  name: "npm run prove",
  about: "random runs of a socket and a cable under every fault; no bound of either side may break",
  options: {
    runs: { takes: "N", about: "how many (default 1000; 100000 take about an hour)" },
    seed: { takes: "N", about: `the same seed plays the same runs (default ${TEST_SEED})` },
    "by-channel": { about: "plays plans that pay by channel only" },
    "no-self-check": { about: "does not take each safeguard away to see whether that is noticed" },
    plan: { takes: "FILE", about: "plays one plan once more, as a failure printed it, and tells its story" },
    json: { about: "one JSON object at the end" },
  },
};

interface MutationResult {
  readonly name: string;
  readonly violation: string | undefined;
  readonly afterRuns: number | undefined;
}

async function main(given: Given<Name>): Promise<number> {
  const plan = given.text("plan");
  if (plan !== undefined) return replay(plan);
  const { runs, seed } = { runs: given.whole("runs", 1000, 1), seed: given.whole("seed", TEST_SEED, 1) };
  const json = given.has("json");
  const interrupt = new Interrupt();
  const progress = new Progress();
  const started = Date.now();
  const report = await prove({
    runs,
    seed,
    byChannel: given.has("by-channel"),
    stopped: () => interrupt.came,
    onProgress: (done) => progress.at(`${done} of ${runs} runs`),
  });
  progress.clear();
  const seconds = Math.round((Date.now() - started) / 1000);
  if (!json) describe(report, seconds);
  const mutations =
    given.has("no-self-check") || interrupt.came ? [] : await check(json ? () => {} : console.log, interrupt);
  const missed = mutations.filter((mutation) => mutation.violation === undefined);
  if (json) console.log(JSON.stringify({ ...report, seed, seconds, interrupted: interrupt.came, mutations }));
  for (const { name } of missed) console.error(`the self-check failed: nobody noticed that ${name}`);
  return report.failure || missed.length > 0 ? 1 : interrupt.came ? 130 : 0;
}

function describe(report: Report, seconds: number): void {
  const { worst } = report;
  const percent = (share: number): string => `${(share * 100).toFixed(0)} % of its bound`;
  const standIn = report.runs - report.realSignerRuns;
  console.log(`runs        ${report.runs} in ${seconds} s: ${list(report.casts)}`);
  console.log(`signatures  real in ${report.realSignerRuns} runs; a quick stand-in signer in ${standIn}`);
  console.log(`sessions    ${report.sessions}, with ${report.increments} payments, in ${report.steps} steps`);
  console.log(`faults      ${list(report.faults)}`);
  console.log(`worst loss  socket ${worst.socketSat} sat, at most ${percent(worst.socketOfBound)}`);
  console.log(`            cable  ${worst.cableSat} sat, at most ${percent(worst.cableOfBound)}`);
  const { count, off, meanShare, worst: most, worstShare } = report.overestimate;
  console.log(
    `estimate    of ${count} counts of what is out of the cable's hand ${off} were too high: ${(meanShare * 100).toFixed(2)} % on average, at most ${most} sat and ${(worstShare * 100).toFixed(0)} %`,
  );
  if (report.failure) tell(report.failure);
  else console.log("result      every bound held after every step, and every satoshi is accounted for");
}

function tell(failure: Failure): void {
  console.log(`\nFAILED after ${failure.afterRuns} runs: ${failure.violation}\n`);
  console.log(`plan (play it again with --plan FILE): ${JSON.stringify(failure.plan)}\n`);
  console.log(failure.story.join("\n"));
}

/** Plays one plan and tells its story. */
async function replay(file: string): Promise<number> {
  const outcome = await play(JSON.parse(readFileSync(file, "utf8")) as Plan);
  console.log(outcome.story.join("\n"));
  console.log(`\nresult      ${outcome.violation ?? "every bound held"}`);
  return outcome.violation === undefined ? 0 : 1;
}

async function check(say: (line: string) => void, interrupt: Interrupt): Promise<MutationResult[]> {
  const results: MutationResult[] = [];
  for (const { name, casts, tamper, byChannel = false } of MUTATIONS) {
    if (interrupt.came) break;
    const { failure } = await prove({ runs: TEST_RUNS, seed: TEST_SEED, casts, tamper, byChannel, shrink: false });
    results.push({ name, violation: failure?.violation, afterRuns: failure?.afterRuns });
    const outcome = failure ? `noticed after ${failure.afterRuns} runs: ${failure.violation}` : "NOT NOTICED";
    say(`self-check  ${name}: ${outcome}`);
  }
  return results;
}

function list(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, count]) => `${name} ${count}`).join(", ");
}

await run(COMMAND, main);
