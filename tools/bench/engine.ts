// Builds the XS engine for a 32-bit RISC-V core (rv32imac, as in an ESP32-C3) from the sources that
// the @agoric/xsnap package ships, with the host in native/, and runs scripts on it in qemu, where
// one instruction is one tick of the clock: what it counts is the same on every run and machine.

import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const outDir = join(here, "..", "..", "build", "bench");
const native = join(here, "native");

const COMPILER = "riscv64-unknown-elf-gcc";
const EMULATOR = "qemu-system-riscv32";

/**
 * Where the core's memory is (-M virt), and where the loader puts the script: native/host.c knows
 * the last one.
 */
const CODE = { address: 0x80000000, size: 4 << 20 };
const RAM = { address: 0x80400000, size: 0x07c00000 };
const SCRIPT_ADDRESS = 0x88000000;

/**
 * A script that runs longer hangs; all operations take well under a minute of a desktop's time. In
 * milliseconds.
 */
const LONGEST = 600_000;

const machineFlags = ["-march=rv32imac", "-mabi=ilp32", "-specs=picolibc.specs"];

/**
 * -Os as the SDK's own builds for the ESP32; bounds checks and debugger are off, as in a release
 * image.
 */
const compileFlags = [
  ...machineFlags,
  "-Os",
  "-ffunction-sections",
  "-fdata-sections",
  "-DINCLUDE_XSPLATFORM",
  '-DXSPLATFORM="rv32_xs.h"',
  "-DmxRun=1",
  "-DmxParse=1",
  "-DmxNoConsole=1",
  "-w",
];

const linkFlags = [
  "-lm",
  "--oslib=semihost",
  "--crt0=hosted",
  "-Wl,--gc-sections",
  `-Wl,--defsym=__flash=${CODE.address}`,
  `-Wl,--defsym=__flash_size=${CODE.size}`,
  `-Wl,--defsym=__ram=${RAM.address}`,
  `-Wl,--defsym=__ram_size=${RAM.size}`,
  "-Wl,--defsym=__stack_size=0x100000",
];

const run = promisify(execFile);

/**
 * The folder of XS's sources inside @agoric/xsnap; its exports do not name them, so it is found by
 * its entry.
 */
function xsFolder(): string {
  let folder = dirname(createRequire(import.meta.url).resolve("@agoric/xsnap"));
  while (!existsSync(join(folder, "moddable", "xs", "sources"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("@agoric/xsnap holds no moddable/xs/sources: run `npm install` again");
    folder = parent;
  }
  return join(folder, "moddable", "xs");
}

/**
 * Names each tool that is missing with the Debian package that brings it; empty when all are there.
 */
export async function missingTools(): Promise<string[]> {
  const missing: string[] = [];
  const works = (command: string, args: string[]) =>
    run(command, args).then(
      () => true,
      () => false,
    );
  if (!(await works(COMPILER, ["--version"]))) missing.push(`${COMPILER}: apt-get install gcc-riscv64-unknown-elf`);
  else if (!(await works(COMPILER, [...machineFlags, "-E", "-x", "c", "/dev/null"])))
    missing.push("picolibc.specs: apt-get install picolibc-riscv64-unknown-elf");
  if (!(await works(EMULATOR, ["--version"]))) missing.push(`${EMULATOR}: apt-get install qemu-system-misc`);
  return missing;
}

/**
 * A name for all that the binary is made of, so that it is built again only when something changed.
 */
function fingerprint(files: readonly string[], version: string): string {
  const hash = createHash("sha256")
    .update(version)
    .update(JSON.stringify([compileFlags, linkFlags]));
  for (const file of files) hash.update(file).update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}

let built: Promise<string> | undefined;

/**
 * Builds what is not yet built; gives the path of the ELF file. Takes about half a minute the first
 * time. Scripts that start together share one build.
 */
export function buildEngine(): Promise<string> {
  built ??= build();
  return built;
}

async function build(): Promise<string> {
  const missing = await missingTools();
  if (missing.length > 0) throw new Error(`the benchmark needs these tools:\n  ${missing.join("\n  ")}`);
  const xs = xsFolder();
  const engineSources = readdirSync(join(xs, "sources"))
    .filter((name) => name.endsWith(".c") && name !== "xsSnapshot.c")
    .map((name) => join(xs, "sources", name));
  const ours = readdirSync(native).map((name) => join(native, name));
  const { stdout: version } = await run(COMPILER, ["--version"]);
  const engineKey = fingerprint([...engineSources, join(native, "rv32_xs.h")], version);
  const objects = join(outDir, engineKey);
  const elf = join(outDir, `host-${fingerprint([...engineSources, ...ours], version)}.elf`);
  if (existsSync(elf)) return elf;
  mkdirSync(objects, { recursive: true });
  const includes = [native, ...["includes", "platforms", "sources"].map((name) => join(xs, name))].map((p) => `-I${p}`);
  const compile = async (source: string, force: boolean) => {
    const object = join(objects, `${source.slice(source.lastIndexOf("/") + 1)}.o`);
    if (force || !existsSync(object)) await compiled([...includes, "-c", source], object);
    return object;
  };
  const results: string[] = [];
  const queue = [...engineSources];
  const worker = async () => {
    for (let source = queue.pop(); source !== undefined; source = queue.pop())
      results.push(await compile(source, false));
  };
  await Promise.all([worker(), worker()]);
  results.sort();
  results.push(await compile(join(native, "host.c"), true));
  await compiled([...results, ...linkFlags], elf);
  return elf;
}

/**
 * Puts `file` in its place when it is whole: another process may build the same at the same time.
 */
async function compiled(args: readonly string[], file: string): Promise<void> {
  const own = `${file}.${process.pid}`;
  await run(COMPILER, [...compileFlags, ...args, "-o", own]);
  renameSync(own, file);
}

/**
 * Runs a script (one self-contained program, no modules) on the emulated core; gives the lines that
 * it printed.
 */
export async function runScript(source: string, name = "script"): Promise<string[]> {
  const elf = await buildEngine();
  const file = join(outDir, `${name}.${process.pid}.js`);
  writeFileSync(file, `${source}\0`);
  const args = ["-M", "virt", "-m", "512M", "-bios", "none", "-nographic", "-monitor", "none", "-serial", "none"];
  args.push(
    "-chardev",
    "stdio,id=out",
    "-semihosting-config",
    "enable=on,target=native,chardev=out",
    "-icount",
    "shift=0,sleep=off",
    "-kernel",
    elf,
  );
  args.push("-device", `loader,file=${file},addr=${SCRIPT_ADDRESS},force-raw=on`);
  // Without sleep=off a timer of real time may add to the count when the machine is busy.
  const child = spawn(EMULATOR, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const take = (data: Buffer) => {
    output += data.toString();
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const limit = setTimeout(() => child.kill(), LONGEST);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  }).finally(() => {
    clearTimeout(limit);
    rmSync(file, { force: true });
  });
  const lines = output.split("\n").filter((line) => line !== "");
  if (code !== 0) throw new Error(`the emulated core ended with ${code}:\n${lines.slice(-20).join("\n")}`);
  return lines;
}
