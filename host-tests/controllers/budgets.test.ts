// What a cable's owner allows: budgets over sessions, fees, coins and what other sockets may owe.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bench, CAR, MINUTE, plugged } from "../../lab/stage/bench";

function reasons(bench: Bench): string[] {
  return [...bench.named("held"), ...bench.named("stopped")].map((event) => String(event.reason));
}

function paid(bench: Bench): number {
  return bench.named("paid").reduce((sum, event) => sum + Number(event.value), 0);
}

test("no more is paid in 24 hours of being powered than the owner allows, over all sessions and restarts", async () => {
  const bench = plugged({ cable: { maxDaily: 40_000 }, socket: { sessionMax: 20_000 } }, CAR);
  for (let i = 0; i < 4; i++) {
    await bench.clock.run(5 * MINUTE);
    bench.network.mineMany(2);
    bench.restartCable();
  }
  assert.equal(paid(bench), 40_000);
  assert.ok(reasons(bench).includes("daily-budget"));
});

test("a session that reaches the owner's limit is left to be settled, and another one follows", async () => {
  const bench = plugged({ cable: { maxSession: 20_000 } }, CAR);
  for (let i = 0; i < 5; i++) {
    await bench.clock.run(3 * MINUTE);
    bench.network.mineMany(2);
  }
  assert.ok(reasons(bench).includes("session-limit"));
  assert.ok(paid(bench) >= 40_000, `${paid(bench)} sat`);
  for (const event of bench.named("session-ended")) assert.ok(Number(event.paid) <= 20_000);
});

test("fees are no larger a share of what is paid than the owner allows; one may run ahead", async () => {
  const options = { cable: { schemes: ["basic"], maxFee: 200, maxFeeShare: 5, maxDaily: 1e6 } } as const;
  const bench = plugged(options, CAR);
  bench.network.market = 1_000;
  for (let i = 0; i < 5; i++) {
    await bench.clock.run(2 * MINUTE);
    bench.network.mineMany(2);
  }
  const fees = bench.named("paid").reduce((sum, event) => sum + Number(event.fee), 0);
  assert.ok(reasons(bench).includes("fee-share"));
  assert.ok(fees <= 200 + (paid(bench) * 5) / 1000, `${fees} sat of fees for ${paid(bench)} sat`);
  assert.ok(paid(bench) >= 10_000);
});

test("coins of a session that may still be settled are pledged to no other socket", async () => {
  const bench = plugged({ cable: { maxClaims: 100_000 } });
  await bench.clock.run(20_000);
  bench.exchangeSocket(44);
  await bench.clock.run(5 * MINUTE);
  assert.equal(bench.named("paid").length, 1);
  // The other socket is told which coin it may not have, and there is no other.
  assert.ok(reasons(bench).includes("out-of-funds"), reasons(bench).join(" "));
});

test("while another socket owes more than the owner allows, nothing is paid to anybody", async () => {
  const bench = plugged({ cable: { maxClaims: 5_000 } });
  await bench.clock.run(10_000);
  bench.network.grant(bench.wallet.script, 3_000_000);
  bench.exchangeSocket(44);
  await bench.clock.run(5 * MINUTE);
  assert.equal(bench.named("paid").length, 1);
  assert.ok(reasons(bench).includes("claims-open"), reasons(bench).join(" "));
});

test("a socket that takes a payment and never says so gets another over other coins only within the owner's limit", async () => {
  const bench = plugged({ cable: { maxClaims: 5_000 } });
  bench.front = (socket) => ({
    getStatus: (request, peer) => socket.getStatus(request, peer),
    powerRequest: (request, peer) => socket.powerRequest(request, peer),
    payTransaction: () => new Promise(() => {}),
  });
  await bench.clock.run(5_000);
  bench.network.grant(bench.wallet.script, 3_000_000);
  bench.restartCable();
  bench.restartSocket();
  await bench.clock.run(2 * MINUTE);
  assert.equal(paid(bench), 0);
  assert.ok(reasons(bench).includes("claims-open"), reasons(bench).join(" "));
});

test("an offer of another amount for a coin that was seen is refused over sessions and restarts", async () => {
  const bench = plugged({ socket: { sessionMax: 10_000 } });
  await bench.clock.run(20_000);
  bench.restartCable();
  bench.front = (socket) => ({
    getStatus: (request, peer) => socket.getStatus(request, peer),
    powerRequest: async (request, peer) => {
      const offer = await socket.powerRequest(request, peer);
      return { ...offer, inputs: offer.inputs.map((coin) => ({ ...coin, amount: coin.amount - 1_000 })) };
    },
    payTransaction: (request, peer) => socket.payTransaction(request, peer),
  });
  await bench.clock.run(3 * MINUTE);
  assert.ok(reasons(bench).some((reason) => reason === "amount-changed" || reason === "hidden-fee"));
  assert.equal(bench.named("paid").length, 1);
});
