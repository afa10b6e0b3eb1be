// The built-in scenarios, from plug to settlement, with both firmwares, a real node and the power
// gate's C core.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { before, describe, test } from "node:test";
import type { EngineName } from "../../lab/sim/engine";
import { findWorker } from "../../lab/sim/engine-xs";
import { type Run, runScenario } from "../../lab/sim/run";
import { loadScenario } from "../../lab/sim/scenario";
import type { Scheme } from "../../shared/protocol/words";
import { schemaFaults } from "./schema";

async function run(name: string, engine: EngineName = "node", scheme: Scheme = "single-fee", seed = 1): Promise<Run> {
  const played = await runScenario({ scenario: loadScenario(name), engine, scheme, seed });
  assert.deepEqual(schemaFaults(played.summary), []);
  return played;
}

function names({ happenings }: Run, from: string): readonly string[] {
  return happenings.filter((each) => each.from === from).map(({ event }) => event.name);
}

/** Parts of a summary in which XS and Node must agree. */
function ledgerOf({ summary }: Run) {
  const { increments, paidSat, settlements, states, faults } = summary;
  return { increments, paidSat, txids: settlements.map(({ txid }) => txid), states, faults };
}

const hasXs = (() => {
  try {
    return existsSync(findWorker());
  } catch {
    return false;
  }
})();
const needsXs = { skip: hasXs ? false : "the XS engine is not built: npm rebuild @agoric/xsnap" };

describe("toaster", () => {
  let toaster: Run;
  before(async () => {
    toaster = await run("toaster");
  });

  test("two batches of toast are paid for in two increments and settled by one mined transaction", () => {
    const { summary } = toaster;
    assert.equal(summary.increments, 2);
    assert.equal(summary.paidSat, 20_000);
    assert.equal(summary.settlements.length, 1);
    assert.ok((summary.settlements[0]?.height ?? 0) > 432);
    assert.ok(summary.energyWh > 72 && summary.energyWh < 72.6, `${summary.energyWh} Wh`);
    assert.equal(summary.unpaidWh, 0);
    assert.equal(summary.crashes, 0);
  });

  test("the fee is half of what the basic protocol costs for two increments", () => {
    const { feeSat, basic } = toaster.summary;
    assert.equal(basic.transactions, 2);
    assert.equal(basic.feeSat, 2 * feeSat);
  });

  test("power flows only after the socket has accepted a payment", () => {
    const story = toaster.happenings.map(({ from, event }) => `${from} ${event.name}`);
    assert.ok(story.indexOf("socket credited") >= 0);
    assert.ok(story.indexOf("scene appliance powered") > story.indexOf("socket credited"));
  });

  test("the same seed gives the same run, word for word", async () => {
    const again = await run("toaster");
    assert.deepEqual(again.happenings, toaster.happenings);
    assert.deepEqual(again.summary, toaster.summary);
  });

  test("another seed gives other keys and other transactions", async () => {
    const other = await run("toaster", "node", "single-fee", 2);
    assert.notEqual(other.summary.settlements[0]?.txid, toaster.summary.settlements[0]?.txid);
  });

  test("XS and Node agree on ledger, transactions, faults and states", needsXs, async () => {
    assert.deepEqual(ledgerOf(await run("toaster", "xs")), ledgerOf(toaster));
  });
});

test("the basic scheme broadcasts each increment at once", async () => {
  const { summary } = await run("toaster", "node", "basic");
  assert.equal(summary.increments, 2);
  assert.equal(summary.settlements.length, 2);
  assert.equal(summary.paidSat, 20_000);
});

test("a household pays today's price, a fraction of a satoshi a watt-hour, at a fee below 1 sat/vB", async () => {
  const { summary } = await run("household");
  assert.equal(summary.paidSat, 900);
  assert.equal(summary.settlements.length, 1);
  const [settlement] = summary.settlements;
  assert.ok(settlement?.height && settlement.feeSat < settlement.vbytes);
});

test("a phone at 10 W for an hour takes a quarter of an increment, the cable's own watt included", async () => {
  const { summary } = await run("phone");
  assert.equal(summary.increments, 1);
  assert.ok(summary.energyWh > 10.9 && summary.energyWh < 11.1, `${summary.energyWh} Wh`);
});

test("a car takes several sessions, each settled at its maximum", async () => {
  const { summary } = await run("car");
  assert.equal(summary.increments, 44);
  assert.equal(summary.settlements.length, 5);
  assert.equal(summary.paidSat, 440_000);
  assert.equal(summary.unpaidWh, 0);
  assert.ok(summary.settlements.every(({ height }) => height !== null));
});

describe("replug", () => {
  let replug: Run;
  before(async () => {
    replug = await run("replug");
  });
  test("credit is honoured when the cable comes back, and no increment is paid twice", () => {
    assert.ok(names(replug, "socket").includes("credit-honoured"));
    assert.equal(replug.summary.increments, 2);
    assert.ok(replug.summary.energyWh > 72);
  });
  test("XS and Node agree", needsXs, async () => {
    assert.deepEqual(ledgerOf(await run("replug", "xs")), ledgerOf(replug));
  });
});

test("a cable that runs out of coins loses its power, not its money", async () => {
  const { summary } = await run("broke");
  assert.equal(summary.paidSat, 10_000);
  assert.ok(summary.faults.includes("out-of-funds"));
  // What was paid for has flowed, and no more than the standby allowance beyond it.
  assert.ok(summary.energyWh > 39.9 && summary.energyWh < 40.2, `${summary.energyWh} Wh`);
});

test("a cable that never pays is locked out, then finds standby again", async () => {
  const { summary } = await run("no-pay");
  assert.deepEqual(summary.states.socket.slice(0, 3), ["standby", "lockout", "standby"]);
  assert.equal(summary.paidSat, 0);
  assert.ok(summary.energyWh < 0.2, `${summary.energyWh} Wh for nothing`);
  assert.equal(summary.plugToPowerMs, null);
});
