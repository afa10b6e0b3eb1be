// The wallet: the parts of @noble and @scure that a firmware uses, transformed for preloading and for XS.

import { type Pins, readPins } from "./library";
import { noBigIntArrays } from "./steps/bigint-arrays";
import { bigintEquality } from "./steps/bigint-equality";
import { inlineCalls } from "./steps/inline";
import { unrollRounds } from "./steps/rounds";
import { dropScratch, writableScratch } from "./steps/scratch";
import { secp256k1Steps } from "./steps/secp256k1";
import { applySteps, type Step } from "./steps/step";
import { keepUsedParts, type Wanted } from "./steps/used-parts";
import type { Module } from "./syntax";

const SHA2 = "@noble/hashes/sha2.js";

const sha256Steps: readonly Step[] = [
  inlineCalls("@noble/hashes/utils.js", ["rotr"], SHA2),
  inlineCalls("@noble/hashes/_md.js", ["Chi", "Maj"], SHA2),
  unrollRounds({ specifier: SHA2, className: "SHA2_32B", method: "process", scratch: "SHA256_W", table: "SHA256_K" }),
  dropScratch(SHA2, "SHA256_W", "clean"),
];

/** By module: its steps, applied where the module is in the image. */
const STEPS: Readonly<Record<string, () => readonly Step[]>> = {
  [SHA2]: () => sha256Steps,
  "@noble/hashes/legacy.js": () => [writableScratch("@noble/hashes/legacy.js", "BUF_160")],
  "@noble/secp256k1": () => secp256k1Steps(),
  "@scure/btc-signer/script.js": () => [noBigIntArrays("@scure/btc-signer/script.js", "CompactSize")],
};

export interface Wallet {
  readonly modules: ReadonlyMap<string, Module>;
  /** What was done: step to number of places. */
  readonly changes: ReadonlyMap<string, number>;
}

/** Makes the wallet. Throws where a library is not the pinned one or a step finds nothing to do. */
export function makeWallet(wanted: Wanted, pins: Pins = readPins()): Wallet {
  const modules = keepUsedParts(wanted, pins);
  const steps = Object.entries(STEPS).flatMap(([specifier, make]) => (modules.has(specifier) ? make() : []));
  return { modules, changes: applySteps(modules, [...steps, bigintEquality]) };
}
