// Fuzzes the power gate's C core (tools/meter/fuzz/gate-fuzz.c): options, samples, time jumps and
// requests, with its invariants. Coverage-guided by libFuzzer where Debian's clang is installed;
// without it the inputs are random.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildProgram, GATE_CORE, ROOT } from "../world/build";
import { FuzzFailure } from "./target";

export const name = "power-gate";

const SOURCES = ["tools/meter/fuzz/gate-fuzz.c", ...GATE_CORE];
const CHECKED = ["-O1", "-g", "-fno-sanitize-recover=all"];

/** True where clang and its fuzzer's runtime are installed (Debian: clang, libclang-rt-14-dev). */
export function hasLibFuzzer(): boolean {
  const probe = spawnSync("clang", ["-fsanitize=fuzzer", "-x", "c", "-", "-o", "/dev/null"], {
    input: "int LLVMFuzzerTestOneInput(const char *d, unsigned long s) { return d && s ? 0 : 0; }",
  });
  return probe.status === 0;
}

/** Path of the libFuzzer executable. */
function buildFuzzer(): string {
  return buildProgram({
    name: "gate-fuzzer",
    sources: SOURCES,
    compiler: "clang",
    debian: "clang libclang-rt-14-dev",
    flags: [...CHECKED, "-fsanitize=fuzzer,address,undefined"],
  });
}

/** Path of an executable that needs only the system's compiler: files, or `--random RUNS SEED`. */
export function buildReplay(): string {
  return buildProgram({
    name: "gate-replay",
    sources: SOURCES,
    flags: [...CHECKED, "-DREPLAY=1", "-fsanitize=address,undefined"],
  });
}

/**
 * Tries `runs` inputs; throws a FuzzFailure with the input where libFuzzer made it, else an Error
 * with what broke.
 */
export function fuzz(runs: number, seed: number): void {
  if (!hasLibFuzzer()) {
    run(buildReplay(), ["--random", String(runs), String(seed)]);
    return;
  }
  const corpus = join(ROOT, "build", "fuzz", name);
  const failures = mkdtempSync(join(tmpdir(), "gate-fuzz-"));
  mkdirSync(corpus, { recursive: true });
  const limits = [
    `-runs=${runs}`,
    `-seed=${seed}`,
    "-max_len=1024",
    "-timeout=20",
    "-verbosity=0",
    "-print_final_stats=0",
  ];
  try {
    run(buildFuzzer(), [...limits, `-artifact_prefix=${failures}/`, corpus]);
  } catch (error) {
    const kept = readdirSync(failures)[0];
    if (kept === undefined) throw error;
    throw new FuzzFailure(new Uint8Array(readFileSync(join(failures, kept))), error);
  }
}

export function replay(input: Uint8Array): void {
  const file = join(mkdtempSync(join(tmpdir(), "gate-replay-")), "input");
  writeFileSync(file, input);
  run(buildReplay(), [file]);
}

function run(executable: string, words: readonly string[]): void {
  const { status, stderr, stdout } = spawnSync(executable, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${stdout}${stderr}`.split("\n").slice(-60).join("\n"));
}
