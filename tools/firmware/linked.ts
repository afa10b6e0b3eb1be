// A linked image at work: a process that runs XS from what would lie in a chip's flash (firmware/selftest/host.c), and
// the simulator's face of it, so that a whole payment can be played between two of them.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import type { Check } from "../../firmware/selftest/fixture";
import { type Engine, FirmwareCrash, type Message, PowerLost } from "../sim/engine";

/** Runs the image's self-test; `signed`: what a cable's image paid, for a socket's. */
export function selfTest(binary: string, signed = ""): readonly Check[] {
  const result = spawnSync(binary, ["selftest"], { input: signed, encoding: "utf8", timeout: 60_000 });
  if (result.status !== 0) throw new Error(`the image stopped: ${result.stderr.trim() || `status ${result.status}`}`);
  return JSON.parse(result.stdout) as Check[];
}

/** Most memory that XS ever had in use. */
export interface Peak {
  readonly slots: number;
  readonly bytesPerSlot: number;
  readonly chunks: number;
}

// The linked engine has no meter: events and calls are charged the flat sums of the simulator's Node engine.
const DELIVERY_METER = 20_000;
const COMMAND_METER = 1_000;
const HEAD = 9;

export class LinkedEngine implements Engine {
  onCommand: (command: Message, meter: number) => Message = () => ({ head: null });
  peak: Peak = { slots: 0, bytesPerSlot: 0, chunks: 0 };
  readonly #process: ChildProcess;
  #received = Buffer.alloc(0);
  #waiting: { resolve: (value: { meter: number }) => void; reject: (error: Error) => void } | undefined;
  #ended: Error | undefined;

  constructor(binary: string) {
    this.#process = spawn(binary, [], { stdio: ["pipe", "pipe", "inherit"] });
    this.#process.stdin?.on("error", () => {});
    this.#process.stdout?.on("data", (data: Buffer) => this.#receive(data));
    this.#process.on("error", (error) => this.#end(error));
    this.#process.on("exit", (code) => this.#end(new FirmwareCrash(`the linked image ended with status ${code}`)));
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

  #send(kind: "E" | "R", { head, bytes = new Uint8Array(0) }: Message): void {
    const text = Buffer.from(JSON.stringify(head ?? null));
    const frame = Buffer.alloc(HEAD);
    frame.write(kind, "latin1");
    frame.writeUInt32LE(text.length, 1);
    frame.writeUInt32LE(bytes.length, 5);
    this.#process.stdin?.write(Buffer.concat([frame, text, bytes]));
  }

  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    while (this.#received.length >= HEAD) {
      const headEnd = HEAD + this.#received.readUInt32LE(1);
      const end = headEnd + this.#received.readUInt32LE(5);
      if (this.#received.length < end) return;
      const kind = String.fromCharCode(this.#received[0] as number);
      const head = this.#received.toString("utf8", HEAD, headEnd);
      const bytes = Uint8Array.from(this.#received.subarray(headEnd, end));
      this.#received = this.#received.subarray(end);
      this.#take(kind, head, bytes);
    }
  }

  #take(kind: string, head: string, bytes: Uint8Array): void {
    if (this.#ended) return;
    if (kind === "X") this.#end(new FirmwareCrash(head));
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
