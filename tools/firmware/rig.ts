// The rig on which images are measured: linked images (tools/firmware/link.ts), compiled with the
// SDK's XS for rv32imac as for a device, with a chip's fixed heap, in an emulator where one
// instruction is one tick; and the longest payment that can be played between them.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { loadScenario, type Scenario } from "../../lab/sim/scenario";
import type { Scheme } from "../../shared/protocol/words";
import { OUT, ROOT } from "./image";
import { LinkedEngine } from "./linked";
import type { Sdk } from "./sdk";
import { type DeviceName, UsageError } from "./targets";

const COMPILER = "riscv64-unknown-elf-gcc";
export const EMULATOR = "qemu-system-riscv32";

/**
 * -Os and no debugger, as the SDK's release build; XS's parser is linked as far as the image needs
 * it.
 */
const FLAGS = [
  "-march=rv32imac",
  "-mabi=ilp32",
  "-specs=picolibc.specs",
  "-Os",
  "-ffunction-sections",
  "-fdata-sections",
  "-w",
];
const DEFINES = ["-DINCLUDE_XSPLATFORM=1", '-DXSPLATFORM="bare_xs.h"', "-DSELFTEST_BARE=1", "-D_RELEASE=1"];
/** XS's memory collects when host.c says, and tells it. */
const SAMPLED = ["-DmxStress=1", "-DmxReport=1"];
const LAYOUT = { flash: 0x80000000, flash_size: 4 << 20, ram: 0x80400000, ram_size: 0x07c00000, stack_size: 1 << 20 };
const LINK = ["--oslib=semihost", "--crt0=hosted", "-Wl,--gc-sections", "-lm"].concat(
  Object.entries(LAYOUT).map(([name, value]) => `-Wl,--defsym=__${name}=${value}`),
);
const EMULATE = [
  "-M",
  "virt",
  "-m",
  "192M",
  "-bios",
  "none",
  "-display",
  "none",
  "-serial",
  "none",
  "-monitor",
  "none",
].concat([...["-icount", "shift=0", "-semihosting-config", "enable=on,target=native", "-kernel"]]);
/** Sources that are included by others, or that the SDK's makefiles leave out. */
const NOT_COMPILED = ["xsDefaults.c", "xsum.c"];
export const BYTES_PER_SLOT = 16;
/**
 * Payments as large as they get, by scheme. Single-fee: over as many coins as a draft may spend, so
 * small that all are needed, with increments so small that a session comes to some thirty, all of
 * which its record keeps. Basic: each payment stays in the record until it is buried, and the
 * record fills up before that.
 */
export const LONGEST: Readonly<Record<Scheme, Scenario>> = {
  "single-fee": longest([5_500, 5_400, 5_300, 5_200, 5_100], 600, 19_200),
  basic: longest([55_000, 54_000, 53_000, 52_000, 51_000], 3_000, 96_000),
};

/** All amounts in satoshi. */
function longest(coins: readonly number[], increment: number, sessionMax: number): Scenario {
  const toaster = loadScenario("toaster");
  return { ...toaster, coins, socket: { ...toaster.socket, increment, sessionMax } };
}

/** XS's memory on a chip, all of it taken at the start. */
export interface Memory {
  readonly slots: number;
  /** In bytes. */
  readonly chunks: number;
  /** In slots. */
  readonly stack: number;
}

/** manifests/engine.json's, with what `tried` has instead. */
export function chipMemory(tried: Partial<Record<keyof Memory, string | undefined>> = {}): Memory {
  const { creation } = JSON.parse(readFileSync(join(ROOT, "manifests/engine.json"), "utf8")) as {
    creation: { chunk: { initial: number }; heap: { initial: number }; stack: number };
  };
  return {
    slots: Number(tried.slots ?? creation.heap.initial),
    chunks: Number(tried.chunks ?? creation.chunk.initial),
    stack: Number(tried.stack ?? creation.stack),
  };
}

function run(command: string, args: readonly string[]): string {
  const { stdout, stderr, status, error } = spawnSync(command, args, { encoding: "utf8" });
  if (error) {
    throw new UsageError(
      `${command} is missing (Debian packages: gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc)`,
    );
  }
  if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
  return stdout;
}

/** XS compiled for the chip, and the images with it. */
export class Rig {
  readonly #sdk: Sdk;
  readonly #folder: string;
  readonly #flags: readonly string[];
  readonly #link: readonly string[];
  readonly #engine: readonly string[];

  /**
   * `sampled`: garbage is collected all the time, and an engine's peak is what was really held
   * (host.c). Much slower.
   */
  constructor(sdk: Sdk, sampled = false) {
    this.#sdk = sdk;
    this.#folder = join(OUT, sampled ? "measure-sampled" : "measure");
    const xs = ["includes", "platforms", "sources"].map((name) => join(sdk.path, "xs", name));
    const includes = [join(ROOT, "firmware/selftest"), ...xs].flatMap((folder) => ["-I", folder]);
    this.#flags = [...FLAGS, ...DEFINES, ...(sampled ? ["-DSELFTEST_SAMPLED=1"] : []), ...includes];
    this.#link = [...LINK, ...(sampled ? ["-Wl,--wrap=fxReport"] : [])];
    mkdirSync(this.#folder, { recursive: true });
    this.#engine = this.#compileEngine(sampled);
  }

  /** Compiles and links one image, that `link` made for the desktop; gives the program's path. */
  image(device: DeviceName, { slots, chunks, stack }: Memory): string {
    const generated = join(OUT, "sdk/tmp/lin/release", `linked-${device}`);
    const sizes = [`-DSELFTEST_CHUNK_BYTES=${chunks}`, `-DSELFTEST_SLOTS=${slots}`, `-DSELFTEST_STACK=${stack}`];
    const objects = [join(generated, "mc.xs.c"), join(ROOT, "firmware/selftest/host.c")].map((source) => {
      const object = join(this.#folder, `${device}-${basename(source)}.o`);
      run(COMPILER, [...this.#flags, ...sizes, "-I", generated, "-c", source, "-o", object]);
      return object;
    });
    const program = join(this.#folder, `${device}.elf`);
    run(COMPILER, [...FLAGS, ...this.#engine, ...objects, "-o", program, ...this.#link]);
    return program;
  }

  #compileEngine(sampled: boolean): string[] {
    const sources = join(this.#sdk.path, "xs/sources");
    const files = readdirSync(sources).filter((file) => /^xs.*\.c$/.test(file) && !NOT_COMPILED.includes(file));
    return files.map((file) => {
      const object = join(this.#folder, `${file}.o`);
      const extra = sampled && file === "xsMemory.c" ? SAMPLED : [];
      if (!existsSync(object)) run(COMPILER, [...this.#flags, ...extra, "-c", join(sources, file), "-o", object]);
      return object;
    });
  }
}

/** Bytes of flash: code, constants, and what RAM is initialised with. */
export function flashOf(program: string): number {
  const [text = 0, data = 0] = (run("riscv64-unknown-elf-size", [program]).split("\n")[1] ?? "")
    .trim()
    .split(/\s+/)
    .map(Number);
  return text + data;
}

/** What the emulator is told to run `program`. */
export function emulation(program: string): string[] {
  return [...EMULATE, program];
}

/** `program` at work, for the simulator. */
export function emulated(program: string): LinkedEngine {
  return new LinkedEngine(EMULATOR, emulation(program));
}

export function kilo(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KB`;
}
