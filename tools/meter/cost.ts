// Builds rv32/main.c with the power gate for a bare rv32imac core and runs it in qemu, where
// `instret` counts exactly.

import { spawnSync } from "node:child_process";
import { buildProgram, GATE_CORE } from "../../lab/world/build";

const COMPILER = "riscv64-unknown-elf-gcc";
const EMULATOR = "qemu-system-riscv32";
const MACHINE = ["-march=rv32imac", "-mabi=ilp32", "-specs=picolibc.specs"];
const SOURCES = [
  "tools/meter/rv32/main.c",
  ...GATE_CORE,
  "firmware/native/adc-frames.c",
  "firmware/native/adc-frames.h",
];
const LINK = [
  "--oslib=semihost",
  "--crt0=hosted",
  "-Wl,--defsym=__flash=0x80000000",
  "-Wl,--defsym=__flash_size=0x100000",
  "-Wl,--defsym=__ram=0x80100000",
  "-Wl,--defsym=__ram_size=0x100000",
];

export interface Cost {
  /**
   * Instructions for a second of 4000 samples on both channels, and for the dearest block of a
   * millisecond.
   */
  readonly twoChannels: number;
  readonly twoChannelsWorstBlock: number;
  readonly currentOnly: number;
  readonly currentOnlyWorstBlock: number;
  /** Instructions a second for sorting and adding up 64 000 conversions, 4 or 2 bytes each. */
  readonly sortWide: number;
  readonly sortNarrow: number;
  /** The gate's state. */
  readonly stateBytes: number;
}

/** What is missing to count, each with the Debian package that brings it. */
export function missingTools(): string[] {
  const works = (command: string, args: string[]): boolean => spawnSync(command, args).status === 0;
  const missing: string[] = [];
  if (!works(COMPILER, ["--version"])) missing.push(`${COMPILER}: apt-get install gcc-riscv64-unknown-elf`);
  else if (!works(COMPILER, [...MACHINE, "-E", "-x", "c", "/dev/null"])) {
    missing.push("picolibc.specs: apt-get install picolibc-riscv64-unknown-elf");
  }
  if (!works(EMULATOR, ["--version"])) missing.push(`${EMULATOR}: apt-get install qemu-system-misc`);
  return missing;
}

/** Throws an Error with the missing tools, the compiler's words or the program's. */
export function countInstructions(): Cost {
  const missing = missingTools();
  if (missing.length > 0) throw new Error(`counting instructions needs these tools:\n  ${missing.join("\n  ")}`);
  const elf = buildProgram({
    name: "gate-rv32.elf",
    sources: SOURCES,
    flags: [...MACHINE, "-Os", ...LINK],
    compiler: COMPILER,
    debian: "gcc-riscv64-unknown-elf",
  });
  const machine = ["-M", "virt", "-m", "16M", "-bios", "none", "-nographic", "-monitor", "none", "-serial", "none"];
  const counting = ["-semihosting-config", "enable=on,target=native", "-icount", "shift=0", "-kernel", elf];
  const run = spawnSync(EMULATOR, [...machine, ...counting], { encoding: "utf8", timeout: 120_000 });
  if (run.status !== 0) throw new Error(`the emulated core ended with ${run.status}: ${run.stdout}${run.stderr}`);
  const lines = (run.stdout + run.stderr).trim().split("\n");
  return Object.fromEntries(lines.map((line) => [line.split(" ")[0], Number(line.split(" ")[1])])) as unknown as Cost;
}
