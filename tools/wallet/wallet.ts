// The wallet: the parts of @noble and @scure that a firmware uses, transformed for preloading and
// for XS.

import { type Pins, readPins } from "./library";
import { noBigIntArrays } from "./steps/bigint-arrays";
import { bigintEquality } from "./steps/bigint-equality";
import { constantParameters, freezeCoders, freezeTables } from "./steps/frozen";
import { inlineCalls } from "./steps/inline";
import { regexpsAtUse } from "./steps/regexps";
import { unrollRounds } from "./steps/rounds";
import { dropScratch, localScratch } from "./steps/scratch";
import { applySteps, type Step } from "./steps/step";
import { keepUsedParts, type Wanted } from "./steps/used-parts";
import { declares, type Module } from "./syntax";

const SHA2 = "@noble/hashes/sha2.js";
const UTILS = "@noble/hashes/utils.js";
const LEGACY = "@noble/hashes/legacy.js";
const BASE = "@scure/base";
const PACKED = "micro-packed";
const SCRIPT = "@scure/btc-signer/script.js";

const sha256Steps: readonly Step[] = [
  inlineCalls("@noble/hashes/utils.js", ["rotr"], SHA2),
  inlineCalls("@noble/hashes/_md.js", ["Chi", "Maj"], SHA2),
  unrollRounds({ specifier: SHA2, className: "SHA2_32B", method: "process", scratch: "SHA256_W", table: "SHA256_K" }),
  dropScratch(SHA2, "SHA256_W", "clean"),
];

/** By module: its steps, applied where the module is in the image. */
const STEPS: Readonly<Record<string, (module: Module) => readonly Step[]>> = {
  [SHA2]: () => sha256Steps,
  [UTILS]: (module) => (declares(module, "hexes") ? [freezeTables(UTILS, ["hexes"])] : []),
  [LEGACY]: () => [
    localScratch(LEGACY, "BUF_160", "clean"),
    freezeTables(LEGACY, ["idxL", "idxR", "shiftsL160", "shiftsR160"]),
  ],
  [BASE]: () => [
    freezeTables(BASE, ["POLYMOD_GENERATORS"]),
    freezeCoders(BASE),
    constantParameters(BASE),
    regexpsAtUse(BASE),
  ],
  [PACKED]: () => [freezeCoders(PACKED, ["intView", "view"]), constantParameters(PACKED)],
  [SCRIPT]: () => [
    noBigIntArrays(SCRIPT, "CompactSize"),
    freezeTables(SCRIPT, ["limits", "limitsList"]),
    freezeCoders(SCRIPT, ["struct", "wrap"]),
  ],
};

export interface Wallet {
  readonly modules: ReadonlyMap<string, Module>;
  /** What was done: step to number of places. */
  readonly changes: ReadonlyMap<string, number>;
}

/**
 * The first `count` steps only, for measuring what each one buys; with none the wallet is the
 * libraries' used parts.
 */
export function partOfWallet(wanted: Wanted, count: number): { readonly wallet: Wallet; readonly last: string } {
  const modules = keepUsedParts(wanted, readPins());
  const steps = stepsFor(modules).slice(0, count);
  return { wallet: { modules, changes: applySteps(modules, steps) }, last: steps.at(-1)?.name ?? "as they come" };
}

function stepsFor(modules: ReadonlyMap<string, Module>): Step[] {
  return Object.entries(STEPS).flatMap(([specifier, make]) => {
    const module = modules.get(specifier);
    return module ? make(module) : [];
  });
}

/** Makes the wallet. Throws where a library is not the pinned one or a step finds nothing to do. */
export function makeWallet(wanted: Wanted, pins: Pins = readPins()): Wallet {
  const modules = keepUsedParts(wanted, pins);
  return { modules, changes: applySteps(modules, [...stepsFor(modules), bigintEquality]) };
}
