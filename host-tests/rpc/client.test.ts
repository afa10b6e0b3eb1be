// The paying side: calls through the real server, and sockets that answer badly or lie.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { VirtualClock } from "../../lab/model/clock";
import { Network } from "../../lab/platform/network";
import { encodeUtf8 } from "../../shared/kernel/utf8";
import { HttpClient } from "../../shared/net/http-client";
import { FAULTS, Fault, type FaultName } from "../../shared/protocol/faults";
import type { SocketCalls, StatusRequest } from "../../shared/protocol/types";
import { RpcClient } from "../../shared/rpc/client";
import { encodeFault, encodeResponse } from "../../shared/rpc/encode";
import { RpcServer } from "../../shared/rpc/server";
import { draftOffer, status } from "../../shared/rpc/wire";
import type { Struct, Value } from "../../shared/rpc/xmlrpc";
import {
  anyOffer,
  anyPaymentRequest,
  anyPowerRequest,
  anyResult,
  anyStatus,
  anyStatusRequest,
  calls,
  OFFER,
  refusing,
  STATUS,
} from "./samples";
import { anyValue } from "./values";

/** A request that asks for nothing but the status goes without a parameter. */
function isWorthSending({ waitMs, address, scheme }: StatusRequest): boolean {
  return Boolean(waitMs) || address !== undefined || scheme !== undefined;
}

function pair(given: SocketCalls) {
  const clock = new VirtualClock();
  const network = new Network();
  const limits = { burst: 1e6 };
  const server = new RpcServer({ listener: network, port: 80, clock, calls: given, limits });
  const http = new HttpClient({ dialer: network, clock });
  const client = new RpcClient({ http, host: "10.0.0.1", port: 80 });
  return { clock, network, server, client };
}

/** A client of something that answers every request with these bytes. */
function lied(answer: string) {
  const clock = new VirtualClock();
  const network = new Network();
  network.listen(80, (connection) => {
    connection.onData = () => connection.write(encodeUtf8(answer));
  });
  const http = new HttpClient({ dialer: network, clock });
  return { clock, network, client: new RpcClient({ http, host: "10.0.0.1", port: 80, timeoutMs: 1000 }) };
}

function http(body: string, head = "HTTP/1.1 200 OK"): string {
  return `${head}\r\nContent-Type: text/xml\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

test("any request and any result cross the link as they are, over one connection", async () => {
  let asked: unknown;
  let result: unknown;
  const call = async (request: unknown) => {
    asked = request;
    return result as never;
  };
  const { clock, network, client } = pair({ getStatus: call, powerRequest: call, payTransaction: call });
  await fc.assert(
    fc.asyncProperty(
      anyStatusRequest,
      anyStatus,
      anyPowerRequest,
      anyOffer,
      anyPaymentRequest,
      anyResult,
      async (...all) => {
        const [statusRequest, status, powerRequest, offer, payment, paid] = all;
        result = status;
        assert.deepEqual(await clock.finish(client.getStatus(statusRequest)), status);
        assert.deepEqual(asked, isWorthSending(statusRequest) ? statusRequest : {});
        result = offer;
        assert.deepEqual(await clock.finish(client.powerRequest(powerRequest)), offer);
        assert.deepEqual(asked, powerRequest);
        result = paid;
        assert.deepEqual(await clock.finish(client.payTransaction(payment)), paid);
        assert.deepEqual(asked, payment);
      },
    ),
    { numRuns: 60 },
  );
  assert.equal(network.dialled, 1);
});

test("every fault of the catalogue arrives as the same Fault", async () => {
  for (const name of Object.keys(FAULTS) as FaultName[]) {
    const { clock, client } = pair(refusing(new Fault(name, "Expected 1, found 2.", 2000)));
    await assert.rejects(clock.finish(client.getStatus()), (error) => {
      assert.ok(error instanceof Fault);
      assert.deepEqual([error.fault, error.detail, error.retryAfterMs], [name, "Expected 1, found 2.", 2000]);
      return true;
    });
  }
});

test("a long poll may take its time and the usual one on top", async () => {
  const { clock, client } = pair(calls({ getStatus: () => new Promise(() => {}) }));
  await assert.rejects(clock.finish(client.getStatus({ waitMs: 20_000 })), { name: "RpcError", kind: "link" });
  assert.equal(clock.now(), 30_000);
});

const LIES: readonly [what: string, answer: string, kind: string][] = [
  ["another HTTP status", http("no", "HTTP/1.1 500 Oh"), "http"],
  ["a redirection", "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "http"],
  ["what is not HTTP", "SSH-2.0-OpenSSH_9\r\n\r\n", "malformed"],
  ["what is not XML", http("hello"), "malformed"],
  ["what is not UTF-8", http("\u00ff").replace("Content-Length: 2", "Content-Length: 1"), "malformed"],
  ["a number for a status", http(encodeResponse(5)), "malformed"],
  ["an empty struct", http(encodeResponse({})), "malformed"],
  ["a fault that nobody knows", http(encodeFault(12_345, "x")), "malformed"],
  [
    "a fault without text",
    http(encodeResponse(1).replace("params", "fault").replace("/params", "/fault")),
    "malformed",
  ],
  ["a body beyond every limit", http("x".repeat(20_000)), "malformed"],
  ["far too many values", http(encodeResponse(Array(200).fill(1))), "malformed"],
  ["a body shorter than it says", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx", "link"],
  ["nothing", "", "link"],
];

for (const [what, answer, kind] of LIES) {
  test(`a socket that answers ${what} gives an RpcError of kind ${kind}`, async () => {
    const { clock, client } = lied(answer);
    await assert.rejects(clock.finish(client.getStatus()), { name: "RpcError", kind });
  });
}

test("a socket that is away gives an RpcError of kind link", async () => {
  const clock = new VirtualClock();
  const client = new RpcClient({ http: new HttpClient({ dialer: new Network(), clock }), host: "10.0.0.1", port: 80 });
  await assert.rejects(clock.finish(client.getStatus()), { name: "RpcError", kind: "link" });
});

test("one wrong member anywhere in an answer gives an error that names it", async () => {
  const written = draftOffer.write(OFFER) as Struct;
  const wrong: readonly [Struct, RegExp][] = [
    [{ ...written, fee_sat: "-1" }, /fee_sat/],
    [{ ...written, expiry_height: true }, /expiry_height/],
    [{ ...written, inputs: [{ txid: "zz", vout: 0, amount_sat: "1" }] }, /inputs\[0\]\.txid/],
    [{ ...written, session: "" }, /session/],
  ];
  for (const [answer, words] of wrong) {
    const { clock, client } = lied(http(encodeResponse(answer)));
    const asked = client.powerRequest({ address: "bcrt1q", scheme: "basic" });
    await assert.rejects(clock.finish(asked), { name: "RpcError", kind: "malformed", message: words });
  }
});

test("whatever value a socket answers, the result is checked or the error is an RpcError", async () => {
  const good = status.write(STATUS) as Struct;
  const answer = fc.oneof(
    anyValue,
    fc
      .record({ name: fc.constantFrom(...Object.keys(good)), value: anyValue })
      .map(({ name, value }): Value => ({ ...good, [name]: value })),
  );
  await fc.assert(
    fc.asyncProperty(answer, async (value) => {
      const { clock, client } = lied(http(encodeResponse(value)));
      try {
        const read = await clock.finish(client.getStatus());
        assert.match(read.state, /^(standby|paid|lockout)$/);
        for (const amount of [read.used, read.remaining, read.standbyRemaining, read.increment, read.sessionMax]) {
          assert.ok(Number.isSafeInteger(amount) && amount >= 0);
        }
      } catch (error) {
        assert.equal((error as Error).name, "RpcError", String(error));
      }
    }),
    { numRuns: 200 },
  );
});
