// npm run firmware:emulate: boots images that `npm run firmware` built in Espressif's QEMU, and
// shows what the boards say.
//
//   npm run firmware:emulate -- [--disturb N] [--faults NAME,NAME...] [--increments N | --hours N] [--seed N] [--watts N]
//                               [--qemu PATH] [--port N]
//   npm run firmware:emulate -- --device socket|cable [--seconds N] [--watts N] [--fresh] [--qemu PATH] [--port N]
//
// Without --device a socket and a cable, on one link, with the simulator's node and electrical
// world around them (tools/firmware/pair.ts). With it that board alone. The socket's port answers
// on 127.0.0.1:PORT. The sensor is a metering chip on a serial line (gate.sensor "cse7766"), as the
// emulator has no ADC; the link is the emulator's network card ("link": "qemu"). docs/building.md
// says what that shows.

import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { sentenceOf } from "../../lab/sim/story";
import type { DeviceEvent } from "../../shared/kernel/ports";
import { LINK_PORT } from "../../shared/protocol/types";
import { type Command, type Given, run } from "../command";
import { ChipFrames } from "./chip-frames";
import type { BoardEvent } from "./console";
import { type BoardWatcher, EmulatedBoard } from "./emulated-board";
import type { Wire } from "./ethernet-switch";
import { OUT } from "./image";
import { FAULTS, Pair, type PairOptions, USUAL } from "./pair";
import { type Board, builtConfig, findQemu, flashOf, pinOf, renewed } from "./qemu";
import { type Around, withStage } from "./stage";
import { DEVICES, type DeviceName, imageNamed, UsageError } from "./targets";
import type { Told } from "./verdict";

type Name =
  | "device"
  | "qemu"
  | "port"
  | "seconds"
  | "watts"
  | "increments"
  | "hours"
  | "faults"
  | "disturb"
  | "seed"
  | "fresh";

const COMMAND: Command<Name> = {
  name: "npm run firmware:emulate",
  about: "boots the images that `npm run firmware` made in Espressif's QEMU: a socket and a cable that pay each other",
  options: {
    increments: { takes: "N", about: "ends when so many are paid (default 3)" },
    hours: { takes: "N", about: "plays so long instead" },
    disturb: { takes: "N", about: "so many faults at random moments (default 0; as many as --faults names)" },
    faults: { takes: FAULTS.join(","), about: `which faults (default ${USUAL.join(",")})` },
    watts: { takes: "N", about: "what the appliance draws (default 1000; a board alone: 0)" },
    seed: { takes: "N", about: "for the faults and the chain (default 1)" },
    device: { takes: "socket|cable", about: "one board alone" },
    seconds: { takes: "N", about: "how long a board alone runs (default 60)" },
    fresh: { about: "a board alone begins with an empty flash" },
    port: { takes: "N", about: "where the socket's link is reached from this computer (default 8080)" },
    qemu: { takes: "PATH", about: "the emulator, where it is not in PATH" },
  },
};
/**
 * A CSE7766 sends a frame every 55 ms; more often here, as this process may have to wait for its
 * turn.
 */
const FRAME_MS = 20;

type Options = Given<Name>;

function numberOf(given: Options, name: Name, byDefault: number): number {
  const text = given.text(name);
  const value = text === undefined ? byDefault : Number(text);
  if (!Number.isFinite(value) || value < 0) throw new UsageError(`--${name}: expected a number, got ${text}`);
  return value;
}

function faultsOf(text: string): PairOptions["faults"] {
  return text.split(",").map((name) => {
    const fault = FAULTS.find((known) => known === name);
    if (!fault) throw new UsageError(`--faults: expected some of ${FAULTS.join(",")}, came ${text}`);
    return fault;
  });
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

/**
 * A pair is new each time, as its chain is: what a flash remembers of another chain is of no use.
 */
function boardOf(device: DeviceName, given: Options, wire?: Wire, out?: Wire): Board {
  const line = (name: string): string => join(OUT, "emulated", `${device}.${name}`);
  const way = { port: LINK_PORT, hostPort: numberOf(given, "port", 8080), ...(out && { wire: out }) };
  return {
    flash: prepareFlash(device, given.has("fresh") || wire !== undefined),
    console: line("console"),
    chip: line("chip"),
    monitor: line("monitor"),
    gdb: line("gdb"),
    address: String(builtConfig(device).address),
    // A cable takes no calls; alone it needs a network all the same.
    ...((!wire || out) && { way }),
    ...(wire && { wire }),
  };
}

async function main(given: Options): Promise<void> {
  const device = given.text("device");
  const troubles = await (device === undefined ? runPair(given) : runAlone(given, device));
  for (const trouble of troubles) console.error(trouble);
  if (troubles.length > 0) process.exitCode = 1;
}

// ---------------------------------------------------------------- one board

async function runAlone(given: Options, name: string): Promise<readonly string[]> {
  const device = imageNamed(name);
  if (device === "calibrator") throw new UsageError("--device: expected socket or cable");
  const qemu = findQemu(given.text("qemu"));
  const seconds = numberOf(given, "seconds", 60);
  const watts = numberOf(given, "watts", 0);
  const troubles: string[] = [];
  const watcher: BoardWatcher = {
    onText: (text) => void process.stdout.write(text),
    onEvent: () => {},
    onTrouble: (why) => troubles.push(why),
  };
  const board = new EmulatedBoard(qemu, boardOf(device, given), pinOf("relay"), watcher);
  try {
    await board.start();
    await feed(board, { seconds, watts });
  } finally {
    await board.cut();
  }
  return troubles;
}

/**
 * Feeds the board's sensor until the time is over or the emulator ends; the line stays open, or the
 * gate would trip.
 */
async function feed(board: EmulatedBoard, { seconds, watts }: { seconds: number; watts: number }): Promise<void> {
  const frames = new ChipFrames();
  let last = Date.now();
  for (const end = last + seconds * 1000; Date.now() < end && board.on; ) {
    await pause(FRAME_MS);
    const now = Date.now();
    board.feed(frames.next({ volts: 230, watts }, (now - last) / 1000));
    last = now;
  }
}

// ---------------------------------------------------------------- a pair

async function runPair(given: Options): Promise<readonly string[]> {
  const qemu = findQemu(given.text("qemu"));
  const { esplora, settings } = builtConfig("socket") as { esplora: string; settings: { payoutAddress: string } };
  const named = given.text("faults");
  const play: PairOptions = {
    watts: numberOf(given, "watts", 1000),
    increments: numberOf(given, "increments", 3),
    hours: numberOf(given, "hours", 0),
    disturbances: numberOf(given, "disturb", named === undefined ? 0 : faultsOf(named).length),
    faults: faultsOf(named ?? USUAL.join(",")),
    seed: numberOf(given, "seed", 1),
    secure: esplora.startsWith("https:"),
    payoutAddress: settings.payoutAddress,
  };
  return withStage(esplora, (around) => playPair(given, { qemu, play, around }));
}

interface Play {
  readonly qemu: string;
  readonly play: PairOptions;
  readonly around: Around;
}

async function playPair(given: Options, { qemu, play, around }: Play): Promise<readonly string[]> {
  const { chain, ethernet, wires } = around;
  let pair: Pair | undefined;
  // The consoles whole, with what chips say when they give up.
  const log = (device: DeviceName): string => join(OUT, "emulated", `${device}.txt`);
  const make = (device: DeviceName, wire?: Wire, out?: Wire): EmulatedBoard => {
    const board: EmulatedBoard = new EmulatedBoard(qemu, boardOf(device, given, wire, out), pinOf("relay"), {
      onEvent: (event) => {
        void board.uptime().then(
          (uptime) => show(device, event, uptime),
          () => show(device, event),
        );
        pair?.heard(device, event);
      },
      onText: (text) => appendFileSync(log(device), text),
      onTrouble: (why) => pair?.troubles.push(`${device}: ${why}`),
    });
    return board;
  };
  const boards = {
    socket: make("socket", wires[0], wires[1]),
    cable: make("cable", wires[2]),
  };
  for (const device of DEVICES) writeFileSync(log(device), "");
  pair = new Pair(play, chain, boards, (event) => show("scene", event));
  try {
    return await pair.play();
  } catch (error) {
    const ports = ["socket", "this computer", "cable"].map((name, at) => {
      const { in: given, out: got } = ethernet.frames[at] ?? { in: 0, out: 0 };
      return `${name} sent ${given} and was sent ${got}`;
    });
    console.error(`Ethernet frames: ${ports.join("; ")}`);
    throw error;
  } finally {
    await pair.close();
  }
}

/** `uptime`: milliseconds of the board's own clock since its chip started. */
function show(from: Told["from"], event: BoardEvent, uptime?: number): void {
  const time = uptime === undefined ? "" : `${(uptime / 1000).toFixed(3)} s`;
  console.log(`${time.padStart(11)}  ${from.padEnd(6)}  ${sentenceOf({ from, event: event as DeviceEvent })}`);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
await run(COMMAND, main);
