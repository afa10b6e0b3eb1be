// What comes in on the serial console: lines of JSON-RPC, and Improv's packets, told apart by their
// first bytes. Whatever else a person types is answered by what is expected. Bounded: a line that
// does not end, or a packet that stays away, is dropped.

import { constant } from "../kernel/constant";
import type { Clock } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import { Bytes } from "../net/bytes";
import { IMPROV_HEADER, type ImprovDevice, improvAnswers, improvLength } from "./improv";
import { errorText, RpcError } from "./json-rpc";

const LF = 10;
const CR = 13;
const BLANK = 32;
const LONGEST_LINE = 4096;
/** What began and stands still for so long is dropped: a packet comes in one, a person types. */
const PATIENCE: Readonly<Record<"improv" | "line", Millisecond>> = constant({ improv: 1000, line: 60_000 });

export interface SerialOptions {
  readonly clock: Clock;
  /** Puts out bytes of the console, whole: nothing else may come between. */
  readonly write: (bytes: Uint8Array) => void;
  readonly print: (line: string) => void;
  readonly answer: (request: Uint8Array) => Promise<string | undefined>;
  readonly improv: ImprovDevice;
}

export class OwnerSerial {
  readonly #options: SerialOptions;
  readonly #held = new Bytes();
  #kind: "nothing" | "line" | "improv" | "too-long" = "nothing";
  #cancel: () => void = () => {};

  constructor(options: SerialOptions) {
    this.#options = options;
  }

  /** Takes bytes as they come. */
  take(bytes: Uint8Array): void {
    for (const byte of bytes) this.one(byte);
    this.#cancel();
    if (this.#kind === "nothing") return;
    const patience = PATIENCE[this.#kind === "improv" ? "improv" : "line"];
    this.#cancel = this.#options.clock.after(patience, () => this.drop());
  }

  private one(byte: number): void {
    if (this.#kind === "nothing") {
      // Between lines, blanks and line ends mean nothing.
      if (byte <= BLANK) return;
      this.#kind = byte === IMPROV_HEADER[0] ? "improv" : "line";
    }
    if (this.#kind === "improv") this.improv(byte);
    else if (byte === LF) this.endLine();
    else if (this.#kind === "line" && byte !== CR) this.line(byte);
  }

  private line(byte: number): void {
    if (this.#held.length < LONGEST_LINE) this.#held.add(Uint8Array.of(byte));
    else {
      this.#held.take();
      this.#kind = "too-long";
    }
  }

  private endLine(): void {
    const isTooLong = this.#kind === "too-long";
    this.#kind = "nothing";
    const line = this.#held.take();
    const { answer, print } = this.#options;
    if (isTooLong)
      print(errorText(null, new RpcError("parse-error", `expected a line of at most ${LONGEST_LINE} bytes`)));
    else
      void answer(line.slice()).then((text) => {
        if (text !== undefined) print(text);
      });
  }

  /** What begins as a packet and is none is a line. */
  private improv(byte: number): void {
    const at = this.#held.length;
    this.#held.add(Uint8Array.of(byte));
    if (at < IMPROV_HEADER.length && byte !== IMPROV_HEADER[at]) {
      this.#kind = "line";
      if (byte === LF) this.endLine();
      return;
    }
    const bytes = this.#held.view;
    if (improvLength(bytes) !== bytes.length) return;
    this.#kind = "nothing";
    for (const packet of improvAnswers(this.#held.take(), this.#options.improv)) this.#options.write(packet);
  }

  private drop(): void {
    this.#kind = "nothing";
    this.#held.take();
  }
}
