// The methods that a socket answers, and how one XML-RPC call becomes one answer: decode, check,
// call, encode. It knows nothing of HTTP, so a benchmark or another transport can use it alone.
//
// Introspection as in "XML-RPC for PHP"'s reserved methods, which stock clients know.
// `system.multicall` is left out: it would let one request do the work of many.

import { constant } from "../kernel/constant";
import type { ErrorReporter } from "../net/http-handler";
import type { ChannelCalls, ChannelOffer, ChannelResult } from "../protocol/channel";
import { Fault } from "../protocol/faults";
import type { DraftOffer, PaymentResult, SocketCalls } from "../protocol/types";
import {
  channelOffer,
  channelPayment,
  channelRequest,
  channelResult,
  isChannelPayment,
  isChannelRequest,
} from "./channel-wire";
import { decodeCall } from "./decode";
import { encodeFault, encodeResponse } from "./encode";
import { WireError } from "./shapes";
import { draftOffer, faultText, paymentRequest, paymentResult, powerRequest, status, statusRequest } from "./wire";
import { type Limits, type Value, XmlRpcError } from "./xmlrpc";

/**
 * What a socket reads: the largest call, a signed transaction, has under 3,000 characters and 5
 * values, nothing to unescape and no base64. What it lets pass beyond that is dear to read
 * (tools/bench/requests.ts).
 */
export const REQUEST_LIMITS: Limits = Object.freeze({ chars: 4096, depth: 4, values: 8, replaced: 64, base64: 256 });

interface Method {
  readonly name: string;
  /** Type of the result, then those of the parameters, for each way to call it. */
  readonly signatures: readonly (readonly string[])[];
  readonly help: string;
  call(calls: SocketCalls, params: readonly Value[], peer: string): unknown;
  /** What came of the call, as the wire has it; absent where it is a value of the wire already. */
  readonly write?: (result: never) => Value;
}

const METHODS: readonly Method[] = constant([
  {
    name: "get_status",
    signatures: [["struct"], ["struct", "struct"]],
    help: "State of the socket and its terms. {wait_ms?, address?, scheme?}: answer when the state or the renewal flag changes, at the latest after wait_ms; address and scheme of the power_request that follows.",
    call: (calls: SocketCalls, params: readonly Value[], peer: string) =>
      calls.getStatus(params.length > 0 ? statusRequest.read(params[0] as Value, "") : {}, peer),
    write: status.write,
  },
  {
    name: "power_request",
    signatures: [["struct", "struct"]],
    help: "Opens, resumes or goes on with a session. {address, scheme, session?}: answers with the draft to sign. Of a channel {scheme, cable_key, ticket, deposit_sat | channel, close?}: answers with the funding to sign, or with what the next increment pays.",
    call: (calls: SocketCalls, params: readonly Value[], peer: string) => {
      const request = params[0] as Value;
      if (isChannelRequest(request)) return channelsOf(calls).request(channelRequest.read(request, ""), peer);
      return calls.powerRequest(powerRequest.read(request, ""), peer);
    },
    write: (offer: DraftOffer | ChannelOffer) =>
      "session" in offer ? draftOffer.write(offer) : channelOffer.write(offer),
  },
  {
    name: "pay_transaction",
    signatures: [["struct", "struct"]],
    help: "Pays one increment. {session, increment, transaction}: answers with the energy credited and the next draft. Of a channel {ticket, funding | channel, paid_sat, half}: answers with the energy credited and what the next increment pays.",
    call: (calls: SocketCalls, params: readonly Value[], peer: string) => {
      const payment = params[0] as Value;
      if (isChannelPayment(payment)) return channelsOf(calls).pay(channelPayment.read(payment, ""), peer);
      return calls.payTransaction(paymentRequest.read(payment, ""), peer);
    },
    write: (result: PaymentResult | ChannelResult) =>
      "channel" in result ? channelResult.write(result) : paymentResult.write(result),
  },
  {
    name: "system.listMethods",
    signatures: [["array"]],
    help: "Names of all methods.",
    call: () => METHODS.map(({ name }) => name),
  },
  {
    name: "system.methodSignature",
    signatures: [["array", "string"]],
    help: "Signatures of a method: the type of its result, then of its parameters.",
    call: (_calls: SocketCalls, params: readonly Value[]) =>
      methodNamed(params[0]).signatures.map((signature) => [...signature]),
  },
  {
    name: "system.methodHelp",
    signatures: [["string", "string"]],
    help: "One sentence about a method.",
    call: (_calls: SocketCalls, params: readonly Value[]) => methodNamed(params[0]).help,
  },
]);

export interface Answer {
  readonly xml: string;
  /** Set where the answer is a fault that tells when to try again. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * Answers one call. Never rejects: whatever goes wrong becomes a fault, and what nobody expected is
 * reported too.
 */
export function answerCall(text: string, calls: SocketCalls, peer: string, onError: ErrorReporter): Promise<Answer> {
  try {
    const { method: name, params } = decodeCall(text, REQUEST_LIMITS);
    const method = methodNamed(name);
    checkCount(method, params);
    // A function of its own: while it waits, it keeps neither the text nor the parameters.
    return answerOf(method, method.call(calls, params, peer), onError);
  } catch (error) {
    return Promise.resolve(failure(error, onError));
  }
}

async function answerOf({ write }: Method, result: unknown, onError: ErrorReporter): Promise<Answer> {
  try {
    const value = await result;
    return { xml: encodeResponse(write ? write(value as never) : (value as Value)) };
  } catch (error) {
    return failure(error, onError);
  }
}

function channelsOf({ channels }: SocketCalls): ChannelCalls {
  if (!channels) throw new Fault("unknown-scheme", "Here nothing is sold by channel.");
  return channels;
}

function failure(error: unknown, onError: ErrorReporter): Answer {
  return faultAnswer(asFault(error, onError));
}

export function faultAnswer(fault: Fault): Answer {
  return { xml: encodeFault(fault.code, faultText(fault)), retryAfterMs: fault.retryAfterMs };
}

function asFault(error: unknown, onError: ErrorReporter): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof WireError) return new Fault("invalid-parameters", `${error.message}.`);
  if (error instanceof XmlRpcError && error.kind === "too-large") return new Fault("too-large", `${error.message}.`);
  if (error instanceof XmlRpcError && error.kind === "malformed") return new Fault("parse-error", `${error.message}.`);
  onError(error, "a call failed");
  return new Fault("internal-error");
}

function methodNamed(name: Value | undefined): Method {
  if (typeof name !== "string") throw new WireError("method", "the name of a method", "another type");
  const method = METHODS.find((one) => one.name === name);
  if (method === undefined) throw new Fault("method-not-found", `Found ${JSON.stringify(name.slice(0, 64))}.`);
  return method;
}

function checkCount({ signatures }: Method, params: readonly Value[]): void {
  const counts = signatures.map((signature) => signature.length - 1);
  if (counts.includes(params.length)) return;
  throw new WireError("params", `${counts.join(" or ")} of them`, `${params.length}`);
}
