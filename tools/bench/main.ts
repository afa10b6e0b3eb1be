// npm run bench: what the device's JavaScript costs, in instructions of a 32-bit RISC-V core.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, type Given, run } from "../command";
import { Progress } from "../progress";
import { missingTools } from "./engine";
import { measureFactor } from "./factor";
import { type Figures, figures, OPERATIONS } from "./figures";

const here = dirname(fileURLToPath(import.meta.url));
const budgetsFile = join(here, "budgets.json");
const factorFile = join(here, "factor.json");

/** How far a figure may be over its budget. */
const TOLERANCE = 1.02;

type Name = "check" | "budget" | "factor" | "json";

const COMMAND: Command<Name> = {
  name: "npm run bench",
  about: "what the device's JavaScript costs, with the libraries as they come and with our wallet from flash",
  options: {
    check: {
      about: `fails where a figure is more than ${Math.round(TOLERANCE * 100 - 100)} % over its budget (tools/bench/budgets.json)`,
    },
    budget: { about: "writes the figures of now as the budgets" },
    factor: { about: "measures instructions for a unit of XS's meter, and writes tools/bench/factor.json" },
    json: { about: "one JSON object" },
  },
};

/** Name to instructions over the wallet; `slots` and `chunks` in bytes. */
export type Budgets = Readonly<Record<string, number>>;

export function measured(found: Figures): Budgets {
  const instructions = OPERATIONS.map((name): [string, number] => [name, found[name].wallet]);
  return Object.fromEntries([...instructions, ["slots", found.heap.slots], ["chunks", found.heap.chunks]]);
}

/** One line for each figure that is over its budget, or that has none. */
export function overBudget(now: Budgets, budgets: Budgets): string[] {
  return Object.entries(now).flatMap(([name, cost]) => {
    const budget = budgets[name];
    if (budget === undefined) return [`${name} has no budget: \`npm run bench -- --budget\` sets it`];
    if (cost <= budget * TOLERANCE) return [];
    return [`${name} costs ${cost}, its budget is ${budget}: ${((100 * cost) / budget - 100).toFixed(1)} % over`];
  });
}

function table(found: Figures): string {
  const lines = [
    "Instructions of a 32-bit RISC-V core (rv32imac, XS 13.3, -Os), in millions. The base point's table is built before",
    "the count starts, as the device has it in flash; only firstPublicKey as it comes builds it. As they come, the",
    "libraries run in 1 MB of heap; the wallet runs from flash in the device's 96 KB.",
    "",
    `${"".padEnd(18)}${"as they come".padStart(14)}${"wallet".padStart(10)}`,
    ...OPERATIONS.map(
      (name) => `${name.padEnd(18)}${millions(found[name].asShipped, 14)}${millions(found[name].wallet, 10)}`,
    ),
    "",
    `heap at its peak: ${found.heap.slots} bytes of slots, ${found.heap.chunks} bytes of chunks`,
  ];
  return lines.join("\n");
}

function millions(count: number, width: number): string {
  return (count / 1e6).toFixed(2).padStart(width);
}

function readJson(file: string): Budgets {
  return JSON.parse(readFileSync(file, "utf8")) as Budgets;
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

async function main(given: Given<Name>): Promise<number> {
  const missing = await missingTools();
  if (missing.length > 0) throw new Error(`The benchmark needs:\n  ${missing.join("\n  ")}`);
  if (given.has("factor")) {
    const factor = await measureFactor();
    writeJson(factorFile, factor);
    console.log(JSON.stringify(factor, null, 2));
    return 0;
  }
  const progress = new Progress();
  const found = await figures((done, of) => progress.at(`${done} of ${of} programs ran on the emulated core`));
  progress.clear();
  console.log(given.has("json") ? JSON.stringify(found, null, 2) : table(found));
  if (given.has("budget")) writeJson(budgetsFile, measured(found));
  if (!given.has("check")) return 0;
  const complaints = overBudget(measured(found), readJson(budgetsFile));
  for (const complaint of complaints) console.error(complaint);
  return complaints.length > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await run(COMMAND, main);
