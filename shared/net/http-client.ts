// An HTTP/1.1 client over the Dialer port: for the cable's calls and for the chain's backends.
//
// One idle connection a host is kept and used again. Where the server closed it in the meantime, a
// request that may be repeated is sent once more on a fresh one. Times are the Clock's; every
// failure is an HttpError.

import { messageOf } from "../kernel/message";
import type { Clock, Connection, Dialer } from "../kernel/ports";
import { isVisible } from "../kernel/text";
import type { Millisecond } from "../kernel/units";
import { encodeUtf8 } from "../kernel/utf8";
import { Bytes } from "./bytes";
import { parseResponse } from "./heads";
import { type Headers, HttpError, type ResponseHead, writeMessage } from "./http";
import { MessageReader } from "./message-reader";

export interface HttpRequest {
  readonly host: string;
  readonly port: number;
  readonly secure?: boolean;
  readonly method: "GET" | "POST";
  /** Path and query, already percent-encoded. */
  readonly path: string;
  /** Beyond Host, Content-Length and Connection, which are ours. */
  readonly headers?: { readonly [name: string]: string };
  readonly body?: Uint8Array | string;
  /** For all of it: connecting, sending and the whole answer. */
  readonly timeoutMs: Millisecond;
  /** Largest body that is read. */
  readonly limitBytes: number;
  /**
   * Of a body that `onChunk` does not take, so much is kept; the rest is read and dropped. Default:
   * all of it.
   */
  readonly keptBytes?: number;
  /**
   * Takes the body of a 2xx answer as it comes, nothing is collected then. What it throws rejects
   * the request.
   */
  readonly onChunk?: (chunk: Uint8Array) => void;
  /** Sending it twice does no harm. Default: true for GET. */
  readonly repeatable?: boolean;
}

export interface HttpResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Headers;
  /** Empty where `onChunk` took it, and cut off after `keptBytes`. */
  readonly body: Uint8Array;
}

export interface HttpClientOptions {
  readonly dialer: Dialer;
  readonly clock: Clock;
  /**
   * An unused connection is closed after this long; below what servers commonly wait. Default 4 s.
   */
  readonly idleMs?: Millisecond;
}

const HEAD_BYTES = 8192;
const HEADERS = 64;

interface Idle {
  readonly connection: Connection;
  readonly cancel: () => void;
}

export class HttpClient {
  readonly #dialer: Dialer;
  readonly #clock: Clock;
  readonly #idleMs: Millisecond;
  readonly #idle = new Map<string, Idle>();
  readonly #running = new Set<Exchange>();
  #closed = false;

  constructor({ dialer, clock, idleMs = 4000 }: HttpClientOptions) {
    this.#dialer = dialer;
    this.#clock = clock;
    this.#idleMs = idleMs;
  }

  /**
   * Sends one request. Rejects with an HttpError, or with what `onChunk` threw. Any status counts
   * as an answer.
   */
  request(request: HttpRequest): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(request, {
        resolve: (response, connection) => {
          this.#running.delete(exchange);
          if (connection) this.keep(request, connection);
          resolve(response);
        },
        reject: (error) => {
          this.#running.delete(exchange);
          reject(error);
        },
      });
      if (this.#closed) return exchange.fail(new HttpError("aborted", "the HTTP client is closed"));
      this.#running.add(exchange);
      exchange.start(this.#clock, this.#dialer, this.take(request));
    });
  }

  /** Ends what runs and closes what is kept. May be called twice. */
  close(): void {
    this.#closed = true;
    for (const exchange of [...this.#running]) exchange.fail(new HttpError("aborted", "the HTTP client was closed"));
    for (const key of [...this.#idle.keys()]) this.drop(key);
  }

  private take(request: HttpRequest): Connection | undefined {
    const idle = this.#idle.get(keyOf(request));
    if (idle === undefined) return undefined;
    idle.cancel();
    this.#idle.delete(keyOf(request));
    return idle.connection;
  }

  private keep(request: HttpRequest, connection: Connection): void {
    const key = keyOf(request);
    if (this.#closed || this.#idle.has(key)) {
      connection.close();
      return;
    }
    // Bytes that nobody asked for, or a close: either way it is of no more use.
    connection.onData = () => this.drop(key);
    connection.onClose = () => this.drop(key);
    this.#idle.set(key, { connection, cancel: this.#clock.after(this.#idleMs, () => this.drop(key)) });
  }

  private drop(key: string): void {
    const idle = this.#idle.get(key);
    if (idle === undefined) return;
    this.#idle.delete(key);
    idle.cancel();
    idle.connection.close();
  }
}

interface Outcome {
  /** `connection` is given where it can be used again. */
  resolve(response: HttpResponse, connection: Connection | undefined): void;
  reject(error: unknown): void;
}

/** One request and its answer. Settles exactly once. */
class Exchange {
  readonly #request: HttpRequest;
  readonly #outcome: Outcome;
  #connection: Connection | undefined;
  #cancel: () => void = () => {};
  #head: ResponseHead | undefined;
  #complete = false;
  #settled = false;
  /** Bytes of the answer were seen: sending the request again is out of the question. */
  #answered = false;
  readonly #body = new Bytes();

  constructor(request: HttpRequest, outcome: Outcome) {
    this.#request = request;
    this.#outcome = outcome;
  }

  start(clock: Clock, dialer: Dialer, kept: Connection | undefined): void {
    const { timeoutMs, method, repeatable = method === "GET" } = this.#request;
    this.#cancel = clock.after(timeoutMs, () => {
      this.fail(new HttpError("timeout", `no answer from ${this.where()} within ${timeoutMs} ms`));
    });
    if (kept === undefined) this.dial(dialer);
    else this.use(kept, repeatable ? () => this.dial(dialer) : undefined);
  }

  fail(error: unknown): void {
    if (this.#settled) return;
    this.settle();
    this.#connection?.close();
    this.#outcome.reject(error);
  }

  private dial(dialer: Dialer): void {
    const { host, port, secure = false } = this.#request;
    dialer.connect({ host, port, secure }).then(
      (connection) => {
        if (this.#settled) connection.close();
        else this.use(connection, undefined);
      },
      (error) => this.fail(new HttpError("connect", messageOf(error))),
    );
  }

  /**
   * Sends over this connection; `again` is what to do if it turns out to have been closed all
   * along.
   */
  private use(connection: Connection, again: (() => void) | undefined): void {
    this.#connection = connection;
    const reader = this.reader();
    connection.onData = (data) => {
      this.#answered = true;
      this.guard(() => reader.push(data));
    };
    connection.onClose = (reason) => {
      if (!this.#answered && again && !this.#settled) {
        connection.close();
        return again();
      }
      this.guard(() => {
        reader.finish();
        if (!this.#complete)
          throw new HttpError("closed", `${this.where()} closed without an answer${reason ? ` (${reason})` : ""}`);
      });
    };
    this.guard(() => connection.write(this.bytes()));
  }

  private reader(): MessageReader<ResponseHead> {
    const sink = {
      head: (head: ResponseHead) => {
        this.#head = head;
      },
      body: (chunk: Uint8Array) => this.take(chunk),
      end: () => {
        this.#complete = true;
      },
    };
    const limits = { headBytes: HEAD_BYTES, headers: HEADERS, bodyBytes: this.#request.limitBytes };
    return new MessageReader(parseResponse, sink, limits, 0);
  }

  private take(chunk: Uint8Array): void {
    const { onChunk, keptBytes = chunk.length + this.#body.length } = this.#request;
    const status = this.#head?.status ?? 0;
    if (onChunk && status >= 200 && status < 300) onChunk(chunk);
    else this.#body.add(chunk.subarray(0, keptBytes - this.#body.length));
  }

  private guard(action: () => void): void {
    if (this.#settled) return;
    try {
      action();
      if (this.#complete) this.succeed(true);
    } catch (error) {
      // An answer that was complete before the trouble counts; only the connection is of no more
      // use.
      if (this.#complete) this.succeed(false);
      else this.fail(error);
    }
  }

  private succeed(sound: boolean): void {
    const connection = this.#connection;
    if (this.#settled || this.#head === undefined || connection === undefined) return;
    const { status, headers, keepAlive } = this.#head;
    const reusable = sound && keepAlive;
    this.settle();
    if (!reusable) connection.close();
    this.#outcome.resolve({ status, headers, body: this.#body.take() }, reusable ? connection : undefined);
  }

  private settle(): void {
    this.#settled = true;
    this.#cancel();
    if (this.#connection) silence(this.#connection);
  }

  private bytes(): Uint8Array {
    const { method, path, headers = {}, body } = this.#request;
    if (!path.startsWith("/") || !isVisible(path))
      throw new HttpError("aborted", `expected a percent-encoded path, found ${path}`);
    const lines = [`${method} ${path} HTTP/1.1`, `Host: ${hostHeader(this.#request)}`];
    for (const name of Object.keys(headers)) lines.push(`${name}: ${headers[name]}`);
    return writeMessage(lines, typeof body === "string" ? encodeUtf8(body) : (body ?? new Uint8Array(0)));
  }

  private where(): string {
    const { host, port } = this.#request;
    return `${host}:${port}`;
  }
}

function silence(connection: Connection): void {
  connection.onData = () => {};
  connection.onClose = () => {};
}

function keyOf({ host, port, secure = false }: HttpRequest): string {
  return `${secure ? "tls" : "tcp"} ${host}:${port}`;
}

/** RFC 9112, section 3.2: the port only where it is not the usual one. */
function hostHeader({ host, port, secure = false }: HttpRequest): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === (secure ? 443 : 80) ? name : `${name}:${port}`;
}
