// npm run mutants [-- --only NAME] [--json]: takes guards out of a copy of the code, one at a time, and tells which of
// them no test misses. Exits 1 where one survives that tools/mutants/survivors.ts does not explain.

import { parseArgs } from "node:util";
import { MUTATIONS } from "./mutants/list";
import type { Mutation } from "./mutants/mutation";
import { Scratch } from "./mutants/scratch";
import { SURVIVORS } from "./mutants/survivors";
import { failsAnyway, tryMutation, type Verdict } from "./mutants/trial";

const { values } = parseArgs({
  options: { only: { type: "string", multiple: true }, json: { type: "boolean", default: false } },
});
const chosen = values.only ? values.only.flatMap(named) : MUTATIONS;
process.exitCode = run(chosen) ? 0 : 1;

function named(name: string): Mutation[] {
  const found = MUTATIONS.filter((mutation) => mutation.name === name);
  if (found.length > 0) return found;
  console.error(`expected the name of a mutation, got ${name}; they stand in tools/mutants/`);
  return process.exit(1);
}

function run(mutations: readonly Mutation[]): boolean {
  const scratch = new Scratch();
  try {
    mustPassUnchanged(scratch, mutations);
    return tell(mutations.map((mutation, index) => tried(scratch, mutation, `${index + 1}/${mutations.length}`)));
  } finally {
    scratch.remove();
  }
}

/** A test that fails in any case kills nothing. */
function mustPassUnchanged(scratch: Scratch, mutations: readonly Mutation[]): void {
  const tests = [...new Set(mutations.flatMap((mutation) => mutation.tests))];
  progress(`${tests.length} test files have to pass while nothing is changed`);
  const failed = failsAnyway(scratch, { name: "none", file: "", from: "", to: "", tests });
  if (failed === undefined) return;
  scratch.remove();
  console.error(`expected all tests to pass while nothing is changed; this one fails: ${failed}`);
  process.exit(1);
}

function tried(scratch: Scratch, mutation: Mutation, count: string): Verdict {
  const verdict = tryMutation(scratch, mutation);
  progress(`${count} ${mutation.name}: ${verdict.killed ? `killed by ${verdict.by ?? "its time limit"}` : "SURVIVED"}`);
  return verdict;
}

/** True where every survivor is explained, and nothing is explained that was killed. */
function tell(verdicts: readonly Verdict[]): boolean {
  const survived = verdicts.filter(({ killed }) => !killed).map(({ name }) => name);
  const unexplained = survived.filter((name) => !SURVIVORS.has(name));
  const stale = verdicts.filter(({ name, killed }) => killed && SURVIVORS.has(name)).map(({ name }) => name);
  if (values.json)
    console.log(JSON.stringify({ mutants: verdicts.length, verdicts, unexplained, stale }, undefined, 2));
  else {
    console.log(`${verdicts.length} mutants, ${verdicts.length - survived.length} killed, ${survived.length} survived`);
    for (const name of survived)
      console.log(`survived: ${name}: ${SURVIVORS.get(name) ?? "no test fails, no reason given"}`);
    for (const name of stale) console.log(`killed, though tools/mutants/survivors.ts explains it: ${name}`);
  }
  return unexplained.length + stale.length === 0;
}

/** Beside the result, so that `--json` stays one document. */
function progress(line: string): void {
  console.error(line);
}
