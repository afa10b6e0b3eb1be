// npm run firmware:measure [-- --slots N --chunks BYTES --stack SLOTS] [-- --need]: what an image takes of a 32-bit chip.
// The linked images (tools/firmware/link.ts) are
// compiled with the SDK's XS for rv32imac as for a device, with a chip's fixed heap, and run in an emulator where one
// instruction is one tick: self-test, then a whole payment between the two. Prints flash, RAM and what a start costs.
//
// In the figures for flash: XS, our modules, the wallet with its tables, the C library. Not: ESP-IDF, the SDK's modules for
// a chip. Beside them the image holds the self-test and the desktop's stand-ins, which a device has not.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import type { Check } from "../../firmware/selftest/fixture";
import { runScenario } from "../sim/run";
import { loadScenario } from "../sim/scenario";
import { holdBuilds, OUT, ROOT } from "./image";
import { link } from "./link";
import { LinkedEngine, type Peak, selfTest } from "./linked";
import { findSdk, type Sdk } from "./sdk";
import { DEVICES, type DeviceName, UsageError } from "./targets";

const COMPILER = "riscv64-unknown-elf-gcc";
const EMULATOR = "qemu-system-riscv32";
const FOLDER = join(OUT, "measure");

/** -Os and no debugger, as the SDK's release build; XS's parser is linked as far as the image needs it. */
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
const BYTES_PER_SLOT = 16;

/** A heap that starts small and grows little by little: its peak is what is needed, garbage not counted. */
const SPARING = { slots: 512, chunks: 8192, moreSlots: 32, moreChunks: 512 };

/** XS's memory on a chip: manifests/engine.json's, or what the command line tries instead. */
const memory = chipMemory();

interface Memory {
  readonly slots: number;
  readonly chunks: number;
  readonly stack: number;
  /** By how much the heap grows once collecting garbage frees too little; a chip's does not. */
  readonly moreSlots: number;
  readonly moreChunks: number;
}

function chipMemory(): Memory {
  const { creation } = JSON.parse(readFileSync(join(ROOT, "manifests/engine.json"), "utf8")) as {
    creation: { chunk: { initial: number }; heap: { initial: number }; stack: number };
  };
  const { values } = parseArgs({
    options: {
      slots: { type: "string" },
      chunks: { type: "string" },
      stack: { type: "string" },
      need: { type: "boolean" },
    },
  });
  const stack = Number(values.stack ?? creation.stack);
  if (values.need) return { ...SPARING, stack };
  return {
    slots: Number(values.slots ?? creation.heap.initial),
    chunks: Number(values.chunks ?? creation.chunk.initial),
    stack,
    moreSlots: 0,
    moreChunks: 0,
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

/** Compiles XS, once for both images. */
function compileEngine(sdk: Sdk): string[] {
  const sources = join(sdk.path, "xs/sources");
  const files = readdirSync(sources).filter((file) => /^xs.*\.c$/.test(file) && !NOT_COMPILED.includes(file));
  return files.map((file) => {
    const object = join(FOLDER, `${file}.o`);
    if (!existsSync(object))
      run(COMPILER, [...FLAGS, ...DEFINES, ...includes(sdk), "-c", join(sources, file), "-o", object]);
    return object;
  });
}

function includes(sdk: Sdk): string[] {
  const xs = ["includes", "platforms", "sources"].map((name) => join(sdk.path, "xs", name));
  return [join(ROOT, "firmware/selftest"), ...xs].flatMap((folder) => ["-I", folder]);
}

/** Compiles and links one image; gives the program's path. */
function compileImage(sdk: Sdk, device: DeviceName, engine: readonly string[]): string {
  const generated = join(OUT, "sdk/tmp/lin/release", `linked-${device}`);
  const sizes = [
    `-DSELFTEST_CHUNK_BYTES=${memory.chunks}`,
    `-DSELFTEST_SLOTS=${memory.slots}`,
    `-DSELFTEST_STACK=${memory.stack}`,
    `-DSELFTEST_MORE_SLOTS=${memory.moreSlots}`,
    `-DSELFTEST_MORE_CHUNK_BYTES=${memory.moreChunks}`,
  ];
  const objects = [join(generated, "mc.xs.c"), join(ROOT, "firmware/selftest/host.c")].map((source) => {
    const object = join(FOLDER, `${device}-${basename(source)}.o`);
    run(COMPILER, [...FLAGS, ...DEFINES, ...sizes, ...includes(sdk), "-I", generated, "-c", source, "-o", object]);
    return object;
  });
  const program = join(FOLDER, `${device}.elf`);
  run(COMPILER, [...FLAGS, ...engine, ...objects, "-o", program, ...LINK]);
  return program;
}

/** Bytes of flash: code, constants, and what RAM is initialised with. */
function flashOf(program: string): number {
  const [text = 0, data = 0] = (run("riscv64-unknown-elf-size", [program]).split("\n")[1] ?? "")
    .trim()
    .split(/\s+/)
    .map(Number);
  return text + data;
}

function tested(device: DeviceName, checks: readonly Check[]): void {
  const failed = checks.filter(({ holds }) => !holds).map(({ name }) => name);
  if (failed.length > 0) throw new UsageError(`${device} on the 32-bit core failed: ${failed.join(", ")}`);
}

async function main(): Promise<void> {
  const sdk = findSdk();
  await holdBuilds();
  mkdirSync(FOLDER, { recursive: true });
  for (const device of DEVICES) await link(sdk, device);
  const engine = compileEngine(sdk);
  const program = { cable: compileImage(sdk, "cable", engine), socket: compileImage(sdk, "socket", engine) };

  const paid = selfTest(EMULATOR, "", [...EMULATE, program.cable]);
  tested("cable", paid);
  tested("socket", selfTest(EMULATOR, paid.at(-1)?.gave ?? "", [...EMULATE, program.socket]));

  const engines: { device: DeviceName; engine: LinkedEngine }[] = [];
  const { summary } = await runScenario({
    scenario: loadScenario("toaster"),
    scheme: "single-fee",
    engine: "node",
    engineOf: (device) => {
      const engine = new LinkedEngine(EMULATOR, [...EMULATE, program[device]]);
      engines.push({ device, engine });
      return engine;
    },
    seed: 1,
  });
  if (summary.settlements.length === 0) throw new UsageError("nothing was paid between the images");
  console.log(`A payment of ${summary.increments} increments and its settlement, XS ${sdk.version} on rv32imac`);
  for (const device of DEVICES) {
    print(
      device,
      program[device],
      engines.filter((one) => one.device === device).map(({ engine }) => engine.peak),
    );
  }
}

function print(device: DeviceName, program: string, peaks: readonly Peak[]): void {
  const most = (value: (peak: Peak) => number): number => Math.max(...peaks.map(value));
  const [slots, chunks] = [most((peak) => peak.slots) * BYTES_PER_SLOT, most((peak) => peak.chunks)];
  const kilo = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`;
  console.log(`${device}
  flash                       ${(flashOf(program) / 1e6).toFixed(3)} MB (with the self-test and the stand-ins; file ${statSync(program).size} bytes)
  ready after                 ${(most((peak) => peak.ready) / 1e6).toFixed(3)} M instructions: XS started, main imported
  JavaScript's heap at most   ${kilo(slots)} slots + ${kilo(chunks)} chunks = ${kilo(slots + chunks)} of ${kilo(memory.slots * BYTES_PER_SLOT + memory.chunks)}
  JavaScript's stack          ${kilo(memory.stack * BYTES_PER_SLOT)}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = 1;
});
