// The real XS engine: one xsnap-worker process a device (from @agoric/xsnap, built from Moddable's
// C sources). It speaks netstrings over two pipes: "e" evaluates, "?" delivers, and "?" the other
// way round is the bundle's synchronous call, which the worker waits for. The meter counts
// bytecodes, so it is the same on every run.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Duplex, Readable, Writable } from "node:stream";
import { type Engine, FirmwareCrash, type Message, PowerLost } from "./engine";

/** Ends a delivery that never ends: about five minutes of a board's computing. */
const METER_LIMIT = 1_000_000_000;

// Runs in the worker before the bundle: keeps what the host link needs, then takes away what a
// device has not.
const PRELUDE = `(() => {
  const { issueCommand, resetMeter, TextEncoder, TextDecoder } = globalThis;
  const encoder = new TextEncoder(), decoder = new TextDecoder();
  const nothing = new ArrayBuffer(0);
  const unpack = (buffer) => {
    const view = new Uint8Array(buffer), end = view.indexOf(0);
    return { head: decoder.decode(view.subarray(0, end)), bytes: buffer.slice(end + 1) };
  };
  globalThis.hostCall = (head, bytes = nothing) => {
    const text = encoder.encode(resetMeter(${METER_LIMIT}, 0) + " " + head);
    const message = new Uint8Array(text.length + 1 + bytes.byteLength);
    message.set(text);
    message.set(new Uint8Array(bytes), text.length + 1);
    const reply = unpack(issueCommand(message.buffer));
    resetMeter(${METER_LIMIT}, 0);
    return reply;
  };
  globalThis.handleCommand = (buffer) => {
    const { head, bytes } = unpack(buffer);
    resetMeter(${METER_LIMIT}, 0);
    globalThis.hostEvent(head, bytes);
  };
  for (const name of ["issueCommand", "resetMeter", "currentMeterLimit", "TextEncoder", "TextDecoder", "Base64", "setImmediate",
    "gc", "print", "performance", "harden", "Compartment", "ModuleSource", "trace"]) delete globalThis[name];
})()`;

/** Where the worker is, or an error that says how to get it. */
export function findWorker(): string {
  const require = createRequire(import.meta.url);
  const root = dirname(require.resolve("@agoric/xsnap/package.json"));
  const platform = process.platform === "darwin" ? "mac" : "lin";
  const worker = join(root, "xsnap-native/xsnap/build/bin", platform, "release/xsnap-worker");
  if (existsSync(worker)) return worker;
  const missing = [
    ["cc", "gcc"],
    ["make", "make"],
  ].filter(([tool = ""]) => spawnSync(tool, ["--version"], { stdio: "ignore" }).error !== undefined);
  if (missing.length === 0) throw new Error("The XS engine has not been built. Build it: npm rebuild @agoric/xsnap");
  const tools = missing.map(([tool, debian]) => `${tool} (Debian package: ${debian})`).join(" and ");
  const packages = missing.map(([, debian]) => debian).join(" ");
  throw new Error(
    `The XS engine has not been built, because this machine lacks ${tools}.\n` +
      `Install and build: apt-get install ${packages} libc6-dev && npm rebuild @agoric/xsnap\n` +
      "Without it, --engine node runs the same firmware in Node's engine.",
  );
}

export class XsEngine implements Engine {
  onCommand: (command: Message, meter: number) => Message = () => ({ head: null });
  readonly #worker: ChildProcess;
  readonly #out: Writable;
  #received: Buffer = Buffer.alloc(0);
  #diagnosis = "";
  #waiting: { resolve: (value: { meter: number }) => void; reject: (error: Error) => void } | undefined;
  #killed = false;

  constructor(name: string) {
    const stdio = ["ignore", "ignore", "pipe", "pipe", "pipe"] as const;
    this.#worker = spawn(findWorker(), [name, "-l", String(METER_LIMIT)], { stdio: [...stdio], cwd: tmpdir() });
    this.#out = this.#worker.stdio[3] as Duplex;
    this.#out.on("error", () => {});
    this.#worker.stderr?.on("data", (text: Buffer) => {
      this.#diagnosis += text.toString();
    });
    (this.#worker.stdio[4] as Readable).on("data", (data: Buffer) => this.#receive(data));
    this.#worker.on("error", (error) => this.#end(error));
    this.#worker.on("exit", (code, signal) => this.#end(new FirmwareCrash(this.#exitReason(code, signal))));
  }

  async load(bundle: string): Promise<void> {
    await this.#send(Buffer.from(`e${PRELUDE}`));
    await this.#send(Buffer.from(`e${bundle}`));
  }

  deliver(event: Message): Promise<{ meter: number }> {
    return this.#send(pack("?", event));
  }

  kill(): void {
    this.#killed = true;
    this.#worker.kill("SIGKILL");
    this.#end(new PowerLost());
  }

  #send(payload: Buffer): Promise<{ meter: number }> {
    if (this.#killed) return Promise.reject(new PowerLost());
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#write(payload);
    });
  }

  #write(payload: Buffer): void {
    this.#out.write(Buffer.concat([Buffer.from(`${payload.length}:`), payload, Buffer.from(",")]));
  }

  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    for (;;) {
      const colon = this.#received.indexOf(":");
      if (colon < 0) return;
      const end = colon + 1 + Number(this.#received.toString("latin1", 0, colon));
      if (this.#received.length <= end) return;
      const payload = this.#received.subarray(colon + 1, end);
      this.#received = this.#received.subarray(end + 1);
      this.#take(payload);
    }
  }

  #take(payload: Buffer): void {
    if (this.#killed) return;
    const kind = String.fromCharCode(payload[0] ?? 0);
    if (kind === "?") {
      this.#command(payload.subarray(1));
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (kind === "!") {
      waiting?.reject(new FirmwareCrash(payload.toString("utf8", 1)));
      return;
    }
    const meter = JSON.parse(payload.toString("latin1", 1, payload.indexOf(1, 1))) as { compute: number };
    waiting?.resolve({ meter: meter.compute });
  }

  #command(payload: Buffer): void {
    const end = payload.indexOf(0);
    const space = payload.indexOf(32);
    const command = {
      head: JSON.parse(payload.toString("utf8", space + 1, end)) as unknown,
      bytes: Uint8Array.from(payload.subarray(end + 1)),
    };
    const reply = this.onCommand(command, Number(payload.toString("latin1", 0, space)));
    if (!this.#killed) this.#write(pack("/", reply));
  }

  #exitReason(code: number | null, signal: NodeJS.Signals | null): string {
    const reasons: Record<number, string> = {
      11: "out of memory",
      12: "stack overflow",
      15: "unhandled exception or rejection",
      17: `computed for more than ${METER_LIMIT} units of the meter in one event`,
    };
    const reason = code === null ? `signal ${signal}` : (reasons[code] ?? `exit code ${code}`);
    return `the XS engine ended: ${reason}${this.#diagnosis ? `\n${this.#diagnosis.trim()}` : ""}`;
  }

  #end(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
    this.#killed = true;
  }
}

function pack(kind: string, message: Message): Buffer {
  const head = Buffer.from(`${kind}${JSON.stringify(message.head ?? null)}\0`);
  return message.bytes ? Buffer.concat([head, message.bytes]) : head;
}
