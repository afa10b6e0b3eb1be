// HTTP/1.1 framing (RFC 9110, RFC 9112) for both ends: bytes in, heads and body chunks out.
//
// Incremental, strict and limited: any cutting of the bytes gives the same result, whatever two
// readers could understand differently is refused (both lengths, repeated lengths, folded lines,
// bare line feeds, signs), and no more than the limits is ever held. Bodies go to a sink piece by
// piece, so large answers need no memory.

import { NamedError } from "../kernel/named-error";
import { isDigits, isHeaderText, isToken, isVisible } from "../kernel/text";
import { decodeLatin1, encodeUtf8 } from "../kernel/utf8";

/** Fields that mean something here, by lower-case name; of no other one is anything kept. */
export type Headers = ReadonlyMap<string, string>;

export interface HttpLimits {
  /** Bytes of the start line and the header fields together. */
  readonly headBytes: number;
  readonly headers: number;
  /** Bytes of the body, chunk framing not counted. */
  readonly bodyBytes: number;
}

export type HttpErrorKind =
  | "malformed" /** not HTTP as RFC 9112 has it */
  | "unsupported" /** HTTP, but a part of it that we refuse */
  | "too-large" /** a limit was passed */
  | "closed" /** the other end closed in the middle */
  | "connect" /** no connection came about */
  | "timeout"
  | "aborted" /** by our own side */;

/** What went wrong with a message or its link; `status` is what a server answers to it. */
export class HttpError extends NamedError {
  override readonly name = "HttpError";
  constructor(
    readonly kind: HttpErrorKind,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

export interface RequestHead {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Headers;
  /** The connection stays open for another request. */
  readonly keepAlive: boolean;
  /** The client waits for "100 Continue" before it sends the body. */
  readonly expectsContinue: boolean;
}

export interface ResponseHead {
  readonly status: number;
  readonly headers: Headers;
  readonly keepAlive: boolean;
}

/** Where the parts of one message go. Chunks are views that hold only until the call returns. */
export interface Sink<Head> {
  head(head: Head): void;
  body(chunk: Uint8Array): void;
  end(): void;
}

/** How the end of a body is known (RFC 9112, section 6.3). */
type Framing = number | "chunked" | "close";

interface Parsed<Head> {
  readonly head: Head;
  readonly framing: Framing;
  /** An interim answer (1xx): another head follows. */
  readonly interim?: boolean;
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
  /** Bytes not consumed yet: the first `#held` of the buffer. */
  #buffer = new Uint8Array(0);
  #held = 0;
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
    return this.#state === "head" && this.#held === 0;
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
      this.hold(data);
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
        this.pass(this.#held);
        return false;
      case "chunk-size":
        return this.readChunkSize();
      case "chunk-end":
        return this.readChunkEnd();
      case "trailer":
        return this.readTrailer();
      case "done":
        if (this.#held > this.early) throw new HttpError("too-large", "too much was sent ahead of the answer", 429);
        return false;
      case "failed":
        return false;
    }
  }

  private readHead(): boolean {
    const end = this.find(CR, LF, CR, LF);
    if (end < 0) {
      if (this.#held > this.limits.headBytes) throw headTooLarge(this.limits);
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
    if (this.#held === 0) return false;
    const length = Math.min(this.#held, this.#left);
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
    if (this.#held < 2) return false;
    if (this.#buffer[0] !== CR || this.#buffer[1] !== LF) throw malformed("a line end after the chunk", "more bytes");
    this.consume(2);
    this.#state = "chunk-size";
    return true;
  }

  /** Trailer fields are read and dropped: nothing of ours depends on one. */
  private readTrailer(): boolean {
    const line = this.line(this.limits.headBytes);
    if (line === undefined) return false;
    if (line !== "") parseHeaders([line], NONE);
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
    if (end > most || (end < 0 && this.#held > most + 1)) throw headTooLarge(this.limits);
    if (end < 0) return undefined;
    const line = decodeLatin1(this.#buffer.subarray(0, end));
    this.consume(end + 2);
    return line;
  }

  /** Where these bytes, which begin with CR, stand among those held; -1 where they do not. */
  private find(...bytes: readonly number[]): number {
    const held = this.#buffer.subarray(0, this.#held);
    for (let at = held.indexOf(CR, this.#searched); at >= 0; at = held.indexOf(CR, at + 1)) {
      if (bytes.every((byte, i) => held[at + i] === byte)) return at;
    }
    this.#searched = Math.max(0, this.#held - bytes.length + 1);
    return -1;
  }

  private hold(data: Uint8Array): void {
    const length = this.#held + data.length;
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(length, Math.min(2 * length, this.#buffer.length + 1024)));
      larger.set(this.#buffer.subarray(0, this.#held));
      this.#buffer = larger;
    }
    this.#buffer.set(data, this.#held);
    this.#held = length;
  }

  private consume(length: number): void {
    this.#searched = 0;
    this.#held -= length;
    if (this.#held === 0) this.#buffer = new Uint8Array(0);
    else this.#buffer.copyWithin(0, length, length + this.#held);
  }
}

// ---------------------------------------------------------------- heads

const LONGEST_METHOD = 20;
const LONGEST_NAME = 64;
const LONGEST_LIST = 16;
/** Fields that mean trouble when they come twice. */
const ONCE: readonly string[] = Object.freeze([
  "content-length",
  "transfer-encoding",
  "host",
  "content-type",
  "expect",
]);
const NONE: readonly string[] = Object.freeze([]);
/**
 * All that anybody here asks for. The rest is checked and dropped: a peer's fields must not take a
 * device's memory.
 */
const KEPT: readonly string[] = Object.freeze([...ONCE, "connection", "content-encoding", "retry-after"]);

/** `fields`: what is kept beside what framing needs, each of which may come once. */
export function parseRequest(lines: readonly string[], fields: readonly string[] = NONE): Parsed<RequestHead> {
  const line = lines[0] as string;
  const parts = line.split(" ", 4);
  const method = parts[0] ?? "";
  const target = originForm(parts[1] ?? "");
  const version = parts[2] ?? "";
  const isRequest = parts.length === 3 && isMethod(method) && target.startsWith("/") && isVisible(target);
  if (!isRequest || !isVersion(version)) throw malformed("a request line of HTTP/1.1", line);
  const isNew = version === "HTTP/1.1";
  const headers = parseHeaders(lines.slice(1), fields);
  if (isNew && !headers.has("host")) throw new HttpError("malformed", "expected a Host header");
  if (headers.has("transfer-encoding")) {
    throw new HttpError("unsupported", "expected a Content-Length, found a Transfer-Encoding", 411);
  }
  const length = contentLength(headers);
  if (length === undefined && method === "POST") throw new HttpError("malformed", "expected a Content-Length", 411);
  const expectsContinue = headers.get("expect")?.toLowerCase() === "100-continue";
  if (headers.has("expect") && !expectsContinue) throw new HttpError("unsupported", "unknown expectation", 417);
  const keepAlive = isNew && !hasToken(headers, "connection", "close");
  return { head: { method, target, headers, keepAlive, expectsContinue }, framing: length ?? 0 };
}

export function parseResponse(lines: readonly string[]): Parsed<ResponseHead> {
  const line = lines[0] as string;
  const version = line.slice(0, 8);
  const code = line.slice(9, 12);
  const reason = line.slice(12);
  const status = code.length === 3 && isDigits(code, 3) ? Number(code) : 0;
  const isStatus = isVersion(version) && line.charAt(8) === " " && status >= 100 && status < 600;
  const hasReason = reason === "" || (reason.startsWith(" ") && isHeaderText(reason));
  if (!isStatus || !hasReason) throw malformed("a status line of HTTP/1.1", line);
  const headers = parseHeaders(lines.slice(1), NONE);
  if (status < 200 && status !== 101) return { head: { status, headers, keepAlive: true }, framing: 0, interim: true };
  const framing = responseFraming(status, headers);
  const keepAlive = version === "HTTP/1.1" && framing !== "close" && !hasToken(headers, "connection", "close");
  return { head: { status, headers, keepAlive }, framing };
}

function responseFraming(status: number, headers: Headers): Framing {
  const coding = headers.get("transfer-encoding");
  const length = contentLength(headers);
  if (coding !== undefined) {
    if (length !== undefined) throw new HttpError("malformed", "expected one length, found Content-Length and chunks");
    if (coding.toLowerCase() !== "chunked") throw new HttpError("unsupported", `unknown transfer coding ${coding}`);
    return "chunked";
  }
  if (status === 101) throw new HttpError("unsupported", "expected an answer, found a switch of protocols");
  if (status === 204 || status === 304) return 0;
  return length ?? "close";
}

function contentLength(headers: Headers): number | undefined {
  const text = headers.get("content-length");
  if (text === undefined) return undefined;
  if (!isDigits(text, 15)) throw malformed("a Content-Length in decimal", text);
  return Number(text);
}

/**
 * Refuses folded lines, blanks before the colon, control characters and bare line feeds: no name or
 * text has them.
 */
function parseHeaders(lines: readonly string[], fields: readonly string[]): Headers {
  // Characters are checked in all lines at once: to make a regular expression costs XS more than to
  // run it.
  if (!isHeaderText(lines.join(""))) throw malformed("headers of printable text", lines.join(" "));
  const headers = new Map<string, string>();
  let names = "";
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    const colon = line.indexOf(":");
    if (colon < 1 || colon > LONGEST_NAME) throw malformed("a header", line);
    const name = line.slice(0, colon).toLowerCase();
    names += name;
    const isAsked = fields.includes(name);
    if (!isAsked && !KEPT.includes(name)) continue;
    const value = withoutBlanks(line.slice(colon + 1));
    const before = headers.get(name);
    if (before !== undefined && (isAsked || ONCE.includes(name))) throw malformed("each header once", name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  if (!isToken(names)) throw malformed("headers with names", lines.join(" "));
  return headers;
}

/**
 * Of an absolute target (RFC 9112, section 3.2.2) its path: the host that it names matters as
 * little as the Host field.
 */
function originForm(target: string): string {
  const scheme = "http://";
  if (target.startsWith("/") || target.slice(0, scheme.length).toLowerCase() !== scheme) return target;
  const rest = target.slice(scheme.length);
  const slash = rest.indexOf("/");
  if (rest === "" || slash === 0) return "";
  if (slash < 0) return isVisible(rest) ? "/" : "";
  return rest.slice(slash);
}

function isMethod(text: string): boolean {
  return text === "POST" || (text.length >= 1 && text.length <= LONGEST_METHOD && isToken(text));
}

function isVersion(text: string): boolean {
  return text === "HTTP/1.1" || text === "HTTP/1.0";
}

/**
 * Without the blanks and tabs around it, and only those: `trim` would take a byte of A0 for a blank
 * too.
 */
function withoutBlanks(text: string): string {
  if (!text.includes("\u00a0")) return text.trim();
  return text.replaceAll("\u00a0", "\u0001").trim().replaceAll("\u0001", "\u00a0");
}

function hasToken(headers: Headers, name: string, token: string): boolean {
  const value = headers.get(name);
  // A list of thousands would cost a slot an item; nobody means such a one.
  return value?.split(",", LONGEST_LIST).some((part) => part.trim().toLowerCase() === token) ?? false;
}

function malformed(expected: string, found: string): HttpError {
  return new HttpError("malformed", `expected ${expected}, found ${JSON.stringify(found.slice(0, 60))}`);
}

function headTooLarge(limits: HttpLimits): HttpError {
  const message = `expected at most ${limits.headBytes} bytes and ${limits.headers} lines of headers`;
  return new HttpError("too-large", message, 431);
}

function bodyTooLarge(limits: HttpLimits): HttpError {
  return new HttpError("too-large", `expected a body of at most ${limits.bodyBytes} bytes`, 413);
}

// ---------------------------------------------------------------- writing

/** One message: the head's lines, a Content-Length and the body. */
export function writeMessage(lines: readonly string[], body: Uint8Array): Uint8Array {
  for (const line of lines)
    if (line.includes("\r") || line.includes("\n")) throw new HttpError("aborted", "a header must be one line");
  const head = encodeUtf8(`${lines.join("\r\n")}\r\nContent-Length: ${body.length}\r\n\r\n`);
  return concat(head, body);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
