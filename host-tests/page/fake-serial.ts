// navigator.serial of a page in a real browser, wired to a simulated device's pseudo-terminal.
// Headless Chromium has no dialogue in which somebody chooses a port: `choose` says which one it
// would be.

import { constants, openSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import type { Page } from "playwright-core";

interface Cord {
  readonly stream: ReadStream;
  readonly descriptor: number;
}

export class FakeSerial {
  /** What pages did with ports, in words. */
  readonly done: string[] = [];
  readonly #cords = new Map<string, Cord>();
  readonly #pulled = new Set<string>();

  private constructor(private readonly page: Page) {}

  static async into(page: Page): Promise<FakeSerial> {
    const fake = new FakeSerial(page);
    await page.exposeFunction("$open", (path: string, baudRate: number) => fake.open(path, baudRate));
    await page.exposeFunction("$write", (path: string, bytes: number[]) => fake.write(path, bytes));
    await page.exposeFunction("$signals", (path: string) => void fake.done.push(`signals ${path}`));
    await page.exposeFunction("$close", (path: string) => fake.end(path));
    await page.addInitScript(IN_THE_PAGE);
    return fake;
  }

  /** The port at which the owner will point; "" for a dialogue that he closes. */
  async choose(path: string): Promise<void> {
    await this.page.evaluate(`$chosen = ${JSON.stringify(path)}`);
  }

  /** Pulls the cord of a device: its port ends, and opens no more until `plugIn`. */
  async unplug(path: string): Promise<void> {
    this.#pulled.add(path);
    await this.end(path);
  }

  plugIn(path: string): void {
    this.#pulled.delete(path);
  }

  private async end(path: string): Promise<void> {
    this.#cords.get(path)?.stream.destroy();
    this.#cords.delete(path);
    await this.page.evaluate(`$ended(${JSON.stringify(path)})`);
  }

  close(): void {
    for (const { stream } of this.#cords.values()) stream.destroy();
    this.#cords.clear();
  }

  private open(path: string, baudRate: number): void {
    if (this.#pulled.has(path)) throw new Error("there is no such device");
    this.done.push(`open ${baudRate}`);
    const descriptor = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    const stream = new ReadStream(descriptor);
    stream.on("data", (data: Buffer) => {
      // A page that is gone hears nothing.
      this.page.evaluate(`$came(${JSON.stringify(path)}, ${JSON.stringify([...data])})`).catch(() => {});
    });
    this.#cords.set(path, { stream, descriptor });
  }

  private write(path: string, bytes: number[]): void {
    const cord = this.#cords.get(path);
    if (!cord) throw new Error("the port is closed");
    let rest = Buffer.from(bytes);
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(cord.descriptor, rest));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      }
    }
  }
}

/** As wicg.github.io/serial has it, as far as the page asks for it. */
const IN_THE_PAGE = `
  globalThis.$chosen = "";
  const ports = new Map();
  class FakePort {
    readable = null;
    writable = null;
    constructor(path) { this.path = path; }
    async open({ baudRate }) {
      if (this.readable) throw new DOMException("The port is already open.", "InvalidStateError");
      try { await $open(this.path, baudRate); } catch { throw new DOMException("Failed to open serial port.", "NetworkError"); }
      this.readable = new ReadableStream({ start: (controller) => { this.controller = controller; } });
      this.writable = new WritableStream({ write: (chunk) => $write(this.path, [...chunk]) });
    }
    async setSignals() { await $signals(this.path); }
    async close() {
      if (!this.readable) throw new DOMException("The port is already closed.", "InvalidStateError");
      await $close(this.path);
    }
    end() {
      this.readable = this.writable = null;
      try { this.controller.error(new DOMException("The device has been lost.", "NetworkError")); } catch {}
    }
  }
  globalThis.$came = (path, bytes) => ports.get(path)?.controller?.enqueue(Uint8Array.from(bytes));
  globalThis.$ended = (path) => ports.get(path)?.readable && ports.get(path).end();
  Object.defineProperty(navigator, "serial", { value: {
    async requestPort() {
      if ($chosen === "") throw new DOMException("No port selected by the user.", "NotFoundError");
      if (!ports.has($chosen)) ports.set($chosen, new FakePort($chosen));
      return ports.get($chosen);
    },
  } });
`;
