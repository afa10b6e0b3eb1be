// Fuzzes the wire: UTF-8, XML-RPC, the calls' fields and HTTP framing, for both ends.
//
// The first byte of an input says which reader gets the rest. Whatever comes, the reader ends with
// a value or with its own kind of error; a value that is accepted means one thing (it is written
// and read again the same); and bytes cut anywhere give the same messages.

import assert from "node:assert/strict";
import { decodeLatin1, decodeUtf8, encodeUtf8 } from "../../shared/kernel/utf8";
import { parseRequest, parseResponse } from "../../shared/net/heads";
import { HttpError } from "../../shared/net/http";
import { MessageReader } from "../../shared/net/message-reader";
import { Fault } from "../../shared/protocol/faults";
import {
  channelOffer,
  channelPayment,
  channelRequest,
  channelResult,
  channelTerms,
} from "../../shared/rpc/channel-wire";
import { decodeCall, decodeResponse } from "../../shared/rpc/decode";
import { encodeCall, encodeFault, encodeResponse } from "../../shared/rpc/encode";
import { type Shape, WireError } from "../../shared/rpc/shapes";
import { draftOffer, paymentRequest, paymentResult, powerRequest, status, statusRequest } from "../../shared/rpc/wire";
import { type Value, XmlRpcError } from "../../shared/rpc/xmlrpc";
import { fuzzBytes } from "./target";

export const name = "rpc";

export function fuzz(runs: number, seed: number): void {
  fuzzBytes({ runs, seed, good: GOOD, dictionary: DICTIONARY, check: replay });
}

export function replay(input: Uint8Array): void {
  const readers = [checkCall, checkResponse, checkRequestFraming, checkResponseFraming];
  const reader = readers[(input[0] ?? 0) % readers.length] as (bytes: Uint8Array) => void;
  reader(input.subarray(1));
}

// ---------------------------------------------------------------- XML-RPC

const SHAPES: readonly Shape<unknown>[] = [
  statusRequest,
  status,
  powerRequest,
  draftOffer,
  paymentRequest,
  paymentResult,
  channelTerms,
  channelRequest,
  channelOffer,
  channelPayment,
  channelResult,
].map((shape) => shape as Shape<unknown>);

function checkCall(bytes: Uint8Array): void {
  const call = attempt(() => decodeCall(decodeUtf8(bytes)), [XmlRpcError, RangeError]);
  if (call === undefined) return;
  const again = decodeCall(rewritten(() => encodeCall(call.method, call.params)) ?? encodeCall(call.method, []));
  assert.equal(again.method, call.method);
  call.params.forEach(checkValue);
}

function checkResponse(bytes: Uint8Array): void {
  const answer = attempt(() => decodeResponse(decodeUtf8(bytes)), [XmlRpcError, RangeError]);
  if (answer?.kind === "value") checkValue(answer.value);
}

function checkValue(value: Value): void {
  const text = rewritten(() => encodeResponse(value));
  if (text !== undefined) assert.deepEqual(decodeResponse(text), { kind: "value", value });
  for (const shape of SHAPES) {
    const read = attempt(() => shape.read(value, ""), [WireError, Fault]);
    if (read !== undefined) assert.deepEqual(shape.read(shape.write(read), ""), read);
  }
}

/** Written anew, unless it holds an integer beyond 32 bits, which is read but never written. */
function rewritten(write: () => string): string | undefined {
  return attempt(write, [XmlRpcError]);
}

// ---------------------------------------------------------------- HTTP

const LIMITS = Object.freeze({ headBytes: 300, headers: 8, bodyBytes: 600 });

function checkRequestFraming(bytes: Uint8Array): void {
  checkCuts((sink) => new MessageReader(parseRequest, sink, LIMITS, 1 << 20), bytes);
}

function checkResponseFraming(bytes: Uint8Array): void {
  checkCuts((sink) => new MessageReader(parseResponse, sink, LIMITS, 1 << 20), bytes);
}

interface Events {
  head(head: { readonly headers: ReadonlyMap<string, string> }): void;
  body(chunk: Uint8Array): void;
  end(): void;
}
interface Reader {
  push(data: Uint8Array): void;
  next(): void;
  finish(): void;
}

function checkCuts(open: (sink: Events) => Reader, bytes: Uint8Array): void {
  const whole = messages(open, bytes, bytes.length || 1);
  for (const length of [1, 7]) assert.deepEqual(messages(open, bytes, length), whole);
}

function messages(open: (sink: Events) => Reader, bytes: Uint8Array, length: number): string[] {
  const seen: string[] = [];
  let ended = false;
  let body = "";
  let total = 0;
  const reader = open({
    head: (head) => {
      for (const [key, value] of head.headers) assert.ok(!/[\r\n\0]/.test(key + value), "a header of several lines");
      seen.push(JSON.stringify([...head.headers]));
    },
    body: (chunk) => {
      total += chunk.length;
      assert.ok(total <= LIMITS.bodyBytes, "a body over its limit");
      body += decodeLatin1(chunk);
    },
    end: () => {
      seen.push(body);
      body = "";
      total = 0;
      ended = true;
    },
  });
  const failed = attempt(() => {
    for (let at = 0; at < bytes.length; at += length) {
      reader.push(bytes.subarray(at, at + length));
      while (ended) {
        ended = false;
        reader.next();
      }
    }
    reader.finish();
    return "complete";
  }, [HttpError]);
  return [...seen, failed ?? "refused"];
}

/** The action's result; undefined where it threw an error of a kind that is allowed. */
function attempt<T>(action: () => T, allowed: readonly (new (...args: never[]) => Error)[]): T | undefined {
  try {
    return action();
  } catch (error) {
    if (allowed.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}

// ---------------------------------------------------------------- good inputs

const OFFER: Value = {
  session: "5e".repeat(16),
  scheme: "single-fee",
  increment: 2,
  inputs: [{ txid: "ab".repeat(32), vout: 1, amount_sat: "5000000000" }],
  outputs: [{ script: `0014${"11".repeat(20)}`, amount_sat: "20000" }],
  fee_sat: "141",
  transaction: "02".repeat(40),
  energy_mwh: "40000",
  session_max_sat: "100000",
  arrears_sat: "0",
  credit_mwh: "0",
  expiry_height: 900_144,
};
const CALL = encodeCall("pay_transaction", [{ session: "5e".repeat(16), increment: 2, transaction: "02".repeat(40) }]);
const POST = `POST /RPC2 HTTP/1.1\r\nHost: s\r\nContent-Type: text/xml\r\nContent-Length: 5\r\n\r\nhello`;
const CHUNKS = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;a=b\r\n!\r\n0\r\nX: y\r\n\r\n";

const GOOD: readonly Uint8Array[] = [
  [0, encodeCall("get_status", [{ wait_ms: 500 }])],
  [0, encodeCall("power_request", [{ address: "bcrt1qxyz", scheme: "basic" }])],
  [0, CALL],
  [1, encodeResponse(OFFER)],
  [1, encodeResponse({ state: "paid", credited_mwh: "1", remaining_mwh: "2", next: OFFER })],
  [1, encodeResponse([true, "a<b&c\r\n", [], {}, new Uint8Array([1, 2, 3])])],
  [1, encodeFault(100, "locked-out: wait")],
  [2, POST + POST],
  [2, "GET / HTTP/1.0\r\n\r\n"],
  [3, `HTTP/1.1 100 Continue\r\n\r\n${CHUNKS}`],
  [3, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 204 No\r\n\r\n"],
  [3, "HTTP/1.1 200 OK\r\n\r\nuntil the end"],
].map(([reader, text]) => Uint8Array.of(reader as number, ...encodeUtf8(text as string)));

const DICTIONARY: readonly Uint8Array[] = [
  ...[
    "<value>",
    "</value>",
    "<struct>",
    "<member>",
    "<array><data>",
    "<i8>9007199254740993</i8>",
    "<int>-0</int>",
    "<nil/>",
  ],
  ...[
    "<double>1e308</double>",
    "<base64>AA==</base64>",
    "<!--",
    "]]>",
    "<![CDATA[",
    "<!DOCTYPE a>",
    "&lt;",
    "&#x",
    "&#0;",
  ],
  ...[
    '<?xml version="1.0"?>',
    "\ufeff",
    "\ud83d\ude00",
    "\0",
    "\r",
    "\n",
    "\r\n",
    "\r\n\r\n",
    " ",
    "\t",
    "0",
    "-1",
    "2147483648",
  ],
  ...[
    "Content-Length: 1\r\n",
    "Transfer-Encoding: chunked\r\n",
    "HTTP/1.1 200 OK\r\n",
    ": ",
    ",",
    "ffffff\r\n",
    "0\r\n\r\n",
  ],
  ...["__proto__", "constructor"],
].map(encodeUtf8);
