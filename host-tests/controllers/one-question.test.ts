// Opening a session takes one question to the chain where a list of coins says that they are
// unspent; what else a socket needs to know it has asked for while it waited.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { alone, type Bench, Customer, MINUTE } from "../../lab/stage/bench";
import { signDraft } from "../../shared/bitcoin/sign";
import type { Coin } from "../../shared/kernel/ports";
import { Fault } from "../../shared/protocol/faults";
import type { DraftOffer } from "../../shared/protocol/types";

const LISTS = { view: { lists: true } } as const;
const HOUR = 60 * MINUTE;

/** Questions by name that `action` costs. */
async function asked(bench: Bench, action: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = new Map(bench.view.asked);
  await action();
  const counts = [...bench.view.asked].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

function faulty(name: string) {
  return (error: unknown) => error instanceof Fault && error.fault === name;
}

/** The payer sends what `offer` would spend to somebody else. */
function spendElsewhere(bench: Bench, payer: Customer, offer: DraftOffer): void {
  const value = offer.inputs.reduce((sum, { amount }) => sum + amount, 0) - 2_000;
  const { inputs } = offer;
  const draft = { inputs, payerScript: payer.wallet.script, socketScript: `0014${"5a".repeat(20)}`, value, fee: 2_000 };
  bench.network.node.submit(signDraft(draft, payer.wallet));
}

describe("an opening", () => {
  test("is one question where the list of coins takes the mempool into account", async () => {
    const bench = alone(LISTS);
    await bench.clock.run(2_000);
    const payer = new Customer(bench, 21);
    assert.deepEqual(await asked(bench, () => payer.ask()), { utxos: 1 });
  });

  test("asks about the coins that it chose, too, where the list does not say that", async () => {
    const bench = alone();
    await bench.clock.run(2_000);
    const payer = new Customer(bench, 21);
    assert.deepEqual(await asked(bench, () => payer.ask()), { utxos: 1, outspend: 1 });
  });

  test("is dated by when it was asked: a payment that comes too late for it asks again", async () => {
    const bench = alone({ ...LISTS, socket: { unspentMaxAge: 20_000 } });
    await bench.clock.run(2_000);
    const payer = new Customer(bench, 21);
    bench.view.delay = 3_000;
    const request = payer.sign(await payer.ask());
    bench.view.delay = 50;
    await bench.clock.run(18_000);
    const cost = await asked(bench, () => payer.send(request));
    assert.equal(cost.outspend, 1, "the answer took 3 s, so it is 21 s old");
  });

  test("never takes a coin that was settled here, whatever the list says", async () => {
    const bench = alone(LISTS);
    const payer = new Customer(bench, 21, undefined, [50_000]);
    const offer = await payer.ask();
    const coins: readonly Coin[] = offer.inputs.map((coin) => ({ ...coin, height: 1 }));
    await payer.pay(offer);
    await bench.clock.run(2 * MINUTE);
    bench.network.mineMany(12);
    await bench.clock.run(5 * MINUTE);
    bench.view.utxos = () => Promise.resolve(coins);
    await assert.rejects(payer.ask(), faulty("input-spent"));
  });
});

describe("an opening by a backend that remembers coins", () => {
  const KEEPS = { view: { keeps: true } } as const;

  test("looks for a payer's coins once, and later asks about the one that it chose only", async () => {
    const bench = alone(KEEPS);
    await bench.clock.run(2_000);
    const payer = new Customer(bench, 21);
    assert.deepEqual(await asked(bench, () => payer.ask()), { utxos: 1, outspend: 1 });
    await bench.clock.run(HOUR);
    assert.equal((await asked(bench, () => payer.ask())).utxos, undefined, "an hour later");
  });

  test("sells for the change of a settlement, a day later, without looking for coins", async () => {
    const bench = alone(KEEPS);
    const payer = new Customer(bench, 21, undefined, [50_000]);
    await payer.pay(await payer.ask());
    await bench.clock.run(5 * MINUTE);
    bench.network.mineMany(6);
    await bench.clock.run(24 * HOUR);
    let inputs: readonly Coin[] = [];
    const cost = await asked(bench, async () => {
      inputs = (await payer.ask()).inputs;
    });
    assert.deepEqual([cost.utxos, cost.outspend], [undefined, 1]);
    assert.ok(
      bench.named("broadcast").some(({ txid }) => txid === inputs[0]?.txid),
      "the change of what was settled",
    );
  });

  test("takes another coin where the one that it remembers was spent elsewhere, and looks for coins where none is left", async () => {
    const bench = alone(KEEPS);
    const payer = new Customer(bench, 21, undefined, Array(7).fill(100_000));
    const first = await payer.ask();
    spendElsewhere(bench, payer, first);
    await bench.clock.run(MINUTE);
    let second = first;
    const others = await asked(bench, async () => {
      second = await payer.ask();
    });
    assert.equal(others.utxos, undefined, "others are known");
    assert.ok(second.inputs.every(({ txid }) => first.inputs.every((coin) => coin.txid !== txid)));
    bench.network.grant(payer.wallet.script, 600_000);
    let looks = 0;
    for (let round = 0; round < 7 && looks === 0; round++) {
      spendElsewhere(bench, payer, second);
      await bench.clock.run(MINUTE);
      const cost = await asked(bench, async () => {
        second = await payer.ask();
      });
      looks = cost.utxos ?? 0;
    }
    assert.equal(looks, 1, "looked for anew when none was left");
    assert.deepEqual(
      second.inputs.map(({ amount }) => amount),
      [600_000],
    );
  });
});

describe("a socket that waits", () => {
  test("keeps tip and fee rates fresh for an hour after the last call, and asks nothing then", async () => {
    const bench = alone(LISTS);
    await bench.clock.run(HOUR + MINUTE);
    const { tip = 0, feeRates = 0 } = Object.fromEntries(bench.view.asked);
    assert.ok(tip >= 70 && tip <= 90 && feeRates >= 70 && feeRates <= 90, `${tip} and ${feeRates} in an hour`);
    assert.deepEqual(await asked(bench, () => bench.clock.run(3 * HOUR)), {});
    const payer = new Customer(bench, 21);
    await payer.status();
    const again = await asked(bench, () => bench.clock.run(2_000));
    assert.deepEqual(again, { tip: 1, feeRates: 1 }, "somebody is there");
  });

  test("asks once a minute where the chain does not answer", async () => {
    const bench = alone(LISTS);
    bench.view.fault = "rate-limits";
    const cost = await asked(bench, () => bench.clock.run(10 * MINUTE));
    assert.ok((cost.tip ?? 0) >= 8 && (cost.tip ?? 0) <= 11, JSON.stringify(cost));
  });
});
