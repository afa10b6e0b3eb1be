// What a socket asks the chain when a first call tells who will ask for power: a question, and no
// more than that.

import assert from "node:assert/strict";
import { test } from "node:test";
import { alone, type Bench, Customer } from "../../lab/stage/bench";
import { Fault } from "../../shared/protocol/faults";
import type { Status } from "../../shared/protocol/types";

function faultIs(name: string): (error: unknown) => boolean {
  return (error) => error instanceof Fault && error.fault === name;
}

/** The model chain answers within this. */
const ANSWERED = 1_000;

function greet(each: Customer, host = each.host): Promise<Status> {
  const { bench, address } = each;
  return bench.clock.finish(bench.socket.getStatus({ address, scheme: "single-fee" }, host));
}

/** How often the chain was asked for coins. */
function lists({ view }: Bench): number {
  return (view.asked.get("utxos") ?? 0) + (view.asked.get("listing") ?? 0);
}

test("the coins are asked for with the first call, and not once more when power is requested", async () => {
  const bench = alone();
  const cable = new Customer(bench, 21);
  await greet(cable);
  assert.equal(lists(bench), 1, "the answer does not wait for the chain");
  await bench.clock.run(ANSWERED);
  const offer = await cable.ask();
  assert.equal(lists(bench), 1);
  assert.equal((await cable.pay(offer)).credited, 40_000);
});

test("a request that comes while the question is on its way waits for that answer, and keeps its turn", async () => {
  const bench = alone();
  const cable = new Customer(bench, 21);
  const stranger = new Customer(bench, 31);
  bench.view.delay = 8_000;
  await greet(cable);
  const asking = bench.socket.powerRequest({ address: cable.address, scheme: "single-fee" }, cable.host);
  for (let i = 0; i < 3; i++) {
    await bench.clock.run(7_000);
    await assert.rejects(stranger.ask(), faultIs("socket-busy"));
  }
  const offer = await bench.clock.finish(asking);
  assert.equal(lists(bench), 1);
  assert.equal((await cable.pay(offer)).credited, 40_000);
});

test("it opens no session, and closes and opens no relay", async () => {
  const bench = alone();
  const cable = new Customer(bench, 21);
  const before = await cable.status();
  const { closed } = bench.circuit.socket.read();
  const after = await greet(cable);
  await bench.clock.run(ANSWERED);
  assert.deepEqual(await cable.status(), before);
  assert.deepEqual(after, before);
  assert.equal(bench.circuit.socket.read().closed, closed);
  assert.deepEqual(
    bench.events.map(({ name }) => name),
    ["start", "standby"],
  );
});

test("it counts as that host's turn: others wait some seconds, and it goes to the back where it does not pay", async () => {
  const bench = alone();
  const idle = new Customer(bench, 31);
  const cable = new Customer(bench, 21);
  await greet(idle);
  await bench.clock.run(ANSWERED);
  await assert.rejects(cable.ask(), faultIs("socket-busy"));
  await bench.clock.run(5_000);
  const offer = await cable.ask();
  await assert.rejects(idle.ask(), faultIs("socket-busy"), "it has had its turn");
  await greet(idle);
  assert.equal(lists(bench), 2, "nor is the chain asked for a host whose turn it is not");
  assert.equal((await cable.pay(offer)).credited, 40_000);
});

test("a call that says so again and again, and then asks, holds the socket no longer than its turn and a second", async () => {
  const bench = alone();
  const idle = new Customer(bench, 31);
  const cable = new Customer(bench, 21);
  let waited = 0;
  for (; waited < 60_000; waited += 500) {
    await greet(idle);
    if (waited === 4_500) await idle.ask();
    const offer = await cable
      .ask()
      .catch((error) => (faultIs("socket-busy")(error) ? undefined : Promise.reject(error)));
    if (offer) break;
    await bench.clock.run(500);
  }
  assert.ok(waited <= 6_500, `${waited} ms`);
});

test("a flood of first calls from many hosts, each with another address, asks the chain once in five seconds", async () => {
  const bench = alone();
  const crowd = Array.from({ length: 40 }, (_, i) => new Customer(bench, 40 + i));
  for (const each of crowd) {
    await greet(each);
    await greet(each, `${each.host}0`);
  }
  await bench.clock.run(4_000);
  assert.equal(lists(bench), 1);
  const one = crowd[7] as Customer;
  for (let i = 0; i < 20; i++) {
    await greet(one);
    await bench.clock.run(1_000);
  }
  assert.ok(lists(bench) <= 6, `${lists(bench)} questions in 24 s`);
});

test("while a cable pays or draws, nothing is asked for others", async () => {
  const bench = alone();
  const cable = new Customer(bench, 21);
  await cable.pay();
  const before = lists(bench);
  await greet(new Customer(bench, 31));
  await greet(cable);
  await bench.clock.run(10_000);
  assert.equal(lists(bench), before);
});

test("a lockout, a scheme that is not sold and an address of another network ask nothing, and status is told all the same", async () => {
  const bench = alone({ socket: { schemes: ["single-fee"] } });
  const { address, host } = new Customer(bench, 21);
  const wrong = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
  assert.equal((await bench.socket.getStatus({ address: wrong, scheme: "single-fee" }, host)).state, "standby");
  assert.equal((await bench.socket.getStatus({ address, scheme: "basic" }, host)).state, "standby");
  bench.draw(500_000_000);
  await bench.clock.run(5_000);
  assert.equal((await bench.socket.getStatus({ address, scheme: "single-fee" }, host)).state, "lockout");
  assert.equal(lists(bench), 0);
});

test("what failed, or is more than some seconds old, is asked anew", async () => {
  const bench = alone();
  const cable = new Customer(bench, 21);
  bench.view.fault = "away";
  await greet(cable);
  await bench.clock.run(30_000);
  bench.view.fault = "none";
  await cable.ask();
  assert.equal(lists(bench), 2);
  const late = alone();
  const other = new Customer(late, 21);
  await greet(other);
  await late.clock.run(20_000);
  await other.ask();
  assert.equal(lists(late), 2);
});

test("what is asked for one address is not used for another", async () => {
  const bench = alone();
  const rich = new Customer(bench, 21);
  const poor = new Customer(bench, 22, rich.host, []);
  await greet(rich);
  await bench.clock.run(ANSWERED);
  await assert.rejects(poor.ask(), faultIs("insufficient-funds"));
  assert.equal(lists(bench), 2);
});
