// The option of a hot payout key, on the model chain: a child of the socket's own lifts its settlement over a rival or
// over the market.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Referee } from "./referee";
import { RogueCable } from "./rogue-cable";
import { Stage } from "./stage";

async function sold(childFeeLimit: number): Promise<{ stage: Stage; rogue: RogueCable }> {
  const stage = new Stage({
    seed: 3,
    realSigner: true,
    coins: [160_000],
    socketError: 0,
    cableError: 0,
    electronics: 0,
    socket: { childFeeLimit },
    cable: {},
  });
  stage.circuit.load = 1_300_000;
  stage.startSocket();
  await stage.clock.run(1_000);
  const rogue = new RogueCable(stage, new Referee(stage));
  for (let i = 0; i < 3; i++) {
    rogue.do("pay", 0);
    await stage.clock.run(3_000);
  }
  return { stage, rogue };
}

describe("a socket with a hot payout key", () => {
  it("outbids an old commitment with a child, where one without it has to wait for arrears", async () => {
    for (const limit of [0, 2_000]) {
      const { stage, rogue } = await sold(limit);
      rogue.do("old-commitment", 0);
      await stage.clock.run(60_000);
      stage.network.mineMany(2);
      await stage.clock.run(60_000);
      const latest = stage.acks.at(-1);
      assert.equal(latest?.value, 30_000);
      const isMined = stage.network.blocks.blockOf(latest?.txid ?? "") !== undefined;
      assert.equal(isMined, limit > 0, stage.story.join("\n"));
      if (limit > 0) assert.ok(stage.childFees() > 0 && stage.childFees() <= limit, `${stage.childFees()}`);
    }
  });

  it("brings a settlement that the market left behind into the next block", async () => {
    for (const limit of [0, 5_000]) {
      const { stage } = await sold(limit);
      await stage.clock.run(60_000);
      stage.network.market = 10_000;
      await stage.clock.run(90_000);
      stage.network.mine();
      const isMined = stage.network.blocks.blockOf(stage.acks.at(-1)?.txid ?? "") !== undefined;
      assert.equal(isMined, limit > 0, stage.story.join("\n"));
    }
  });
});
