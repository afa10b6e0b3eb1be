// Fuzzes what chain backends answer: honest answers of Esplora, Bitcoin Core, BlockCypher and
// Electrum, spoiled. Every call must end, with a ChainError or with values that make sense.
//
// The backends are asynchronous and a target is not, so they run in a process of their own; a hang
// ends it as well.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { FuzzFailure } from "./target";

export const name = "chain";

const MAIN = fileURLToPath(new URL("../chain/fuzz-main.ts", import.meta.url));
/** Some 2 ms for an input on a quiet machine; this is for a hang, not for a slow one. */
const PATIENCE_MS = 60_000;
const PATIENCE_PER_RUN_MS = 100;

export function fuzz(runs: number, seed: number): void {
  run(["runs", String(seed), String(runs)], PATIENCE_MS + runs * PATIENCE_PER_RUN_MS);
}

export function replay(input: Uint8Array): void {
  run(["replay", Buffer.from(input).toString("hex")], PATIENCE_MS);
}

function run(args: readonly string[], timeout: number): void {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, ["--import", "tsx", MAIN, ...args], {
    encoding: "utf8",
    timeout,
  });
  if (status === 0) return;
  const why = new Error(error?.message ?? stderr);
  const input = stdout.trim();
  throw input === "" ? why : new FuzzFailure(Uint8Array.from(Buffer.from(input, "hex")), why);
}
