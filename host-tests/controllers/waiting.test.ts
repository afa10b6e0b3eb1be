// get_status with wait_ms: held back until the state or the renewal flag changes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { alone, type Bench, CAR, Customer, MINUTE, plugged } from "../../lab/stage/bench";
import type { Status } from "../../shared/protocol/types";

/** Asks without waiting for the answer; gives when it came. */
function asked(bench: Bench, waitMs: number): { at: number | undefined; status: Status | undefined } {
  const answer: { at: number | undefined; status: Status | undefined } = { at: undefined, status: undefined };
  void bench.socket.getStatus({ waitMs }, "169.254.1.9").then((status) => {
    answer.at = bench.clock.now();
    answer.status = status;
  });
  return answer;
}

test("without wait_ms the answer comes at once", async () => {
  const bench = alone();
  const answer = asked(bench, 0);
  await bench.clock.run(0);
  assert.equal(answer.at, 0);
});

test("an answer is held back for wait_ms, and never for so long that the cable would seem to have left", async () => {
  const bench = alone();
  const short = asked(bench, 3_000);
  const long = asked(bench, 60_000);
  await bench.clock.run(MINUTE);
  assert.equal(short.at, 3_000);
  assert.equal(long.at, 15_000, "half of the 30 s after which a cable has left");
});

test("the answer comes as soon as the state changes", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  const offer = await payer.ask();
  const answer = asked(bench, 14_000);
  await bench.clock.run(2_000);
  assert.equal(answer.at, undefined);
  await payer.pay(offer);
  await bench.clock.run(100);
  assert.equal(answer.status?.state, "paid");
});

test("the answer comes as soon as the renewal is due, and at once while it is", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  await payer.pay();
  bench.draw(CAR);
  await bench.clock.run(30_000);
  const answer = asked(bench, 14_000);
  await bench.clock.run(8_000);
  assert.equal(answer.status?.renewalDue, true);
  assert.ok((answer.at ?? 0) >= 35_000 && (answer.at ?? 0) <= 39_000, `${answer.at} ms`);
  const again = asked(bench, 14_000);
  await bench.clock.run(0);
  assert.equal(again.status?.renewalDue, true, "a flag that is up is not waited for");
});

test("at most eight callers are held; the ninth is answered at once, and nobody is forgotten at a restart", async () => {
  const bench = alone();
  const held = Array.from({ length: 8 }, () => asked(bench, 15_000));
  const ninth = asked(bench, 15_000);
  await bench.clock.run(10);
  assert.ok(ninth.status && held.every((answer) => !answer.status));
  await bench.clock.finish(bench.socket.stop());
  assert.ok(held.every((answer) => answer.status));
});

test("a socket that holds nothing back is not asked without end", async () => {
  const bench = plugged({}, 100_000);
  let calls = 0;
  bench.front = (socket) => ({
    getStatus: (_request, peer) => {
      calls += 1;
      return socket.getStatus({}, peer);
    },
    powerRequest: (request, peer) => socket.powerRequest(request, peer),
    payTransaction: (request, peer) => socket.payTransaction(request, peer),
  });
  await bench.clock.run(MINUTE);
  assert.ok(calls <= 125, `${calls} calls in a minute`);
});

test("a cable that is being served asks a few times a minute, and is still there for the renewal", async () => {
  const bench = plugged({}, 500_000);
  let calls = 0;
  bench.front = (socket) => ({
    getStatus: (request, peer) => {
      calls += 1;
      return socket.getStatus(request, peer);
    },
    powerRequest: (request, peer) => socket.powerRequest(request, peer),
    payTransaction: (request, peer) => socket.payTransaction(request, peer),
  });
  await bench.clock.run(4 * MINUTE);
  assert.ok(calls <= 30, `${calls} calls`);
  assert.equal(bench.named("session-ended").length, 0);
  await bench.clock.run(6 * MINUTE);
  assert.ok(bench.named("credited").length >= 2);
});
