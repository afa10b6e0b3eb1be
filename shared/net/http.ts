// HTTP/1.1 (RFC 9110, RFC 9112) for both ends: heads, limits, errors, and how a message is written.
// heads.ts reads heads, message-reader.ts takes messages apart as their bytes come.

import { NamedError } from "../kernel/named-error";
import { encodeUtf8 } from "../kernel/utf8";

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

/** How the end of a body is known (RFC 9112, section 6.3). */
export type Framing = number | "chunked" | "close";

/** A head, and how long the body behind it is. */
export interface Parsed<Head> {
  readonly head: Head;
  readonly framing: Framing;
  /** An interim answer (1xx): another head follows. */
  readonly interim?: boolean;
}

export function malformed(expected: string, found: string): HttpError {
  return new HttpError("malformed", `expected ${expected}, found ${JSON.stringify(found.slice(0, 60))}`);
}

/** One message: the head's lines, a Content-Length and the body. */
export function writeMessage(lines: readonly string[], body: Uint8Array): Uint8Array {
  for (const line of lines)
    if (line.includes("\r") || line.includes("\n")) throw new HttpError("aborted", "a header must be one line");
  const head = encodeUtf8(`${lines.join("\r\n")}\r\nContent-Length: ${body.length}\r\n\r\n`);
  const message = new Uint8Array(head.length + body.length);
  message.set(head);
  message.set(body, head.length);
  return message;
}
