// Stories of a socket and a cable together: the real controllers and signatures, on a virtual clock
// and a model chain.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bench, Customer } from "../../lab/stage/bench";
import { addressOf } from "../../shared/bitcoin/address";

const MINUTE = 60_000;
const TOASTER = 1_300_000;

function named(bench: Bench, name: string): Bench["events"] {
  return bench.events.filter((event) => event.name === name);
}

function start(options: ConstructorParameters<typeof Bench>[0] = {}, load = TOASTER): Bench {
  const bench = new Bench(options);
  bench.socket.start();
  bench.cable.start();
  bench.circuit.load = load;
  return bench;
}

test("a cable pays in advance, renews as credit runs low, and power never stops in between", async () => {
  const bench = start();
  let interruptions = 0;
  await bench.clock.run(1_000);
  bench.circuit.onSupply = () => interruptions++;
  await bench.clock.run(10 * MINUTE);
  assert.equal(interruptions, 0);
  assert.equal(bench.cable.state, "powered");
  assert.ok(named(bench, "credited").length >= 5);
});

test("power does not stop in between either where an increment lasts for seven seconds only", async () => {
  const bench = start({ socket: { increment: 600, sessionMax: 19_200 } });
  let interruptions = 0;
  await bench.clock.run(1_000);
  bench.circuit.onSupply = () => interruptions++;
  await bench.clock.run(2 * MINUTE);
  assert.equal(interruptions, 0);
  assert.ok(named(bench, "credited").length >= 15);
});

test("many increments are settled by one transaction once the cable has left", async () => {
  const bench = start();
  await bench.clock.run(5 * MINUTE);
  bench.unplug();
  await bench.clock.run(MINUTE);
  bench.network.mine();
  await bench.clock.run(MINUTE);
  const credited = named(bench, "credited");
  assert.equal(named(bench, "broadcast").length, 1);
  assert.equal(named(bench, "mined").length, 1);
  assert.equal(named(bench, "broadcast")[0]?.value, credited.length * 10_000);
});

test("the basic scheme broadcasts each payment at once", async () => {
  const bench = start({ cable: { schemes: ["basic"] } });
  await bench.clock.run(5 * MINUTE);
  assert.ok(named(bench, "credited").length >= 3);
  assert.equal(named(bench, "broadcast").length, named(bench, "credited").length);
});

test("a session that reaches its maximum is settled, and the next one spends its change without a pause", async () => {
  const bench = start({ coins: [400_000] }, 3_600_000);
  for (let i = 0; i < 4; i++) {
    await bench.clock.run(5 * MINUTE);
    bench.network.mine();
  }
  assert.ok(named(bench, "broadcast").length >= 2);
  assert.deepEqual(named(bench, "held"), []);
  assert.deepEqual(named(bench, "stopped"), []);
});

test("credit that a cable left is honoured on return", async () => {
  const bench = start();
  await bench.clock.run(30_000);
  bench.unplug();
  await bench.clock.run(5 * MINUTE);
  const delivered = bench.circuit.delivered;
  bench.plugIn();
  await bench.clock.run(30_000);
  assert.equal(named(bench, "credit-honoured").length, 1);
  assert.equal(bench.cable.state, "powered");
  assert.ok(bench.circuit.delivered > delivered + 9_000_000, "the toaster goes on");
  assert.equal(named(bench, "credited").length, 1, "nothing is paid while credit lasts");
});

test("a caller that only names the address of a cable that left draws none of its credit; the cable still finds it", async () => {
  const bench = start();
  await bench.clock.run(30_000);
  bench.unplug();
  await bench.clock.run(2 * MINUTE);
  const delivered = bench.circuit.delivered;
  const address = addressOf(bench.wallet.script, "regtest");
  bench.draw(10_000);
  for (const ticket of [undefined, "ab".repeat(16)]) {
    const request = { address, scheme: "single-fee" as const, ...(ticket === undefined ? {} : { ticket }) };
    const offer = await bench.clock.finish(bench.socket.powerRequest(request, "169.254.9.9:1"));
    assert.equal(offer.credit, 0, "nor is it told how much there is");
  }
  await bench.clock.run(5 * MINUTE);
  assert.equal(named(bench, "credit-honoured").length, 0);
  assert.ok(bench.circuit.delivered - delivered < 60_000, "a stranger gets what standby gives");
  bench.unplug();
  bench.circuit.load = TOASTER;
  await bench.clock.run(5 * MINUTE);
  bench.plugIn();
  await bench.clock.run(30_000);
  assert.equal(named(bench, "credit-honoured").length, 1);
  assert.equal(named(bench, "credited").length, 1, "nothing is paid while credit lasts");
  assert.deepEqual(named(bench, "stopped"), []);
});

test("a cable that shows no ticket gets the credit that it left with its next payment", async () => {
  const bench = start();
  await bench.clock.run(30_000);
  bench.unplug();
  await bench.clock.run(2 * MINUTE);
  const payer = new Customer(bench, 7);
  const { remaining } = await payer.pay();
  assert.ok(remaining > 60_000, `${remaining} mWh: what it bought now, and most of what it had bought before`);
});

test("a cable without coins stops, and draws no more than standby gives", async () => {
  const bench = start({ coins: [] });
  await bench.clock.run(20 * MINUTE);
  assert.equal(bench.cable.state, "stopped");
  assert.equal(named(bench, "stopped")[0]?.reason, "out-of-funds");
  assert.ok(bench.circuit.delivered <= 50_000 * (1 + 20 / 60) + 1_000, `${bench.circuit.delivered} µWh`);
});

test("funds that run out end the power when the last credit is used, and lose nothing", async () => {
  const bench = start({ coins: [26_000] }, 3_600_000);
  await bench.clock.run(10 * MINUTE);
  const paid = named(bench, "credited").length;
  assert.equal(paid, 2);
  assert.ok(bench.circuit.delivered >= 80_000_000 * 0.95, "what was paid for has flowed");
  assert.ok(bench.circuit.delivered <= 80_000_000 + 200_000, "and nothing else");
  bench.network.mine();
  await bench.clock.run(MINUTE);
  assert.equal(named(bench, "broadcast")[0]?.value, 20_000);
});

test("a price above the owner's limit is not paid", async () => {
  const bench = start({ cable: { maxPrice: 100_000 } });
  await bench.clock.run(MINUTE);
  assert.equal(named(bench, "stopped")[0]?.reason, "overpriced");
  assert.equal(named(bench, "credited").length, 0);
});

test("a visitor that does not pay loses the standby power: lockout, then standby again", async () => {
  const bench = new Bench();
  bench.socket.start();
  await bench.clock.run(1_000);
  await bench.socket.getStatus({}, "169.254.1.2:1");
  await bench.clock.run(61_000);
  assert.equal((await bench.clock.finish(bench.socket.getStatus({}, "169.254.1.2:1"))).state, "lockout");
  bench.circuit.isPlugged = false;
  await bench.clock.run(61_000);
  assert.equal(named(bench, "lockout").length, 1);
  assert.equal(named(bench, "standby").length, 2);
});

test("a house that lost power: the socket settles first of all, keeps the credit, and the cable goes on with a new session", async () => {
  const bench = start();
  await bench.clock.run(2 * MINUTE);
  const before = named(bench, "credited").length;
  bench.unplug();
  bench.restartSocket();
  bench.plugIn();
  await bench.clock.run(3 * MINUTE);
  assert.ok(named(bench, "broadcast").length >= 1);
  assert.equal(named(bench, "credit-honoured").length, 1);
  assert.ok(named(bench, "credited").length > before);
});
