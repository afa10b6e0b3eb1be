// npm run firmware:emulate: boots an image that `npm run firmware` built in Espressif's QEMU, and shows what the board says.
//
//   npm run firmware:emulate -- --device socket|cable [--qemu PATH] [--port N] [--seconds N] [--watts N] [--fresh]
//
// The board's port answers on 127.0.0.1:PORT. Its sensor is a metering chip on a serial line (gate.sensor "cse7766"), as
// the emulator has no ADC; its link is the emulator's network card ("link": "qemu"). docs/building.md says what that shows.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { LINK_ADDRESS, LINK_PORT } from "../../shared/rpc/types";
import { ChipFrames } from "./chip-frames";
import { ConsoleReader } from "./console";
import { OUT } from "./image";
import { findQemu, flashOf, qemuArguments, renewed } from "./qemu";
import { type DeviceName, imageNamed, UsageError } from "./targets";

const USAGE =
  "npm run firmware:emulate -- --device socket|cable [--qemu PATH] [--port N] [--seconds N] [--watts N] [--fresh]";
const ADDRESS: Readonly<Record<DeviceName, string>> = { socket: LINK_ADDRESS, cable: "169.254.80.81" };
/** A CSE7766 sends a frame every 55 ms; more often here, as this process may have to wait for its turn. */
const FRAME_MS = 20;
/** What the emulator needs to open its sockets. */
const START_MS = 5000;

function options() {
  try {
    return parseArgs({
      options: {
        device: { type: "string" },
        qemu: { type: "string" },
        port: { type: "string", default: "8080" },
        seconds: { type: "string", default: "60" },
        watts: { type: "string", default: "0" },
        fresh: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${USAGE}`);
  }
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new UsageError(`--${name}: expected a number, came ${text}`);
  return value;
}

/** The flash that the board boots: what it kept from an earlier run stays, unless `fresh`. */
function prepareFlash(device: DeviceName, fresh: boolean): string {
  const built = flashOf(join(OUT, `sdk/bin/esp32/release/${device}-esp32c3-qemu`));
  const folder = join(OUT, "emulated");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${device}.flash`);
  writeFileSync(path, fresh || !existsSync(path) ? built : renewed(readFileSync(path), built));
  return path;
}

/** A serial line of the board's: the emulator opens it a moment after it starts. */
async function connectLine(path: string, emulator: ChildProcess): Promise<Socket> {
  for (const end = Date.now() + START_MS; Date.now() < end && emulator.exitCode === null; ) {
    const socket = await new Promise<Socket | undefined>((resolve) => {
      const tried = connect(path, () => resolve(tried));
      tried.on("error", () => resolve(undefined));
    });
    if (socket) return socket;
    await pause(100);
  }
  throw new UsageError("the emulator did not start; what it said is above");
}

async function main(): Promise<void> {
  const given = options();
  const device = imageNamed(given.device);
  if (device === "calibrator") throw new UsageError("--device: expected socket or cable");
  const qemu = findQemu(given.qemu);
  const seconds = numberOf("seconds", given.seconds);
  const watts = numberOf("watts", given.watts);
  const flash = prepareFlash(device, given.fresh);
  const lines = {
    console: join(OUT, "emulated", `${device}.console`),
    chip: join(OUT, "emulated", `${device}.chip`),
  };
  const hostPort = numberOf("port", given.port);
  const board = { flash, ...lines, hostPort, address: ADDRESS[device], port: LINK_PORT };
  const emulator = spawn(qemu, qemuArguments(board), { stdio: ["ignore", "inherit", "inherit"] });
  const troubles: string[] = [];
  // Frames that nobody reads fill the emulated port, which then takes nothing for a quarter of a second and starves the
  // gate: the chip speaks once the gate is there.
  let spoke = (): void => {};
  const speaks = new Promise<void>((resolve) => {
    spoke = resolve;
  });
  const reader = new ConsoleReader({
    onEvent: ({ name }) => name === "start" && spoke(),
    onTrouble: (why) => troubles.push(why),
  });
  try {
    const told = await connectLine(lines.console, emulator);
    told.setEncoding("utf8").on("data", (text: string) => {
      process.stdout.write(text);
      reader.take(text);
    });
    told.on("error", () => {});
    const chip = await connectLine(lines.chip, emulator);
    await Promise.race([speaks, pause(seconds * 1000)]);
    await run(chip, emulator, { seconds, watts });
  } finally {
    emulator.kill();
  }
  for (const trouble of troubles) console.error(trouble);
  if (troubles.length > 0) process.exitCode = 1;
}

/** Feeds the board's sensor until the time is over or the emulator ends; the line stays open, or the gate would trip. */
async function run(
  line: Socket,
  emulator: ChildProcess,
  { seconds, watts }: { readonly seconds: number; readonly watts: number },
): Promise<void> {
  const frames = new ChipFrames();
  line.on("error", () => {});
  let last = Date.now();
  for (const end = last + seconds * 1000; Date.now() < end && emulator.exitCode === null; ) {
    await pause(FRAME_MS);
    const now = Date.now();
    line.write(frames.next({ volts: 230, watts }, (now - last) / 1000));
    last = now;
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = 1;
});
