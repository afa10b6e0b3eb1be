// A trial: one mutation in the scratch copy, its tests run, the copy whole again.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { transformSync } from "esbuild";
import { type Mutation, mutated } from "./mutation";
import type { Scratch } from "./scratch";

/**
 * A mutant may never end. Milliseconds; unchanged, the slowest of the tests takes a tenth of it.
 */
const LONGEST = 180_000;
/** Or fill the memory. MiB, of each test file. */
const LARGEST = 1_024;

export interface Verdict {
  readonly name: string;
  readonly killed: boolean;
  /** The first test that failed; undefined for a survivor, or where it did not end. */
  readonly by?: string | undefined;
}

type Outcome = Omit<Verdict, "name">;
type Tests = Pick<Mutation, "tests" | "proves">;

export async function tryMutation(scratch: Scratch, mutation: Mutation): Promise<Verdict> {
  const source = scratch.read(mutation.file);
  const changed = mutated(mutation, source);
  // One that does not compile would be "killed" by any test.
  transformSync(changed, { loader: "ts" });
  scratch.write(mutation.file, changed);
  try {
    return { name: mutation.name, ...(await runTests(scratch, mutation)) };
  } finally {
    scratch.write(mutation.file, source);
  }
}

/** Gives undefined where `tests` pass as long as nothing is changed, else which one fails. */
export async function failsAnyway(scratch: Scratch, tests: readonly string[]): Promise<string | undefined> {
  const { killed, by } = await runTests(scratch, { tests }, { longest: tests.length * LONGEST, files: 2 });
  return killed ? (by ?? "they do not end") : undefined;
}

/** `files` of them at the same time. */
async function runTests(
  scratch: Scratch,
  { tests, proves }: Tests,
  { longest, files } = { longest: LONGEST, files: 1 },
): Promise<Outcome> {
  const only = proves === undefined ? [] : [`--test-name-pattern=${escaped(proves)}`];
  const args = ["--import", "tsx", "--test", "--test-reporter=tap", `--test-concurrency=${files}`, ...only, ...tests];
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  // A group of its own: the runner's test files must end with it.
  const child = spawn(process.execPath, args, {
    cwd: scratch.folder,
    env: { ...env, NODE_OPTIONS: `--max-old-space-size=${LARGEST}` },
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  const { output, status } = await untilFailed(child, longest);
  const by = failedIn(output);
  if (by !== undefined || status !== 0) return { killed: true, by };
  if (proves !== undefined && !ranOne(output, proves))
    throw new Error(
      `expected a test "${proves}" in ${tests.join(", ")}, found none; correct its name in tools/mutants/`,
    );
  return { killed: false };
}

/**
 * Resolves at the end, at the first test that fails, or after `longest`; nothing of the run goes on
 * then.
 */
function untilFailed(
  child: ChildProcessByStdio<null, Readable, null>,
  longest: number,
): Promise<{ readonly output: string; readonly status: number | null }> {
  const end = (): void => {
    if (child.pid === undefined || child.exitCode !== null) return;
    process.kill(-child.pid, "SIGKILL");
  };
  const timer = setTimeout(end, longest);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (failedIn(output) !== undefined) end();
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      clearTimeout(timer);
      resolve({ output, status });
    });
  });
}

/** What failed first is the innermost: suites and files are told after their tests. */
function failedIn(output: string): string | undefined {
  return /^\s*not ok \d+ - (.*)\n/m.exec(output)?.[1];
}

/**
 * True where a test of this name ran; one that a pattern passed over is not told, or told as
 * skipped.
 */
function ranOne(output: string, test: string): boolean {
  return output.split("\n").some((line) => line.includes("ok ") && line.endsWith(` - ${test.replaceAll("#", "\\#")}`));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
