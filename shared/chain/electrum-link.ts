// The line to an Electrum server: JSON-RPC 2.0, one object a line, over TCP or TLS
// (electrum-protocol 1.4 to 1.6).
//
// Calls go one after another, so that a long answer can be read as a stream: what arrives belongs
// to the one call that waits. It connects when it is needed, agrees on the version first, and
// forgets a connection at any doubt.

import { constant } from "../kernel/constant";
import { messageOf } from "../kernel/message";
import type { Clock, Connection, Dialer } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import { encodeUtf8 } from "../kernel/utf8";
import { Bucket, type BucketOptions } from "./bucket";
import { ChainError } from "./error";
import { type Json, JsonReader, type JsonReaderOptions, TooLong } from "./json-stream";
import { shortened } from "./reject";
import { arrayOf, isObject, malformed, objectOf } from "./shape";

export interface ElectrumLinkOptions {
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly host: string;
  /** Usually 50001, with TLS 50002. */
  readonly port: number;
  readonly secure?: boolean;
  readonly bucket?: BucketOptions;
  /** For one call, and for connecting. Default 10 s. */
  readonly timeoutMs?: Millisecond;
  /** Longest line that is read. Default 1 MB. */
  readonly limitBytes?: number;
}

/** The server's own words for why it gave no result. */
export class ElectrumError extends ChainError {
  constructor(readonly said: string) {
    super("malformed", `the Electrum server answered: ${shortened(said)}`);
  }
}

/**
 * The answer is longer than its call allows. What remained of it is not waited for: the connection
 * is given up.
 */
export class AnswerTooLong extends ChainError {
  constructor(reason: string) {
    super("malformed", reason);
  }
}

interface Call {
  readonly id: number;
  readonly json: JsonReaderOptions;
  resolve(result: Json): void;
  reject(error: ChainError): void;
}

const NEWLINE = 0x0a;
const VERSIONS: readonly string[] = constant(["1.4", "1.6"]);

export class ElectrumLink {
  readonly #options: ElectrumLinkOptions;
  readonly #bucket: Bucket;
  #connection: Connection | undefined;
  #reader: JsonReader | undefined;
  #call: Call | undefined;
  #calls = 0;
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;
  /** Agreed on: 4, 5 or 6 of 1.4 to 1.6; 0 before the first connection. */
  minor = 0;
  onNotification: (method: string, params: readonly Json[]) => void = () => {};
  /** The connection is gone, from whichever end. */
  onLost: () => void = () => {};

  constructor(options: ElectrumLinkOptions) {
    this.#options = options;
    this.#bucket = new Bucket(options.clock, options.bucket);
  }

  /**
   * The result, less what `json` took out of it (paths start with `result`). Rejects with a
   * ChainError.
   */
  call(method: string, params: readonly unknown[], json: JsonReaderOptions = {}): Promise<Json> {
    const answer = this.#queue.then(async () => {
      await this.#bucket.take();
      if (!this.#connection) await this.connect();
      return this.send(method, params, json);
    });
    this.#queue = answer.catch(() => undefined);
    return answer;
  }

  /** Total, and may be called twice; later calls reject. */
  close(): void {
    this.#closed = true;
    this.lose(new ChainError("away", "the link to the Electrum server was closed"));
  }

  private async connect(): Promise<void> {
    const { dialer, clock, host, port, secure = false } = this.#options;
    if (this.#closed) throw new ChainError("away", "the link to the Electrum server is closed");
    const connection = await new Promise<Connection>((resolve, reject) => {
      let isLate = false;
      const cancel = clock.after(this.timeout, () => {
        isLate = true;
        reject(this.away("no connection in time"));
      });
      dialer.connect({ host, port, secure }).then(
        (made) => {
          cancel();
          if (isLate || this.#closed) made.close();
          if (this.#closed) reject(this.away("the link was closed"));
          else resolve(made);
        },
        (error) => {
          cancel();
          reject(this.away(messageOf(error)));
        },
      );
    });
    this.#connection = connection;
    connection.onData = (data) => this.take(data);
    connection.onClose = (error) => this.lose(this.away(`the connection ended${error ? `: ${error}` : ""}`));
    await this.agree();
  }

  /** Must be the first message of a connection since 1.6. */
  private async agree(): Promise<void> {
    const [, version] = arrayOf(await this.send("server.version", ["plugpay", VERSIONS], {}), "software and version");
    const [, minor] = (typeof version === "string" && /^1\.(4|5|6)(?:\.[0-9]+)*$/.exec(version)) || [];
    if (minor === undefined) {
      const error = malformed("an Electrum protocol version from 1.4 to 1.6", version);
      this.lose(error);
      throw error;
    }
    this.minor = Number(minor);
  }

  private send(method: string, params: readonly unknown[], json: JsonReaderOptions): Promise<Json> {
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.after(this.timeout, () => this.lose(this.away(`no answer to ${method}`)));
      const settle = (): void => {
        cancel();
        this.#call = undefined;
      };
      this.#call = {
        id,
        json,
        resolve: (result) => {
          settle();
          resolve(result);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const line = `${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`;
      if (this.#connection) this.#connection.write(encodeUtf8(line));
      else this.#call.reject(this.away("the connection ended"));
    });
  }

  // ---------------------------------------------------------------- what arrives

  private take(data: Uint8Array): void {
    const { limitBytes = 1_000_000 } = this.#options;
    let from = 0;
    while (from < data.length && this.#connection) {
      const newline = data.indexOf(NEWLINE, from);
      const to = newline < 0 ? data.length : newline;
      try {
        if (to > from) {
          this.#reader ??= new JsonReader({ limitBytes, ...this.#call?.json });
          this.#reader.push(data.subarray(from, to));
        }
        if (newline >= 0) this.endLine();
      } catch (error) {
        this.lose(this.nonsense(error));
      }
      from = to + 1;
    }
  }

  private nonsense(error: unknown): ChainError {
    if (error instanceof ChainError) return error;
    const reason = `${this.name} sent ${messageOf(error)}`;
    return error instanceof TooLong ? new AnswerTooLong(reason) : new ChainError("malformed", reason);
  }

  private endLine(): void {
    const reader = this.#reader;
    if (!reader) return;
    this.#reader = undefined;
    const message = objectOf(reader.end(), "a message of JSON-RPC");
    const { method, params, id, result, error } = message;
    if (typeof method === "string") {
      this.onNotification(method, arrayOf(params, "a notification's parameters"));
      return;
    }
    const call = this.#call;
    if (!call || id !== call.id) throw malformed(call ? `the answer to call ${call.id}` : "no answer", id);
    if (error !== undefined && error !== null) call.reject(this.failure(error));
    else if (result === undefined) throw malformed("a result", result);
    else {
      this.#bucket.answered();
      call.resolve(result);
    }
  }

  private failure(error: Json): ChainError {
    const { message } = isObject(error) ? error : { message: error };
    if (typeof message !== "string") return malformed("an error's message", message);
    if (!isTooMany(message)) return new ElectrumError(message);
    const retryAfter = this.#bucket.refused();
    return new ChainError("rate-limited", `${this.name} answered: ${shortened(message)}`, { retryAfter });
  }

  private lose(error: ChainError): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#reader = undefined;
    connection?.close();
    this.#call?.reject(error);
    if (connection) this.onLost();
  }

  private get timeout(): Millisecond {
    return this.#options.timeoutMs ?? 10_000;
  }

  private get name(): string {
    return `${this.#options.host}:${this.#options.port}`;
  }

  private away(reason: string): ChainError {
    return new ChainError("away", `no answer from ${this.name}: ${reason}`);
  }
}

/** In the words of the servers' programs; there is no code for it. */
function isTooMany(message: string): boolean {
  return /excessive resource usage|too many|rate.?limit|server busy/i.test(message);
}
