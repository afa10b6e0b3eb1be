// The paying side of the wire: the three calls over an HttpClient.
//
// A refusal by the socket is a Fault; trouble with the link or with what the socket said is an
// RpcError. The socket may lie, so answers are limited in size and checked field by field before
// anybody sees them.

import { messageOf } from "../kernel/message";
import { NamedError } from "../kernel/named-error";
import { isDigits } from "../kernel/text";
import type { Millisecond } from "../kernel/units";
import { decodeUtf8 } from "../kernel/utf8";
import { HttpError } from "../net/http";
import type { HttpClient, HttpResponse } from "../net/http-client";
import type { ChannelOffer, ChannelPayment, ChannelRequest, ChannelResult } from "../protocol/channel";
import {
  type DraftOffer,
  type PaymentRequest,
  type PaymentResult,
  type PowerRequest,
  RPC_PATH,
  type Status,
  type StatusRequest,
} from "../protocol/types";
import { channelOffer, channelPayment, channelRequest, channelResult } from "./channel-wire";
import { decodeResponse } from "./decode";
import { encodeCall } from "./encode";
import type { Shape } from "./shapes";
import { draftOffer, paymentRequest, paymentResult, powerRequest, readFault, status, statusRequest } from "./wire";
import type { Limits, MethodResponse, Value } from "./xmlrpc";

/**
 * The largest answer, a payment's with the next draft, has under 7,000 characters and 60 values.
 */
const ANSWER_LIMITS: Limits = Object.freeze({ chars: 12_288, depth: 6, values: 96, replaced: 256, base64: 256 });
const RETRY_AFTER_MAX_S = 3600;

/**
 * What is not an answer. `link`: nobody answered, try again. `http`: something else than a socket
 * answered. `malformed`: a socket answered against the protocol.
 */
export class RpcError extends NamedError {
  override readonly name = "RpcError";
  constructor(
    readonly kind: "link" | "http" | "malformed",
    message: string,
    override readonly cause?: unknown,
  ) {
    super(message);
  }
}

export interface RpcClientOptions {
  readonly http: HttpClient;
  readonly host: string;
  readonly port: number;
  /** For one call, the time that get_status waits not counted. Default 10 s. */
  readonly timeoutMs?: Millisecond;
}

export class RpcClient {
  readonly #http: HttpClient;
  readonly #host: string;
  readonly #port: number;
  readonly #timeoutMs: Millisecond;

  constructor({ http, host, port, timeoutMs = 10_000 }: RpcClientOptions) {
    this.#http = http;
    this.#host = host;
    this.#port = port;
    this.#timeoutMs = timeoutMs;
  }

  /** power_request and pay_transaction of the scheme `channel`. */
  readonly channels = {
    request: (request: ChannelRequest): Promise<ChannelOffer> =>
      this.call("power_request", [channelRequest.write(request)], channelOffer),
    pay: (payment: ChannelPayment): Promise<ChannelResult> =>
      this.call("pay_transaction", [channelPayment.write(payment)], channelResult),
  };

  getStatus(request: StatusRequest = {}): Promise<Status> {
    const { waitMs, address, scheme } = request;
    const isPlain = !waitMs && address === undefined && scheme === undefined;
    return this.call("get_status", isPlain ? [] : [statusRequest.write(request)], status, waitMs);
  }

  powerRequest(request: PowerRequest): Promise<DraftOffer> {
    return this.call("power_request", [powerRequest.write(request)], draftOffer);
  }

  payTransaction(request: PaymentRequest): Promise<PaymentResult> {
    return this.call("pay_transaction", [paymentRequest.write(request)], paymentResult);
  }

  private async call<T>(method: string, params: readonly Value[], shape: Shape<T>, extraMs = 0): Promise<T> {
    const response = await this.post(encodeCall(method, params), this.#timeoutMs + extraMs);
    if (response.status !== 200) {
      throw new RpcError("http", `expected HTTP status 200 from ${this.where()}, found ${response.status}`);
    }
    return readAnswer(response, shape);
  }

  private async post(body: string, timeoutMs: Millisecond): Promise<HttpResponse> {
    try {
      return await this.#http.request({
        host: this.#host,
        port: this.#port,
        method: "POST",
        path: RPC_PATH,
        headers: { "Content-Type": "text/xml" },
        body,
        timeoutMs,
        limitBytes: ANSWER_LIMITS.chars,
        // A socket answers a repeated call as it did before.
        repeatable: true,
      });
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      const answered = error.kind === "malformed" || error.kind === "unsupported" || error.kind === "too-large";
      throw new RpcError(answered ? "malformed" : "link", error.message, error);
    }
  }

  private where(): string {
    return `${this.#host}:${this.#port}`;
  }
}

function readAnswer<T>(response: HttpResponse, shape: Shape<T>): T {
  const answer = understand(() => decodeResponse(decodeUtf8(response.body), ANSWER_LIMITS));
  if (answer.kind === "fault") throw faultOf(answer, retryAfterMs(response));
  return understand(() => shape.read(answer.value, ""));
}

function understand<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new RpcError("malformed", `the socket's answer: ${messageOf(error)}`, error);
  }
}

function faultOf({ code, message }: MethodResponse & { kind: "fault" }, retryAfter: Millisecond | undefined): Error {
  return (
    readFault(code, message, retryAfter) ?? new RpcError("malformed", `the socket's answer: unknown fault ${code}`)
  );
}

function retryAfterMs({ headers }: HttpResponse): Millisecond | undefined {
  const seconds = headers.get("retry-after");
  if (seconds === undefined || !isDigits(seconds, 9)) return undefined;
  return Math.min(Number(seconds), RETRY_AFTER_MAX_S) * 1000;
}
