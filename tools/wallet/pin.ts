// `npx tsx tools/wallet/pin.ts`: pins the libraries as they are in node_modules, after their
// changes were reviewed and the tests of host-tests/wallet passed with them.

import { readFileSync, writeFileSync } from "node:fs";
import { fileOf, pinOf, pinsFile } from "./library";

const MODULES = [
  "@noble/curves/abstract/modular.js",
  "@noble/hashes/_md.js",
  "@noble/hashes/_u64.js",
  "@noble/hashes/hmac.js",
  "@noble/hashes/legacy.js",
  "@noble/hashes/sha2.js",
  "@noble/hashes/utils.js",
  "@scure/base",
  "@scure/btc-signer/script.js",
  "@scure/btc-signer/utils.js",
  "micro-packed",
];

const pins = Object.fromEntries(
  MODULES.map((specifier) => [specifier, pinOf(readFileSync(fileOf(specifier), "utf8"))]),
);
writeFileSync(pinsFile, `${JSON.stringify(pins, null, 2)}\n`);
console.log(`pinned ${MODULES.length} modules in tools/wallet/pins.json`);
