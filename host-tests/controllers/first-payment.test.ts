// What the network would refuse buys no energy: the first commitment of a session is asked about
// before power flows.

import assert from "node:assert/strict";
import { test } from "node:test";
import { alone, type Bench, Customer, MINUTE, plugged } from "../../lab/stage/bench";
import { ChainError } from "../../shared/chain/error";
import { Fault } from "../../shared/protocol/faults";

const TESTS = { view: { tests: true, rewards: true } } as const;
/** Blockstream's Esplora, Electrum, BlockCypher. */
const CANNOT_TEST = { view: { rewards: true } } as const;

function refused(words: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Fault, String(error));
    assert.equal(error.fault, "broadcast-refused");
    assert.match(error.message, words);
    return true;
  };
}

/** A customer whose only coin is a block's reward, `age` blocks old. */
function miner(bench: Bench, age: number): Customer {
  const customer = new Customer(bench, 21, undefined, []);
  bench.network.reward(customer.wallet.script, 5_000_000);
  bench.network.mineMany(age - 1);
  return customer;
}

/** A block's reward 4 blocks old buys nothing, and is passed over from then on. */
async function buysNothing(options: typeof TESTS | typeof CANNOT_TEST): Promise<void> {
  const bench = alone(options);
  const payer = miner(bench, 4);
  await assert.rejects(payer.pay(), refused(/coinbase|reward/));
  const status = await payer.status();
  assert.deepEqual([status.state, status.remaining], ["standby", 0]);
  await assert.rejects(payer.ask(), /no confirmed coins/, "it is known by then");
  bench.network.grant(payer.wallet.script, 100_000);
  assert.equal((await payer.pay()).state, "paid", "another coin is taken, though it is smaller");
}

test("a block's reward 4 blocks old buys nothing, by a backend that asks its node", () => buysNothing(TESTS));

test("a block's reward 4 blocks old buys nothing, by a backend that cannot", () => buysNothing(CANNOT_TEST));

test("a block's reward that is old enough pays, and so does an ordinary young coin", async () => {
  for (const options of [TESTS, CANNOT_TEST]) {
    const bench = alone(options);
    assert.equal((await miner(bench, 100).pay()).state, "paid");
    await bench.clock.run(MINUTE);
    assert.equal((await new Customer(bench, 22).pay()).state, "paid");
  }
});

test("a node that relays from 1 sat/vB, behind a backend that says less, is paid what it takes", async () => {
  const bench = plugged({ view: { tests: true, floor: 100 }, policy: { minRelay: 1_000, incremental: 1_000 } });
  await bench.clock.run(20 * MINUTE);
  assert.ok(bench.named("credited").length >= 5, bench.story());
  bench.unplug();
  await bench.clock.run(2 * MINUTE);
  bench.network.mine();
  const worth = bench.named("credited").reduce((sum, { value }) => sum + Number(value), 0);
  assert.equal(bench.received(), worth, "all that was delivered is received");
});

test("the first payment asks one question more, later ones none", async () => {
  const counts: number[][] = [];
  for (const options of [{}, { view: { tests: true } }]) {
    const bench = alone(options);
    const payer = new Customer(bench, 21);
    const total = (): number => [...bench.view.asked.values()].reduce((sum, count) => sum + count, 0);
    const asked: number[] = [];
    let offer = await payer.ask();
    for (let i = 0; i < 3; i++) {
      const before = total();
      const { next } = await payer.pay(offer);
      assert.ok(next);
      offer = next;
      asked.push(total() - before);
    }
    counts.push(asked);
  }
  assert.deepEqual(counts, [
    [0, 0, 0],
    [1, 0, 0],
  ]);
});

test("a node that does not answer has refused nothing: away, limited, talking nonsense, or silent for five seconds", async () => {
  for (const kind of ["away", "rate-limited", "malformed"] as const) {
    const bench = alone(TESTS);
    const payer = new Customer(bench, 21);
    const offer = await payer.ask();
    Object.assign(bench.view, { wouldTake: () => Promise.reject(new ChainError(kind, "told so")) });
    bench.restartSocket();
    await assert.rejects(payer.pay(offer), /no such session/);
    assert.equal((await payer.pay()).state, "paid");
    assert.equal(bench.named("chain-trouble").length, 1);
  }
  const bench = alone(TESTS);
  Object.assign(bench.view, { wouldTake: () => new Promise(() => {}) });
  bench.restartSocket();
  const payer = new Customer(bench, 21);
  const offer = await payer.ask();
  const from = bench.clock.now();
  assert.equal((await payer.pay(offer)).state, "paid");
  assert.ok(bench.clock.now() - from <= 5_100, "and no longer");
});

test("the question goes out only for the draft's own bytes, and the journal knows of them first", async () => {
  const bench = alone(TESTS);
  const payer = new Customer(bench, 21);
  const journals: string[] = [];
  Object.assign(bench.view, {
    wouldTake: () => {
      const journal = [...bench.socketStore.values.values()].map((bytes) => Buffer.from(bytes).toString("latin1"));
      journals.push(journal.find((text) => text.includes('"asked"')) ?? "");
      return Promise.resolve(true);
    },
  });
  bench.restartSocket();
  const request = payer.sign(await payer.ask());
  const other = request.transaction.replace(/^02/, "01");
  await assert.rejects(payer.send({ ...request, transaction: other }), Fault);
  assert.equal(journals.length, 0);
  await payer.send(request);
  assert.equal(journals.length, 1);
  assert.ok(journals[0]?.includes(request.transaction));
});

test("a forged signature buys nothing, whatever the node says of it, and is kept nowhere", async () => {
  const bench = alone(TESTS);
  const payer = new Customer(bench, 21);
  Object.assign(bench.view, { wouldTake: () => Promise.resolve(true) });
  bench.restartSocket();
  const request = payer.sign(await payer.ask());
  // A digit in the middle of the signature's S, which ends before the key.
  const at = request.transaction.indexOf(Buffer.from(payer.wallet.publicKey).toString("hex")) - 24;
  const digit = request.transaction[at] === "7" ? "8" : "7";
  const forged = request.transaction.slice(0, at) + digit + request.transaction.slice(at + 1);
  await assert.rejects(payer.send({ ...request, transaction: forged }), /signature/i);
  assert.equal((await payer.status()).remaining, 0);
  bench.restartSocket();
  await bench.clock.run(MINUTE);
  assert.deepEqual(bench.named("broadcast"), []);
});

test("power that goes while the network is asked loses no payment: it goes out, and its credit waits", async () => {
  const bench = alone(TESTS);
  const payer = new Customer(bench, 21);
  const request = payer.sign(await payer.ask());
  void bench.socket.payTransaction(request, payer.host);
  await bench.clock.run(10);
  bench.restartSocket();
  await bench.clock.run(MINUTE);
  assert.equal(bench.named("broadcast").length, 1, bench.story());
  const offer = await payer.ask();
  assert.equal(offer.credit, 40_000, "what it paid for is there");
  assert.notEqual(offer.session, request.session);
});
