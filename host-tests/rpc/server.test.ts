// The RPC server over connections in memory and a virtual clock: answers, refusals, and what abuse
// meets.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { VirtualClock } from "../../lab/model/clock";
import { Network, post } from "../../lab/platform/network";
import { Fault } from "../../shared/protocol/faults";
import type { SocketCalls } from "../../shared/protocol/types";
import { encodeCall } from "../../shared/rpc/encode";
import { RpcServer, type RpcServerOptions } from "../../shared/rpc/server";
import { calls, OFFER, refusing, STATUS, Waiting } from "./samples";

function serve(given: SocketCalls = calls(), limits: RpcServerOptions["limits"] = {}) {
  const clock = new VirtualClock();
  const network = new Network();
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const server = new RpcServer({ listener: network, port: 80, clock, calls: given, limits, onError });
  return { clock, network, errors, server };
}

const GET_STATUS = post(encodeCall("get_status", []));
const WAIT = post(encodeCall("get_status", [{ wait_ms: 60_000 }]));
const FLOOD = { burst: 1e9, perSecond: 1e9 };

async function answerTo(body: string, given = calls()): Promise<string> {
  const { clock, network } = serve(given);
  const client = network.raw();
  client.send(post(body));
  await clock.run(0);
  return client.received;
}

// ---------------------------------------------------------------- answers

test("get_status answers without a parameter and with a struct", async () => {
  for (const params of [[], [{}], [{ wait_ms: 0 }], [{ wait_ms: 10 }]]) {
    const received = await answerTo(encodeCall("get_status", params));
    assert.match(received, /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/xml\r\nContent-Length: \d+\r\n\r\n<\?xml/);
    assert.match(received, /<name>remaining_mwh<\/name><value><string>27655<\/string>/);
  }
});

test("each call gets its typed request and the peer's address without its port", async () => {
  const seen: unknown[] = [];
  const given = calls({
    powerRequest: async (request, peer) => {
      seen.push(request, peer);
      return OFFER;
    },
    payTransaction: async (request, peer) => {
      seen.push(request, peer);
      return { state: "paid", credited: 1, remaining: 2 };
    },
  });
  const session = "5e".repeat(16);
  await answerTo(encodeCall("power_request", [{ address: "bcrt1q", scheme: "basic" }]), given);
  await answerTo(encodeCall("pay_transaction", [{ session, increment: 1, transaction: "00".repeat(10) }]), given);
  assert.deepEqual(seen, [
    { address: "bcrt1q", scheme: "basic" },
    "10.0.0.2",
    { session, increment: 1, transaction: "00".repeat(10) },
    "10.0.0.2",
  ]);
});

test("calls of a channel reach the socket with the peer's address, and count with those of the other schemes", async () => {
  const seen: string[] = [];
  const never = new Promise<never>(() => {});
  const given = calls({
    channels: {
      request: (_, peer) => {
        seen.push(`request ${peer}`);
        return never;
      },
      pay: (_, peer) => {
        seen.push(`pay ${peer}`);
        return never;
      },
    },
  });
  const [key, ticket, channel] = [`02${"ab".repeat(32)}`, "cd".repeat(16), "ef".repeat(32)];
  const { clock, network } = serve(given);
  const ask = post(encodeCall("power_request", [{ scheme: "channel", cable_key: key, ticket, channel }]));
  const pay = post(encodeCall("pay_transaction", [{ channel, paid_sat: "1", half: "30".repeat(9), ticket }]));
  const clients = [ask, ask, pay].map((body) => {
    const client = network.raw();
    client.send(body);
    return client;
  });
  await clock.run(0);
  assert.deepEqual(seen, ["request 10.0.0.2", "pay 10.0.0.2"]);
  assert.match(clients[1]?.received ?? "", /too-many-requests/);
});

test("the server tells its methods, their signatures and what they are for", async () => {
  const methods = ["get_status", "power_request", "pay_transaction"];
  const list = await answerTo(encodeCall("system.listMethods", []));
  for (const method of [...methods, "system.listMethods", "system.methodSignature", "system.methodHelp"]) {
    assert.ok(list.includes(`<string>${method}</string>`), method);
  }
  for (const method of methods) {
    assert.match(await answerTo(encodeCall("system.methodSignature", [method])), /<string>struct<\/string>/);
    assert.match(await answerTo(encodeCall("system.methodHelp", [method])), /<value><string>\w.*\.<\/string>/);
  }
});

const REFUSED_CALLS: readonly [what: string, body: string, code: number, words: RegExp][] = [
  ["an unknown method", encodeCall("get_money", []), -32601, /get_money/],
  ["system.multicall", encodeCall("system.multicall", [[]]), -32601, /method-not-found/],
  ["a method of every object", encodeCall("constructor", []), -32601, /method-not-found/],
  ["help on an unknown method", encodeCall("system.methodHelp", ["nope"]), -32601, /method-not-found/],
  ["help on a number", encodeCall("system.methodHelp", [1]), -32602, /method/],
  ["two parameters", encodeCall("get_status", [{}, {}]), -32602, /0 or 1/],
  ["no parameter", encodeCall("power_request", []), -32602, /params/],
  [
    "a wrong type",
    encodeCall("get_status", [{ wait_ms: "5" }]),
    -32602,
    /wait_ms: expected a whole number from 0 to 60000/,
  ],
  ["a wait too long", encodeCall("get_status", [{ wait_ms: 60_001 }]), -32602, /wait_ms/],
  ["a number instead of a struct", encodeCall("get_status", [5]), -32602, /struct/],
  ["a member that is missing", encodeCall("power_request", [{ scheme: "basic" }]), -32602, /address/],
  ["an unknown scheme", encodeCall("power_request", [{ address: "a", scheme: "x" }]), 101, /unknown-scheme/],
  ["malformed XML", "<methodCall>", -32700, /parse-error/],
  ["bytes that are no UTF-8", encodeCall("get_status", []).replace("get", "g\u00e9t"), -32700, /parse-error/],
  ["too many values", encodeCall("get_status", [Array(40).fill(1)]), -32400, /too-large/],
  ["too deep values", encodeCall("get_status", [[[[[[1]]]]]]), -32400, /too-large/],
];

for (const [what, body, code, words] of REFUSED_CALLS) {
  test(`a call is answered with fault ${code} for ${what}`, async () => {
    const { clock, network, errors } = serve();
    const client = network.raw();
    client.send(post(body));
    client.send(GET_STATUS);
    await clock.run(0);
    assert.deepEqual(client.faults, [code]);
    assert.match(client.received, words);
    assert.deepEqual(client.statuses, [200, 200], "the connection goes on");
    assert.deepEqual(errors, []);
  });
}

test("a fault of a call is answered with its code, name and sentence, and when to come again", async () => {
  const received = await answerTo(
    encodeCall("get_status", []),
    refusing(new Fault("locked-out", "39 s left.", 38_500)),
  );
  assert.match(received, /<int>100<\/int>/);
  assert.match(received, /locked-out: The socket is in lockout .* 39 s left\./);
  assert.match(received, /\r\nRetry-After: 39\r\n/);
});

test("a call that fails unexpectedly is an internal error, reported, and the next call is answered", async () => {
  let failed = false;
  const given = calls({
    getStatus: async () => {
      if (failed) return STATUS;
      failed = true;
      throw new TypeError("a secret of the inside");
    },
  });
  const { clock, network, errors } = serve(given);
  const client = network.raw();
  client.send(GET_STATUS + GET_STATUS);
  await clock.run(0);
  assert.deepEqual(client.faults, [-32603]);
  assert.ok(!client.received.includes("secret"));
  assert.deepEqual(client.statuses, [200, 200]);
  assert.equal((errors[0] as Error).message, "a secret of the inside");
});

test("a call that throws at once, or answers what cannot be written, is an internal error too", async () => {
  const throwing = () => {
    throw new Error("at once");
  };
  const odd = async () => ({ ...STATUS, price: 1.5 });
  for (const getStatus of [throwing, odd]) {
    const { clock, network, errors } = serve(calls({ getStatus }));
    const client = network.raw();
    client.send(GET_STATUS);
    await clock.run(0);
    assert.deepEqual(client.faults, [-32603]);
    assert.equal(errors.length, 1);
  }
});

// ---------------------------------------------------------------- HTTP

const REFUSED_REQUESTS: readonly [what: string, request: string, status: number][] = [
  ["another path", GET_STATUS.replace("/RPC2", "/"), 404],
  ["a path that only begins so", GET_STATUS.replace("/RPC2", "/RPC2?x=1"), 404],
  ["GET", "GET /RPC2 HTTP/1.1\r\nHost: s\r\n\r\n", 405],
  ["a form, which a web page could send", GET_STATUS.replace("text/xml", "text/plain"), 415],
  ["no content type", GET_STATUS.replace("Content-Type: text/xml\r\n", ""), 415],
  ["another encoding", GET_STATUS.replace("text/xml", "text/xml; charset=utf-16"), 415],
  ["a compressed body", GET_STATUS.replace("Host: s", "Host: s\r\nContent-Encoding: gzip"), 415],
  ["a body over the limit", GET_STATUS.replace(/Content-Length: \d+/, "Content-Length: 8193"), 413],
  ["no length", GET_STATUS.replace(/Content-Length: \d+\r\n/, ""), 411],
  ["two lengths", GET_STATUS.replace("Host: s", "Host: s\r\nContent-Length: 3"), 400],
  ["headers over the limit", `POST /RPC2 HTTP/1.1\r\nX: ${"x".repeat(3000)}`, 431],
  ["nonsense", "\x16\x03\x01\r\n\r\n", 400],
];

for (const [what, request, status] of REFUSED_REQUESTS) {
  test(`a request is answered with HTTP status ${status} for ${what}, and the connection ends`, async () => {
    const { clock, network, server } = serve();
    const client = network.raw();
    client.send(request);
    client.send("more that nobody reads".repeat(100));
    await clock.run(0);
    assert.deepEqual(client.statuses, [status]);
    assert.match(client.received, /\r\nConnection: close\r\n/);
    if (status === 405) assert.match(client.received, /\r\nAllow: POST\r\n/);
    await clock.run(1000);
    assert.ok(client.closed);
    assert.equal(server.connections, 0);
  });
}

test("a client that expects 100 Continue gets it, and then its answer", async () => {
  const { clock, network } = serve();
  const client = network.raw();
  const [head, body] = post(encodeCall("get_status", []), "Expect: 100-continue\r\n").split("\r\n\r\n") as [
    string,
    string,
  ];
  client.send(`${head}\r\n\r\n`);
  await clock.run(0);
  assert.deepEqual(client.statuses, [100]);
  client.send(body);
  await clock.run(0);
  assert.deepEqual(client.statuses, [100, 200]);
});

const SPELLINGS = [
  'text/xml; charset="utf-8"',
  "text/xml; charset=UTF8",
  "text/xml;charset = iso-8859-1;",
  "text/xml; charset='us-ascii'",
];

test("absolute targets and charsets of other spellings are answered where all bytes are ASCII", async () => {
  const texts = SPELLINGS.map((type) => GET_STATUS.replace("text/xml", type));
  for (const text of [...texts, GET_STATUS.replace("/RPC2", "HTTP://s:80/RPC2")]) {
    const { clock, network } = serve();
    const client = network.raw();
    client.send(text);
    await clock.run(0);
    assert.deepEqual(client.statuses, [200], text);
    assert.deepEqual(client.faults, []);
  }
});

test("a charset that is not UTF-8 with bytes beyond ASCII is a fault, not a guess", async () => {
  const { clock, network } = serve();
  const client = network.raw();
  client.send(post(encodeCall("n", ["\u00c3\u00a9"])).replace("text/xml", "text/xml; charset=iso-8859-1"));
  await clock.run(0);
  assert.deepEqual(client.faults, [-32700]);
});

test("a fault for an argument that is no struct names it", async () => {
  assert.match(await answerTo(encodeCall("get_status", [5])), /value: expected a struct, got the int 5/);
});

test("Connection: close is honoured as soon as the answer is out", async () => {
  const { clock, network } = serve();
  const quick = network.raw();
  quick.send(GET_STATUS.replace("Host: s", "Host: s\r\nConnection: close"));
  await clock.run(0);
  assert.deepEqual(quick.statuses, [200]);
  assert.ok(quick.closed, "without a second of waiting");
  const slow = network.raw();
  slow.end.reads = false;
  slow.send(GET_STATUS.replace("Host: s", "Host: s\r\nConnection: close"));
  await clock.run(100);
  slow.end.readAgain();
  await clock.run(20);
  assert.deepEqual(slow.statuses, [200]);
  assert.ok(slow.closed);
});

test("a refusal of a whole request ends as soon as it is out, where its client said close or speaks HTTP/1.0", async () => {
  for (const [from, to] of [
    ["Host: s", "Host: s\r\nConnection: close"],
    ["HTTP/1.1", "HTTP/1.0"],
  ] as const) {
    const { clock, network } = serve();
    const client = network.raw();
    const wrong = GET_STATUS.replace("text/xml", "text/plain").replace(from, to);
    client.send(wrong.slice(0, -1));
    await clock.run(0);
    assert.deepEqual(client.statuses, [], "not before it was heard out, or its last bytes would reset the answer");
    client.send(wrong.slice(-1));
    await clock.run(0);
    assert.deepEqual(client.statuses, [415]);
    assert.ok(client.closed, "without a second of waiting");
  }
});

test("HTTP/1.0 is answered once", async () => {
  const { clock, network } = serve();
  const client = network.raw();
  client.send(GET_STATUS.replace("HTTP/1.1", "HTTP/1.0"));
  await clock.run(1000);
  assert.deepEqual(client.statuses, [200]);
  assert.ok(client.closed);
});

test("any cutting of the bytes gives the same answers", async () => {
  const requests = GET_STATUS + post(encodeCall("nope", [])) + GET_STATUS;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 10 }), async (cuts) => {
      const { clock, network } = serve(calls(), FLOOD);
      const client = network.raw();
      for (let at = 0, i = 0; at < requests.length; i++) {
        const length = cuts[i % cuts.length] as number;
        client.send(requests.slice(at, at + length));
        at += length;
      }
      await clock.run(0);
      assert.deepEqual(client.statuses, [200, 200, 200]);
      assert.deepEqual(client.faults, [-32601]);
    }),
    { numRuns: 50 },
  );
});

test("mutated requests never reach a call with anything but typed values, and never break the server", async () => {
  const good = post(
    encodeCall("pay_transaction", [{ session: "5e".repeat(16), increment: 1, transaction: "00".repeat(60) }]),
  );
  const mutation = fc.record({
    at: fc.nat(2000),
    take: fc.nat(4),
    put: fc.string({ unit: "binary-ascii", maxLength: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
      const given = calls({
        payTransaction: async ({ session, increment, transaction }) => {
          assert.match(session, /^[0-9a-f]{32}$/);
          assert.match(transaction, /^([0-9a-f]{2})+$/);
          assert.ok(Number.isInteger(increment) && increment >= 1);
          return { state: "paid", credited: 1, remaining: 1 };
        },
      });
      const { clock, network, errors, server } = serve(given);
      const client = network.raw();
      client.send(
        mutations.reduce((text, { at, take, put }) => {
          const from = at % text.length;
          return text.slice(0, from) + put + text.slice(from + take);
        }, good),
      );
      await clock.run(60_000);
      assert.deepEqual(errors, []);
      assert.equal(server.connections, 0, "every connection ends in time");
      const other = network.raw();
      other.send(GET_STATUS);
      await clock.run(0);
      assert.deepEqual(other.statuses, [200]);
    }),
    { numRuns: 300 },
  );
});

// ---------------------------------------------------------------- abuse

test("a request that trickles in is ended after its time, however steadily it comes", async () => {
  const { clock, network, server } = serve(calls(), { requestMs: 10_000 });
  const client = network.raw();
  for (const character of GET_STATUS) {
    client.send(character);
    await clock.run(200);
    if (client.closed) break;
  }
  assert.deepEqual(client.statuses, [408]);
  assert.ok(client.closed);
  assert.ok(clock.now() < 12_000);
  assert.equal(server.connections, 0);
});

test("a half-open connection, and one idle between requests, is closed after its time", async () => {
  const { clock, network, server } = serve(calls(), { idleMs: 15_000 });
  const silent = network.raw();
  const once = network.raw();
  await clock.run(10_000);
  once.send(GET_STATUS);
  await clock.run(5000);
  assert.ok(silent.closed);
  assert.ok(!once.closed);
  await clock.run(10_000);
  assert.ok(once.closed);
  assert.equal(server.connections, 0);
});

test("connections from one address are limited, and others are still served", async () => {
  const { clock, network, server } = serve(calls(), { connections: 8, connectionsPerPeer: 3 });
  const greedy = Array.from({ length: 20 }, () => {
    const raw = network.raw("10.0.0.66");
    raw.send("POST /RPC2 HTTP/1.1\r\n");
    return raw;
  });
  await clock.run(0);
  assert.equal(server.connections, 3);
  assert.equal(greedy.filter((raw) => !raw.closed).length, 3);
  const cable = network.raw();
  cable.send(GET_STATUS);
  await clock.run(0);
  assert.deepEqual(cable.statuses, [200]);
});

test("an address that connects too often is closed before anything is built for it, and others are still served", async () => {
  const { clock, network, server } = serve(calls(), { connectBurst: 5, connectsPerSecond: 2 });
  const bare = async () => {
    const raw = network.raw("10.0.0.66");
    raw.send(GET_STATUS);
    await clock.run(0);
    raw.close();
    return raw.statuses.length === 1;
  };
  const heard: boolean[] = [];
  for (let i = 0; i < 20; i++) heard.push(await bare());
  assert.equal(heard.filter((one) => one).length, 5, "each that is taken is answered");
  await clock.run(1000);
  assert.deepEqual([await bare(), await bare(), await bare()], [true, true, false], "a second allows two more");
  const cable = network.raw();
  cable.send(GET_STATUS);
  await clock.run(0);
  assert.deepEqual(cable.statuses, [200]);
  await clock.run(20_000);
  assert.equal(server.connections, 0);
});

test("while a cable pays, all others together connect within one rate, however many addresses they have", async () => {
  const paid = { ...calls(), payer: "10.0.0.2" as string | undefined };
  const limits = { strangersBurst: 6, strangersPerSecond: 1, connections: 100 };
  const { clock, network, server } = serve(paid, limits);
  for (let i = 0; i < 50; i++) network.raw(`10.0.1.${i}`);
  assert.equal(server.connections, 6);
  const cable = network.raw("10.0.0.2");
  cable.send(GET_STATUS);
  await clock.run(0);
  assert.deepEqual(cable.statuses, [200]);
  paid.payer = undefined;
  for (let i = 0; i < 50; i++) network.raw(`10.0.2.${i}`);
  assert.equal(server.connections, 57, "while nobody pays a newcomer is not held up by others");
});

test("a connection of the cable that pays makes room for its own only", async () => {
  const { clock, network } = serve({ ...calls(), payer: "10.0.0.2" }, { connections: 3 });
  const cable = network.raw("10.0.0.2");
  await clock.run(10);
  for (let i = 0; i < 10; i++) network.raw(`10.0.1.${i}`);
  await clock.run(10);
  assert.equal(cable.closed, false, "though it has been idle longest");
  cable.send(GET_STATUS);
  await clock.run(0);
  assert.deepEqual(cable.statuses, [200]);
});

test("when every place is taken, the one idle longest makes room", async () => {
  const { clock, network, server } = serve(calls(), { connections: 3, connectionsPerPeer: 3 });
  const idlers = ["a", "b", "c"].map((address) => network.raw(address));
  await clock.run(10);
  idlers[0]?.send(GET_STATUS);
  await clock.run(10);
  const cable = network.raw();
  cable.send(GET_STATUS);
  await clock.run(0);
  assert.deepEqual(cable.statuses, [200]);
  assert.deepEqual(
    idlers.map((raw) => raw.closed),
    [false, true, false],
  );
  assert.equal(server.connections, 3);
});

test("a peer whose request trickles in makes room too, so that many addresses shut nobody out", async () => {
  const { clock, network, server } = serve(calls(), { connections: 8 });
  const tricklers = Array.from({ length: 8 }, (_, i) => network.raw(`10.0.1.${i}`));
  for (let i = 0; i < 5; i++) {
    for (const raw of tricklers) raw.send(GET_STATUS.charAt(i));
    await clock.run(300);
  }
  assert.equal(server.connections, 8);
  const cable = network.raw();
  cable.send(GET_STATUS);
  await clock.run(0);
  assert.deepEqual(cable.statuses, [200]);
  assert.equal(tricklers.filter((raw) => raw.closed).length, 1);
});

test("a call under way is never pushed out by newcomers", async () => {
  const waiting = new Waiting();
  const { clock, network } = serve(waiting.calls, { connections: 2, waits: 2 });
  const busy = ["a", "b"].map((address) => network.raw(address));
  for (const raw of busy) raw.send(WAIT);
  await clock.run(0);
  const late = network.raw("c");
  assert.ok(late.closed);
  waiting.release();
  await clock.run(0);
  for (const raw of busy) assert.deepEqual(raw.statuses, [200]);
});

test("a peer that asks again without having read its answer is cut off", async () => {
  const { clock, network, server } = serve(calls());
  const deaf = network.raw("10.0.0.66");
  deaf.end.reads = false;
  deaf.send(GET_STATUS);
  await clock.run(0);
  assert.equal(server.connections, 1);
  deaf.send(GET_STATUS);
  await clock.run(1000);
  assert.equal(server.connections, 0);
});

test("two to five requests in one write: a finished answer that is still on its way is never dropped", async () => {
  for (const count of [2, 3, 4, 5]) {
    let asked = 0;
    const { clock, network, server } = serve(
      calls({
        getStatus: async () => {
          asked++;
          return STATUS;
        },
      }),
    );
    const slow = network.raw();
    slow.end.reads = false;
    slow.send(GET_STATUS.repeat(count));
    await clock.run(0);
    assert.equal(asked, 1, "no answer upon answer is kept for it");
    slow.end.readAgain();
    await clock.run(1000);
    assert.deepEqual(slow.statuses, [200], `${count} requests`);
    assert.ok(slow.received.endsWith("</methodResponse>"), "the whole answer came");
    assert.equal(server.connections, 0, "then the connection ends");
  }
});

test("unfinished requests and unread answers of a crowd stay within the budget; the oldest make room for the latest", async () => {
  const { clock, network, server } = serve(calls(), { connections: 100, heldBytes: 6_000 });
  const head = "POST /RPC2 HTTP/1.1\r\nHost: s\r\nContent-Type: text/xml\r\nContent-Length: 4000\r\n\r\n";
  for (let i = 0; i < 20; i++) {
    const one = network.raw(`10.1.0.${i}`);
    if (i % 2 === 0) one.end.reads = false;
    one.send(i % 2 === 0 ? GET_STATUS : head + "x".repeat(2_000));
    await clock.run(10);
    assert.ok(server.heldBytes <= 6_000, `${server.heldBytes} bytes are held`);
  }
  const cable = network.raw();
  cable.send(GET_STATUS);
  await clock.run(0);
  assert.deepEqual(cable.statuses, [200]);
  assert.ok(server.connections < 10, `${server.connections} connections are left`);
});

test("requests over the rate of an address get a fault that says when to come again; others are not held up", async () => {
  let called = 0;
  const given = calls({
    getStatus: async () => {
      called++;
      return STATUS;
    },
  });
  const { clock, network } = serve(given, { burst: 5, perSecond: 2, earlyBytes: 100_000, heldBytes: 100_000 });
  const flood = network.raw("10.0.0.66");
  flood.send(GET_STATUS.repeat(40));
  const cable = network.raw();
  cable.send(GET_STATUS);
  await clock.run(0);
  assert.equal(called, 6);
  assert.equal(flood.faults.filter((code) => code === -32401).length, 35);
  assert.match(flood.received, /\r\nRetry-After: 1\r\n/);
  assert.deepEqual(cable.faults, []);
  await clock.run(1000);
  flood.send(GET_STATUS.repeat(5));
  await clock.run(0);
  assert.equal(called, 8, "a second allows two more");
});

test("addresses that are remembered for their rate are bounded, and the latest are kept", async () => {
  const { clock, network } = serve(calls(), { burst: 1, perSecond: 1, peers: 4, connections: 1000 });
  const flood = network.raw("10.0.0.66");
  for (let i = 0; i < 20; i++) {
    const other = network.raw(`10.1.0.${i}`);
    other.send(GET_STATUS);
    flood.send(GET_STATUS);
    await clock.run(0);
  }
  assert.equal(flood.faults.length, 19);
});

test("what is sent ahead of the answer is bounded: beyond it the connection ends after that answer", async () => {
  const waiting = new Waiting();
  const { clock, network, server } = serve(waiting.calls, { earlyBytes: 1000 });
  const client = network.raw();
  client.send(WAIT);
  client.send("x".repeat(1000));
  await clock.run(0);
  assert.equal(server.connections, 1);
  client.send("x");
  await clock.run(1000);
  assert.deepEqual(client.statuses, []);
  assert.ok(server.heldBytes === 0, "what was sent ahead is dropped");
  waiting.release();
  await clock.run(1000);
  assert.deepEqual(client.statuses, [200, 429]);
  assert.equal(server.connections, 0);
});

test("requests sent ahead are answered in order, one at a time", async () => {
  const waiting = new Waiting();
  const { clock, network } = serve(waiting.calls);
  const client = network.raw();
  client.send(GET_STATUS + post(encodeCall("nope", [])) + GET_STATUS);
  await clock.run(0);
  assert.equal(waiting.started, 1);
  assert.deepEqual(client.statuses, []);
  waiting.release();
  await clock.run(0);
  assert.equal(waiting.started, 2);
  waiting.release();
  await clock.run(0);
  assert.deepEqual(client.statuses, [200, 200, 200]);
  assert.deepEqual(client.faults, [-32601]);
});

test("waiting calls are bounded in all and for an address, and hanging up frees none early", async () => {
  const waiting = new Waiting();
  const { clock, network } = serve(waiting.calls, { ...FLOOD, waits: 3, waitsPerPeer: 2, connections: 100 });
  for (let i = 0; i < 10; i++) {
    const client = network.raw("10.0.0.66");
    client.send(WAIT);
    await clock.run(0);
    client.close();
    await clock.run(0);
  }
  assert.equal(waiting.started, 2);
  for (const address of ["a", "b"]) network.raw(address).send(WAIT);
  await clock.run(0);
  assert.equal(waiting.started, 3);
  const quick = network.raw("c");
  quick.send(WAIT);
  await clock.run(0);
  assert.deepEqual(quick.faults, [-32401]);
  waiting.release();
  await clock.run(0);
  quick.send(WAIT);
  await clock.run(0);
  assert.equal(waiting.started, 4, "ended calls make room");
});

test("an answer that takes too long is given up with status 503, and a late answer does no harm", async () => {
  const waiting = new Waiting();
  const { clock, network, server } = serve(waiting.calls, { answerMs: 90_000 });
  const client = network.raw();
  client.send(WAIT);
  await clock.run(91_000);
  assert.deepEqual(client.statuses, [503]);
  assert.equal(server.connections, 0);
  waiting.release();
  await clock.run(0);
  assert.deepEqual(client.statuses, [503]);
});

test("a peer that hangs up in the middle of anything leaves nothing behind", async () => {
  const waiting = new Waiting();
  const { clock, network, server, errors } = serve(waiting.calls, { connections: 100, connectionsPerPeer: 100 });
  for (const sent of ["", "POST", GET_STATUS.slice(0, -3), GET_STATUS, "GET / HTTP/1.1\r\nHost: s\r\n\r\n"]) {
    const client = network.raw();
    client.send(sent);
    await clock.run(0);
    client.close();
    await clock.run(0);
  }
  waiting.release();
  await clock.run(100_000);
  assert.equal(server.connections, 0);
  assert.deepEqual(errors, []);
});

test("a connection whose write fails is closed and the server goes on", async () => {
  const { clock, network, server } = serve();
  const client = network.raw();
  client.end.other.write = () => {
    throw new Error("no memory");
  };
  client.send(GET_STATUS);
  await clock.run(0);
  assert.equal(server.connections, 0);
  const other = network.raw();
  other.send(GET_STATUS);
  await clock.run(0);
  assert.deepEqual(other.statuses, [200]);
});

test("closing ends every connection, takes no more, may be done twice and leaves no timer that acts", async () => {
  const waiting = new Waiting();
  const { clock, network, server } = serve(waiting.calls);
  const clients = [network.raw(), network.raw()];
  clients[0]?.send(GET_STATUS);
  await clock.run(0);
  server.close();
  server.close();
  await clock.run(0);
  assert.deepEqual(
    clients.map((client) => client.closed),
    [true, true],
  );
  assert.throws(() => network.raw(), /refused/);
  waiting.release();
  await clock.run(200_000);
  assert.equal(server.connections, 0);
  assert.equal(clients[0]?.received, "");
});

test("calls of each kind have places of their own: callers that wait, or ask for power, keep nobody from paying", async () => {
  const held = new Waiting();
  const { getStatus } = held.calls;
  const given = calls({ getStatus, powerRequest: () => getStatus({}, "").then(() => OFFER) });
  const { clock, network } = serve(given, { ...FLOOD, connections: 100 });
  const asking = post(encodeCall("power_request", [{ address: "bcrt1q", scheme: "basic" }]));
  for (const address of ["a", "b", "c", "d"]) for (const text of [WAIT, asking]) network.raw(address).send(text);
  await clock.run(0);
  const cable = network.raw("e");
  const { session, transaction } = OFFER;
  cable.send(post(encodeCall("pay_transaction", [{ session, increment: 1, transaction }])));
  await clock.run(0);
  assert.deepEqual([cable.statuses, cable.faults], [[200], []]);
  assert.equal(held.started, 5, "three wait and two are asked for power");
});
