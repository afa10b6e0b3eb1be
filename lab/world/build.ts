// Compiles a C program of ours with the system's compiler into build/, once for each state of its
// sources.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Program {
  readonly name: string;
  /** Paths from the repository's root; headers too, so that a change in one compiles anew. */
  readonly sources: readonly string[];
  readonly flags?: readonly string[];
  /** Default: `$CC`, else `cc`. */
  readonly compiler?: string;
  /** Debian's package that brings the compiler. */
  readonly debian?: string;
}

const WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"];

/**
 * Path of the executable. Throws an Error that names the missing compiler's package, or gives the
 * compiler's words.
 */
export function buildProgram(program: Program): string {
  const compiler = program.compiler ?? process.env.CC ?? "cc";
  const flags = [...WARNINGS, ...(program.flags ?? ["-O2"])];
  const hash = createHash("sha256").update(JSON.stringify([compiler, flags, process.arch, process.platform]));
  for (const source of program.sources) hash.update(source).update(readFileSync(join(ROOT, source)));
  const directory = join(ROOT, "build", "native");
  const output = join(directory, `${program.name}-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(output)) return output;
  mkdirSync(directory, { recursive: true });
  const draft = `${output}.${process.pid}`;
  const units = program.sources.filter((source) => source.endsWith(".c"));
  const run = spawnSync(compiler, [...flags, "-o", draft, ...units, "-lm"], { cwd: ROOT, encoding: "utf8" });
  if (run.error) {
    throw new Error(
      `no C compiler: "${compiler}" does not start (${run.error.message}). ` +
        `Install one (Debian: apt-get install ${program.debian ?? "gcc libc6-dev"}) or name it in $CC.`,
    );
  }
  if (run.status !== 0) throw new Error(`${compiler} refuses ${basename(program.name)}:\n${run.stderr}`);
  renameSync(draft, output);
  return output;
}

/**
 * For tests: every address and every undefined behaviour is checked, at a fraction of the speed.
 */
export const SANITIZED = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/** The power gate's C core, its headers too. */
export const GATE_CORE: readonly string[] = [
  ...["power-gate", "gate-options", "gate-feed", "gate-samples", "gate-half-waves", "gate-windows", "gate-lease"],
  ...["gate-report", "feed-cadence"],
]
  .map((name) => `firmware/native/${name}.c`)
  .concat(["power-gate", "gate-core", "feed-cadence"].map((name) => `firmware/native/${name}.h`));

/** The simulator's helper: the electrical world with the power gate's C core. */
export function buildHelper({ sanitize = false } = {}): string {
  return buildProgram({
    name: sanitize ? "world-checked" : "world",
    ...(sanitize ? { flags: SANITIZED } : {}),
    sources: ["lab/world/world.c", "lab/world/waves.c", "lab/world/waves.h", ...GATE_CORE],
  });
}
