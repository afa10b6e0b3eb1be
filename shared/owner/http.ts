// The owner's HTTP, on a port of its own: POST /owner answers JSON-RPC to whoever shows by Digest
// that he knows the password.
//
// A web page of anybody's may have its reader's browser ask a device. So: JSON only, which a
// browser sends to a stranger after asking him first, and he gets no leave (no CORS); Host has to
// name this device, or a name that was made to point here would do; and Origin, where there is one,
// has to be this device's own page.

import { constant } from "../kernel/constant";
import type { Clock, Listener } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import { encodeUtf8 } from "../kernel/utf8";
import { ADMISSION_LIMITS, Admission, type AdmissionLimits } from "../net/admission";
import { CONNECTION_LIMITS, type ConnectionLimits } from "../net/connection-limits";
import { HttpError, type RequestHead } from "../net/http";
import type { ErrorReporter, HttpAnswer, HttpHandler } from "../net/http-handler";
import { HttpServer } from "../net/http-server";
import type { StoredAnswer } from "../net/stored-answer";
import { Fault } from "../protocol/faults";
import { Attempts } from "./attempts";
import { type Credentials, hashOf, isSame } from "./credentials";
import { challenge, type DigestVerdict, readDigest, verifyDigest } from "./digest";
import { Nonces } from "./nonces";

export const OWNER_PATH = "/owner";
export const METRICS_PATH = "/metrics";
export const PAGE_PATH = "/";

/** As the cables' server, but fewer: an owner is one. A browser's head is longer than a cable's. */
export const OWNER_LIMITS: AdmissionLimits & ConnectionLimits = Object.freeze({
  ...ADMISSION_LIMITS,
  ...CONNECTION_LIMITS,
  connections: 3,
  connectionsPerPeer: 2,
  burst: 20,
  perSecond: 5,
  connectBurst: 10,
  connectsPerSecond: 3,
  strangersBurst: 8,
  strangersPerSecond: 2,
  headBytes: 2048,
  headers: 32,
  answerMs: 20_000,
});

/** What may be read without the owner's protocol. */
export interface Readable {
  readonly type: string;
  readonly text: string;
}

export interface OwnerHttpOptions {
  readonly listener: Listener;
  readonly port: number;
  readonly clock: Clock;
  readonly credentials: Credentials;
  /** 32 random bytes of this run. */
  readonly nonceKey: Uint8Array;
  /** Names and addresses of this device. */
  readonly hosts: () => readonly string[];
  readonly answer: (request: Uint8Array) => Promise<string | undefined>;
  /** What GET /metrics answers; absent: nothing does. */
  readonly metrics?: ((accept: string | undefined) => Readable) | undefined;
  /**
   * What GET / answers, for everybody: the owner's page, which holds nothing of the device; absent:
   * nothing does.
   */
  readonly page?: StoredAnswer | undefined;
  /** The address of a cable that pays: while there is one, strangers connect more slowly. */
  readonly payer?: () => string | undefined;
  readonly onError: ErrorReporter;
}

/** What is kept of a request's head. */
interface Asked {
  readonly method: "GET" | "POST";
  readonly target: string;
  readonly authorization: string | undefined;
  readonly accept: string | undefined;
}

export function ownerHttp(options: OwnerHttpOptions): HttpServer<Asked> {
  const { listener, port, clock, onError, payer = () => undefined } = options;
  const admission = new Admission(clock, OWNER_LIMITS);
  const handler = new OwnerHandler(options, admission);
  // Nobody is served first here: the cable that pays has its own port.
  const busy = () => (payer() === undefined ? undefined : NOBODY);
  return new HttpServer({ listener, port, clock, handler, limits: OWNER_LIMITS, admission, payer: busy, onError });
}

const NOBODY = "-";

class OwnerHandler implements HttpHandler<Asked> {
  readonly allow = "GET, POST";
  readonly fields = FIELDS;
  readonly #options: OwnerHttpOptions;
  readonly #admission: Admission;
  readonly #nonces: Nonces;
  readonly #attempts: Attempts;

  constructor(options: OwnerHttpOptions, admission: Admission) {
    this.#options = options;
    this.#admission = admission;
    this.#nonces = new Nonces(options.clock, options.nonceKey);
    this.#attempts = new Attempts(options.clock);
  }

  begin(head: RequestHead): Asked | HttpError {
    const { method, target, headers } = head;
    const wanted = this.methodOf(target);
    if (wanted === undefined) return new HttpError("unsupported", `expected the path ${OWNER_PATH}`, 404);
    if (method !== wanted) return new HttpError("unsupported", `expected ${wanted}, found ${method}`, 405);
    return (
      this.strangerOf(headers.get("host"), headers.get("origin")) ??
      (wanted === "POST" ? bodyProblem(headers) : undefined) ?? {
        method: wanted,
        target,
        authorization: headers.get("authorization"),
        accept: headers.get("accept"),
      }
    );
  }

  private methodOf(target: string): "GET" | "POST" | undefined {
    const { metrics, page } = this.#options;
    if (target === OWNER_PATH) return "POST";
    return (target === METRICS_PATH && metrics) || (target === PAGE_PATH && page) ? "GET" : undefined;
  }

  async answer(asked: Asked, body: Uint8Array, address: string): Promise<HttpAnswer | StoredAnswer> {
    try {
      this.#admission.takeRequest(address);
      if (asked.target === PAGE_PATH && this.#options.page) return this.#options.page;
      return this.refusal(asked, address) ?? (await this.granted(asked, body));
    } catch (error) {
      if (error instanceof Fault) return tooMany(error.retryAfterMs ?? 1000);
      this.#options.onError(error, "the owner's HTTP");
      return plain("500 Internal Server Error", "It failed on its own side; its console says why.");
    }
  }

  private async granted({ method, accept }: Asked, body: Uint8Array): Promise<HttpAnswer> {
    const { answer, metrics } = this.#options;
    if (method === "GET" && metrics) {
      const { type, text } = metrics(accept);
      return { lines: ["HTTP/1.1 200 OK", `Content-Type: ${type}`, NO_STORE], body: encodeUtf8(text) };
    }
    const text = await answer(body);
    if (text === undefined) return { lines: ["HTTP/1.1 202 Accepted", NO_STORE], body: NOTHING };
    return { lines: ["HTTP/1.1 200 OK", "Content-Type: application/json", NO_STORE, NO_SNIFF], body: encodeUtf8(text) };
  }

  /** Why this request is not answered; undefined where it is its owner's. */
  private refusal(asked: Asked, address: string): HttpAnswer | undefined {
    const { authorization } = asked;
    if (authorization === undefined) return this.challenged(false);
    const wait = this.#attempts.wait(address);
    if (wait > 0) return tooMany(wait);
    const verdict = this.verdict(asked, authorization);
    if (verdict === "right") {
      this.#attempts.right(address);
      return undefined;
    }
    if (verdict === "wrong") this.#attempts.wrong(address);
    return this.challenged(verdict !== "wrong");
  }

  private verdict({ method, target }: Asked, authorization: string): DigestVerdict {
    const { credentials } = this.#options;
    if (target === METRICS_PATH && authorization.slice(0, 7).toLowerCase() === "bearer ") {
      const isRight =
        credentials.token !== undefined && isSame(hashOf(authorization.slice(7).trim()), credentials.token);
      return isRight ? "right" : "wrong";
    }
    const claim = readDigest(authorization);
    const { secret } = credentials;
    return claim && secret !== undefined
      ? verifyDigest(claim, { method, target, secret, nonces: this.#nonces })
      : "wrong";
  }

  private challenged(isStale: boolean): HttpAnswer {
    const field = `WWW-Authenticate: ${challenge(this.#nonces.make(), isStale)}`;
    return plain("401 Unauthorized", "The owner's name and password are wanted (Digest, SHA-256).", field);
  }

  /** Whoever asks under another name, or from another's page. */
  private strangerOf(host: string | undefined, origin: string | undefined): HttpError | undefined {
    const name = nameOf(host ?? "");
    const isOwn = name !== "" && this.#options.hosts().some((each) => each.toLowerCase() === name);
    if (!isOwn) return new HttpError("unsupported", "expected this device's own address or name as Host", 421);
    if (origin === undefined || origin.toLowerCase() === `http://${host?.toLowerCase()}`) return undefined;
    return new HttpError("unsupported", "expected no Origin, or this device's own", 403);
  }
}

const FIELDS = constant(["authorization", "origin", "accept"] as const);
const NO_STORE = "Cache-Control: no-store";
const NO_SNIFF = "X-Content-Type-Options: nosniff";
const NOTHING = new Uint8Array(0);

function bodyProblem(headers: RequestHead["headers"]): HttpError | undefined {
  const type = headers.get("content-type") ?? "";
  if (!/^application\/json *(; *charset *= *"?utf-?8"? *)?;?$/i.test(type))
    return new HttpError("unsupported", `expected Content-Type application/json, found ${type || "none"}`, 415);
  const coding = headers.get("content-encoding") ?? "identity";
  if (coding !== "identity") return new HttpError("unsupported", `expected no Content-Encoding, found ${coding}`, 415);
  return undefined;
}

/** A Host field without its port, in lower case. */
function nameOf(host: string): string {
  return host.replace(/:\d{1,5}$/, "").toLowerCase();
}

function tooMany(wait: Millisecond): HttpAnswer {
  const seconds = Math.ceil(wait / 1000);
  return plain("429 Too Many Requests", `Try again in ${seconds} s.`, `Retry-After: ${seconds}`);
}

function plain(status: string, text: string, ...fields: readonly string[]): HttpAnswer {
  return {
    lines: [`HTTP/1.1 ${status}`, "Content-Type: text/plain", NO_STORE, ...fields],
    body: encodeUtf8(`${text}\n`),
  };
}
