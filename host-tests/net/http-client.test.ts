// The HTTP client against servers played by hand: reuse, repetition, streams, limits and times.

import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../lab/model/clock";
import { Network } from "../../lab/platform/network";
import type { Connection } from "../../shared/kernel/ports";
import { decodeLatin1, encodeUtf8 } from "../../shared/kernel/utf8";
import { HttpClient, type HttpRequest } from "../../shared/net/http-client";

/**
 * A server that hands each connection and what came over it so far to `play` whenever data arrives.
 */
function against(play: (connection: Connection, received: string, count: number) => void) {
  const clock = new VirtualClock();
  const network = new Network();
  const requests: string[] = [];
  let count = 0;
  network.listen(80, (connection) => {
    let received = "";
    const number = ++count;
    connection.onData = (data) => {
      received += decodeLatin1(data);
      requests.push(decodeLatin1(data));
      play(connection, received, number);
    };
  });
  const client = new HttpClient({ dialer: network, clock, idleMs: 4000 });
  const request = (more: Partial<HttpRequest> = {}) =>
    client.request({ host: "h", port: 80, method: "GET", path: "/", timeoutMs: 5000, limitBytes: 1000, ...more });
  return { clock, network, client, request, requests };
}

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const say = (connection: Connection, text: string) => connection.write(encodeUtf8(text));

test("a request is written as HTTP/1.1 wants it and its answer is read", async () => {
  const { clock, request, requests } = against((connection) =>
    say(connection, OK.replace("200 OK", "404 Not Found\r\nRetry-After: 7\r\nX-Y: z")),
  );
  const answer = await clock.finish(
    request({ method: "POST", path: "/a?b=c", headers: { "Content-Type": "x/y" }, body: "häh" }),
  );
  assert.deepEqual(requests, [
    "POST /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Type: x/y\r\nContent-Length: 4\r\n\r\nh\u00c3\u00a4h",
  ]);
  assert.equal(answer.status, 404);
  assert.equal(answer.headers.get("retry-after"), "7");
  assert.equal(decodeLatin1(answer.body), "ok");
});

test("the Host header has the port where it is not the usual one, and brackets around IPv6", async () => {
  const { clock, request, requests } = against((connection) => say(connection, OK));
  await clock.finish(request({ port: 443 }));
  await clock.finish(request({ port: 443, secure: true }));
  await clock.finish(request({ host: "fe80::1", port: 80 }));
  assert.deepEqual(
    requests.map((text) => /Host: (.*)\r/.exec(text)?.[1]),
    ["h:443", "h", "[fe80::1]"],
  );
});

test("one connection serves requests that follow each other; another host gets its own", async () => {
  const { clock, network, request } = against((connection) => say(connection, OK));
  for (let i = 0; i < 3; i++) await clock.finish(request());
  assert.equal(network.dialled, 1);
  await clock.finish(request({ host: "other" }));
  await clock.finish(request({ secure: true }));
  assert.equal(network.dialled, 3);
});

test("requests at the same time get a connection each, and one of them is kept", async () => {
  const { clock, network, request } = against((connection) => say(connection, OK));
  await clock.finish(Promise.all([request(), request()]));
  assert.equal(network.dialled, 2);
  await clock.finish(Promise.all([request(), request()]));
  assert.equal(network.dialled, 3);
});

test("a kept connection is closed when nobody used it for its time", async () => {
  const { clock, network, request } = against((connection) => say(connection, OK));
  await clock.finish(request());
  await clock.run(3999);
  await clock.finish(request());
  assert.equal(network.dialled, 1);
  await clock.run(4001);
  await clock.finish(request());
  assert.equal(network.dialled, 2);
});

test("a connection that the server wants closed, that spoke unasked or that ended an answer by closing is not kept", async () => {
  const plays: ((connection: Connection) => void)[] = [
    (connection) => say(connection, OK.replace("\r\n", "\r\nConnection: close\r\n")),
    (connection) => say(connection, OK.replace("1.1", "1.0")),
    (connection) => say(connection, `${OK}surplus`),
    (connection) => {
      say(connection, "HTTP/1.1 200 OK\r\n\r\nok");
      queueMicrotask(() => connection.close());
    },
    (connection) => {
      say(connection, OK);
      setImmediate(() => say(connection, OK));
    },
  ];
  for (const play of plays) {
    const { clock, network, request } = against(play);
    assert.equal(decodeLatin1((await clock.finish(request())).body), "ok");
    await clock.run(10);
    await clock.finish(request());
    assert.equal(network.dialled, 2, String(play));
  }
});

test("a request that may be repeated is sent again when the kept connection was closed meanwhile, another is not", async () => {
  const play = (connection: Connection, received: string, count: number) => {
    const again = received.split("HTTP/1.1").length > 2;
    if (count === 1 && again) connection.close();
    else say(connection, OK);
  };
  for (const [more, repeated] of [
    [{}, true],
    [{ method: "POST", repeatable: true }, true],
    [{ method: "POST" }, false],
    [{ repeatable: false }, false],
  ] as const) {
    const { clock, network, request } = against(play);
    await clock.finish(request());
    const second = clock.finish(request(more));
    if (repeated) assert.equal((await second).status, 200);
    else await assert.rejects(second, { name: "HttpError", kind: "closed" });
    assert.equal(network.dialled, repeated ? 2 : 1);
  }
});

test("a fresh connection that closes is not tried over and over", async () => {
  const { clock, network, request } = against((connection) => connection.close());
  await assert.rejects(clock.finish(request()), { kind: "closed" });
  assert.equal(network.dialled, 1);
});

test("the body of a good answer goes to onChunk as it comes; that of another is collected", async () => {
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  const { clock, request } = against((connection) => say(connection, chunked));
  const chunks: string[] = [];
  const answer = await clock.finish(request({ onChunk: (chunk) => chunks.push(decodeLatin1(chunk)) }));
  assert.deepEqual([chunks, answer.body.length], [["abc", "de"], 0]);

  const refused = against((connection) => say(connection, chunked.replace("200 OK", "500 Oh")));
  const other = await refused.clock.finish(refused.request({ onChunk: () => assert.fail("no chunk of an error") }));
  assert.equal(decodeLatin1(other.body), "abcde");
});

test("of a long body no more is kept than was asked for, and the connection is used again", async () => {
  const long = `HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 900\r\n\r\n${"x".repeat(900)}`;
  const { clock, network, request } = against((connection) => say(connection, long));
  for (const kept of [0, 10, 899, 900, 1000]) {
    const answer = await clock.finish(request({ keptBytes: kept }));
    assert.deepEqual([answer.status, answer.body.length], [429, Math.min(kept, 900)]);
  }
  assert.equal(network.dialled, 1);
});

test("what onChunk throws rejects the request and closes the connection", async () => {
  const { clock, network, request } = against((connection) => say(connection, OK));
  const stop = new Error("enough");
  const onChunk = () => {
    throw stop;
  };
  await assert.rejects(clock.finish(request({ onChunk })), stop);
  await clock.finish(request());
  assert.equal(network.dialled, 2);
});

test("an answer over the limit, malformed or cut short rejects", async () => {
  const cases: readonly [string, string][] = [
    [`HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n`, "too-large"],
    ["SSH-2.0-OpenSSH\r\n\r\n", "malformed"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "closed"],
  ];
  for (const [text, kind] of cases) {
    const { clock, request } = against((connection) => {
      say(connection, text);
      setImmediate(() => connection.close());
    });
    await assert.rejects(clock.finish(request()), { name: "HttpError", kind });
  }
});

test("no answer, half an answer and no connection end at the timeout", async () => {
  for (const text of ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"]) {
    const { clock, request } = against((connection) => say(connection, text));
    await assert.rejects(clock.finish(request()), { kind: "timeout", message: /h:80 within 5000 ms/ });
    assert.equal(clock.now(), 5000);
  }
  const clock = new VirtualClock();
  let give: (connection: Connection) => void = () => {};
  const dialer = { connect: () => new Promise<Connection>((resolve) => (give = resolve)) };
  const client = new HttpClient({ dialer, clock });
  const asked = client.request({ host: "h", port: 1, method: "GET", path: "/", timeoutMs: 100, limitBytes: 1 });
  await assert.rejects(clock.finish(asked), { kind: "timeout" });
  let closed = false;
  give({ peer: "h:1", write: () => {}, close: () => (closed = true), onData() {}, onClose() {} });
  await clock.run(0);
  assert.ok(closed, "a connection that came too late is closed");
});

test("a connection that does not come about rejects with the reason", async () => {
  const clock = new VirtualClock();
  const client = new HttpClient({ dialer: new Network(), clock });
  const asked = client.request({ host: "h", port: 1, method: "GET", path: "/", timeoutMs: 100, limitBytes: 1 });
  await assert.rejects(clock.finish(asked), { kind: "connect", message: /h:1 refused/ });
});

test("a path or header that would break the request is refused before anything is sent", async () => {
  const { clock, request, requests } = against(() => {});
  await assert.rejects(clock.finish(request({ path: "/a b" })), { kind: "aborted" });
  await assert.rejects(clock.finish(request({ path: "/\r\nX: y" })), { kind: "aborted" });
  await assert.rejects(clock.finish(request({ headers: { X: "a\r\nY: b" } })), { kind: "aborted" });
  assert.deepEqual(requests, []);
});

test("closing rejects what runs and what comes later, and may be done twice", async () => {
  const { clock, client, request } = against(() => {});
  const asked = request();
  asked.catch(() => {});
  await clock.run(10);
  client.close();
  client.close();
  await assert.rejects(asked, { kind: "aborted" });
  await assert.rejects(request(), { kind: "aborted" });
});
