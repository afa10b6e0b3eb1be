// The selling side of the wire: XML-RPC over HTTP/1.1 for stock clients, over the Listener port.

import type { Clock, Listener } from "../kernel/ports";
import { decodeUtf8, encodeUtf8 } from "../kernel/utf8";
import { ADMISSION_LIMITS, Admission, type AdmissionLimits } from "../net/admission";
import { CONNECTION_LIMITS, type ConnectionLimits } from "../net/connection-limits";
import { HttpError, type RequestHead } from "../net/http";
import type { ErrorReporter, HttpAnswer, HttpHandler } from "../net/http-handler";
import { HttpServer } from "../net/http-server";
import { Fault } from "../protocol/faults";
import { RPC_PATH, type SocketCalls } from "../protocol/types";
import { type Answer, answerCall, faultAnswer } from "./methods";
import { isAscii } from "./xmlrpc";

export interface RpcServerOptions {
  readonly listener: Listener;
  readonly port: number;
  readonly clock: Clock;
  /** Called with the peer's address, without its port. */
  readonly calls: SocketCalls;
  readonly limits?: Partial<AdmissionLimits & ConnectionLimits>;
  /** Told of what nobody expected; the peer got the fault internal-error. */
  readonly onError?: ErrorReporter;
}

export class RpcServer {
  readonly #server: HttpServer<boolean>;

  constructor({ listener, port, clock, calls, limits = {}, onError = () => {} }: RpcServerOptions) {
    const all = { ...ADMISSION_LIMITS, ...CONNECTION_LIMITS, ...limits };
    const admission = new Admission(clock, all);
    const handler = new XmlRpcHandler(admission, admission.guard(calls), onError);
    const payer = () => calls.payer;
    this.#server = new HttpServer({ listener, port, clock, handler, limits: all, admission, payer, onError });
  }

  /** Open connections. */
  get connections(): number {
    return this.#server.connections;
  }

  /**
   * Bytes that the peers make us keep: requests that are not whole, answers that were not taken.
   */
  get heldBytes(): number {
    return this.#server.heldBytes;
  }

  /**
   * Stops listening and closes every connection; answers still due are dropped. May be called
   * twice.
   */
  close(): void {
    this.#server.close();
  }
}

const XML = "Content-Type: text/xml";

/** Of a request is kept whether all of its bytes have to be ASCII. */
class XmlRpcHandler implements HttpHandler<boolean> {
  readonly allow = "POST";

  constructor(
    private readonly admission: Admission,
    /** Under the limits of admission. */
    private readonly calls: SocketCalls,
    private readonly onError: ErrorReporter,
  ) {}

  begin(head: RequestHead): boolean | HttpError {
    return refusalOf(head) ?? isOtherCharset(head.headers.get("content-type") ?? "");
  }

  answer(asciiOnly: boolean, body: Uint8Array, address: string): Promise<HttpAnswer> {
    return this.answerTo(asciiOnly, body, address).then(written);
  }

  private answerTo(asciiOnly: boolean, body: Uint8Array, address: string): Promise<Answer> {
    try {
      this.admission.takeRequest(address);
      const text = decodeUtf8(body);
      if (asciiOnly && !isAscii(text)) throw new Fault("parse-error", "Expected ASCII, or a charset of utf-8.");
      return answerCall(text, this.calls, address, this.onError);
    } catch (error) {
      const fault = error instanceof Fault ? error : new Fault("parse-error", "Expected UTF-8.");
      return Promise.resolve(faultAnswer(fault));
    }
  }
}

function written({ xml, retryAfterMs }: Answer): HttpAnswer {
  const lines = ["HTTP/1.1 200 OK", XML];
  if (retryAfterMs !== undefined) lines.push(`Retry-After: ${Math.ceil(retryAfterMs / 1000)}`);
  return { lines, body: encodeUtf8(xml) };
}

/** Why a request is refused whatever its body says. */
function refusalOf({ method, target, headers }: RequestHead): HttpError | undefined {
  if (target !== RPC_PATH) return new HttpError("unsupported", `expected the path ${RPC_PATH}, found ${target}`, 404);
  if (method !== "POST") return new HttpError("unsupported", `expected POST, found ${method}`, 405);
  // A browser asks before it sends text/xml to a stranger, so no web page can make its reader's
  // browser call a socket.
  const type = headers.get("content-type") ?? "";
  if (!isXml(type)) {
    return new HttpError("unsupported", `expected Content-Type text/xml in UTF-8, found ${type || "none"}`, 415);
  }
  const coding = headers.get("content-encoding") ?? "identity";
  if (coding !== "identity") return new HttpError("unsupported", `expected no Content-Encoding, found ${coding}`, 415);
  return undefined;
}

function isXml(type: string): boolean {
  // Our own cable's first: the expression costs XS more than the rest of the head.
  return (
    type === "text/xml" ||
    /^(text|application)\/xml *(; *charset *= *["']?(utf-?8|us-ascii|iso-8859-\d{1,2}|windows-125\d)["']? *)?;?$/i.test(
      type,
    )
  );
}

/** A charset that is read where all bytes are ASCII. */
function isOtherCharset(type: string): boolean {
  return type !== "text/xml" && /iso-8859|windows-/i.test(type);
}
