// A socket that sells by channel and loses power at any write: nothing is delivered that was not
// paid for, beyond standby and what a meter forgets; and no credit is lost beyond what was drawn
// since.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { CutKind } from "../../lab/model/store";
import { alone, Bench, MINUTE, TOASTER } from "../../lab/stage/bench";
import { BY_CHANNEL, ChannelCustomer } from "../../lab/stage/channel-customer";
import { entryJournal } from "../../shared/channel/record";
import { energyFor } from "../../shared/kernel/units";

const DEPOSIT = 20_000;
const PRICE = BY_CHANNEL.price;
/**
 * What a power cut makes a meter forget: 2 Wh and a second of the toaster; and what standby gives
 * besides.
 */
const FORGOTTEN = 2_400;
const STANDBY = 150;

/**
 * Visits, increments and leavings for a while, the same each time; whatever the socket says, it
 * goes on.
 */
async function visits(bench: Bench, customer: ChannelCustomer): Promise<void> {
  for (let visit = 0; visit < 3; visit++) {
    bench.circuit.isPlugged = true;
    for (let step = 0; step < 3; step++) {
      await customer
        .visit()
        .then(async ({ paid, pay }) => {
          // What was signed and not heard is said again.
          customer.owes = Math.max(customer.owes, paid);
          await customer.payMore(customer.owes > paid ? 0 : Math.max(pay, 20));
        })
        .catch(() => undefined);
      bench.draw(TOASTER);
      await bench.clock.run(20_000);
    }
    bench.draw(0);
    bench.unplug();
    await bench.clock.run(2 * MINUTE);
  }
}

async function cutAt(
  writes: number,
  kind: CutKind,
): Promise<{ bench: Bench; customer: ChannelCustomer; cuts: number }> {
  const bench = alone({ socket: BY_CHANNEL });
  const customer = new ChannelCustomer(bench, 21);
  await customer.open(DEPOSIT);
  let cuts = 0;
  bench.socketStore.onCut = () => {
    cuts += 1;
    bench.cutSocket();
    bench.clock.after(3_000, () => bench.restartSocket());
  };
  bench.socketStore.cutIn = { writes, kind };
  await visits(bench, customer);
  return { bench, customer, cuts };
}

for (const kind of ["lost", "torn", "kept"] as const)
  test(`a socket that loses power at any of its writes (${kind}) keeps every account of a channel`, async () => {
    const { bench: calm } = await cutAt(10_000, kind);
    const writes = 10_000 - (calm.socketStore.cutIn?.writes ?? 0);
    assert.ok(writes > 15, `${writes} writes`);
    for (let write = 1; write <= writes; write++) {
      const where = `write ${write} of ${writes}`;
      const { bench, customer, cuts } = await cutAt(write, kind);
      assert.equal(cuts, 1, where);
      const { paid, credit } = await customer.visit();
      assert.ok(paid <= customer.owes, where);
      const bought = energyFor(paid, PRICE);
      const delivered = bench.circuit.delivered / 1_000;
      assert.ok(delivered + credit <= bought + FORGOTTEN + STANDBY, `${where}: ${delivered} + ${credit} of ${bought}`);
      assert.ok(delivered + credit >= bought - 100, `${where}: ${delivered} + ${credit} of ${bought}`);
    }
  });

/**
 * Both devices from a new cable on: funding, burial, visits; `side` loses power at its n-th write.
 */
async function bothCut(
  side: "socket" | "cable",
  writes: number,
  kind: CutKind,
): Promise<{ bench: Bench; cuts: number }> {
  const bench = new Bench({
    coins: [30_000, 1_000_000],
    socket: { ...BY_CHANNEL, price: 30_000, increment: 1_000 },
    cable: { schemes: ["channel", "single-fee"], maxPrice: 60_000, maxIncrement: 1_000, maxFee: 1_000 },
  });
  const store = side === "socket" ? bench.socketStore : bench.cableStore;
  let cuts = 0;
  store.onCut = () => {
    cuts += 1;
    if (side === "socket") bench.cutSocket();
    bench.cutCable();
    bench.clock.after(3_000, () => {
      if (side === "socket") bench.restartSocket();
      if (bench.circuit.isPlugged) bench.restartCable();
    });
  };
  store.cutIn = { writes, kind };
  bench.socket.start();
  bench.cable.start();
  for (let visit = 0; visit < 3; visit++) {
    bench.circuit.load = TOASTER;
    await bench.clock.run(2.5 * MINUTE);
    bench.unplug();
    await bench.clock.run(2 * MINUTE);
    bench.network.mineMany(6);
    await bench.clock.run(2 * MINUTE);
    bench.plugIn();
  }
  await bench.clock.run(2 * MINUTE);
  return { bench, cuts };
}

/**
 * By the sessions that were told of, and by the channel's entry: a socket whose power goes tells
 * nothing of its last increment.
 */
function paidIn(bench: Bench): number {
  const sessions = bench.named("credited").filter(({ channel }) => channel === undefined);
  const entry = entryJournal(bench.socketStore, 0, () => {}).load();
  return sessions.reduce((sum, event) => sum + Number(event.value), entry?.paid ?? 0);
}

for (const side of ["socket", "cable"] as const)
  test(`a ${side} that loses power at any of its writes while both deal by channel costs neither more than an increment`, async () => {
    const kinds: readonly CutKind[] = ["lost", "torn", "kept"];
    const { bench: calm } = await bothCut(side, 10_000, "kept");
    const store = side === "socket" ? calm.socketStore : calm.cableStore;
    const writes = 10_000 - (store.cutIn?.writes ?? 0);
    assert.ok(writes > 20 && calm.named("paid").some(({ channel }) => channel !== undefined), calm.story());
    for (let write = 1; write <= writes; write += 3) {
      const kind = kinds[write % kinds.length] as CutKind;
      const where = `${side}, write ${write} of ${writes}, ${kind}`;
      const { bench, cuts } = await bothCut(side, write, kind);
      assert.ok(cuts === 1, where);
      assert.notEqual(bench.cable.state, "stopped", `${where}: ${bench.story()}`);
      const credited = paidIn(bench);
      const worth = (bench.circuit.delivered * 30_000) / 1e9;
      // An increment ahead, what standby gave and what a meter forgot (2.4 Wh, 72 sat).
      assert.ok(worth <= credited + 80, `${where}: ${worth} sat drawn, ${credited} paid\n${bench.story()}`);
      assert.ok(worth >= credited - 1_100, `${where}: ${worth} sat drawn, ${credited} paid\n${bench.story()}`);
      assert.deepEqual(
        bench.named("held").filter(({ reason }) => reason !== "locked" && reason !== "waiting"),
        [],
        where,
      );
    }
  });
