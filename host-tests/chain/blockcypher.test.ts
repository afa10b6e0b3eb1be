// The paper's way: BlockCypher builds the transaction. It is signed only when it is our own draft, byte for byte.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { hex } from "@scure/base";
import type { Draft } from "../../shared/bitcoin/draft";
import type { BlockCypher } from "../../shared/chain/blockcypher";
import { BitcoinNode } from "../../tools/node/bitcoin-node";
import { blockCypherOver, fails, KEY, SCRIPT, SHOP, spend } from "./backends";
import { blockCypherFake, type Departure } from "./blockcypher-fake";

const PUBLIC_KEY = hex.encode(secp256k1.getPublicKey(KEY, true));

function sign(digest: string): string {
  return hex.encode(secp256k1.sign(hex.decode(digest), KEY, { prehash: false, format: "der", lowS: true }));
}

describe("a transaction that BlockCypher prepares", () => {
  let node: BitcoinNode;
  before(async () => {
    node = await BitcoinNode.start();
  });
  after(() => node.stop());

  async function draftOf(value: number): Promise<Draft> {
    const inputs = [
      { ...(await node.fund(SCRIPT, 60_000)), amount: 60_000 },
      { ...(await node.fund(SCRIPT, 40_000)), amount: 40_000 },
    ];
    await node.mine(1);
    return { inputs, payerScript: SCRIPT, socketScript: SHOP, value, fee: 500 };
  }

  function over(departure: Departure): BlockCypher {
    return blockCypherOver(blockCypherFake(node, departure));
  }

  it("is signed and sent when it equals our draft", async () => {
    for (const value of [10_000, 99_400]) {
      const chain = over("none");
      const prepared = await chain.prepare(await draftOf(value));
      assert.ok(prepared);
      const txid = await chain.send(prepared, prepared.toSign.map(sign), [PUBLIC_KEY, PUBLIC_KEY]);
      assert.equal(txid, prepared.txid);
      assert.equal((await chain.status(txid)).state, "mempool");
    }
  });

  for (const departure of ["own-sequence", "more-fee", "other-change"] satisfies Departure[]) {
    it(`is not used when it departs from it (${departure}); ours goes out by txs/push`, async () => {
      const chain = over(departure);
      const draft = await draftOf(10_000);
      assert.equal(await chain.prepare(draft), undefined);
      const [coin] = draft.inputs;
      assert.ok(coin);
      const ours = spend(coin, coin.amount, 500);
      assert.equal(await chain.broadcast(ours), node.txidOf(ours));
    });
  }

  it("is not used when hashes are missing, too many or in another order", async () => {
    const draft = await draftOf(10_000);
    const honest = blockCypherFake(node);
    for (const change of [
      (all: string[]) => all.slice(1),
      (all: string[]) => [...all, "00"],
      (all: string[]) => [...all].reverse(),
    ]) {
      const chain = blockCypherOver(async (request, body) => {
        const reply = await honest(request, body);
        const answer = JSON.parse(String(reply.body)) as { tosign: string[] };
        return { ...reply, body: JSON.stringify({ ...answer, tosign: change(answer.tosign) }) };
      });
      assert.equal(await chain.prepare(draft), undefined);
    }
  });

  it("does not count as sent when another id comes back", async () => {
    const chain = over("none");
    const prepared = await chain.prepare(await draftOf(10_000));
    assert.ok(prepared);
    const liar = blockCypherOver(() => ({ status: 201, body: JSON.stringify({ tx: { hash: "77".repeat(32) } }) }));
    await assert.rejects(liar.send(prepared, prepared.toSign.map(sign), [PUBLIC_KEY, PUBLIC_KEY]), fails("malformed"));
  });
});
