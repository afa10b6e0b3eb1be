// The libraries' modules as npm installed them, found and parsed; and the check that they are the
// ones that the transformations were written for.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Module, parseModule } from "./syntax";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "node_modules");

/** SHA-256 of each module's text that the transformations were written and tested against. */
export type Pins = Readonly<Record<string, string>>;

export const pinsFile = join(dirname(fileURLToPath(import.meta.url)), "pins.json");

export function readPins(): Pins {
  return existsSync(pinsFile) ? (JSON.parse(readFileSync(pinsFile, "utf8")) as Pins) : {};
}

/** The file of a module that is imported as `specifier`. */
export function fileOf(specifier: string): string {
  const direct = join(root, specifier);
  if (/\.js$/.test(specifier) && existsSync(direct)) return direct;
  const entry = join(direct, "index.js");
  if (existsSync(entry)) return entry;
  throw new Error(`wallet: expected ${specifier} in node_modules, found none; run \`npm install\``);
}

/** `./_md.js` as `@noble/hashes/sha2.js` imports it is `@noble/hashes/_md.js`. */
export function resolveFrom(specifier: string, imported: string): string {
  if (!imported.startsWith(".")) return imported;
  const folder = /\.js$/.test(specifier) ? dirname(specifier) : specifier;
  return join(folder, imported).replaceAll("\\", "/");
}

export function pinOf(source: string): string {
  return createHash("sha256").update(source).digest("hex");
}

/** Reads and parses a module. With pins it must be the very text that was pinned. */
export function readModule(specifier: string, pins?: Pins): Module {
  const source = readFileSync(fileOf(specifier), "utf8");
  const expected = pins?.[specifier];
  const found = pinOf(source);
  if (pins && expected !== found)
    throw new Error(
      `wallet: ${specifier} is not the file that the transformations were made for (expected SHA-256 ` +
        `${expected ?? "no such module"}, found ${found}). Review what changed, run the tests in host-tests/wallet, ` +
        "then `npx tsx tools/wallet/pin.ts`",
    );
  return { specifier, program: parseModule(source) };
}
