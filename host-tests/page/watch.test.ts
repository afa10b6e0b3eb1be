// How the page follows a device: against the real methods of a bench's devices, and on a virtual
// clock.

import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../lab/model/clock";
import { Rpc } from "../../page/rpc";
import { type Seen, Watch } from "../../page/watch";
import { type Way, WayError } from "../../page/way";
import { encodeUtf8 } from "../../shared/kernel/utf8";
import { owned, type Side } from "../owner/owned";

function begin(side: (all: ReturnType<typeof owned>) => Side) {
  const all = owned();
  const clock = new VirtualClock();
  const asked: string[] = [];
  let fault: WayError | undefined;
  const way: Way = {
    isSerial: false,
    async send(request) {
      asked.push(request);
      if (fault) throw fault;
      return (await side(all).owner.answer(encodeUtf8(request), "http")) ?? "";
    },
  };
  const out: string[] = [];
  let seen: Seen | undefined;
  const watch = new Watch({
    rpc: new Rpc(way),
    timers: clock,
    onSeen: (now) => {
      seen = now;
    },
    onOut: (why) => out.push(why),
  });
  return {
    ...all,
    clock,
    asked,
    watch,
    out,
    fail: (error: WayError | undefined) => {
      fault = error;
    },
    get seen(): Seen {
      assert.ok(seen, "it was seen");
      return seen;
    },
  };
}

/** Lets the page and the devices live for `seconds`, the devices `speed` times as fast. */
async function live(page: ReturnType<typeof begin>, seconds: number, speed = 1): Promise<void> {
  for (let n = 0; n < seconds * 10; n++) {
    await page.bench.clock.run(100 * speed);
    await page.clock.run(100);
  }
}

test("the socket's status, history, sessions and story come in", async () => {
  const page = begin(({ socket }) => socket);
  page.watch.start();
  await live(page, 60);
  const { status, history, sessions, events, settings } = page.seen;
  assert.equal(status?.state, "paid");
  assert.ok(history.length > 20 && history.every(({ at }, n) => n === 0 || at > (history[n - 1]?.at ?? 0)));
  assert.ok((history[history.length - 1]?.powerW ?? 0) > 1000);
  assert.equal(sessions.length, 1);
  const numbers = events.map(({ n }) => n);
  assert.deepEqual(numbers, [...new Set(numbers)], "each line once");
  assert.equal(settings?.settings.network, "regtest");
  page.watch.stop();
});

test("the cable's address and limits come in", async () => {
  const page = begin(({ cable }) => cable);
  page.watch.start();
  await live(page, 4);
  assert.match(page.seen.address ?? "", /^bcrt1q/);
  assert.ok(Number(page.seen.limits?.limits.maxPrice) > 0);
  page.watch.stop();
});

test("a device that lives faster than the clock is asked more often, one at the clock's speed every two seconds", async () => {
  for (const [speed, least, most] of [
    [1, 8, 16],
    [20, 60, 160],
  ] as const) {
    const page = begin(({ socket }) => socket);
    page.watch.start();
    await live(page, 20, speed);
    const status = page.asked.filter((text) => text.includes('"status"')).length;
    assert.ok(status >= least && status <= most, `${status} at speed ${speed}`);
    page.watch.stop();
  }
});

test("the chart holds ten minutes of the device's time and no more", async () => {
  const page = begin(({ socket }) => socket);
  page.watch.start();
  await live(page, 60, 20);
  const { history } = page.seen;
  const first = history[0]?.at ?? 0;
  const last = history[history.length - 1]?.at ?? 0;
  assert.ok(last - first <= 600_000 && last - first > 500_000, `${last - first} ms`);
  page.watch.stop();
});

test("a device that does not answer is told of, with a gap in the chart, and asked on until it does", async () => {
  const page = begin(({ socket }) => socket);
  page.watch.start();
  await live(page, 6);
  page.fail(new WayError("lost", "the device does not answer"));
  await live(page, 10);
  assert.equal(page.seen.lost?.why, "the device does not answer");
  assert.ok(page.seen.status, "what is known stays");
  assert.equal(page.seen.history[page.seen.history.length - 1]?.powerW, null);
  page.fail(undefined);
  await live(page, 6);
  assert.equal(page.seen.lost, undefined);
  assert.notEqual(page.seen.history[page.seen.history.length - 1]?.powerW, null);
  page.watch.stop();
});

test("a pause that the device wants is kept", async () => {
  const page = begin(({ socket }) => socket);
  page.fail(new WayError("wait", "slowly", 30_000));
  page.watch.start();
  await page.clock.run(29_000);
  assert.equal(page.asked.length, 1);
  await page.clock.run(2_000);
  assert.equal(page.asked.length, 2);
  page.watch.stop();
});

test("a password that counts no more leads back to where it is asked", async () => {
  const page = begin(({ socket }) => socket);
  page.fail(new WayError("password", "the password is wrong"));
  page.watch.start();
  await page.clock.run(5_000);
  assert.deepEqual(page.out, ["the password is wrong"]);
  assert.equal(page.asked.length, 1);
});
