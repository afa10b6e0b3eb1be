// The owner's HTTP: who gets in, and that nobody else costs the device much. Raw bytes over a
// network in memory.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { VirtualClock } from "../../lab/model/clock";
import { Network, type Raw } from "../../lab/platform/network";
import { decodeUtf8, encodeUtf8 } from "../../shared/kernel/utf8";
import { hashOf, secretOf } from "../../shared/owner/credentials";
import { responseOf } from "../../shared/owner/digest";
import { OWNER_LIMITS, ownerHttp } from "../../shared/owner/http";

const PASSWORD = "correct horse";
const BODY = '{"jsonrpc":"2.0","id":1,"method":"status"}';
const HOST = "10.0.0.1:8081";
const TOKEN = "0123456789abcdef";

function begin({ payer }: { payer?: () => string | undefined } = {}) {
  const clock = new VirtualClock();
  const network = new Network();
  const asked: string[] = [];
  const errors: unknown[] = [];
  const server = ownerHttp({
    listener: network,
    port: 8081,
    clock,
    credentials: { secret: secretOf(PASSWORD), token: hashOf(TOKEN) },
    nonceKey: new Uint8Array(32).fill(5),
    hosts: () => ["10.0.0.1", "plugpay.local"],
    answer: async (request) => {
      const text = decodeUtf8(request);
      asked.push(text);
      if (text.includes("broken")) throw new Error("inside");
      return text.includes('"id"') ? '{"jsonrpc":"2.0","result":"here","id":1}' : undefined;
    },
    metrics: () => ({ type: "application/openmetrics-text", text: "# EOF\n" }),
    ...(payer && { payer }),
    onError: (error) => errors.push(error),
  });
  return { clock, network, server, asked, errors };
}

type Fields = Readonly<Record<string, string | undefined>>;

function request(fields: Fields = {}, body = BODY, line = "POST /owner HTTP/1.1"): string {
  const all: Fields = {
    Host: HOST,
    "Content-Type": "application/json",
    "Content-Length": `${encodeUtf8(body).length}`,
    ...fields,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return `${[line, ...lines].join("\r\n")}\r\n\r\n${body}`;
}

async function send(clock: VirtualClock, raw: Raw, text: string): Promise<string> {
  const before = raw.received.length;
  raw.send(text);
  await clock.run(1);
  return raw.received.slice(before);
}

function statusOf(answer: string): number {
  return Number(answer.slice(9, 12));
}

function authorization(answer: string, { password = PASSWORD, nc = 1, method = "POST", uri = "/owner" } = {}): string {
  const nonce = /nonce="([^"]+)"/.exec(answer)?.[1] ?? "";
  const asked = { nonce, nc: nc.toString(16).padStart(8, "0"), cnonce: "abc", qop: "auth", uri };
  const response = responseOf(secretOf(password), method, asked);
  return `Digest username="owner", realm="plugpay", nonce="${nonce}", uri="${uri}", cnonce="abc", nc=${asked.nc}, qop=auth, response="${response}", algorithm=SHA-256`;
}

describe("a request of the owner's", () => {
  test("is challenged, then answered; the next ones count on", async () => {
    const { clock, network, asked } = begin();
    const raw = network.raw();
    const challenged = await send(clock, raw, request());
    assert.equal(statusOf(challenged), 401);
    assert.match(
      challenged,
      /WWW-Authenticate: Digest realm="plugpay", qop="auth", algorithm=SHA-256, nonce="[0-9a-f]+", charset=UTF-8\r\n/,
    );
    assert.deepEqual(asked, [], "nobody reads the body of a stranger");
    for (const nc of [1, 2, 3]) {
      const answer = await send(clock, raw, request({ Authorization: authorization(challenged, { nc }) }));
      assert.match(answer, /^HTTP\/1.1 200 OK\r\nContent-Type: application\/json\r\nCache-Control: no-store\r\n/);
      assert.match(answer, /\{"jsonrpc":"2.0","result":"here","id":1\}$/);
    }
    assert.equal(asked.length, 3);
  });

  test("that came before is challenged anew, and not done again", async () => {
    const { clock, network, asked } = begin();
    const raw = network.raw();
    const field = authorization(await send(clock, raw, request()));
    assert.equal(statusOf(await send(clock, raw, request({ Authorization: field }))), 200);
    const again = await send(clock, raw, request({ Authorization: field }));
    assert.equal(statusOf(again), 401);
    assert.match(again, /stale=true/);
    assert.equal(asked.length, 1);
  });

  test("without an id gets no content", async () => {
    const { clock, network } = begin();
    const raw = network.raw();
    const field = authorization(await send(clock, raw, request()));
    const answer = await send(clock, raw, request({ Authorization: field }, '{"jsonrpc":"2.0","method":"status"}'));
    assert.match(answer, /^HTTP\/1.1 202 Accepted\r\n/);
    assert.match(answer, /Content-Length: 0\r\n\r\n$/);
  });

  test("that meets what nobody expected is told so and no more", async () => {
    const { clock, network, errors } = begin();
    const raw = network.raw();
    const field = authorization(await send(clock, raw, request()));
    const answer = await send(clock, raw, request({ Authorization: field }, "broken"));
    assert.equal(statusOf(answer), 500);
    assert.ok(!answer.includes("inside"));
    assert.equal(errors.length, 1);
  });
});

describe("refused whatever its password", () => {
  const cases: readonly (readonly [what: string, status: number, text: string])[] = [
    ["another path", 404, request({}, BODY, "POST /RPC2 HTTP/1.1")],
    ["GET", 405, request({ "Content-Length": undefined }, "", "GET /owner HTTP/1.1")],
    ["OPTIONS, by which a browser asks for leave", 405, request({}, "", "OPTIONS /owner HTTP/1.1")],
    ["PUT", 405, request({}, BODY, "PUT /owner HTTP/1.1")],
    ["a form's type", 415, request({ "Content-Type": "application/x-www-form-urlencoded" })],
    ["text, which a page may send without asking", 415, request({ "Content-Type": "text/plain" })],
    ["a type that only begins so", 415, request({ "Content-Type": "application/json-patch+json" })],
    ["no type", 415, request({ "Content-Type": undefined })],
    ["a compressed body", 415, request({ "Content-Encoding": "gzip" })],
    ["another name as Host", 421, request({ Host: "evil.example:8081" })],
    ["another address as Host", 421, request({ Host: "10.0.0.2" })],
    ["no Host", 421, request({ Host: undefined }, BODY, "POST /owner HTTP/1.0")],
    ["an empty Host", 421, request({ Host: "" })],
    ["another page's Origin", 403, request({ Origin: "http://evil.example" })],
    ["an Origin of null, as of a file or a sandbox", 403, request({ Origin: "null" })],
    ["the Origin of another port", 403, request({ Origin: "http://10.0.0.1:80" })],
    ["an Origin by HTTPS", 403, request({ Origin: `https://${HOST}` })],
    ["two passwords", 400, request({ Authorization: "Digest a=b", authorization: "Digest a=b" })],
    ["a body beyond its limit", 413, request({ "Content-Length": "4097" }, "")],
    ["a head beyond its limit", 431, request({ Cookie: "x".repeat(OWNER_LIMITS.headBytes) })],
  ];
  for (const [what, status, text] of cases)
    test(`${what}: ${status}`, async () => {
      const { clock, network, asked } = begin();
      const answer = await send(clock, network.raw(), text);
      assert.equal(statusOf(answer), status, answer);
      assert.ok(!/access-control/i.test(answer), "no leave is given to other pages");
      assert.deepEqual(asked, []);
    });

  test("its own page's Origin, and its name as Host, are right", async () => {
    const { clock, network } = begin();
    for (const host of [HOST, "plugpay.local:8081", "PLUGPAY.local"])
      assert.equal(statusOf(await send(clock, network.raw(), request({ Host: host, Origin: `http://${host}` }))), 401);
  });
});

describe("metrics", () => {
  const get = (field?: string) =>
    request(
      { Authorization: field, "Content-Type": undefined, "Content-Length": undefined },
      "",
      "GET /metrics HTTP/1.1",
    );

  test("are read with the token, or as the owner", async () => {
    const { clock, network } = begin();
    const raw = network.raw();
    const challenged = await send(clock, raw, get());
    assert.equal(statusOf(challenged), 401);
    assert.match(await send(clock, raw, get(`Bearer ${TOKEN}`)), /^HTTP\/1.1 200 OK\r\n.*# EOF\n$/s);
    const field = authorization(challenged, { method: "GET", uri: "/metrics" });
    assert.equal(statusOf(await send(clock, raw, get(field))), 200);
  });

  test("are refused with another token; and the token opens nothing else", async () => {
    const { clock, network, asked } = begin();
    assert.equal(statusOf(await send(clock, network.raw(), get("Bearer 0123456789abcdeF"))), 401);
    assert.equal(statusOf(await send(clock, network.raw(), request({ Authorization: `Bearer ${TOKEN}` }))), 401);
    assert.deepEqual(asked, []);
  });
});

describe("strangers", () => {
  test("that guess wait longer each time; the owner elsewhere does not", async () => {
    const { clock, network } = begin();
    const owner = network.raw("10.0.0.7");
    const challenged = await send(clock, owner, request());
    assert.equal(statusOf(await send(clock, owner, request({ Authorization: authorization(challenged) }))), 200);
    let looked = 0;
    for (let second = 0; second < 120; second++) {
      const raw = network.raw("10.0.0.66");
      const guess = authorization(challenged, { password: `guess ${second}`, nc: second + 2 });
      const status = statusOf(await send(clock, raw, request({ Authorization: guess })));
      assert.ok(status === 401 || status === 429, `${status}`);
      if (status === 401) looked++;
      raw.end.close();
      await clock.run(1000);
    }
    assert.ok(looked <= 10, `${looked} guesses in two minutes`);
    const again = request({ Authorization: authorization(challenged, { nc: 200 }) });
    assert.equal(statusOf(await send(clock, network.raw("10.0.0.7"), again)), 200);
  });

  test("take at most two connections an address and three in all, and idle ones make room", async () => {
    const { clock, network, server } = begin();
    for (let k = 0; k < 8; k++) {
      network.raw(`10.0.1.${k}`);
      await clock.run(10);
      assert.ok(server.connections <= 3);
    }
    const answer = await send(clock, network.raw("10.0.0.7"), request());
    assert.equal(statusOf(answer), 401);
  });

  test("connect more slowly while a cable pays", async () => {
    let payer: string | undefined;
    const { clock, network } = begin({ payer: () => payer });
    const served = async (): Promise<number> => {
      let count = 0;
      for (let k = 0; k < 60; k++) {
        const raw = network.raw(`10.1.${k}.1`);
        const answer = await send(clock, raw, request());
        if (answer !== "") count++;
        raw.end.close();
      }
      return count;
    };
    assert.equal(await served(), 60);
    payer = "169.254.80.81";
    assert.ok((await served()) <= OWNER_LIMITS.strangersBurst + 1);
  });

  test("that trickle a request are ended", async () => {
    const { clock, network } = begin();
    const raw = network.raw();
    raw.send("POST /owner HTTP/1.1\r\n");
    await clock.run(OWNER_LIMITS.requestMs + 2000);
    assert.match(raw.received, /^HTTP\/1.1 408/);
    assert.ok(raw.closed);
  });
});
