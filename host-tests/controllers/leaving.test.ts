// Leaving and coming back: whose credit it is, who may take the socket, and what unplugging does
// not change.

import assert from "node:assert/strict";
import { test } from "node:test";
import { alone, Bench, Customer, INCREMENT_UWH, MINUTE, plugged, TOASTER } from "../../lab/stage/bench";
import { Fault } from "../../shared/protocol/faults";

function faultIs(name: string): (error: unknown) => boolean {
  return (error) => error instanceof Fault && error.fault === name;
}

test("credit that one cable left is not sold to the next, and waits for the first", async () => {
  const bench = alone();
  const first = new Customer(bench, 21);
  const second = new Customer(bench, 22);
  await first.pay();
  await bench.clock.run(20_000);
  await assert.rejects(second.ask(), faultIs("socket-busy"));
  for (let i = 0; i < 4; i++) {
    await bench.clock.run(5_000);
    await second.status();
  }
  const paid = await second.pay();
  assert.ok(paid.remaining <= 40_000, `${paid.remaining} mWh: the second has what it paid for`);
  await bench.clock.run(31_000);
  const offer = await first.ask();
  assert.ok(offer.credit > 39_900, `${offer.credit} mWh wait for the first`);
  assert.equal(bench.named("broadcast").length, 2, "both sessions are settled");
});

test("a third machine on the link takes neither the power nor the session of a cable that pays", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  const stranger = new Customer(bench, 22);
  await payer.pay();
  for (let i = 0; i < 3; i++) {
    await bench.clock.run(15_000);
    await payer.status();
    await assert.rejects(stranger.ask(), faultIs("socket-busy"));
  }
  assert.equal((await payer.status()).state, "paid");
  assert.equal((await payer.pay()).state, "paid");
});

test("a third machine that names the payer's address neither ends the session nor keeps it from being settled", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  await payer.pay();
  const liar = { ...payer, host: "169.254.9.9" };
  const ask = (scheme: "single-fee" | "basic"): Promise<unknown> =>
    bench.clock.finish(bench.socket.powerRequest({ address: liar.address, scheme }, liar.host));
  await assert.rejects(ask("basic"), faultIs("socket-busy"));
  assert.equal(bench.named("session-ended").length, 0);
  for (let i = 0; i < 4; i++) {
    await bench.clock.run(9_000);
    await ask("single-fee");
  }
  assert.equal(bench.named("session-ended")[0]?.why, "left");
  assert.equal(bench.named("broadcast").length, 1);
});

test("credit that a cable is drawing on without a session is not taken away by another's request", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  const stranger = new Customer(bench, 22);
  await payer.pay();
  await bench.clock.run(MINUTE);
  await payer.ask();
  await assert.rejects(stranger.ask(), faultIs("socket-busy"));
  assert.equal((await payer.status()).state, "paid");
});

test("a request takes no power from an appliance that runs on another's credit, however long its cable is silent", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  await payer.pay();
  bench.draw(1_300_000);
  await bench.clock.run(MINUTE);
  for (const stranger of [new Customer(bench, 22), new Customer(bench, 23, payer.host)]) {
    await assert.rejects(stranger.ask(), faultIs("socket-busy"));
    assert.equal((await stranger.status()).state, "paid");
  }
  assert.equal(bench.named("trip").length + bench.named("lockout").length, 0);
  // Once it stops, or draws no more than electronics do, the next may come; what was left waits for
  // the first.
  bench.draw(1_500);
  await bench.clock.run(31_000);
  assert.equal((await new Customer(bench, 24).pay()).credited, 40_000);
  bench.draw(0);
  await bench.clock.run(31_000);
  const { credit } = await payer.ask();
  assert.ok(credit > 15_000, `${credit} mWh wait for the first`);
});

test("a cable that is pulled out for a moment finds its session and its credit as they were", async () => {
  const bench = plugged();
  await bench.clock.run(20_000);
  bench.unplug();
  await bench.clock.run(10_000);
  bench.plugIn();
  await bench.clock.run(10_000);
  assert.equal(bench.cable.state, "powered");
  assert.equal(bench.named("credited").length, 1, "nothing is paid twice");
  assert.equal(bench.named("session-ended").length, 0);
});

test("a cable that calls no more has left after 30 s, but what it paid for runs on", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  await payer.pay();
  bench.draw(1_300_000);
  await bench.clock.run(29_000);
  assert.equal(bench.named("session-ended").length, 0);
  await bench.clock.run(3_000);
  assert.equal(bench.named("session-ended")[0]?.why, "left");
  await bench.clock.run(10 * MINUTE);
  assert.ok(bench.circuit.delivered >= INCREMENT_UWH, `${bench.circuit.delivered} uWh`);
  assert.ok(bench.circuit.delivered <= INCREMENT_UWH + 100_000, `${bench.circuit.delivered} uWh and no more`);
});

test("credit survives any number of the socket's restarts, and is honoured once", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  await payer.pay();
  for (let i = 0; i < 3; i++) bench.restartSocket();
  assert.ok((await payer.ask()).credit >= 39_990);
  bench.restartSocket();
  assert.ok((await payer.ask()).credit >= 39_990);
});

test("a third machine that asks so much that nobody else is heard takes no power from a cable that has paid", async () => {
  const bench = new Bench();
  let crowded = false;
  const busy = () => (crowded ? Promise.reject(new Fault("too-many-requests", "", 1_000)) : undefined);
  bench.front = (socket) => ({
    getStatus: (request, peer) => busy() ?? socket.getStatus(request, peer),
    powerRequest: (request, peer) => busy() ?? socket.powerRequest(request, peer),
    payTransaction: (request, peer) => busy() ?? socket.payTransaction(request, peer),
  });
  bench.socket.start();
  bench.cable.start();
  bench.circuit.load = TOASTER;
  await bench.clock.run(10_000);
  let interruptions = 0;
  bench.circuit.onSupply = () => interruptions++;
  crowded = true;
  await bench.clock.run(MINUTE);
  assert.equal(bench.cable.state, "powered");
  assert.ok(bench.circuit.cable.closed);
  crowded = false;
  await bench.clock.run(5 * MINUTE);
  assert.equal(interruptions, 0);
  assert.deepEqual(bench.named("stopped"), []);
  assert.ok(bench.named("paid").length >= 3, "it pays as before");
});

test("neighbours who ask and never pay keep a cable waiting for some seconds each, and no longer", async () => {
  const bench = alone();
  const neighbours = [31, 32, 33].map((key) => new Customer(bench, key));
  const cable = new Customer(bench, 21);
  const isRefused = faultIs("socket-busy");
  const asked = (each: Customer) => each.ask().catch((error) => (isRefused(error) ? error : Promise.reject(error)));
  let waited = 0;
  for (; waited < 60_000; waited += 500) {
    for (const neighbour of neighbours) await asked(neighbour);
    const offer = await asked(cable);
    if (!(offer instanceof Fault)) {
      // They go on asking while it signs.
      for (const neighbour of neighbours) assert.ok(isRefused(await asked(neighbour)));
      assert.equal((await cable.pay(offer)).credited, 40_000);
      break;
    }
    assert.ok((offer.retryAfterMs ?? 0) > 0, "it is told when to come again");
    await bench.clock.run(500);
  }
  assert.ok(waited <= 15_000, `${waited} ms for three of them`);
});

test("a host that let its turn pass has another when nobody else asks, and a cable that has paid waits for nobody", async () => {
  const bench = alone();
  const broke = new Customer(bench, 22, undefined, []);
  const cable = new Customer(bench, 21);
  await assert.rejects(broke.ask(), faultIs("insufficient-funds"));
  await assert.rejects(cable.ask(), faultIs("socket-busy"));
  await bench.clock.run(5_000);
  await cable.pay();
  await bench.clock.run(MINUTE);
  await assert.rejects(broke.ask(), faultIs("insufficient-funds"));
  await bench.clock.run(20_000);
  await assert.rejects(broke.ask(), faultIs("insufficient-funds"));
});

test("a cable keeps its turn however long the chain takes to find its coins", async () => {
  const bench = alone();
  const cable = new Customer(bench, 21);
  const stranger = new Customer(bench, 31);
  bench.view.delay = 8_000;
  const asking = bench.socket.powerRequest({ address: cable.address, scheme: "single-fee" }, cable.host);
  for (let i = 0; i < 4; i++) {
    await bench.clock.run(7_000);
    await assert.rejects(stranger.ask(), faultIs("socket-busy"));
  }
  const offer = await bench.clock.finish(asking);
  assert.equal((await cable.pay(offer)).credited, 40_000);
});
