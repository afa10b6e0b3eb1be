// `npx tsx tools/bench/requests.ts`: what reading a request costs a socket, for a usual one and for the dearest that its
// limits let pass (tools/sim/hostile/crowd.ts). Instructions of the 32-bit core, 160 million a second on a chip. The answer
// is not in it: 2 M at most.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { MANNERS } from "../sim/hostile/crowd";
import { runScript } from "./engine";
import { bundle, readFigures } from "./figures";

const entry = join(dirname(fileURLToPath(import.meta.url)), "device", "requests.ts");

/** The texts, as a module for the device's side. */
const texts: Plugin = {
  name: "texts",
  setup(build) {
    build.onResolve({ filter: /^hostile-requests$/ }, ({ path }) => ({ path, namespace: "texts" }));
    build.onLoad({ filter: /.*/, namespace: "texts" }, () => ({
      contents: `export default ${JSON.stringify(MANNERS.map(({ name, text }) => [name.replace(/[ -]/g, "_"), text(0)]))}`,
    }));
  },
};

for (const [name, cost] of readFigures(await runScript(await bundle(entry, [texts]), "requests")))
  console.log(`${cost.toLocaleString("en").padStart(12)}  ${name.replaceAll("_", " ")}`);
