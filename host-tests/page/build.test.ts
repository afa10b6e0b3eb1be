// The page as it lies in a device's flash, and how a device serves it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { VirtualClock } from "../../lab/model/clock";
import { Network } from "../../lab/platform/network";
import { secretOf } from "../../shared/owner/credentials";
import { OWNER_LIMITS, ownerHttp } from "../../shared/owner/http";
import { ownerTable } from "../../shared/settings/owner";
import { answerOf, buildPage, MOST_BYTES } from "../../tools/page/build";

const GET = "GET / HTTP/1.1\r\nHost: 10.0.0.1:8081\r\n\r\n";

test("it takes less than 60 KB, all in all", async () => {
  const { gzipped } = await buildPage();
  assert.equal(MOST_BYTES, 60_000);
  assert.ok(gzipped.length < MOST_BYTES, `${gzipped.length} bytes`);
});

test("its policy allows this very script and style, asks of its own device, and nothing else", async () => {
  const { html, policy } = await buildPage();
  const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const [, style = ""] = /<style>(.*)<\/style>/s.exec(html) ?? [];
  const [, script = ""] = /<script>(.*)<\/script>/s.exec(html) ?? [];
  assert.equal(html.match(/<script/g)?.length, 1);
  assert.equal(html.match(/<style/g)?.length, 1);
  assert.ok(policy.startsWith("default-src 'none'; "));
  assert.ok(policy.includes(`script-src ${hash(script)};`) && policy.includes(`style-src ${hash(style)};`));
  assert.ok(policy.includes("connect-src 'self'") && policy.includes("frame-ancestors 'none'"));
  assert.ok(!/unsafe|\*/.test(policy));
});

test("nothing in it is loaded from elsewhere", async () => {
  const { html } = await buildPage();
  const addresses = [...html.matchAll(/(?:https?:)?\/\/[a-z0-9-]+\.[a-z0-9.-]+[^"'`\s)]*/gi)].map(([url]) => url);
  // Names of SVG and MathML, and examples in the settings' meanings, which nobody fetches.
  const meanings = JSON.stringify([ownerTable("socket"), ownerTable("cable")]);
  assert.deepEqual(
    addresses.filter((url) => !url.startsWith("http://www.w3.org/") && !meanings.includes(url)),
    [],
  );
  assert.ok(!/@import|url\(/.test(html.slice(0, html.indexOf("<script>"))));
});

async function begin() {
  const clock = new VirtualClock();
  const network = new Network();
  const page = answerOf(await buildPage());
  let most = 0;
  const server = ownerHttp({
    listener: network,
    port: 8081,
    clock,
    credentials: { secret: secretOf("correct horse") },
    nonceKey: new Uint8Array(32).fill(5),
    hosts: () => ["10.0.0.1"],
    answer: async () => "{}",
    page: {
      length: page.length,
      read(from, to) {
        most = Math.max(most, to - from);
        return page.subarray(from, to);
      },
    },
    onError: (error) => assert.fail(String(error)),
  });
  return { clock, network, server, most: () => most };
}

test("a device serves it whole to whoever asks by the device's own name, without a password", async () => {
  const { clock, network } = await begin();
  const raw = network.raw();
  raw.send(GET);
  await clock.run(5_000);
  const { html, policy } = await buildPage();
  const [head = "", body = ""] = raw.received.split(/\r\n\r\n(.*)/s);
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.ok(head.includes(`Content-Security-Policy: ${policy}`));
  assert.equal(gunzipSync(Buffer.from(body, "latin1")).toString("utf8"), html);
  raw.send(GET);
  await clock.run(5_000);
  assert.deepEqual(raw.statuses, [200, 200], "the connection stays for the next request");
});

test("another name as Host gets no page, nor does another method", async () => {
  const { clock, network } = await begin();
  const raw = network.raw();
  raw.send(GET.replace("10.0.0.1", "evil.example"));
  await clock.run(100);
  const other = network.raw();
  other.send(GET.replace("GET", "PUT"));
  await clock.run(100);
  assert.deepEqual([...raw.statuses, ...other.statuses], [421, 405]);
});

test("to a peer that does not read it goes piece by piece: one piece is in memory, and it ends in time", async () => {
  const { clock, network, server, most } = await begin();
  const raw = network.raw();
  raw.send(GET);
  raw.end.reads = false;
  await clock.run(1_000);
  assert.ok(server.heldBytes <= 1436 && server.heldBytes > 0, `${server.heldBytes} bytes`);
  assert.ok(most() <= 1436);
  await clock.run(OWNER_LIMITS.answerMs);
  assert.equal(server.connections, 0);
});

test("whoever loads it slowly makes room for another connection", async () => {
  const { clock, network, server } = await begin();
  const slow = [1, 2, 3].map((n) => network.raw(`10.0.0.${n + 10}`));
  for (const raw of slow) {
    raw.send(GET);
    raw.end.reads = false;
    await clock.run(200);
  }
  assert.equal(server.connections, OWNER_LIMITS.connections);
  const owner = network.raw("10.0.0.20");
  owner.send(GET);
  await clock.run(5_000);
  assert.deepEqual(owner.statuses, [200]);
});

test("what is asked while it goes out is answered after it", async () => {
  const { clock, network } = await begin();
  const raw = network.raw();
  raw.send(GET);
  raw.send(GET);
  await clock.run(5_000);
  assert.deepEqual(raw.statuses, [200, 200]);
});

test("a client that closes in the middle leaves nothing behind", async () => {
  const { clock, network, server } = await begin();
  const raw = network.raw();
  raw.send(GET);
  raw.end.reads = false;
  await clock.run(100);
  raw.close();
  await clock.run(100);
  assert.equal(server.connections, 0);
  assert.equal(server.heldBytes, 0);
});
