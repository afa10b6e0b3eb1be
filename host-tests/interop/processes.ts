// Sockets and Python cables in processes of their own, for the tests of this folder.

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The sockets wait for cables that start one after the other, on a machine that may be busy. */
const GRACE_MS = "900000";

export const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, "..", "..");

/** RIPEMD-160 makes addresses; some builds of OpenSSL leave it out. */
const hasPython = spawnSync("python3", ["-c", "import hashlib; hashlib.new('ripemd160')"]).status === 0;
export const skip = hasPython
  ? false
  : "python3 with RIPEMD-160 in hashlib is missing, so the Python cable did not run";

export type Line = Readonly<Record<string, unknown>>;

export interface Run {
  readonly status: number;
  readonly lines: readonly Line[];
}

/** A socket of `npm run socket`, on a port that was free. */
export interface Socket {
  readonly address: string;
  /** Base address of its chain's Esplora API. */
  readonly esplora: string;
  readonly events: readonly Line[];
  /** Sends a coin of each worth, in satoshi, and mines them. */
  fund(address: string, ...coins: number[]): Promise<void>;
  /** Mines so many blocks. */
  mine(blocks: number): Promise<void>;
  /** Resolves with the first event, past or to come, that fits. */
  event(fits: (line: Line) => boolean): Promise<Line>;
  /** Broadcasts a transaction behind the socket's back. */
  publish(transaction: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startSocket(scheme: string): Promise<Socket> {
  const child: ChildProcess = spawn(
    process.execPath,
    [
      "--import",
      "tsx",
      "tools/socket.ts",
      "--port",
      "0",
      "--json",
      "--paper",
      "--watts",
      "0",
      "--grace",
      GRACE_MS,
      "--scheme",
      scheme,
    ],
    { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] },
  );
  const { stdin, stdout } = child;
  assert.ok(stdin && stdout);
  const events: Line[] = [];
  const waiting = new Set<() => void>();
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  createInterface({ input: stdout }).on("line", (line) => {
    events.push(line.startsWith("{") ? JSON.parse(line) : { name: "said", line });
    for (const look of [...waiting]) look();
  });
  const event = (fits: (line: Line) => boolean) =>
    new Promise<Line>((resolve, reject) => {
      const look = () => {
        const found = events.find(fits);
        if (!found) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      void ended.then(() => reject(new Error(`the socket ended; its last lines: ${JSON.stringify(events.slice(-5))}`)));
      look();
    });
  const listening = await event(({ name }) => name === "listening");
  return {
    address: `127.0.0.1:${listening.port}`,
    esplora: String(listening.esplora),
    events,
    event,
    async fund(address, ...coins) {
      const said = () => events.filter(({ line }) => String(line).includes(`sat to ${address}`)).length;
      const wanted = said() + coins.length;
      stdin.write(coins.map((coin) => `fund ${address} ${coin}\n`).join(""));
      await event(() => said() >= wanted);
    },
    async mine(blocks) {
      const said = () => events.filter(({ line }) => String(line).startsWith("height ")).length;
      const wanted = said() + 1;
      stdin.write(`mine ${blocks}\n`);
      await event(() => said() >= wanted);
    },
    async publish(transaction) {
      const answer = await fetch(`${listening.esplora}/tx`, { method: "POST", body: transaction });
      assert.equal(answer.status, 200, await answer.text());
    },
    async stop() {
      child.kill("SIGINT");
      await ended;
    },
  };
}

/** Runs a script of this folder with options; `lines` are what it printed. */
export function python(...words: readonly string[]): Promise<Run> {
  const child = spawn("python3", words, { cwd: HERE, stdio: ["ignore", "pipe", "inherit"] });
  const lines: Line[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(JSON.parse(line)));
  return new Promise((resolve) => child.once("close", (status) => resolve({ status: status ?? -1, lines })));
}

export function addressOf(key: string): string {
  const { stdout } = spawnSync("python3", [join(HERE, "cable.py"), "--key", key, "--address"], { encoding: "utf8" });
  return stdout.trim();
}

export function named(lines: readonly Line[], event: string): readonly Line[] {
  return lines.filter((line) => line.event === event);
}

/** Code by name, as docs/faults.md has them. */
export function faultsOnThePage(): ReadonlyMap<string, number> {
  const page = readFileSync(join(ROOT, "docs", "faults.md"), "utf8");
  return new Map(
    [...page.matchAll(/^\| (-?\d+) \| `([a-z-]+)` \|/gm)].map(([, code, name]) => [name ?? "", Number(code)]),
  );
}
