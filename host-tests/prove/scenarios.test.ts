// The scenarios on the model chain: each ends with an account that adds up to the satoshi.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Account, MODEL_SCENARIOS, runModelScenario } from "../../lab/model/scenarios";

async function play(name: string): Promise<{ account: Account; names: string[] }> {
  const lines: string[] = [];
  const account = await runModelScenario(name, { seed: 1, json: true, print: (line) => lines.push(line) });
  const objects = lines.map((line) => JSON.parse(line) as { name: string });
  assert.deepEqual(objects.at(-1), JSON.parse(JSON.stringify(account)), "the last line is the account");
  return { account, names: objects.map(({ name }) => name) };
}

describe("on the model chain", () => {
  for (const name of MODEL_SCENARIOS)
    it(`every satoshi of ${name} is accounted for, and both bounds hold`, async () => {
      const { account } = await play(name);
      assert.equal(account.cableBeforeSat, account.cableAfterSat + account.socketReceivedSat + account.minerFeesSat);
      assert.ok(account.socketWorstSat <= account.socketBoundSat);
      assert.ok(account.cableLossSat <= 10_000, `${account.cableLossSat}`);
    });

  it("a double spender is found out, gets no more, and what it took is known to the satoshi", async () => {
    const { account, names } = await play("double-spend");
    assert.ok(names.includes("rival") && names.includes("lost"));
    assert.equal(account.socketReceivedSat, 0);
    assert.ok(account.socketOwedSat >= account.socketLossSat && account.socketLossSat > 0);
    assert.ok(account.minerFeesSat >= 20_000, "it cost the thief the fee that nobody outbids");
  });

  it("who brings out an old commitment pays the rest with the next session", async () => {
    const { account } = await play("old-commitment");
    assert.equal(account.socketOwedSat, 0);
    assert.ok(account.socketLossSat <= 0);
    assert.deepEqual(
      account.transactions.map((tx) => tx.toSocketSat),
      [10_000, 40_000],
    );
  });

  it("a settlement survives two reorganisations", async () => {
    const { account, names } = await play("reorg");
    assert.equal(names.filter((name) => name === "reorganised").length, 2);
    assert.equal(account.transactions.length, 1);
    assert.ok(account.socketLossSat <= 0 && account.cableLossSat <= 100);
  });

  it("fees that rise are quoted anew, within the cable's limit, and the commitment on its way is outbid", async () => {
    const { account } = await play("fee-spike");
    assert.ok(account.transactions.every((tx) => tx.feeSat > 1_000 && tx.feeSat <= 5_000));
    assert.ok(account.socketLossSat <= 0);
  });

  it("an unknown name is refused with those that exist", async () => {
    await assert.rejects(runModelScenario("nonsense", { seed: 1, json: true }), /expected one of double-spend/);
  });
});
