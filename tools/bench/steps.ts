// `npx tsx tools/bench/steps.ts`: what each step of the wallet buys. The same keys, hashes and
// signatures over the libraries after none, one, two... of the steps, all in 1 MB of RAM, the base
// point's table built before the count.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { walletPlugin } from "../wallet/build";
import { wantedBy } from "../wallet/usage";
import { partOfWallet } from "../wallet/wallet";
import { runScript } from "./engine";
import { bundle, readFigures } from "./figures";

const entry = join(dirname(fileURLToPath(import.meta.url)), "device", "primitives.ts");
const NAMES = ["sha256Block", "hmac", "publicKey", "sign", "verify"];

const wanted = await wantedBy([entry]);
console.log(`${NAMES.map((name) => name.padStart(12)).join("")}  after the step (millions of instructions)`);
for (let count = 0, before = ""; ; count++) {
  const { wallet, last } = partOfWallet(wanted, count);
  if (last === before) break;
  before = last;
  const found = readFigures(await runScript(await bundle(entry, [walletPlugin(wallet)]), "steps"));
  console.log(`${NAMES.map((name) => ((found.get(name) ?? 0) / 1e6).toFixed(2).padStart(12)).join("")}  ${last}`);
}
