// The way to a device on USB, by Web Serial (wicg.github.io/serial): a request is a line, and so is
// its answer, among the lines of the device's story (docs/owner.md).
//
// Nothing here moves DTR or RTS. Opening a port raises both, which leaves most boards alone and
// restarts some: a board that has just started says so by a line, and is asked again.

import type { Timers } from "./watch";
import { type Way, WayError } from "./way";

const BAUD = 115_200;
const ANSWER_MS = 20_000;
/** A board that has just started takes no line yet. */
const BOOT_MS = 3000;
/** A board speaks in lines of some hundred bytes; what has no end is no board of ours. */
const LONGEST_LINE = 65_536;

/** As much of Web Serial's SerialPort as is used. */
export interface Port {
  readonly readable: ReadableStream<Uint8Array> | null;
  readonly writable: WritableStream<Uint8Array> | null;
  open(options: { readonly baudRate: number }): Promise<void>;
  close(): Promise<void>;
}

export interface SerialWayOptions {
  readonly port: Port;
  readonly timers: Timers;
  /** The board has just started; where that was our doing, a session may have ended by it. */
  readonly onBoot: () => void;
}

interface Asked {
  readonly request: string;
  readonly ids: readonly unknown[];
  readonly answered: (text: string) => void;
  readonly failed: (error: WayError) => void;
}

export class SerialWay implements Way {
  readonly isSerial = true;
  readonly #options: SerialWayOptions;
  #isOpen = false;
  #asked: Asked | undefined;
  #rest = "";
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SerialWayOptions) {
    this.#options = options;
  }

  /** One after the other: a device answers lines as they come. */
  send(request: string): Promise<string> {
    const sent = this.#last.then(() => this.sendNow(request));
    this.#last = sent.catch(() => {});
    return sent;
  }

  private async sendNow(request: string): Promise<string> {
    await this.open();
    return new Promise<string>((resolve, reject) => {
      const cancel = this.#options.timers.after(ANSWER_MS, () =>
        asked.failed(new WayError("lost", "the device does not answer")),
      );
      const end = (): void => {
        cancel();
        this.#asked = undefined;
      };
      const asked: Asked = {
        request,
        ids: idsIn(request),
        answered: (text) => {
          end();
          resolve(text);
        },
        failed: (error) => {
          end();
          reject(error);
        },
      };
      this.#asked = asked;
      void this.write(asked);
    });
  }

  /** A port stays open. One whose board was unplugged is opened anew, once that is back. */
  private async open(): Promise<void> {
    if (this.#isOpen) return;
    const { port } = this.#options;
    try {
      await port.open({ baudRate: BAUD });
    } catch {
      throw new WayError("lost", "the port does not open: is the device plugged in, and no other program at it?");
    }
    this.#isOpen = true;
    this.#rest = "";
    void this.listen();
  }

  private async write(asked: Asked): Promise<void> {
    const { port } = this.#options;
    try {
      const writer = port.writable?.getWriter();
      if (!writer) throw new Error("closed");
      // A line end first ends whatever was typed before.
      await writer.write(new TextEncoder().encode(`\n${asked.request}\n`));
      writer.releaseLock();
    } catch {
      asked.failed(new WayError("lost", "the port takes nothing"));
    }
  }

  private async listen(): Promise<void> {
    const { port } = this.#options;
    const decoder = new TextDecoder();
    const reader = port.readable?.getReader();
    try {
      for (;;) {
        const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
        if (done) break;
        this.take(decoder.decode(value, { stream: true }));
      }
    } catch {
      // The board was unplugged: said below.
    }
    reader?.releaseLock();
    this.#isOpen = false;
    // What is closed already needs no closing.
    await port.close().catch(() => {});
    this.#asked?.failed(new WayError("lost", "the port was closed: was the device unplugged?"));
  }

  private take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = (lines.pop() ?? "").slice(-LONGEST_LINE);
    for (const line of lines) this.line(line);
  }

  private line(line: string): void {
    const asked = this.#asked;
    const answer = jsonFrom(line, '{"jsonrpc"', '[{"jsonrpc"');
    if (asked && answer && idsIn(answer).some((id) => asked.ids.includes(id))) {
      asked.answered(answer);
      return;
    }
    if (jsonFrom(line, '{"name":"boot"') === undefined) return;
    this.#options.onBoot();
    // It forgot what it was asked.
    if (asked) this.#options.timers.after(BOOT_MS, () => this.#asked === asked && void this.write(asked));
  }
}

/** What begins so on a line; a board that restarts leaves half a line before it. */
function jsonFrom(line: string, ...begins: readonly string[]): string | undefined {
  const starts = begins.map((begin) => line.indexOf(begin)).filter((start) => start >= 0);
  if (starts.length === 0) return undefined;
  const text = line.slice(Math.min(...starts)).trim();
  try {
    JSON.parse(text);
    return text;
  } catch {
    return undefined;
  }
}

/** Of a request or an answer, or of a batch of them. */
function idsIn(text: string): readonly unknown[] {
  const given = JSON.parse(text) as { readonly id?: unknown } | readonly { readonly id?: unknown }[];
  return (Array.isArray(given) ? given : [given as { id?: unknown }])
    .map((each) => each?.id)
    .filter((id) => id != null);
}
