// Coins that vanished sockets hold come back to the cable by its owner's word, through any socket,
// and no other way.

import assert from "node:assert/strict";
import { test } from "node:test";
import { alone, Bench, type BenchOptions, Customer, MINUTE, TOASTER } from "../../lab/stage/bench";
import { INCREMENT, robbed } from "../../lab/stage/grabber";
import { releaseDraft } from "../../shared/bitcoin/release";
import { signDraft } from "../../shared/bitcoin/sign";
import type { Coin } from "../../shared/kernel/ports";
import { Fault } from "../../shared/protocol/faults";
import type { PowerRequest, SocketCalls } from "../../shared/protocol/types";

const MOST = 4 * INCREMENT;
const WORD = { cable: { release: "2026-11-26" } };

/**
 * Sockets that vanish with a payment each, until the cable's owner has no more to risk; each held
 * one of its real coins.
 */
async function afterRobbery(options: BenchOptions = {}): Promise<{ bench: Bench; coins: readonly Coin[] }> {
  const bench = new Bench({ ...options, coins: [500_000, 500_000, 500_000, 500_000, 500_000] });
  bench.socket.start();
  bench.cable.start();
  bench.circuit.load = TOASTER;
  const { coins, total } = await robbed(bench);
  assert.equal(total, MOST, "expected the bound to hold at the fifth");
  bench.front = (socket) => socket;
  return { bench, coins };
}

async function pass(bench: Bench, rounds = 5): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await bench.clock.run(2 * MINUTE);
    bench.network.mineMany(1);
  }
}

test("five sockets vanish one after the other; after a release the cable pays the sixth with a coin that came back", async () => {
  const { bench, coins } = await afterRobbery();
  bench.configure(WORD);
  bench.restartCable();
  await pass(bench);
  assert.equal(bench.named("released")[0]?.coins, 4, bench.story());
  const sent = bench.named("release-sent").map(({ txid }) => txid);
  assert.ok(sent.length > 0, bench.story());
  assert.ok(bench.named("paid").length > 0, bench.story());
  bench.unplug();
  await pass(bench);
  const left = [...bench.network.blocks.unspent.values()].map(({ txid }) => txid);
  assert.ok(
    sent.some((txid) => !left.includes(String(txid))),
    "expected a coin that came back to be spent",
  );
  // The fifth coin was never risked, and is not risked now.
  assert.ok(left.includes(coins[4]?.txid ?? ""));
});

test("without the owner's word no coin comes back, and the cable says which are stuck and what to do", async () => {
  const { bench, coins } = await afterRobbery();
  bench.restartCable();
  await pass(bench);
  assert.equal(bench.named("release-sent").length, 0);
  const told = bench.named("stuck").map(({ coins: names }) => String(names));
  for (const { txid, vout } of coins.slice(0, 4)) assert.ok(told.includes(`${txid}:${vout}`), told.join("\n"));
  assert.ok(bench.named("stuck").every(({ value }) => value === INCREMENT));
});

test("a release stays within the owner's fee limits, all releases and payments together", async () => {
  const { bench } = await afterRobbery();
  // Four payments had a fee of 141 sat each; a release adds 110.
  const limit = 4 * 141 + 250;
  bench.configure({ cable: { ...WORD.cable, maxFee: limit, maxFeeShare: 0 } });
  bench.restartCable();
  await pass(bench);
  assert.deepEqual(
    bench.named("released").map(({ coins, stuck }) => ({ coins, stuck })),
    [{ coins: 2, stuck: 2 }],
  );
});

test("a socket of version 1, which refuses the member, is asked again without it", async () => {
  const { bench } = await afterRobbery();
  bench.network.grant(bench.wallet.script, 600_000);
  bench.network.mineMany(3);
  bench.configure({ cable: { ...WORD.cable, forgive: "2026-11-26" } });
  let refused = 0;
  bench.front = (socket) => new Old(socket, () => refused++);
  bench.restartCable();
  await pass(bench);
  assert.ok(refused > 0, "expected the member to be sent");
  assert.equal(bench.named("release-sent").length, 0);
  assert.ok(bench.named("paid").length > 0, bench.story());
});

test("a payment that a socket gave power for is taken back by no word", async () => {
  const bench = new Bench({ coins: [500_000] });
  bench.socket.start();
  bench.cable.start();
  bench.circuit.load = TOASTER;
  await bench.clock.run(5 * MINUTE);
  assert.ok(bench.named("paid").length > 1, bench.story());
  bench.restartSocket();
  bench.configure(WORD);
  bench.restartCable();
  await pass(bench);
  assert.equal(bench.named("released")[0]?.coins, 0);
  assert.equal(bench.named("rival").length, 0, bench.story());
});

test("a socket broadcasts no release of coins that it is paid with", async () => {
  const bench = alone();
  const customer = new Customer(bench, 5);
  bench.network.mineMany(1);
  const offer = await customer.ask();
  const release = signDraft(releaseDraft(offer.inputs, customer.wallet.script, 5_000), customer.wallet);
  const ask = () =>
    bench.clock.finish(
      bench.socket.powerRequest({ address: customer.address, scheme: "single-fee", release }, customer.host),
    );
  await customer.pay(offer);
  await ask();
  await bench.clock.run(MINUTE);
  assert.equal(bench.named("release-sent").length + bench.named("release-refused").length, 0, bench.story());
});

test("a socket broadcasts one release a minute for all callers together", async () => {
  const { bench } = await afterRobbery();
  bench.configure(WORD);
  const asked: number[] = [];
  bench.front = (socket) => new Counting(socket, () => asked.push(bench.clock.now()));
  bench.restartCable();
  await pass(bench);
  const at = bench.named("release-sent").map((event) => event.at);
  assert.ok(asked.length > at.length || at.length === 1, "expected more requests with a release than broadcasts");
  for (const [i, time] of at.entries()) assert.ok(i === 0 || time - (at[i - 1] ?? 0) >= MINUTE);
});

class Counting implements SocketCalls {
  constructor(
    protected readonly socket: SocketCalls,
    protected readonly onRelease: () => void,
  ) {}
  getStatus: SocketCalls["getStatus"] = (request, peer) => this.socket.getStatus(request, peer);
  payTransaction: SocketCalls["payTransaction"] = (request, peer) => this.socket.payTransaction(request, peer);
  async powerRequest(request: PowerRequest, peer: string) {
    if (request.release) this.onRelease();
    return this.socket.powerRequest(request, peer);
  }
}

class Old extends Counting {
  override async powerRequest(request: PowerRequest, peer: string) {
    if (request.release === undefined) return this.socket.powerRequest(request, peer);
    this.onRelease();
    throw new Fault("invalid-parameters");
  }
}
