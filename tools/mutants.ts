// npm run mutants: takes guards out of a copy of the code, one at a time, and tells which of them
// no test misses, and which threats of docs/trust.md have no mutant. Exits 1 where a mutant
// survives that tools/mutants/survivors.ts does not explain, or the test stays green that the page
// names for it.

import { readFileSync } from "node:fs";
import { type Command, run, UsageError } from "./command";
import { MUTATIONS } from "./mutants/list";
import type { Mutation } from "./mutants/mutation";
import { Scratch } from "./mutants/scratch";
import { SURVIVORS } from "./mutants/survivors";
import { failsAnyway, tryMutation, type Verdict } from "./mutants/trial";
import { rowsOf, TRUST_PAGE, unproven, untied } from "./mutants/trust";

/** Mutants that are tried at the same time. */
const WORKERS = 2;

const COMMAND: Command<"only" | "json"> = {
  name: "npm run mutants",
  about:
    "takes guards out of a copy of the code, one at a time, and tells which of them no test misses (some 20 minutes)",
  options: {
    only: {
      takes: "NAME",
      about: "one of them, by its name in tools/mutants/; may be given several times",
      several: true,
    },
    json: { about: "one JSON object at the end" },
  },
};

const page = readFileSync(TRUST_PAGE, "utf8");
await run(COMMAND, async (given) => {
  const chosen = given.has("only") ? given.all("only").flatMap(named) : MUTATIONS;
  return (await tried(chosen, given.has("json"))) ? 0 : 1;
});

function named(name: string): Mutation[] {
  const found = MUTATIONS.filter((mutation) => mutation.name === name);
  if (found.length > 0) return found;
  throw new UsageError(`--only: expected the name of a mutation, got "${name}"; they stand in tools/mutants/`);
}

async function tried(mutations: readonly Mutation[], json: boolean): Promise<boolean> {
  const wrong = untied(MUTATIONS, page);
  for (const line of wrong) console.error(line);
  if (wrong.length > 0) return false;
  const scratches = Array.from({ length: WORKERS }, () => new Scratch());
  try {
    if (!(await passUnchanged(scratches[0] as Scratch, mutations))) return false;
    return tell(await triedAll(scratches, mutations), json);
  } finally {
    for (const scratch of scratches) scratch.remove();
  }
}

/**
 * Each copy of the tree takes the next mutation once it is done with one; verdicts are in the order
 * of the list.
 */
async function triedAll(scratches: readonly Scratch[], mutations: readonly Mutation[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const left = [...mutations.entries()];
  let done = 0;
  const work = async (scratch: Scratch): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [index, mutation] = next;
      const verdict = await tryMutation(scratch, mutation);
      verdicts[index] = verdict;
      progress(`${++done}/${mutations.length} ${told(verdict)}`);
    }
  };
  await Promise.all(scratches.map(work));
  return verdicts;
}

/** A test that fails in any case kills nothing. */
async function passUnchanged(scratch: Scratch, mutations: readonly Mutation[]): Promise<boolean> {
  const tests = [...new Set(mutations.flatMap((mutation) => mutation.tests))];
  progress(`${tests.length} test files have to pass while nothing is changed`);
  const failed = await failsAnyway(scratch, tests);
  if (failed !== undefined)
    console.error(`expected all tests to pass while nothing is changed; this one fails: ${failed}`);
  return failed === undefined;
}

function told({ name, killed, by }: Verdict): string {
  return `${name}: ${killed ? `killed by ${by ?? "its time limit"}` : "SURVIVED"}`;
}

/** True where every survivor is explained, and nothing is explained that was killed. */
function tell(verdicts: readonly Verdict[], json: boolean): boolean {
  const survived = verdicts.filter(({ killed }) => !killed).map(({ name }) => name);
  const unexplained = survived.filter((name) => !SURVIVORS.has(name));
  const stale = verdicts.filter(({ name, killed }) => killed && SURVIVORS.has(name)).map(({ name }) => name);
  const bare = unproven(MUTATIONS, page).map(({ threat }) => threat);
  const endless = verdicts.filter(({ killed, by }) => killed && by === undefined).map(({ name }) => name);
  if (json)
    console.log(
      JSON.stringify({ mutants: verdicts.length, verdicts, unexplained, stale, endless, bare }, undefined, 2),
    );
  else {
    console.log(`${verdicts.length} mutants, ${verdicts.length - survived.length} killed, ${survived.length} survived`);
    for (const name of endless) console.log(`killed because its tests did not end: ${name}`);
    for (const name of survived)
      console.log(`survived: ${name}: ${SURVIVORS.get(name) ?? "no test fails, no reason given"}${provenBy(name)}`);
    for (const name of stale) console.log(`killed, though tools/mutants/survivors.ts explains it: ${name}`);
    const rows = rowsOf(page).length;
    console.log(
      `${rows - bare.length} of ${rows} rows of ${TRUST_PAGE} that name a test have a mutant; these have none:`,
    );
    for (const threat of bare) console.log(`  ${threat}`);
  }
  return unexplained.length + stale.length === 0;
}

function provenBy(survivor: string): string {
  const title = MUTATIONS.find(({ name }) => name === survivor)?.proves;
  return title === undefined ? "" : `; ${TRUST_PAGE} names for it "${title}"`;
}

/** Beside the result, so that `--json` stays one document. */
function progress(line: string): void {
  console.error(line);
}
