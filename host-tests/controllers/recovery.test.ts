// Power that goes at each journal write of either side: what was promised is kept, nothing is paid
// twice, both go on.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { CutKind, CutStore } from "../../lab/model/store";
import { CAR, INCREMENT_UWH, MINUTE, plugged } from "../../lab/stage/bench";

const KINDS: readonly CutKind[] = ["lost", "torn", "kept"];
const OFF = 3_000;
/** Worth of what a device may forget that it metered (2 Wh), and of what both meters may be off. */
const FORGOTTEN_SAT = 1_000;
/** What may be paid ahead when the plug is pulled: an increment and the renewal threshold. */
const AHEAD_SAT = 11_000;

type Side = "socket" | "cable";

/**
 * Runs two increments of a session and more, cuts `side` at its n-th write, and gives how the
 * accounts stand at the end.
 */
async function cutAt(side: Side, scheme: "single-fee" | "basic", writes: number, kind: CutKind) {
  const bench = plugged({ cable: { schemes: [scheme] } }, CAR);
  const store: CutStore = side === "socket" ? bench.socketStore : bench.cableStore;
  let cuts = 0;
  store.onCut = () => {
    cuts += 1;
    // A cable lives on what its socket lets through.
    if (side === "socket") bench.cutSocket();
    bench.cutCable();
    bench.clock.after(OFF, () => {
      if (side === "socket") bench.restartSocket();
      if (bench.circuit.isPlugged) bench.restartCable();
    });
  };
  store.cutIn = { writes, kind };
  await bench.clock.run(2 * MINUTE);
  const state = bench.cable.state;
  bench.unplug();
  await bench.clock.run(MINUTE);
  bench.network.mineMany(2);
  await bench.clock.run(MINUTE);
  const worth = (bench.circuit.delivered * 250) / 1e6;
  return { bench, cuts, state, ahead: bench.received() - worth };
}

for (const side of ["socket", "cable"] as const)
  for (const scheme of ["single-fee", "basic"] as const)
    test(`a ${side} that loses power at any of its journal writes goes on, and nobody loses anything (${scheme})`, async () => {
      for (const kind of KINDS) {
        for (let writes = 1; writes <= 8; writes++) {
          const where = `write ${writes}, ${kind}`;
          const { bench, cuts, state, ahead } = await cutAt(side, scheme, writes, kind);
          assert.equal(cuts, 1, where);
          assert.equal(state, "powered", `${where}: ${bench.story()}`);
          assert.ok(ahead >= -FORGOTTEN_SAT, `${where}: the socket is ${-ahead} sat short`);
          assert.ok(ahead <= AHEAD_SAT + FORGOTTEN_SAT, `${where}: the cable is ${ahead} sat ahead`);
          if (kind !== "torn") assert.deepEqual(bench.named("journal-unreadable"), [], where);
        }
      }
    });

test("an answer that a socket's power cut swallowed is made up for by its credit, whatever coins it offers next", async () => {
  const bench = plugged({ coins: [500_000, 499_000] });
  await bench.clock.run(20_000);
  const { front } = bench;
  bench.front = (socket) => ({
    ...{ getStatus: socket.getStatus.bind(socket), powerRequest: socket.powerRequest.bind(socket) },
    payTransaction: async (request, peer) => {
      await socket.payTransaction(request, peer);
      bench.front = front;
      bench.restartSocket();
      bench.restartCable();
      throw new Error("no answer");
    },
  });
  await bench.clock.run(8 * MINUTE);
  assert.ok(!bench.named("held").some((event) => event.reason === "paid-already"), bench.story());
  assert.equal(bench.cable.state, "powered");
  assert.ok(bench.named("credited").length >= 4);
});

test("a house that loses power again and again pays for what flows, and for no more", async () => {
  const bench = plugged();
  for (let i = 0; i < 6; i++) {
    await bench.clock.run(40_000);
    bench.unplug();
    bench.restartSocket();
    bench.plugIn();
  }
  await bench.clock.run(30_000);
  assert.equal(bench.cable.state, "powered");
  bench.unplug();
  await bench.clock.run(MINUTE);
  bench.network.mineMany(2);
  const worth = (bench.circuit.delivered * 250) / 1e6;
  const ahead = bench.received() - worth;
  assert.ok(ahead >= -6 * 500 - 100, `the socket is ${-ahead} sat short: at most 2 Wh a cut are forgotten`);
  assert.ok(ahead <= AHEAD_SAT, `the cable is ${ahead} sat ahead`);
});

test("the energy totals of both devices go on after a restart, and never fall", async () => {
  const bench = plugged();
  await bench.clock.run(MINUTE);
  const before = bench.circuit.socket.read().total;
  bench.unplug();
  bench.restartSocket();
  bench.plugIn();
  const after = bench.circuit.socket.read().total;
  assert.ok(after <= before && before - after <= 2_100_000, `${before} uWh, then ${after} uWh`);
  await bench.clock.run(MINUTE);
  assert.ok(bench.circuit.socket.read().total > before);
});

for (const scheme of ["single-fee", "basic"] as const) {
  test(`a socket whose flash takes nothing sells nothing, delivers what it sold, and goes on once it can write (${scheme})`, async () => {
    const bench = plugged({ cable: { schemes: [scheme] } });
    await bench.clock.run(MINUTE);
    const sold = bench.named("credited").length;
    bench.socketStore.isFull = true;
    await bench.clock.run(5 * MINUTE);
    assert.equal(bench.named("credited").length, sold);
    assert.ok(bench.named("failed").length > 0, "it says why");
    const paid = sold * INCREMENT_UWH;
    assert.ok(bench.circuit.delivered <= paid + 60_000, `${bench.circuit.delivered} uWh of ${paid}`);
    assert.ok(bench.circuit.delivered > paid * 0.9, "credit is delivered all the same");
    bench.socketStore.isFull = false;
    await bench.clock.run(5 * MINUTE);
    assert.ok(bench.named("credited").length > sold, bench.story());
    bench.unplug();
    await bench.clock.run(MINUTE);
    bench.network.mineMany(3);
    await bench.clock.run(MINUTE);
    assert.equal(bench.received(), bench.named("credited").length * 10_000);
  });

  test(`a cable whose flash takes nothing signs nothing, and goes on once it can write (${scheme})`, async () => {
    const bench = plugged({ cable: { schemes: [scheme] } });
    await bench.clock.run(MINUTE);
    const paid = bench.named("paid").length;
    bench.cableStore.isFull = true;
    await bench.clock.run(5 * MINUTE);
    assert.ok(bench.named("paid").length <= paid + 1, "one was signed ahead");
    bench.cableStore.isFull = false;
    await bench.clock.run(5 * MINUTE);
    assert.ok(bench.named("paid").length > paid + 1, bench.story());
  });
}

test("a socket that starts with flash that takes nothing gives no power, and begins once it can write", async () => {
  const bench = plugged({});
  await bench.clock.run(10_000);
  bench.socketStore.isFull = true;
  bench.restartSocket();
  const before = bench.circuit.delivered;
  await bench.clock.run(5 * MINUTE);
  assert.ok(bench.circuit.delivered - before <= 60_000, `${bench.circuit.delivered - before} uWh`);
  bench.socketStore.isFull = false;
  await bench.clock.run(5 * MINUTE);
  assert.equal(bench.cable.state, "powered");
});
