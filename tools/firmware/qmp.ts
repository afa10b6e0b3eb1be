// Speaks with a running QEMU over its monitor's JSON (QMP): resets the chip, takes its link away,
// and looks at a register as a probe on a pin would.

import type { Socket } from "node:net";

interface Reply {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

/**
 * Takes the stream of QMP apart: one JSON object a line; what QEMU tells unasked is passed over.
 */
export class Replies {
  #rest = "";

  take(text: string): readonly Reply[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines
      .filter((line) => line.trim() !== "")
      .map((line) => JSON.parse(line) as Reply)
      .filter((reply) => "return" in reply || "error" in reply);
  }
}

/**
 * Words that the monitor shows, up to four a line, as "0000000060004004: 0x00000400 0x00000000".
 */
export function wordsIn(shown: unknown): readonly number[] {
  const lines = String(shown).trim().split("\n");
  const words = lines.map((line) => /^[0-9a-f]+:((?: 0x[0-9a-f]{8})+)\s*$/i.exec(line)?.[1]);
  if (words.includes(undefined)) throw new Error(`QEMU's monitor: expected addresses and words, came ${String(shown)}`);
  return words.flatMap((line) => String(line).trim().split(" ").map(Number));
}

export class Monitor {
  readonly #socket: Socket;
  readonly #waiting: { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }[] = [];

  /** `socket`: connected to the monitor. */
  constructor(socket: Socket) {
    this.#socket = socket;
    const replies = new Replies();
    socket.setEncoding("utf8").on("data", (text: string) => {
      for (const { return: value, error } of replies.take(text)) {
        const waiting = this.#waiting.shift();
        if (error) waiting?.reject(new Error(`QEMU's monitor: ${error.desc}`));
        else waiting?.resolve(value);
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error("the emulator has ended"));
    });
    void this.command("qmp_capabilities").catch(() => {});
  }

  command(execute: string, given: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    if (this.#socket.destroyed) return Promise.reject(new Error("the emulator has ended"));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(`${JSON.stringify({ execute, arguments: given })}\n`);
    });
  }

  /** The 32-bit words from a physical address on: registers, say. */
  async words(address: number, count: number): Promise<readonly number[]> {
    const line = `xp /${count}wx 0x${address.toString(16)}`;
    return wordsIn(await this.command("human-monitor-command", { "command-line": line }));
  }
}
