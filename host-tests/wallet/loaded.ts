// The wallet as Node and as XS can run it: one program over the transformed libraries, bundled by
// the wallet's plugin.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { walletPlugin } from "../../tools/wallet/build";
import { wantedBy } from "../../tools/wallet/usage";
import { makeWallet, type Wallet } from "../../tools/wallet/wallet";
import type * as Uses from "./uses";

const ROOT = join(import.meta.dirname, "../..");
const ENTRY = join(import.meta.dirname, "uses.ts");

export async function wallet(): Promise<Wallet> {
  return makeWallet(await wantedBy([ENTRY]));
}

/** What uses.ts exports, over the transformed libraries, on Node. */
export async function onNode(): Promise<typeof Uses> {
  const { outputFiles } = await build({
    entryPoints: [ENTRY],
    bundle: true,
    write: false,
    format: "esm",
    logLevel: "silent",
    plugins: [walletPlugin(await wallet())],
  });
  const folder = join(ROOT, "build/host-tests");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `wallet-${process.pid}.mjs`);
  writeFileSync(file, outputFiles[0]?.text ?? "");
  return (await import(pathToFileURL(file).href)) as typeof Uses;
}

/** A script for XS: `program` sees what uses.ts exports as `uses`, and prints with `host.print`. */
export async function scriptForXs(program: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: `import * as uses from ${JSON.stringify(ENTRY)};\n${program}`, resolveDir: ROOT, loader: "ts" },
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    logLevel: "silent",
    plugins: [walletPlugin(await wallet())],
  });
  return outputFiles[0]?.text ?? "";
}
