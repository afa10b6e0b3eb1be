// A socket that sells by channel and loses power at any write: nothing is delivered that was not paid for, beyond standby
// and what a meter forgets; and no credit is lost beyond what was drawn since.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { CutKind } from "../../lab/model/store";
import { alone, type Bench, MINUTE, TOASTER } from "../../lab/stage/bench";
import { BY_CHANNEL, ChannelCustomer } from "../../lab/stage/channel-customer";
import { energyFor } from "../../shared/kernel/units";

const DEPOSIT = 20_000;
const PRICE = BY_CHANNEL.price;
/** What a power cut makes a meter forget: 2 Wh and a second of the toaster; and what standby gives besides. */
const FORGOTTEN = 2_400;
const STANDBY = 150;

/** Visits, increments and leavings for a while, the same each time; whatever the socket says, it goes on. */
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
