// Takes the messages of HTTP/1.1 apart as their bytes come: heads and pieces of bodies come out.
//
// Any cutting of the bytes gives the same result, and no more than the limits is ever held. Bodies
// go to a sink piece by piece, so large answers need no memory.

import { decodeLatin1 } from "../kernel/utf8";
import { checkTrailer } from "./heads";
import { type Framing, HttpError, type HttpLimits, malformed, type Parsed } from "./http";

/** Where the parts of one message go. Chunks are views that hold only until the call returns. */
export interface Sink<Head> {
  head(head: Head): void;
  body(chunk: Uint8Array): void;
  end(): void;
}

type State = "head" | "body" | "close" | "chunk-size" | "chunk" | "chunk-end" | "trailer" | "done" | "failed";

const CR = 13;
const LF = 10;
const CHUNK_LINE_BYTES = 128;
const INTERIM_ANSWERS = 4;

/**
 * Reads one message after another. After each it stands still, holding what came early, until
 * `next`.
 */
export class MessageReader<Head> {
  #state: State = "head";
  /** Bytes not consumed yet: the first `#unread` of the buffer. */
  #buffer = new Uint8Array(0);
  #unread = 0;
  /**
   * So many of them are known to hold no line end, so that a trickle of bytes is not searched over
   * and over.
   */
  #searched = 0;
  /** Bytes of the body, or of the chunk, still to come. */
  #left = 0;
  #body = 0;
  #interim = 0;

  /** `early` limits what may wait behind the message that is being answered. */
  constructor(
    readonly parse: (lines: readonly string[]) => Parsed<Head>,
    readonly sink: Sink<Head>,
    readonly limits: HttpLimits,
    readonly early: number,
  ) {}

  /** True between messages, with nothing of the next one here. */
  get idle(): boolean {
    return this.#state === "head" && this.#unread === 0;
  }

  /** Bytes of memory that are taken by what was not passed on yet. */
  get capacity(): number {
    return this.#buffer.length;
  }

  /**
   * Takes bytes as they come. Throws an HttpError, after which the connection is of no more use.
   */
  push(data: Uint8Array): void {
    if (this.#state === "failed") return;
    try {
      this.keep(data);
      this.run();
    } catch (error) {
      this.#state = "failed";
      this.#buffer = new Uint8Array(0);
      throw error;
    }
  }

  /** The message was dealt with: goes on to the next. */
  next(): void {
    if (this.#state !== "done") return;
    this.#state = "head";
    this.#body = 0;
    this.#interim = 0;
    this.push(new Uint8Array(0));
  }

  /**
   * The other end closed. Ends a body that lasts until then; otherwise in the middle of a message
   * it throws.
   */
  finish(): void {
    if (this.#state === "close") {
      this.#state = "done";
      this.sink.end();
    } else if (!this.idle && this.#state !== "done" && this.#state !== "failed") {
      this.#state = "failed";
      throw new HttpError("closed", "expected the rest of an HTTP message, the connection was closed");
    }
  }

  private run(): void {
    while (this.step());
  }

  /** One step of the message; false when more bytes are wanted. */
  private step(): boolean {
    switch (this.#state) {
      case "head":
        return this.readHead();
      case "body":
      case "chunk":
        return this.readBody();
      case "close":
        this.pass(this.#unread);
        return false;
      case "chunk-size":
        return this.readChunkSize();
      case "chunk-end":
        return this.readChunkEnd();
      case "trailer":
        return this.readTrailer();
      case "done":
        if (this.#unread > this.early) throw new HttpError("too-large", "too much was sent ahead of the answer", 429);
        return false;
      case "failed":
        return false;
    }
  }

  private readHead(): boolean {
    const end = this.find(CR, LF, CR, LF);
    if (end < 0) {
      if (this.#unread > this.limits.headBytes) throw headTooLarge(this.limits);
      return false;
    }
    if (end > this.limits.headBytes) throw headTooLarge(this.limits);
    const most = this.limits.headers + 1;
    const lines = decodeLatin1(this.#buffer.subarray(0, end)).split("\r\n", most + 1);
    this.consume(end + 4);
    if (lines.length > most) throw headTooLarge(this.limits);
    const { head, framing, interim } = this.parse(lines);
    if (interim) {
      if (++this.#interim > INTERIM_ANSWERS) throw new HttpError("malformed", "expected an answer after interim ones");
      return true;
    }
    this.begin(framing);
    this.sink.head(head);
    if (this.#state === "done") this.sink.end();
    return true;
  }

  private begin(framing: Framing): void {
    if (framing === "chunked") this.#state = "chunk-size";
    else if (framing === "close") this.#state = "close";
    else {
      if (framing > this.limits.bodyBytes) throw bodyTooLarge(this.limits);
      this.#left = framing;
      this.#state = framing === 0 ? "done" : "body";
    }
  }

  private readBody(): boolean {
    if (this.#unread === 0) return false;
    const length = Math.min(this.#unread, this.#left);
    this.#left -= length;
    this.pass(length);
    if (this.#left > 0) return false;
    if (this.#state === "chunk") this.#state = "chunk-end";
    else this.finishMessage();
    return true;
  }

  private finishMessage(): void {
    this.#state = "done";
    this.sink.end();
  }

  private readChunkSize(): boolean {
    const line = this.line(CHUNK_LINE_BYTES);
    if (line === undefined) return false;
    const size = /^([0-9a-fA-F]{1,7})[ \t]*(?:;[\t -~]*)?$/.exec(line)?.[1];
    if (size === undefined) throw malformed("a chunk size in hexadecimal", line);
    this.#left = Number.parseInt(size, 16);
    if (this.#body + this.#left > this.limits.bodyBytes) throw bodyTooLarge(this.limits);
    this.#state = this.#left === 0 ? "trailer" : "chunk";
    return true;
  }

  private readChunkEnd(): boolean {
    if (this.#unread < 2) return false;
    if (this.#buffer[0] !== CR || this.#buffer[1] !== LF) throw malformed("a line end after the chunk", "more bytes");
    this.consume(2);
    this.#state = "chunk-size";
    return true;
  }

  /** Trailer fields are read and dropped: nothing of ours depends on one. */
  private readTrailer(): boolean {
    const line = this.line(this.limits.headBytes);
    if (line === undefined) return false;
    if (line !== "") checkTrailer(line);
    this.#body += line.length;
    if (this.#body > this.limits.bodyBytes + this.limits.headBytes) throw headTooLarge(this.limits);
    if (line === "") this.finishMessage();
    return true;
  }

  /** Hands bytes of the body on. */
  private pass(length: number): void {
    if (length === 0) return;
    this.#body += length;
    if (this.#body > this.limits.bodyBytes) throw bodyTooLarge(this.limits);
    const chunk = this.#buffer.slice(0, length);
    this.consume(length);
    this.sink.body(chunk);
  }

  private line(most: number): string | undefined {
    const end = this.find(CR, LF);
    if (end > most || (end < 0 && this.#unread > most + 1)) throw headTooLarge(this.limits);
    if (end < 0) return undefined;
    const line = decodeLatin1(this.#buffer.subarray(0, end));
    this.consume(end + 2);
    return line;
  }

  /** Where these bytes, which begin with CR, stand among those held; -1 where they do not. */
  private find(...bytes: readonly number[]): number {
    const held = this.#buffer.subarray(0, this.#unread);
    for (let at = held.indexOf(CR, this.#searched); at >= 0; at = held.indexOf(CR, at + 1)) {
      if (bytes.every((byte, i) => held[at + i] === byte)) return at;
    }
    this.#searched = Math.max(0, this.#unread - bytes.length + 1);
    return -1;
  }

  private keep(data: Uint8Array): void {
    const length = this.#unread + data.length;
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(length, Math.min(2 * length, this.#buffer.length + 1024)));
      larger.set(this.#buffer.subarray(0, this.#unread));
      this.#buffer = larger;
    }
    this.#buffer.set(data, this.#unread);
    this.#unread = length;
  }

  private consume(length: number): void {
    this.#searched = 0;
    this.#unread -= length;
    if (this.#unread === 0) this.#buffer = new Uint8Array(0);
    else this.#buffer.copyWithin(0, length, length + this.#unread);
  }
}

function headTooLarge(limits: HttpLimits): HttpError {
  const message = `expected at most ${limits.headBytes} bytes and ${limits.headers} lines of headers`;
  return new HttpError("too-large", message, 431);
}

function bodyTooLarge(limits: HttpLimits): HttpError {
  return new HttpError("too-large", `expected a body of at most ${limits.bodyBytes} bytes`, 413);
}
