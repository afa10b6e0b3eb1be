// What all backends over HTTP share: the base URL, the rate limit, time and size limits, and
// turning every failure of the link into a ChainError. What a status or a body means is the
// backend's own matter.

import { messageOf } from "../kernel/message";
import type { Clock } from "../kernel/ports";
import { isDigits } from "../kernel/text";
import type { Millisecond } from "../kernel/units";
import { type UrlParts, urlParts } from "../kernel/url";
import { decodeLatin1 } from "../kernel/utf8";
import { HttpError } from "../net/http";
import { Bucket, type BucketOptions } from "./bucket";
import { ChainError } from "./error";
import type { Http, HttpResponse } from "./http-port";
import { type Json, JsonReader, type JsonReaderOptions } from "./json-stream";
import { shortened } from "./reject";
import { Turns } from "./turns";

export interface HttpBackendOptions {
  readonly http: Http;
  readonly clock: Clock;
  /** `http://host:port/path` or `https://...`, without a slash at the end. */
  readonly url: string;
  readonly bucket?: BucketOptions;
  /** For one request with its whole answer. Default 10 s. */
  readonly timeoutMs?: Millisecond;
  /** Longest answer that is read. Default 1 MB, some 4,000 outputs of an address. */
  readonly limitBytes?: number;
}

export interface Question {
  readonly method: "GET" | "POST";
  /** After the base URL. */
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Reads a 2xx answer as JSON. */
  readonly json?: JsonReaderOptions;
  /** Sending it twice does no harm. Default: true for GET. */
  readonly repeatable?: boolean;
  /** Only where the server is known to be slow at it. */
  readonly timeoutMs?: Millisecond;
}

export interface Answer {
  readonly status: number;
  /**
   * The body as text, byte for byte, and no more than its beginning; empty where it was read as
   * JSON.
   */
  readonly text: string;
  /** What `json` left of the answer. */
  readonly json: Json | undefined;
}

/**
 * Error texts and txids are short. Of a page of HTML no more is kept: a microcontroller has not the
 * memory for it.
 */
const KEPT_TEXT_BYTES = 4_096;

export class HttpBackend {
  readonly #options: HttpBackendOptions;
  readonly #bucket: Bucket;
  readonly #turns = new Turns();
  readonly #to: UrlParts;

  /** Throws an Error where `url` is none. */
  constructor(options: HttpBackendOptions) {
    this.#options = options;
    this.#bucket = new Bucket(options.clock, options.bucket);
    this.#to = parsed(options.url);
  }

  get name(): string {
    return `${this.#to.host}:${this.#to.port}`;
  }

  /**
   * Any status but 429 (and 503 with Retry-After) comes back as an answer. Rejects with a
   * ChainError.
   */
  ask(question: Question): Promise<Answer> {
    // What the server is known to be slow at keeps nothing else waiting.
    return question.timeoutMs === undefined ? this.#turns.take(() => this.askNow(question)) : this.askNow(question);
  }

  private async askNow(question: Question): Promise<Answer> {
    await this.#bucket.take();
    const reader = question.json && new JsonReader({ limitBytes: this.limit, ...question.json });
    const response = await this.request(question, reader);
    const { status } = response;
    const after = response.headers.get("retry-after");
    if (status === 429 || (status === 503 && after !== undefined)) throw this.limited(status, after);
    this.#bucket.answered();
    const isRead = reader && status >= 200 && status < 300;
    return {
      status,
      text: decodeLatin1(response.body),
      json: isRead ? this.complete(reader) : undefined,
    };
  }

  /** The ChainError for an answer that the backend has no use for. */
  unexpected(answer: Answer, wanted: string): ChainError {
    const { status, text } = answer;
    // The server's own trouble, or a gate in front of it; anything else is an answer that its
    // documents do not know.
    const isAway = status >= 500 || [401, 402, 403, 407, 408].includes(status);
    const said = text === "" ? "" : `: ${shortened(text)}`;
    return new ChainError(isAway ? "away" : "malformed", `expected ${wanted} from ${this.name}, got ${status}${said}`);
  }

  private get limit(): number {
    return this.#options.limitBytes ?? 1_000_000;
  }

  private async request(question: Question, reader: JsonReader | undefined): Promise<HttpResponse> {
    const { host, port, secure, path } = this.#to;
    const { method, body, headers, repeatable } = question;
    let isJson = true;
    const onChunk = (chunk: Uint8Array): void => {
      isJson = false;
      reader?.push(chunk);
      isJson = true;
    };
    try {
      return await this.#options.http.request({
        host,
        port,
        secure,
        method,
        path: path + question.path || "/",
        // Some public servers refuse clients that do not name themselves.
        headers: { "User-Agent": "plugpay", ...headers },
        ...(body !== undefined && { body }),
        ...(repeatable !== undefined && { repeatable }),
        timeoutMs: question.timeoutMs ?? this.#options.timeoutMs ?? 10_000,
        limitBytes: this.limit,
        keptBytes: KEPT_TEXT_BYTES,
        ...(reader && { onChunk }),
      });
    } catch (error) {
      if (!isJson) throw this.malformed(error);
      const kind = error instanceof HttpError && isNonsense(error) ? "malformed" : "away";
      throw new ChainError(kind, `no answer from ${this.name}: ${messageOf(error)}`);
    }
  }

  private complete(reader: JsonReader): Json {
    try {
      return reader.end();
    } catch (error) {
      throw this.malformed(error);
    }
  }

  private malformed(error: unknown): ChainError {
    if (error instanceof ChainError) return error;
    return new ChainError("malformed", `the answer of ${this.name} is wrong: ${messageOf(error)}`);
  }

  private limited(status: number, after: string | undefined): ChainError {
    // An HTTP date is of no use without a calendar; our own, growing silence takes its place.
    const asked = after !== undefined && isDigits(after, 6) ? Number(after) * 1000 : undefined;
    const retryAfter = this.#bucket.refused(asked);
    return new ChainError("rate-limited", `${this.name} answered ${status}: too many requests`, { retryAfter });
  }
}

function parsed(url: string): UrlParts {
  const parts = urlParts(url);
  if (!parts) throw new Error(`expected a URL like https://host:port/path, got ${shortened(String(url))}`);
  return parts;
}

function isNonsense(error: HttpError): boolean {
  return error.kind === "malformed" || error.kind === "unsupported" || error.kind === "too-large";
}
