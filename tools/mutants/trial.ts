// A trial: one mutation in the scratch copy, its tests run, the copy whole again.

import { spawnSync } from "node:child_process";
import { transformSync } from "esbuild";
import { type Mutation, mutated } from "./mutation";
import type { Scratch } from "./scratch";

/** A mutant may never end: that is noticed too. Milliseconds; the slowest of the tests takes a tenth of it. */
const LONGEST = 300_000;

export interface Verdict {
  readonly name: string;
  readonly killed: boolean;
  /** The first test that failed; undefined for a survivor, or where it did not end. */
  readonly by?: string | undefined;
}

export function tryMutation(scratch: Scratch, mutation: Mutation): Verdict {
  const source = scratch.read(mutation.file);
  const changed = mutated(mutation, source);
  // One that does not compile would be "killed" by any test.
  transformSync(changed, { loader: "ts" });
  scratch.write(mutation.file, changed);
  try {
    return { name: mutation.name, ...runTests(scratch, mutation) };
  } finally {
    scratch.write(mutation.file, source);
  }
}

/** Gives undefined where the mutation's tests pass as long as nothing is changed, else which one fails. */
export function failsAnyway(scratch: Scratch, mutation: Mutation): string | undefined {
  const { killed, by } = runTests(scratch, mutation);
  return killed ? (by ?? "they do not end") : undefined;
}

function runTests(scratch: Scratch, { tests, test }: Mutation): { killed: boolean; by?: string | undefined } {
  const only = test === undefined ? [] : [`--test-name-pattern=${escaped(test)}`];
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = ["--import", "tsx", "--test", "--test-reporter=tap", "--test-concurrency=2", ...only, ...tests];
  const run = spawnSync(process.execPath, args, {
    cwd: scratch.folder,
    env,
    encoding: "utf8",
    timeout: LONGEST,
    maxBuffer: 2 ** 28,
  });
  // What failed first is the innermost: suites and files are told after their tests.
  const failed = /^\s*not ok \d+ - (.*)$/m.exec(run.stdout)?.[1];
  if (run.status !== 0) return { killed: true, by: failed };
  if (test !== undefined && !ranOne(run.stdout, test))
    throw new Error(`expected a test "${test}" in ${tests.join(", ")}, found none; correct its name in tools/mutants/`);
  return { killed: false };
}

/** True where a test of this name ran; one that a pattern passed over is not told, or told as skipped. */
function ranOne(output: string, test: string): boolean {
  return output.split("\n").some((line) => line.includes(`ok `) && line.endsWith(` - ${test.replaceAll("#", "\\#")}`));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
