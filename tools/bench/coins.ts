// `npx tsx tools/bench/coins.ts`: what reading the list of an address's coins costs a socket, by
// backend and number of coins: anybody can send dust to a cable's address. Instructions of the
// 32-bit core, the network's own work left out.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runScript } from "./engine";
import { bundle, readFigures } from "./figures";

const entry = join(dirname(fileURLToPath(import.meta.url)), "device", "coins.ts");

/** Two and a half seconds of a chip's time, at 160 million instructions a second. */
export const DEAREST_400 = 400_000_000;

/** Instructions by `backend_coins`. */
export async function coinCosts(): Promise<ReadonlyMap<string, number>> {
  return readFigures(await runScript(await bundle(entry, []), "coins"));
}

async function main(): Promise<void> {
  for (const [name, cost] of await coinCosts()) console.log(`${cost.toLocaleString("en").padStart(14)}  ${name}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) void main();
