// npm run fuzz -- --runs N --seed N --only NAME: every module in lab/fuzz/ that exports `name` and `fuzz`.
//
// First each input kept in host-tests/corpus/NAME/ is tried again (where the module has `replay`), then new ones are
// made from the seed. An input that fails is written into the corpus, so the next run starts with it. Exit 1 then.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { FuzzFailure, isTarget, type Target } from "../lab/fuzz/target";

const TARGETS = new URL("../lab/fuzz/", import.meta.url);
const CORPUS = new URL("../host-tests/corpus/", import.meta.url);
/** Runs between two lines of progress. */
const BATCH = 5000;

async function main(): Promise<number> {
  const { runs, seed, only } = readOptions();
  const targets = await findTargets(only);
  let failures = 0;
  let inputs = 0;
  for (const target of targets) {
    const started = performance.now();
    const outcome = fuzzOne(target, runs, seed);
    inputs += outcome.inputs;
    if (outcome.failure) failures++;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${target.name}: ${outcome.failure ?? "passed"}, ${outcome.inputs} inputs in ${seconds} s`);
  }
  console.log(
    `${targets.length} targets, ${inputs} inputs, seed ${seed}: ${failures === 0 ? "all passed" : `${failures} failed`}`,
  );
  return failures === 0 ? 0 : 1;
}

function readOptions(): { runs: number; seed: number; only: string | undefined } {
  const { values } = parseArgs({
    options: { runs: { type: "string" }, seed: { type: "string" }, only: { type: "string" } },
  });
  return {
    runs: whole("--runs", values.runs ?? "20000"),
    seed: whole("--seed", values.seed ?? "1"),
    only: values.only,
  };
}

function whole(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`expected a whole number for ${option}, found "${text}"`);
  return Number(text);
}

class UsageError extends Error {}

async function findTargets(only: string | undefined): Promise<readonly Target[]> {
  const targets: Target[] = [];
  for (const file of readdirSync(TARGETS).sort()) {
    const module: unknown = await import(new URL(file, TARGETS).href);
    if (isTarget(module)) targets.push(module);
  }
  const chosen = targets.filter(({ name }) => only === undefined || name === only);
  if (chosen.length > 0) return chosen;
  throw new UsageError(`expected --only to be one of ${targets.map(({ name }) => name).join(", ")}, found "${only}"`);
}

function fuzzOne(target: Target, runs: number, seed: number): { inputs: number; failure?: string } {
  let inputs = 0;
  try {
    for (const [file, input] of corpusOf(target)) {
      if (!target.replay) break;
      inputs++;
      attempt(`corpus ${file}`, () => target.replay?.(input));
    }
    for (let done = 0; done < runs; done += BATCH) {
      const batch = Math.min(BATCH, runs - done);
      attempt(`seed ${seed + done}`, () => target.fuzz(batch, seed + done));
      inputs += batch;
      if (runs > BATCH) console.log(`${target.name}: ${done + batch} of ${runs}`);
    }
    return { inputs };
  } catch (error) {
    console.error(error);
    const kept = error instanceof FuzzFailure ? `, input kept as ${keep(target, error.input)}` : "";
    return { inputs, failure: `FAILED${kept}` };
  }
}

/** Says where it was when something failed. */
function attempt(where: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    console.error(`failed with ${where}`);
    throw error;
  }
}

function corpusOf({ name }: Target): readonly (readonly [file: string, input: Uint8Array])[] {
  const folder = new URL(`${name}/`, CORPUS);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((file) => [file, new Uint8Array(readFileSync(new URL(file, folder)))] as const);
}

function keep({ name }: Target, input: Uint8Array): string {
  const folder = new URL(`${name}/`, CORPUS);
  const file = createHash("sha256").update(input).digest("hex").slice(0, 16);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(file, folder), input);
  return `host-tests/corpus/${name}/${file}`;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof UsageError ? error.message : error);
    process.exit(1);
  },
);
