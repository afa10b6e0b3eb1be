// A factory-new pair as npm run socket and npm run cable start it: no settings, no key, no coins.
// Each has a serial port; what is typed at the socket's terminal stands for the wallet that funds
// the cable.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { DeviceName } from "../../lab/sim/bundle";

const ROOT = join(import.meta.dirname, "../..");
/** For a machine that does much else. */
const PATIENCE_MS = 180_000;

type Line = Readonly<Record<string, unknown>>;

export class NewDevice {
  readonly lines: Line[] = [];
  readonly serial: string;
  readonly #process: ChildProcess;
  readonly #reader;
  /** What waits when the process ends waits for nothing. */
  readonly #ended = new AbortController();

  constructor(
    readonly name: DeviceName,
    folder: string,
    words: readonly string[],
  ) {
    this.serial = join(folder, name);
    const all = ["--engine", "node", "--json", "--factory-new", "--owner-serial", this.serial, ...words];
    this.#process = spawn(process.execPath, ["--import", "tsx", `tools/${name}.ts`, ...all], {
      cwd: ROOT,
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#reader = createInterface({ input: this.#process.stdout as NodeJS.ReadableStream });
    this.#reader.on("line", (line) => {
      if (line.startsWith("{")) this.lines.push(JSON.parse(line) as Line);
    });
    this.#process.once("exit", () => this.#ended.abort(new Error(`npm run ${name} ended`)));
  }

  /** The first line that is so, of those from the `from`th on. */
  async told(isIt: (line: Line) => boolean, from = 0): Promise<Line> {
    const signal = AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), this.#ended.signal]);
    for (;;) {
      const found = this.lines.slice(from).find(isIt);
      if (found) return found;
      await once(this.#reader, "line", { signal });
    }
  }

  event(name: string, from = 0): Promise<Line> {
    return this.told((line) => line.name === name && line.from === this.name, from);
  }

  /** Types a line at its terminal: what happens around the device. */
  type(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGINT");
    await ended;
  }
}

export interface NewPair {
  readonly socket: NewDevice;
  readonly cable: NewDevice;
  /** The chain's server, which the socket's owner names. */
  readonly esplora: string;
  stop(): Promise<void>;
}

export async function startNewPair(): Promise<NewPair> {
  const folder = mkdtempSync(join(tmpdir(), "plugpay-new-"));
  const socket = new NewDevice("socket", folder, ["--port", "0"]);
  const { port, esplora } = await socket.told(({ name, from }) => name === "listening" && from === undefined);
  const cable = new NewDevice("cable", folder, ["--socket", `127.0.0.1:${port}`]);
  await cable.told(({ name }) => name === "calling");
  for (const { serial } of [socket, cable]) if (!existsSync(serial)) throw new Error(`there is no ${serial}`);
  return {
    socket,
    cable,
    esplora: String(esplora),
    stop: async () => {
      await Promise.all([socket.stop(), cable.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** So much a kilowatt-hour that an increment lasts seconds. */
export const PRICE = 250_000;
export const NEXT_PRICE = 200_000;
/** An address of the standards' vectors (BIP173); its secret is public. */
export const PAYOUT = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
