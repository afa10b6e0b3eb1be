// One board in the emulator: its power, its reset button, its link, its metering chip's line, its
// relay's pin, its console.

import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { setPriority } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import type { PoweredBoard } from "./circuit";
import { type BoardEvent, ConsoleReader } from "./console";
import { type CrashName, crash, type Ended } from "./crashes";
import { Debugger } from "./gdb";
import { type Board, CARD, qemuArguments } from "./qemu";
import { Monitor } from "./qmp";
import { UsageError } from "./targets";

/** What the emulator needs to open its sockets, on a computer that is busy. */
const START_MS = 10_000;
const SAID_CHARACTERS = 2000;
/**
 * Behind this process: a core that computes would else take the turn in which its metering chip has
 * to speak.
 */
const NICENESS = 5;
/** ESP32-C3: levels of the pins as they are driven, and seven words on which are driven at all. */
const GPIO = { from: 0x6000_4004, words: 8, out: 0, enable: 7 } as const;
/**
 * The system timer's counter as the firmware read it last, 16 a microsecond, high word first; the
 * gate reads it every 20 ms.
 */
const SYSTEM_TIMER = { from: 0x6002_3040, perMs: 16_000 } as const;

/** Emulators that run: they end with this process, however it ends. */
const emulators = new Set<ChildProcess>();
process.once("exit", () => {
  for (const emulator of emulators) emulator.kill("SIGKILL");
});

export interface BoardWatcher {
  /** What came on the console, as it came. */
  readonly onText?: (text: string) => void;
  readonly onEvent: (event: BoardEvent) => void;
  readonly onTrouble: (why: string) => void;
}

interface Running {
  readonly emulator: ChildProcess;
  readonly monitor: Monitor;
  readonly chip: Socket;
  readonly reader: ConsoleReader;
  readonly ended: Promise<unknown>;
}

export class EmulatedBoard implements PoweredBoard {
  /** The gate takes frames: it runs, and was not reset since. */
  fed = false;
  #running: Running | undefined;
  /** The emulated timer goes on through a reset; this is where it was. */
  #resetAt = 0;

  constructor(
    readonly qemu: string,
    readonly board: Board,
    readonly relayPin: number,
    readonly watcher: BoardWatcher,
  ) {}

  get on(): boolean {
    return this.#running !== undefined && this.#running.emulator.exitCode === null;
  }

  /** Gives it power: the chip starts with what its flash holds. */
  async start(): Promise<void> {
    const { board, watcher } = this;
    for (const path of [board.console, board.chip, board.monitor, board.gdb]) rmSync(path, { force: true });
    const emulator = spawn(this.qemu, qemuArguments(board), { stdio: ["ignore", "ignore", "pipe"] });
    if (emulator.pid !== undefined) setPriority(emulator.pid, NICENESS);
    // What QEMU says of itself is worth reading when it does not start.
    let said = "";
    emulator.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-SAID_CHARACTERS);
    });
    const line = (path: string): Promise<Socket> => connectLine(path, emulator, () => said);
    emulators.add(emulator);
    const ended = new Promise((resolve) => emulator.once("exit", resolve));
    void ended.then(() => emulators.delete(emulator));
    const reader = new ConsoleReader({
      onEvent: (event) => {
        // Frames that nobody reads fill the emulated port, which then takes nothing for a quarter
        // of a second and starves the gate: the chip speaks while the gate is there.
        this.fed = event.name === "boot" ? false : this.fed || event.name === "start";
        watcher.onEvent(event);
      },
      onTrouble: watcher.onTrouble,
    });
    const told = await line(board.console);
    told.setEncoding("utf8").on("data", (text: string) => {
      watcher.onText?.(text);
      reader.take(text);
    });
    told.on("error", () => {});
    const chip = await line(board.chip);
    chip.on("error", () => {});
    const monitor = new Monitor(await line(board.monitor));
    this.#resetAt = 0;
    this.#running = { emulator, monitor, chip, reader, ended };
  }

  /** Takes the power away, whatever it is doing. Its flash keeps what had been written. */
  async cut(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    this.fed = false;
    running?.emulator.kill("SIGKILL");
    await running?.ended;
  }

  /** Presses its reset button. */
  async reset(): Promise<void> {
    this.fed = false;
    this.#resetAt += await this.uptime();
    this.#running?.reader.expectBoot();
    await this.#running?.monitor.command("system_reset");
  }

  /** Ends its program, as in crashes.ts; it starts again by itself. */
  async crash(name: CrashName, symbols: ReadonlyMap<string, number>): Promise<Ended> {
    const running = this.#running;
    if (!running) throw new UsageError("a board without power runs no program");
    const chip = new Debugger(await connectLine(this.board.gdb, running.emulator, () => ""));
    running.reader.expectEnd();
    return crash(chip, { name, relayPin: this.relayPin, symbols });
  }

  /** Plugs its network cable, or pulls it. */
  async link(up: boolean): Promise<void> {
    await this.#running?.monitor.command("set_link", { name: CARD, up });
  }

  /** Bytes from the metering chip; lost while the gate does not run. */
  feed(frame: Uint8Array): void {
    if (this.fed) this.#running?.chip.write(frame);
  }

  /** The relay's pin: true while it is driven high. A chip without power drives nothing. */
  async relay(): Promise<boolean> {
    const running = this.#running;
    if (!running) return false;
    try {
      const words = await running.monitor.words(GPIO.from, GPIO.words);
      const [out, enable] = [words[GPIO.out] ?? 0, words[GPIO.enable] ?? 0];
      const pin = 1 << this.relayPin;
      if (this.fed && (enable & pin) === 0) {
        throw new UsageError(
          `This emulator does not keep the levels of pins (GPIO ${this.relayPin} is not driven): nothing tells it whether power flows`,
        );
      }
      return (out & enable & pin) !== 0;
    } catch (error) {
      if (this.#running !== running || !this.on) return false;
      throw error;
    }
  }

  /** Milliseconds of the emulated clock since the chip started, or was reset. */
  async uptime(): Promise<number> {
    const { monitor } = this.#running ?? {};
    if (!monitor) return 0;
    const [high = 0, low = 0] = await monitor.words(SYSTEM_TIMER.from, 2);
    return (high * 2 ** 32 + low) / SYSTEM_TIMER.perMs - this.#resetAt;
  }
}

/** A line of the board's: the emulator opens it a moment after it starts. */
async function connectLine(path: string, emulator: ChildProcess, said: () => string): Promise<Socket> {
  for (const end = Date.now() + START_MS; Date.now() < end && emulator.exitCode === null; ) {
    const socket = await new Promise<Socket | undefined>((resolve) => {
      const tried = connect(path, () => resolve(tried));
      tried.on("error", () => resolve(undefined));
    });
    if (socket) return socket;
    await pause(50);
  }
  emulator.kill("SIGKILL");
  throw new UsageError(`the emulator did not start within ${START_MS / 1000} s; it said:\n${said()}`);
}
