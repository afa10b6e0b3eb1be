// npm run fuzz -- --runs N --seed N --only NAME: every module in lab/fuzz/ that exports `name` and
// `fuzz`.
//
// First each input kept in lab/corpus/NAME/ is tried again (where the module has `replay`), then
// new ones are made from the seed. An input that fails is written into the corpus, so the next run
// starts with it. Exit 1 then.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { FuzzFailure, isTarget, type Target } from "../lab/fuzz/target";
import { type Command, type Given, Interrupt, run, turn, UsageError } from "./command";
import { Progress } from "./progress";

const TARGETS = new URL("../lab/fuzz/", import.meta.url);
const CORPUS = new URL("../lab/corpus/", import.meta.url);
/** Runs between two looks at Ctrl-C. */
const BATCH = 1000;

const COMMAND: Command<"runs" | "seed" | "only"> = {
  name: "npm run fuzz",
  about: "random input for every parser and for the power gate; what fails is kept and tried again",
  options: {
    runs: { takes: "N", about: "inputs a target (default 20000)" },
    seed: { takes: "N", about: "the same seed makes the same inputs (default 1)" },
    only: { takes: "NAME", about: "one target" },
  },
};

async function main(given: Given<"runs" | "seed" | "only">): Promise<number> {
  const { runs, seed } = { runs: given.whole("runs", 20_000), seed: given.whole("seed", 1) };
  const targets = await findTargets(given.text("only"));
  const interrupt = new Interrupt();
  let failures = 0;
  let inputs = 0;
  let tried = 0;
  for (const target of targets) {
    if (interrupt.came) break;
    const started = performance.now();
    const outcome = await fuzzOne(target, { runs, seed }, interrupt);
    tried++;
    inputs += outcome.inputs;
    if (outcome.failure) failures++;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const verdict = outcome.failure ?? (interrupt.came ? "interrupted, no failure" : "passed");
    console.log(`${target.name}: ${verdict}, ${outcome.inputs} inputs in ${seconds} s`);
  }
  const verdict = failures === 0 ? "all passed" : `${failures} failed`;
  console.log(`${tried} of ${targets.length} targets, ${inputs} inputs, seed ${seed}: ${verdict}`);
  return failures > 0 ? 1 : interrupt.came ? 130 : 0;
}

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

async function fuzzOne(
  target: Target,
  { runs, seed }: { readonly runs: number; readonly seed: number },
  interrupt: Interrupt,
): Promise<{ inputs: number; failure?: string }> {
  const progress = new Progress();
  let inputs = 0;
  try {
    for (const [file, input] of corpusOf(target)) {
      if (!target.replay) break;
      inputs++;
      attempt(`corpus ${file}`, () => target.replay?.(input));
    }
    for (let done = 0; done < runs && !interrupt.came; done += BATCH) {
      const batch = Math.min(BATCH, runs - done);
      attempt(`seed ${seed + done}`, () => target.fuzz(batch, seed + done));
      inputs += batch;
      progress.at(`${target.name}: ${done + batch} of ${runs}`);
      await turn();
    }
    return { inputs };
  } catch (error) {
    console.error(error);
    const kept = error instanceof FuzzFailure ? `, input kept as ${keep(target, error.input)}` : "";
    return { inputs, failure: `FAILED${kept}` };
  } finally {
    progress.clear();
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
  return `lab/corpus/${name}/${file}`;
}

await run(COMMAND, main);
