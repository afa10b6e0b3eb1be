// `npx tsx tools/bench/text.ts`: what it costs XS to check the characters of a text, by an
// expression that exists, by one that is made where it is used (shared/kernel/text.ts), and by a
// loop. Instructions of the 32-bit core.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runScript } from "./engine";
import { bundle, readFigures } from "./figures";

const entry = join(dirname(fileURLToPath(import.meta.url)), "device", "text.ts");

for (const [name, cost] of readFigures(await runScript(await bundle(entry, []), "text")))
  console.log(`${cost.toLocaleString("en").padStart(12)}  ${name}`);
