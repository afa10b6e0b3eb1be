// What flows for nothing, for how long, and what ends it: time, and neither a plug nor a restart.

import assert from "node:assert/strict";
import { test } from "node:test";
import { alone, Customer, MINUTE } from "../../lab/stage/bench";

const ALLOWANCE_UWH = 50_000;
const HOUR = 60 * MINUTE;

test("standby gives its allowance of energy and not more, however often the plug goes in and out", async () => {
  const bench = alone();
  for (let i = 0; i < 20; i++) {
    bench.draw(30_000);
    await bench.clock.run(20_000);
    bench.circuit.isPlugged = false;
    await bench.clock.run(60_000);
  }
  const hours = bench.clock.now() / HOUR;
  const most = ALLOWANCE_UWH * (1 + hours) + 1_000;
  assert.ok(bench.circuit.delivered <= most, `${bench.circuit.delivered} uWh, at most ${most}`);
  assert.ok(bench.circuit.delivered >= ALLOWANCE_UWH * 0.9);
});

test("neither does a restart of the socket refill the allowance", async () => {
  const bench = alone();
  bench.draw(30_000);
  for (let i = 0; i < 10; i++) {
    await bench.clock.run(3_000);
    bench.restartSocket();
  }
  await bench.clock.run(10_000);
  // At each cut what flowed since the meter's last record is forgotten; a lockout, once begun,
  // begins anew.
  const most = ALLOWANCE_UWH + 10 * 31_000 * (3 / 3.6) + 1_000;
  assert.ok(bench.circuit.delivered <= most, `${bench.circuit.delivered} uWh, at most ${most}`);
});

test("an allowance that is used up is whole again after an hour", async () => {
  const bench = alone();
  bench.draw(30_000);
  await bench.clock.run(10_000);
  assert.equal(bench.named("lockout")[0]?.why, "allowance-used");
  bench.circuit.isPlugged = false;
  await bench.clock.run(HOUR + 2 * MINUTE);
  assert.ok((await new Customer(bench, 21).status()).standbyRemaining >= 45);
});

test("a heavy appliance without a cable trips the standby limit: lockout, again and again, and no power", async () => {
  const bench = alone();
  bench.draw(2_000_000);
  await bench.clock.run(10 * MINUTE);
  assert.ok(bench.named("lockout").every((event) => event.why === "over-current" || event.why === "allowance-used"));
  // Once more than its allowance: the half-wave in which the relay opened, at 2 kW.
  const most = ALLOWANCE_UWH * (1 + 10 / 60) + 6_000;
  assert.ok(bench.circuit.delivered <= most, `${bench.circuit.delivered} uWh, at most ${most}`);
});

test("a lockout is not ended by a restart: it begins anew", async () => {
  const bench = alone();
  const visitor = new Customer(bench, 21);
  for (let i = 0; i < 7; i++) {
    await visitor.status();
    await bench.clock.run(10_000);
  }
  assert.equal((await visitor.status()).state, "lockout");
  bench.restartSocket();
  const { state, lockoutMs } = await visitor.status();
  assert.equal(state, "lockout");
  assert.ok(lockoutMs > 59_000);
  assert.ok(!bench.circuit.socket.closed);
});

test("a third machine that only asks for the status locks nobody out for longer than a minute at a time", async () => {
  const bench = alone();
  const stranger = new Customer(bench, 66, undefined, []);
  const payer = new Customer(bench, 21);
  let paid = 0;
  for (let i = 0; i < 60 && paid === 0; i++) {
    await bench.clock.run(5_000);
    if ((await stranger.status()).state === "standby" && i > 13) paid = (await payer.pay()).credited;
  }
  assert.equal(paid, 40_000);
});

test("a trip that was tried three times stays until the cable has left, and the next one finds a working socket", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  await payer.pay();
  bench.draw(5_000_000);
  for (let i = 0; i < 6; i++) {
    await bench.clock.run(15_000);
    await payer.status();
  }
  assert.equal(bench.named("trip").length, 4, "the first, and three tries");
  assert.equal(bench.circuit.socket.read().trip, "over-current");
  bench.circuit.load = 0;
  bench.circuit.isPlugged = false;
  await bench.clock.run(MINUTE);
  assert.equal(bench.circuit.socket.read().trip, undefined);
  const next = new Customer(bench, 22);
  assert.equal((await next.pay()).credited, 40_000);
  assert.ok(bench.circuit.socket.closed);
});

test("credit that is used up ends although the gate's word of it is lost", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  await payer.pay();
  const { socket: gate } = bench.circuit;
  const tell = gate.onEvent;
  let lost = 0;
  gate.onEvent = (event) => {
    if (event.kind !== "energy-used") return tell(event);
    lost += 1;
    // Or standby, which carries no toaster, would trip.
    bench.circuit.load = 0;
  };
  bench.draw(1_300_000);
  for (let second = 0; second < 600 && lost === 0; second++) {
    await payer.status();
    await bench.clock.run(1_000);
  }
  assert.ok(lost > 0, "the lease was used up, and the socket was not told");
  await bench.clock.run(5_000);
  assert.equal((await payer.status()).state, "standby", bench.story());
  assert.equal(bench.named("credit-used").length, 1);
});

test("a payment makes the allowance whole again, and pays for what standby gave", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  bench.draw(5_000);
  await bench.clock.run(20_000);
  assert.ok((await payer.status()).standbyRemaining < 25);
  const { remaining } = await payer.pay();
  assert.ok(remaining < 40_000 - 25, `${remaining} mWh: what standby gave is charged`);
});
