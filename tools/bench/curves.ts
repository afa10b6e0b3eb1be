// `npx tsx tools/bench/curves.ts`: both curve libraries as they come, each alone on XS in 1 MB of
// heap. What the choice in docs/performance.md rests on.

import { runScript } from "./engine";
import { bundle, readFigures } from "./figures";

/** XS 13.3 stumbles over the static blocks of @noble/curves. */
const TARGET = "es2020";
const LIBRARIES = { "@noble/secp256k1": "./curve-secp256k1", "@noble/curves": "./curve-curves" };

console.log(`${"".padEnd(18)}first public key   then     sign   verify (millions)  table: slots   chunks (KB)`);
for (const [name, entry] of Object.entries(LIBRARIES)) {
  const found = readFigures(await runScript(await bundle(entry, [], TARGET), "curves"));
  const millions = (operation: string) => ((found.get(operation) ?? 0) / 1e6).toFixed(1).padStart(9);
  const kilo = (part: string) => ((found.get(part) ?? 0) / 1024).toFixed(0).padStart(9);
  const costs = ["publicKey", "sign", "verify"].map(millions).join("");
  console.log(
    `${name.padEnd(18)}${millions("firstPublicKey").padStart(14)}${costs}${"".padEnd(19)}${kilo("slots")}${kilo("chunks")}`,
  );
}
