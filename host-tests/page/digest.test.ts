// The page's Digest client against the device's own server, over TCP.

import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../lab/model/clock";
import { DigestWay, type Fetch } from "../../page/digest";
import { WayError } from "../../page/way";
import { PASSWORD, serve } from "./served";

const REQUEST = '{"jsonrpc":"2.0","id":1,"method":"status"}';

async function begin({ password = PASSWORD } = {}) {
  const clock = new VirtualClock();
  const served = await serve({ clock, withPage: false, answer: async () => '{"jsonrpc":"2.0","result":7,"id":1}' });
  const seen: { status: number; authorization: string | undefined; credentials: string | undefined }[] = [];
  const counted: Fetch = async (url, init) => {
    const answer = await fetch(url, init);
    const { Authorization } = init.headers as Record<string, string>;
    seen.push({ status: answer.status, authorization: Authorization, credentials: init.credentials });
    return answer;
  };
  let serial = 0;
  const way = new DigestWay({
    password,
    origin: served.url.slice(0, -1),
    fetch: counted,
    random: () => new Uint8Array(16).fill(++serial),
  });
  return { clock, served, seen, way };
}

function problem(name: string): (error: unknown) => boolean {
  return (error) => error instanceof WayError && error.problem === name;
}

test("one challenge, then each request counts on; the browser's own credentials stay out of it", async () => {
  const { served, seen, way } = await begin();
  for (let n = 0; n < 3; n++) assert.match(await way.send(REQUEST), /"result":7/);
  served.close();
  assert.deepEqual(
    seen.map(({ status }) => status),
    [401, 200, 200, 200],
  );
  assert.deepEqual(
    seen.map(({ authorization }) => /nc=(\d+)/.exec(authorization ?? "")?.[1]),
    [undefined, "00000001", "00000002", "00000003"],
  );
  assert.ok(seen.every(({ credentials }) => credentials === "omit"));
  assert.ok(!seen.some(({ authorization }) => authorization?.includes(PASSWORD)), "no password crosses the link");
});

test("requests that are made at once go one after the other", async () => {
  const { served, seen, way } = await begin();
  await Promise.all(Array.from({ length: 5 }, () => way.send(REQUEST)));
  served.close();
  assert.deepEqual(
    seen.map(({ status }) => status),
    [401, 200, 200, 200, 200, 200],
  );
});

test("a nonce that has become too old is changed without asking the owner", async () => {
  const { clock, served, seen, way } = await begin();
  await way.send(REQUEST);
  await clock.run(301_000);
  await way.send(REQUEST);
  served.close();
  assert.deepEqual(
    seen.map(({ status }) => status),
    [401, 200, 401, 200],
  );
});

test("a wrong password is told as such, and not tried again by itself; after some the device wants a pause", async () => {
  const { served, seen, way } = await begin({ password: "wrong" });
  for (let n = 0; n < 3; n++) await assert.rejects(way.send(REQUEST), problem("password"));
  assert.equal(seen.filter(({ authorization }) => authorization !== undefined).length, 3);
  await assert.rejects(way.send(REQUEST), (error) => problem("wait")(error) && (error as WayError).waitMs >= 1000);
  served.close();
});

test("a device that is gone is lost", async () => {
  const { served, way } = await begin();
  served.close();
  await assert.rejects(way.send(REQUEST), problem("lost"));
});

test("what is no device of ours is told apart: another challenge, another status", async () => {
  const answers = [
    new Response("", { status: 401, headers: { "WWW-Authenticate": 'Basic realm="router"' } }),
    new Response("gone", { status: 404 }),
  ];
  for (const answer of answers) {
    const way = new DigestWay({ password: PASSWORD, fetch: async () => answer, random: () => new Uint8Array(16) });
    await assert.rejects(way.send(REQUEST), problem("odd"));
  }
});
