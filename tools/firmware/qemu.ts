// QEMU with Espressif's chips: where it is, how it is started, and the flash that it boots from.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Wire } from "./ethernet-switch";
import { OUT, ROOT } from "./image";
import { type DeviceName, UsageError } from "./targets";

const PROGRAM = "qemu-system-riscv32";
const MACHINE = "esp32c3";
/** ESP-IDF's offsets on this chip; the application's is that of manifests/partitions/4mb.csv. */
const OFFSETS = { "bootloader.bin": 0, "partition-table.bin": 0x8000, "xs_esp32.bin": 0xb0000 } as const;
const FLASH_BYTES = 4 << 20;

/** The emulator's path. `given`: what a person said; else it is looked for in PATH. */
export function findQemu(given: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const path = given ?? folders.map((folder) => join(folder, PROGRAM)).find((file) => existsSync(file));
  if (path === undefined || !existsSync(path)) {
    throw new UsageError(
      `The emulator is missing: no ${path ?? `${PROGRAM} in PATH`}. Install it: $IDF_PATH/tools/idf_tools.py install qemu-riscv32, ` +
        "or say where it is: --qemu PATH",
    );
  }
  const known = spawnSync(path, ["-machine", "help"], { encoding: "utf8" }).stdout ?? "";
  if (known.split(/\s/).includes(MACHINE)) return path;
  throw new UsageError(
    `${path} knows no machine ${MACHINE}: it is not Espressif's QEMU. Install that: $IDF_PATH/tools/idf_tools.py install qemu-riscv32`,
  );
}

/**
 * A whole flash with what a build left in `folder`; the device's own partitions are blank, as on a
 * new board.
 */
export function flashOf(folder: string): Uint8Array {
  const flash = new Uint8Array(FLASH_BYTES).fill(0xff);
  for (const [name, offset] of Object.entries(OFFSETS)) {
    const path = join(folder, name);
    if (!existsSync(path)) {
      throw new UsageError(
        `No image to boot: ${path} is missing. Build one: npm run firmware -- --device DEVICE --target ${MACHINE} --config FILE with "link": "qemu"`,
      );
    }
    flash.set(readFileSync(path), offset);
  }
  return flash;
}

/** What an image was built with. */
export function builtConfig(device: DeviceName, folder = OUT): Readonly<Record<string, unknown>> {
  const path = join(folder, `${device}-esp32c3-qemu/manifest.json`);
  if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")).config;
  throw new UsageError(
    `No image to boot: ${path} is missing. Build one: npm run firmware -- --device ${device} --target ${MACHINE} --config tools/firmware/emulated/${device}.json`,
  );
}

/** What a build left beside its image: names and addresses. */
export function symbolsOf(device: DeviceName, folder = OUT): string {
  return join(folder, `sdk/bin/esp32/release/${device}-esp32c3-qemu/xs_${MACHINE}.sym`);
}

/** The pin of a signal on the emulated board. */
export function pinOf(signal: string): number {
  const { targets } = JSON.parse(readFileSync(join(ROOT, "manifests/pins.json"), "utf8"));
  return targets[MACHINE].pins[signal];
}

/** Puts a newly built image into a flash that a device has written to: what it keeps stays. */
export function renewed(old: Uint8Array, built: Uint8Array): Uint8Array {
  const flash = Uint8Array.from(old);
  for (const [start, end] of [
    [0, OFFSETS["partition-table.bin"] + 0x1000],
    [OFFSETS["xs_esp32.bin"], FLASH_BYTES],
  ] as const) {
    flash.set(built.subarray(start, end), start);
  }
  return flash;
}

export interface Board {
  readonly flash: string;
  /** The board's address on the link. */
  readonly address: string;
  /**
   * A way in from this machine and out to it: the board's port there, the one that answers for it
   * here.
   */
  readonly way?: { readonly port: number; readonly hostPort: number; readonly wire?: Wire };
  /** To a switch (ethernet-switch.ts), where the board is not alone. */
  readonly wire?: Wire;
  /**
   * Unix sockets on which the emulator listens: the console, the metering chip's serial line, and
   * its own monitor.
   */
  readonly console: string;
  readonly chip: string;
  readonly monitor: string;
  /** Another, for a debugger. */
  readonly gdb: string;
}

/**
 * Nanoseconds of the emulated clock for one instruction, as a power of two: 8 ns is a core of 125
 * MHz.
 */
export const NANOSECONDS = 3;
/** The card's name for the monitor: its link can be lost. */
export const CARD = "card";

export function qemuArguments(board: Board): readonly string[] {
  const { flash, console, chip, monitor, gdb } = board;
  return [
    ...["-nographic", "-machine", MACHINE, "-drive", `file=${flash},if=mtd,format=raw`],
    ...["-icount", `shift=${NANOSECONDS},align=off,sleep=on`],
    ...network(board),
    ...["-monitor", "none", "-qmp", `unix:${monitor},server=on,wait=off`],
    ...["-chardev", `socket,id=gdb,path=${gdb},server=on,wait=off`, "-gdb", "chardev:gdb"],
    // QEMU starts the chip when the tool has connected to both lines, so that no byte is lost.
    ...["-chardev", `socket,id=console,path=${console},server=on,wait=on`, "-serial", "chardev:console"],
    ...["-chardev", `socket,id=chip,path=${chip},server=on,wait=on`, "-serial", "chardev:chip"],
  ];
}

/**
 * Without a wire the card is this machine's alone; with one it hangs on a switch, and the way to
 * this machine on another port.
 */
function network({ address, way, wire }: Board): readonly string[] {
  const card = `id=${CARD},model=open_eth`;
  // The link is 169.254.0.0/16 with this machine in it, so the fixed addresses of a dedicated link
  // serve.
  const net = "net=169.254.0.0/16,host=169.254.0.2,dns=169.254.0.3,dhcpstart=169.254.0.15,restrict=off";
  const here = way && `${net},hostfwd=tcp:127.0.0.1:${way.hostPort}-${address}:${way.port}`;
  if (!wire) return ["-nic", `user,${card},${here ?? net}`];
  const line = ["-nic", `socket,${card},${ends(wire)}`];
  if (!here || !way?.wire) return line;
  return [
    ...line,
    ...["-netdev", `user,id=here,${here}`, "-netdev", "hubport,id=hub-here,hubid=0,netdev=here"],
    ...["-netdev", `socket,id=out,${ends(way.wire)}`, "-netdev", "hubport,id=hub-out,hubid=0,netdev=out"],
  ];
}

function ends({ own, other }: Wire): string {
  return `udp=127.0.0.1:${other},localaddr=127.0.0.1:${own}`;
}
