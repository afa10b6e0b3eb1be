// Speaks GDB's remote protocol with a running QEMU: stops the chip where a function begins, reads
// and writes registers and memory, and lets it go on. (GDB's manual, appendix E, "GDB Remote Serial
// Protocol".)

import type { Socket } from "node:net";

/** A packet as it is sent: `$`, the text, `#` and the sum of its bytes in two digits. */
export function packed(text: string): string {
  const sum = [...Buffer.from(text)].reduce((total, byte) => (total + byte) & 0xff, 0);
  return `$${text}#${sum.toString(16).padStart(2, "0")}`;
}

/** Takes the stream apart into the packets' texts; acknowledgements are passed over. */
export class Packets {
  #rest = "";

  take(text: string): readonly string[] {
    this.#rest += text;
    const found: string[] = [];
    for (;;) {
      const packet = /\$([^#]*)#[0-9a-f]{2}/i.exec(this.#rest);
      if (!packet) return found;
      found.push(packet[1] ?? "");
      this.#rest = this.#rest.slice(packet.index + packet[0].length);
    }
  }
}

/** Numbers of RISC-V's registers: x10 and x11 are a call's first arguments. */
export const REGISTERS = { a0: 10, a1: 11, pc: 32 } as const;

export class Debugger {
  readonly #socket: Socket;
  readonly #waiting: { readonly resolve: (text: string) => void; readonly reject: (error: Error) => void }[] = [];
  #knows = false;

  /** `socket`: connected to QEMU's `-gdb`, which stops the chip then. */
  constructor(socket: Socket) {
    this.#socket = socket;
    const packets = new Packets();
    socket.setEncoding("latin1").on("data", (text: string) => {
      for (const packet of packets.take(text)) {
        socket.write("+");
        this.#waiting.shift()?.resolve(packet);
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error("the emulator has ended"));
    });
  }

  /** Lets the chip run on to the function at `address`. */
  async runTo(address: number): Promise<void> {
    const place = `0,${address.toString(16)},2`;
    await this.command(`Z${place}`);
    const stopped = await this.send("c");
    if (!/^[ST]/.test(stopped)) throw new Error(`QEMU's gdb: expected that the chip stops, came ${stopped}`);
    await this.command(`z${place}`);
  }

  /** A word at an address: of memory, or a register of the chip's hardware. */
  async word(address: number): Promise<number> {
    const text = await this.send(`m${address.toString(16)},4`);
    if (!/^[0-9a-f]{8}$/i.test(text)) throw new Error(`QEMU's gdb: expected a word, came ${text}`);
    return Buffer.from(text, "hex").readUInt32LE();
  }

  writeWord(address: number, value: number): Promise<void> {
    return this.command(`M${address.toString(16)},4:${wordText(value)}`);
  }

  async setRegister(number: number, value: number): Promise<void> {
    // QEMU lets nobody write a register who has not asked what registers there are.
    if (!this.#knows) await this.send("qXfer:features:read:target.xml:0,ffb");
    this.#knows = true;
    return this.command(`P${number.toString(16)}=${wordText(value)}`);
  }

  /** Lets the chip go on by itself. */
  async leave(): Promise<void> {
    await this.command("D");
    this.#socket.destroy();
  }

  private async command(text: string): Promise<void> {
    const answer = await this.send(text);
    if (answer !== "OK") throw new Error(`QEMU's gdb: expected that it takes ${text}, came ${answer || "nothing"}`);
  }

  private send(text: string): Promise<string> {
    if (this.#socket.destroyed) return Promise.reject(new Error("the emulator has ended"));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(packed(text));
    });
  }
}

function wordText(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.toString("hex");
}
