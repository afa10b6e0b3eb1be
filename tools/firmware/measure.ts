// npm run firmware:measure: what an image takes of a 32-bit chip. The linked images (tools/firmware/link.ts) are compiled
// with the SDK's XS for rv32imac as for a device, with a chip's fixed heap, and run in an emulator where one instruction
// is one tick: self-test, then a whole payment between the two, with the largest transactions there are. Prints flash, RAM
// and what a start costs.
//
//   npm run firmware:measure -- --slots N --chunks BYTES --stack SLOTS   tries another heap than manifests/engine.json's
//   npm run firmware:measure -- --least    the least slots, and the least bytes of chunks, with which the payment passes
//
// How full the heap was says nothing, since garbage is only collected when it is full; the least heap says what is needed.
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
/**
 * A payment as large as they get: as many coins as a draft may spend, so small that all are needed, and increments so small that
 * a session comes to some thirty, all of which its record keeps. In satoshi.
 */
const LARGE = {
  coins: [5_500, 5_400, 5_300, 5_200, 5_100],
  socket: { increment: 600, sessionMax: 19_200 },
};

/** The search for the least heap ends when it is this close. */
const CLOSE = { slots: 128, chunks: 2048 };

/** XS's memory on a chip, all of it taken at the start. */
interface Memory {
  readonly slots: number;
  /** In bytes. */
  readonly chunks: number;
  /** In slots. */
  readonly stack: number;
}

const { values: given } = parseArgs({
  options: {
    slots: { type: "string" },
    chunks: { type: "string" },
    stack: { type: "string" },
    least: { type: "boolean" },
  },
});

/** manifests/engine.json's, or what the command line tries instead. */
function chipMemory(): Memory {
  const { creation } = JSON.parse(readFileSync(join(ROOT, "manifests/engine.json"), "utf8")) as {
    creation: { chunk: { initial: number }; heap: { initial: number }; stack: number };
  };
  return {
    slots: Number(given.slots ?? creation.heap.initial),
    chunks: Number(given.chunks ?? creation.chunk.initial),
    stack: Number(given.stack ?? creation.stack),
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
function compileImage(sdk: Sdk, device: DeviceName, engine: readonly string[], memory: Memory): string {
  const generated = join(OUT, "sdk/tmp/lin/release", `linked-${device}`);
  const sizes = [
    `-DSELFTEST_CHUNK_BYTES=${memory.chunks}`,
    `-DSELFTEST_SLOTS=${memory.slots}`,
    `-DSELFTEST_STACK=${memory.stack}`,
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

/** A program for each image. */
type Programs = Readonly<Record<DeviceName, string>>;

/** One payment between the images. */
interface Payment {
  readonly increments: number;
  /** Devices that ran out of memory, or crashed otherwise. */
  readonly stopped: readonly DeviceName[];
  readonly peaks: readonly { readonly device: DeviceName; readonly peak: Peak }[];
}

async function pay(program: Programs): Promise<Payment> {
  const engines: { device: DeviceName; engine: LinkedEngine }[] = [];
  const result = await runScenario({
    scenario: { ...loadScenario("toaster"), ...LARGE },
    scheme: "single-fee",
    engine: "node",
    engineOf: (device) => {
      const engine = new LinkedEngine(EMULATOR, [...EMULATE, program[device]]);
      engines.push({ device, engine });
      return engine;
    },
    seed: 1,
  }).catch((error: unknown) => {
    // A device that stops again and again ends the run.
    if (!engines.some(({ engine }) => engine.crashed)) throw error;
    return undefined;
  });
  const stopped = DEVICES.filter((device) => engines.some((one) => one.device === device && one.engine.crashed));
  if (result?.summary.settlements.length === 0 && stopped.length === 0)
    throw new UsageError("nothing was paid between the images");
  const peaks = engines.map(({ device, engine }) => ({ device, peak: engine.peak }));
  return { increments: result?.summary.increments ?? 0, stopped, peaks };
}

async function main(): Promise<void> {
  const sdk = findSdk();
  await holdBuilds();
  mkdirSync(FOLDER, { recursive: true });
  for (const device of DEVICES) await link(sdk, device);
  const engine = compileEngine(sdk);
  const memory = chipMemory();
  const program = {
    cable: compileImage(sdk, "cable", engine, memory),
    socket: compileImage(sdk, "socket", engine, memory),
  };

  const paid = selfTest(EMULATOR, "", [...EMULATE, program.cable]);
  tested("cable", paid);
  tested("socket", selfTest(EMULATOR, paid.at(-1)?.gave ?? "", [...EMULATE, program.socket]));

  const { increments, stopped, peaks } = await pay(program);
  if (stopped.length > 0) throw new UsageError(`the payment does not pass: ${stopped.join(", ")} stopped on the way`);
  console.log(`A payment of ${increments} increments and its settlement, XS ${sdk.version} on rv32imac`);
  for (const device of DEVICES) {
    const [first, ...again] = peaks.filter((one) => one.device === device);
    if (first) print(device, program[device], first.peak, memory);
    if (again.length > 0) console.log(`  started again        ${again.length} times, its power having gone`);
  }
  if (!given.least) return;
  for (const device of DEVICES) {
    const compiled = (tried: Memory) => ({ ...program, [device]: compileImage(sdk, device, engine, tried) });
    const slots = await least(device, "slots", memory, compiled);
    const chunks = await least(device, "chunks", memory, compiled);
    const sum = slots * BYTES_PER_SLOT + chunks;
    console.log(
      `${device}'s least heap: ${kilo(slots * BYTES_PER_SLOT)} slots, ${kilo(chunks)} chunks, ${kilo(sum)} together`,
    );
  }
}

/** The least of one part of the heap with which `device` does not stop, the other part as in `memory`; by halving. */
async function least(
  device: DeviceName,
  part: "slots" | "chunks",
  memory: Memory,
  compiled: (memory: Memory) => Programs,
): Promise<number> {
  let enough = memory[part];
  let tooLittle = Math.floor(enough / 4);
  while (enough - tooLittle > CLOSE[part]) {
    const middle = Math.ceil((enough + tooLittle) / 32) * 16;
    const { stopped } = await pay(compiled({ ...memory, [part]: middle }));
    if (stopped.includes(device)) tooLittle = middle;
    else enough = middle;
  }
  return enough;
}

function print(device: DeviceName, program: string, peak: Peak, memory: Memory): void {
  const slots = memory.slots * BYTES_PER_SLOT;
  console.log(`${device}
  flash                ${(flashOf(program) / 1e6).toFixed(3)} MB (with the self-test and the stand-ins; file ${statSync(program).size} bytes)
  ready after          ${(peak.ready / 1e6).toFixed(3)} M instructions: XS started, main imported
  JavaScript's heap    ${kilo(slots)} slots + ${kilo(memory.chunks)} chunks = ${kilo(slots + memory.chunks)}
  JavaScript's stack   ${kilo(memory.stack * BYTES_PER_SLOT)}`);
}

function kilo(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KB`;
}

main().catch((error: unknown) => {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = 1;
});
