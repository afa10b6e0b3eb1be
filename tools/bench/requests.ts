// `npx tsx tools/bench/requests.ts`: what reading a request costs a socket: usual ones, and the
// dearest that its limits let pass (lab/sim/hostile/crowd.ts). Instructions of the 32-bit core; the
// answer, under 2 M, is not in them. While one is read the socket does nothing else, neither serve
// its cable nor renew a lease.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { MANNERS } from "../../lab/sim/hostile/crowd";
import { runScript } from "./engine";
import { bundle, readFigures } from "./figures";

/** A fifth of a second of a chip's time, at 160 million instructions a second. */
export const DEAREST = 32_000_000;

const entry = join(dirname(fileURLToPath(import.meta.url)), "device", "requests.ts");
const label = (name: string): string => name.replace(/[ -]/g, "_");

/** The texts, as a module for the device's side. */
const texts: Plugin = {
  name: "texts",
  setup(build) {
    build.onResolve({ filter: /^hostile-requests$/ }, ({ path }) => ({ path, namespace: "texts" }));
    build.onLoad({ filter: /.*/, namespace: "texts" }, () => ({
      contents: `export default ${JSON.stringify(MANNERS.map(({ name, text }) => [label(name), text(0)]))}`,
    }));
  },
};

/** Instructions for each of the crowd's manners, by its name. */
export async function requestCosts(): Promise<Map<string, number>> {
  const figures = readFigures(await runScript(await bundle(entry, [texts]), "requests"));
  return new Map(MANNERS.map(({ name }) => [name, figures.get(label(name)) ?? Number.NaN]));
}

async function main(): Promise<void> {
  for (const [name, cost] of await requestCosts()) console.log(`${cost.toLocaleString("en").padStart(12)}  ${name}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) void main();
