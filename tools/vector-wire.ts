// Calls of a session as they go over the wire: everything goes through XML and back, and is kept
// for the vectors.

import type { Stage } from "../lab/prove/stage";
import type { SocketCalls } from "../shared/protocol/types";
import { channelOffer, channelPayment, channelRequest, channelResult } from "../shared/rpc/channel-wire";
import { decodeResponse } from "../shared/rpc/decode";
import { encodeCall } from "../shared/rpc/encode";
import { answerCall } from "../shared/rpc/methods";
import { membersOf, type Shape } from "../shared/rpc/shapes";
import * as wire from "../shared/rpc/wire";
import type { Value } from "../shared/rpc/xmlrpc";

export const PEER = "169.254.80.81:50000";

export interface VectorCall {
  /** Milliseconds since the socket started. */
  readonly atMs: number;
  readonly method: string;
  /** The one parameter with the wire's names; an empty object where there is none. */
  readonly request: unknown;
  readonly requestXml: string;
  /** Exactly one of the two; the result has the wire's names, too. */
  readonly result?: unknown;
  readonly fault?: { readonly code: number; readonly name: string };
  readonly answerXml: string;
}

/**
 * A value of XML-RPC as JSON, as any library of XML-RPC gives it: structs are objects by the wire's
 * names.
 */
export function plainOf(value: Value): unknown {
  if (Array.isArray(value)) return value.map(plainOf);
  const members = membersOf(value);
  return members ? Object.fromEntries([...members].map(([name, member]) => [name, plainOf(member)])) : value;
}

/** The calls as a client of another make would see them. */
export function overTheWire(stage: Stage, real: SocketCalls, calls: VectorCall[]): SocketCalls {
  const call = async <A, R>(method: string, request: A, write: Shape<A>, read: Shape<R>): Promise<R> => {
    const params: Value[] = Object.keys(request as object).length > 0 ? [write.write(request)] : [];
    const requestXml = encodeCall(method, params);
    const atMs = stage.clock.now();
    const said = plainOf(params[0] ?? {});
    const { xml, retryAfterMs } = await answerCall(requestXml, real, PEER, (error) => {
      throw error;
    });
    const answer = decodeResponse(xml);
    if (answer.kind === "fault") {
      const fault = wire.readFault(answer.code, answer.message, retryAfterMs);
      if (!fault) throw new Error(`an unknown fault: ${answer.code}`);
      calls.push({
        ...{ atMs, method, request: said, requestXml },
        ...{ fault: { code: fault.code, name: fault.fault }, answerXml: xml },
      });
      throw fault;
    }
    calls.push({ atMs, method, request: said, requestXml, result: plainOf(answer.value), answerXml: xml });
    return read.read(answer.value, "");
  };
  return {
    getStatus: (request) => call("get_status", request, wire.statusRequest, wire.status),
    powerRequest: (request) => call("power_request", request, wire.powerRequest, wire.draftOffer),
    payTransaction: (request) => call("pay_transaction", request, wire.paymentRequest, wire.paymentResult),
    channels: {
      request: (request) => call("power_request", request, channelRequest, channelOffer),
      pay: (payment) => call("pay_transaction", payment, channelPayment, channelResult),
    },
  };
}
