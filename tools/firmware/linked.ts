// A linked image at work: a process that runs XS from what would lie in a chip's flash
// (firmware/selftest/host.c), and the simulator's face of it, so that a whole payment can be played
// between two of them.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import type { Check } from "../../firmware/selftest/fixture";
import { type Engine, FirmwareCrash, type Message, PowerLost } from "../../lab/sim/engine";

/**
 * Runs the image's self-test; `signed`: what a cable's image paid, for a socket's. `args`: where
 * `binary` is an emulator.
 */
export function selfTest(binary: string, signed = "", args: readonly string[] = []): readonly Check[] {
  const { stdout, stderr, status } = spawnSync(binary, args, { input: frameOf("T", signed), timeout: 120_000 });
  const done = parseFrame(stdout);
  if (done?.kind !== "D")
    throw new Error(`the image stopped: ${done?.head ?? (stderr.toString().trim() || `status ${status}`)}`);
  return JSON.parse(Buffer.from(done.bytes).toString()) as Check[];
}

interface Frame {
  readonly kind: string;
  readonly head: string;
  readonly bytes: Uint8Array;
  /** Where the next frame begins. */
  readonly end: number;
}

const HEAD = 9;

function frameOf(kind: "E" | "R" | "T", head: string, bytes: Uint8Array = new Uint8Array(0)): Buffer {
  const text = Buffer.from(head);
  const lengths = Buffer.alloc(HEAD);
  lengths.write(kind, "latin1");
  lengths.writeUInt32LE(text.length, 1);
  lengths.writeUInt32LE(bytes.length, 5);
  return Buffer.concat([lengths, text, bytes]);
}

/** The first frame of `data`, undefined while it is not whole. */
function parseFrame(data: Buffer): Frame | undefined {
  if (data.length < HEAD) return undefined;
  const headEnd = HEAD + data.readUInt32LE(1);
  const end = headEnd + data.readUInt32LE(5);
  if (data.length < end) return undefined;
  const kind = String.fromCharCode(data[0] as number);
  return { kind, head: data.toString("utf8", HEAD, headEnd), bytes: Uint8Array.from(data.subarray(headEnd, end)), end };
}

/** Most memory that XS ever had in use. */
export interface Peak {
  /** Instructions from the start until main was imported; 0 on a desktop, which counts none. */
  readonly ready: number;
  readonly slots: number;
  readonly bytesPerSlot: number;
  readonly chunks: number;
}

/** Objects of one kind, by the names of what they consist of (firmware/selftest/host.c). */
export interface Held {
  readonly slots: number;
  readonly objects: number;
  readonly kind: string;
}

// The linked engine has no meter: events and calls are charged the flat sums of the simulator's
// Node engine.
const DELIVERY_METER = 20_000;
const COMMAND_METER = 1_000;

function parseHeld(text: string): Held[] {
  const lines = text.split("\n").filter((line) => line !== "");
  const held = lines.map((line) => {
    const [slots = "", objects = "", ...kind] = line.split(" ");
    return { slots: Number(slots), objects: Number(objects), kind: kind.join(" ").trim() };
  });
  return held.sort((a, b) => b.slots - a.slots);
}

export class LinkedEngine implements Engine {
  onCommand: (command: Message, meter: number) => Message = () => ({ head: null });
  peak: Peak = { ready: 0, slots: 0, bytesPerSlot: 0, chunks: 0 };
  /**
   * What the heap held when it held most, the largest first; empty where the image was not built to
   * say.
   */
  held: readonly Held[] = [];
  readonly #process: ChildProcess;
  #received = Buffer.alloc(0);
  #waiting: { resolve: (value: { meter: number }) => void; reject: (error: Error) => void } | undefined;
  #ended: Error | undefined;

  constructor(binary: string, args: readonly string[] = []) {
    this.#process = spawn(binary, [...args], { stdio: ["pipe", "pipe", "inherit"] });
    this.#process.stdin?.on("error", () => {});
    this.#process.stdout?.on("data", (data: Buffer) => this.#receive(data));
    this.#process.on("error", (error) => this.#end(error));
    this.#process.on("exit", (code) => this.#end(new FirmwareCrash(`the linked image ended with status ${code}`)));
  }

  /** True where the image stopped by itself: memory full, or a defect. */
  get crashed(): boolean {
    return this.#ended instanceof FirmwareCrash;
  }

  /** The image is in "flash": there is nothing to load. */
  async load(): Promise<void> {}

  deliver(event: Message): Promise<{ meter: number }> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#send("E", event);
    });
  }

  kill(): void {
    this.#end(new PowerLost());
    this.#process.kill("SIGKILL");
  }

  #send(kind: "E" | "R", { head, bytes }: Message): void {
    this.#process.stdin?.write(frameOf(kind, JSON.stringify(head ?? null), bytes));
  }

  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    for (let frame = parseFrame(this.#received); frame; frame = parseFrame(this.#received)) {
      this.#received = this.#received.subarray(frame.end);
      this.#take(frame);
    }
  }

  #take({ kind, head, bytes }: Frame): void {
    if (this.#ended) return;
    if (kind === "X") this.#end(new FirmwareCrash(head));
    else if (kind === "H") this.held = parseHeld(Buffer.from(bytes).toString());
    else if (kind === "C") this.#answer({ head: JSON.parse(head) as unknown, bytes });
    else this.#done(JSON.parse(head) as Peak);
  }

  #answer(command: Message): void {
    const answer = this.onCommand(command, COMMAND_METER);
    if (!this.#ended) this.#send("R", answer);
  }

  #done(peak: Peak): void {
    this.peak = peak;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ meter: DELIVERY_METER });
  }

  #end(error: Error): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
