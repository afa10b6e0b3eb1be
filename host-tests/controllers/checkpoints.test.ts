// Checkpoints, rising fees, arrears, and bids against an earlier commitment.

import assert from "node:assert/strict";
import { test } from "node:test";
import { alone, CAR, Customer, MINUTE, plugged } from "../../lab/stage/bench";
import { Fault } from "../../shared/protocol/faults";
import type { PaymentRequest } from "../../shared/protocol/types";

/** Pays `count` increments and gives what was sent, the last one's answer's next draft unpaid. */
async function pay(payer: Customer, count: number): Promise<PaymentRequest[]> {
  const sent: PaymentRequest[] = [];
  let offer = await payer.ask();
  for (let i = 0; i < count; i++) {
    const request = payer.sign(offer);
    sent.push(request);
    const { next } = await payer.send(request);
    if (next) offer = next;
    else break;
  }
  return sent;
}

test("at the checkpoint the commitment goes out, and each later one replaces it at a higher fee", async () => {
  const bench = plugged({ socket: { checkpoint: 15_000 } }, CAR);
  await bench.clock.run(3 * MINUTE);
  assert.equal(bench.named("checkpoint").length, 1);
  const broadcasts = bench.named("broadcast");
  assert.ok(broadcasts.length >= 3);
  for (let i = 1; i < broadcasts.length; i++) {
    assert.ok(Number(broadcasts[i]?.value) > Number(broadcasts[i - 1]?.value));
    assert.ok(Number(broadcasts[i]?.fee) > Number(broadcasts[i - 1]?.fee));
  }
  assert.deepEqual(bench.named("broadcast-refused"), []);
  assert.equal(bench.network.node.mempool.entries.size, 1, "they all spend the same coins");
});

test("where the network wants more for a replacement than the backend knows, the next bid pays what was missing, and power flows on", async () => {
  const bench = plugged({ socket: { checkpoint: 15_000, sessionMax: 50_000 }, cable: { maxFeeShare: 500 } }, CAR);
  await bench.clock.run(1_000);
  const { feeRates } = bench.view;
  bench.view.feeRates = async () => ({ ...(await feeRates.call(bench.view)), incremental: 100 });
  Object.assign(bench.network.node.mempool.policy, { incremental: 1_000 });
  let interruptions = 0;
  bench.circuit.onSupply = () => interruptions++;
  await bench.clock.run(3 * MINUTE);
  assert.ok(bench.named("broadcast-refused").length > 0);
  assert.deepEqual(bench.named("suspended"), []);
  assert.equal(interruptions, 0);
  const [first] = bench.named("session-ended");
  assert.deepEqual([first?.why, first?.paid], ["complete", 50_000]);
  bench.unplug();
  await bench.clock.run(MINUTE);
  bench.network.mine();
  assert.ok(bench.received() >= 50_000, `${bench.received()} sat`);
});

test("fees that rise between increments are followed: the same value again at a higher fee, within both limits", async () => {
  const bench = plugged({}, 100_000);
  await bench.clock.run(20_000);
  bench.network.market = 5_000;
  await bench.clock.run(3 * MINUTE);
  const repeated = bench.named("credited").filter((event) => event.value === 0);
  assert.equal(repeated.length, 1);
  assert.equal(repeated[0]?.energy, 0);
  assert.equal(repeated[0]?.fee, 705);
  bench.unplug();
  await bench.clock.run(MINUTE);
  bench.network.mine();
  assert.equal(bench.received(), 10_000);
});

test("a fee spike beyond the limit settles at once what is held, and nobody asks without end", async () => {
  const bench = plugged({}, 100_000);
  await bench.clock.run(20_000);
  bench.network.market = 80_000;
  await bench.clock.run(10 * MINUTE);
  assert.equal(bench.named("session-ended")[0]?.why, "complete");
  assert.equal(bench.named("broadcast").length, 1);
  assert.ok(bench.named("held").length <= 12, `${bench.named("held").length} refusals in ten minutes`);
  bench.network.market = 1_000;
  await bench.clock.run(20 * MINUTE);
  assert.ok(bench.named("credited").length >= 2, "it goes on when fees have fallen");
});

test("when an older commitment is mined, the cable pays the arrears along with the next session's first increment", async () => {
  const bench = plugged({}, 1_300_000);
  let early: string | undefined;
  bench.front = (socket) => ({
    getStatus: (request, peer) => socket.getStatus(request, peer),
    powerRequest: (request, peer) => socket.powerRequest(request, peer),
    payTransaction: (request, peer) => {
      early ??= request.transaction;
      return socket.payTransaction(request, peer);
    },
  });
  await bench.clock.run(4 * MINUTE);
  assert.equal(bench.named("credited").length, 3);
  bench.unplug();
  // Whoever did it: the first commitment is in a block before the socket says a word.
  bench.network.node.submit(early ?? "");
  bench.network.mine();
  await bench.clock.run(2 * MINUTE);
  bench.network.mineMany(2);
  await bench.clock.run(MINUTE);
  assert.equal(bench.named("buried")[0]?.owed, 20_000);
  bench.plugIn();
  await bench.clock.run(5 * MINUTE);
  assert.ok(!bench.named("held").some((event) => event.reason === "arrears-refused"));
  bench.unplug();
  await bench.clock.run(MINUTE);
  bench.network.mineMany(2);
  await bench.clock.run(MINUTE);
  const paid = bench.named("credited").reduce((sum, event) => sum + Number(event.value), 0);
  assert.equal(bench.received(), paid, "every satoshi of every increment is confirmed");
});

test("arrears are asked for with the change that shows them, though a larger coin is there", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21, undefined, [400_000]);
  const [first] = await pay(payer, 2);
  bench.network.node.submit(first?.transaction ?? "");
  bench.network.mine();
  await bench.clock.run(MINUTE);
  bench.network.mineMany(2);
  await bench.clock.run(MINUTE);
  bench.network.grant(payer.wallet.script, 2_000_000);
  const offer = await payer.ask();
  assert.equal(offer.arrears, 10_000);
  assert.equal(offer.outputs[0]?.amount, 20_000);
  assert.ok(offer.inputs[0] && offer.inputs[0].amount < 400_000, "the change comes first");
  const { credited } = await payer.pay(offer);
  assert.equal(credited, 40_000, "arrears buy nothing again");
});

test("a cable that does not pay arrears, which it may have forgotten, is dealt with all the same; what it owes still bounds what is sold", async () => {
  const bench = alone({ socket: { exposureLimit: 30_000, checkpoint: 30_000 } });
  const payer = new Customer(bench, 21, undefined, [400_000]);
  const [first] = await pay(payer, 2);
  bench.network.node.submit(first?.transaction ?? "");
  bench.network.mine();
  await bench.clock.run(MINUTE);
  bench.network.mineMany(2);
  await bench.clock.run(2 * MINUTE);
  assert.equal((await payer.ask()).arrears, 10_000);
  await bench.clock.run(5 * MINUTE);
  const offer = await payer.ask();
  assert.equal(offer.arrears, 0);
  const second = await payer.pay(offer);
  const third = await payer.pay(second.next);
  assert.equal(third.next, undefined, "10 000 sat of debt and two increments are the limit");
});

test("an older commitment that the cable broadcasts opens the relay, and the next draft outbids it", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  const [first] = await pay(payer, 3);
  await bench.clock.run(2_000);
  bench.network.node.submit(first?.transaction ?? "");
  await bench.clock.run(2_000);
  assert.equal(bench.named("rival")[0]?.rival, "earlier-commitment");
  assert.equal((await payer.status()).state, "standby");
  const offer = await payer.ask();
  assert.equal((await payer.status()).state, "standby", "asking alone closes no relay while the bidding is open");
  assert.equal(offer.energy, 0);
  assert.ok(offer.credit > 119_000);
  await payer.pay(offer);
  await bench.clock.run(2_000);
  const [only] = [...bench.network.node.mempool.entries.values()];
  assert.equal(only?.tx.outputs[0]?.amount, 30_000, "the latest value took the old one's place");
  assert.ok((await payer.status()).remaining > 119_000);
});

test("long sessions wait for a confirmation before more credit is extended", async () => {
  const bench = plugged({ socket: { exposureLimit: 30_000 }, coins: [2_000_000] }, CAR);
  await bench.clock.run(10 * MINUTE);
  assert.equal(bench.named("credited").length, 3);
  assert.ok(bench.named("held").some((event) => event.reason === "waiting"));
  assert.ok(bench.circuit.delivered <= 120_000_000 * 1.01);
  assert.equal(bench.received(), 0);
  bench.network.mineMany(2);
  await bench.clock.run(5 * MINUTE);
  assert.equal(bench.named("credited").length, 6);
});

test("a socket whose settlement pays too little waits until fees fall, and sells on", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  await pay(payer, 2);
  bench.network.node.mempool.policy = { ...bench.network.node.mempool.policy, mempoolMin: 2_000 };
  await bench.clock.run(MINUTE);
  assert.equal(bench.named("broadcast").length, 0);
  bench.network.node.mempool.policy = { ...bench.network.node.mempool.policy, mempoolMin: 0 };
  await bench.clock.run(MINUTE);
  assert.equal(bench.named("broadcast").length, 1);
});

test("a session at the fee limit gets no further draft", async () => {
  const bench = alone({ socket: { feeLimit: 200 } });
  const payer = new Customer(bench, 21);
  const { next } = await payer.pay();
  bench.network.market = 50_000;
  await bench.clock.run(2_000);
  assert.ok(next);
  await payer.status();
  await bench.clock.run(25_000);
  await payer.status();
  await bench.clock.run(25_000);
  await payer.status();
  await bench.clock.run(15_000);
  await assert.rejects(payer.ask(), (error) => error instanceof Fault && error.fault === "session-ended");
  await bench.clock.run(1_000);
  assert.equal(bench.named("broadcast").length, 1);
});
