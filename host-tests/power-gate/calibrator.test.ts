// The very firmware/calibrator/main.ts, with the C core in a simulated world below it, at one end
// of a serial line, and npm run calibrate at the other: they speak the same protocol.

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { bundleFirmware } from "../../lab/sim/bundle";
import type { Message } from "../../lab/sim/engine";
import { NodeEngine } from "../../lab/sim/engine-node";
import type { World } from "../../lab/world/world";
import { decodeCalibration } from "../../shared/board/calibration";
import type { GateOptions } from "../../shared/board/gate-options";
import type { Lease } from "../../shared/kernel/ports";
import { RAW_BOARD } from "../../tools/meter/figures";
import { Rig } from "../../tools/meter/rig";

const ROOT = join(import.meta.dirname, "../..");
const QUEUE_BYTES = 128;
const BOARD_OPTIONS = { currentRange: 40_000, instantaneous: 34_000 };
const LOW_W = 184;
const HIGH_W = 3312;

/** A board with that firmware; time passes for it when it is spoken to. */
class Board {
  readonly #engine = new NodeEngine();
  readonly #kept: Map<string, Uint8Array>;
  readonly #send: (bytes: Uint8Array) => void;
  #rig: Rig | undefined;
  #options: GateOptions = {};
  #reading: object = {};
  #later: ((world: World) => Promise<void>)[] = [];
  #writes: Uint8Array[] = [];
  #turn: Promise<void> = Promise.resolve();

  constructor(kept: Map<string, Uint8Array>, send: (bytes: Uint8Array) => void) {
    this.#kept = kept;
    this.#send = send;
    this.#engine.onCommand = (message) => this.#command(message);
  }

  async start(): Promise<void> {
    await this.#engine.load(await bundleFirmware("socket", join(ROOT, "firmware/calibrator/main.ts")));
    await this.#engine.deliver({ head: { handle: 0, kind: "boot" } });
    this.#rig = new Rig({ seed: 3, sensor: RAW_BOARD, gate: this.#options });
    await this.#rig.start();
    await this.world.revoke("socket");
    await this.#pass(1000);
    await this.#deliver({ head: { handle: 1, kind: "writable" } });
  }

  get world(): World {
    if (!this.#rig) throw new Error("start() first");
    return this.#rig.world;
  }

  /** One after the other, as on a board. */
  take(bytes: Uint8Array): void {
    this.#turn = this.#turn.then(async () => {
      await this.#pass(200);
      await this.#deliver({ head: { handle: 1, kind: "readable" }, bytes });
    });
  }

  async stop(): Promise<void> {
    await this.#turn;
    this.#rig?.close();
  }

  async #pass(time: number): Promise<void> {
    await this.#rig?.run(time);
    this.#reading = await this.world.read("socket");
  }

  async #deliver(message: Message): Promise<void> {
    await this.#engine.deliver(message);
    for (const action of this.#later.splice(0)) {
      await action(this.world);
      await this.#pass(3000);
    }
    // What was written leaves the queue, and the port can be written to again.
    for (let bytes = this.#writes.shift(); bytes; bytes = this.#writes.shift()) {
      assert.ok(bytes.length <= QUEUE_BYTES);
      this.#send(bytes);
      await this.#engine.deliver({ head: { handle: 1, kind: "writable" } });
    }
  }

  #command({ head, bytes = new Uint8Array(0) }: Message): Message {
    const { name, ...facts } = head as { name: string } & Record<string, unknown>;
    const key = String(facts.key);
    switch (name) {
      case "config":
        return { head: { receive: 3, transmit: 1, gate: BOARD_OPTIONS } };
      case "store.read": {
        const found = this.#kept.get(key);
        return found ? { head: { found: true }, bytes: found } : { head: { found: false } };
      }
      case "store.write":
        this.#kept.set(key, bytes.slice());
        return { head: null };
      case "gate.open":
        this.#options = facts.options as GateOptions;
        return { head: { handle: 2 } };
      case "gate.clear":
        this.#later.push((world) => world.clear("socket"));
        return { head: null };
      case "gate.grant":
        this.#later.push((world) => world.grant("socket", facts.lease as Lease));
        return { head: null };
      case "gate.revoke":
        this.#later.push((world) => world.revoke("socket"));
        return { head: null };
      case "gate.read":
        return { head: this.#reading };
      case "serial.open":
        assert.deepEqual([facts.receive, facts.transmit, facts.baud], [3, 1, 115_200]);
        return { head: { handle: 1 } };
      case "serial.write":
        this.#writes.push(bytes.slice());
        return { head: null };
      default:
        return { head: { error: `unexpected ${name}` } };
    }
  }
}

/** Runs npm run calibrate on the port; switches the loads as it asks. Gives what it printed. */
async function calibrate(port: string, board: Board): Promise<string> {
  const watts = [LOW_W, HIGH_W];
  const args = ["--port", port, "--low", String(LOW_W), "--high", String(HIGH_W), "--seconds", "1"];
  const child = spawn(process.execPath, ["--import", "tsx", "tools/meter/calibrate.ts", ...args], { cwd: ROOT });
  let printed = "";
  child.stdout.on("data", async (data: Buffer) => {
    printed += data;
    const load = data.toString().includes("press Enter") ? watts.shift() : undefined;
    if (load === undefined) return;
    await board.world.setLoad({ kind: "resistive", watts: load });
    child.stdin.write("\n");
  });
  child.stderr.on("data", (data: Buffer) => {
    printed += data;
  });
  await new Promise((resolve) => child.on("close", resolve));
  return printed;
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => child.stdout?.once("data", (data: Buffer) => resolve(data.toString().trim())));
}

const noPython = spawnSync("python3", ["--version"]).error ? "skipped: python3 makes the serial line" : false;

test("npm run calibrate finds and stores a board's calibration over its serial port", { skip: noPython }, async () => {
  const kept = new Map<string, Uint8Array>();
  const line = spawn("python3", [join(import.meta.dirname, "pty.py")], { stdio: ["pipe", "pipe", "inherit"] });
  const port = await firstLine(line);
  const board = new Board(kept, (bytes) => line.stdin.write(bytes));
  await board.start();
  line.stdout.on("data", (bytes: Buffer) => board.take(bytes));
  try {
    const printed = await calibrate(port, board);
    assert.match(printed, /small load: reference 184\.0 W/);
    assert.match(printed, /Stored: .*currentGain/, printed);
    const record = kept.get("board/calibration");
    assert.ok(record);
    const { currentGain, voltageGain, phase } = decodeCalibration(record);
    // RAW_BOARD's scales are 1.8 % and -1.2 % off, and its current 55 us late; a mean over a second
    // has some noise.
    assert.ok(Math.abs(currentGain * 1.018 - 1e6) < 8000, `current gain ${currentGain}`);
    assert.ok(Math.abs(voltageGain * 0.988 - 1e6) < 4000, `voltage gain ${voltageGain}`);
    assert.ok(Math.abs(phase - 55_000) < 4000, `phase ${phase} ns`);
  } finally {
    line.stdout.removeAllListeners("data");
    await board.stop();
    line.stdin.end();
  }
});
