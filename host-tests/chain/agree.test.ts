// Every backend, asked about the same chain, gives the same answers.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { BACKENDS, fails, SCRIPT, SHOP, spend } from "../../lab/chain/backends";
import { BitcoinNode } from "../../lab/node/bitcoin-node";
import { BlockCypher } from "../../shared/chain/blockcypher";
import type { Chain } from "../../shared/kernel/ports";

for (const { name, make } of BACKENDS) {
  const isOldCore = name.includes("before 24");
  const isCore = name.startsWith("Bitcoin Core");

  describe(`${name} on a real node's chain`, () => {
    let node: BitcoinNode;
    let chain: Chain;
    before(async () => {
      node = await BitcoinNode.start();
      chain = make(node);
    });
    after(() => node.stop());

    it("follows a coin from its block through its spend into another", async () => {
      const coin = await node.fund(SCRIPT, 100_000);
      if (!isCore) assert.deepEqual(await chain.utxos(SCRIPT, 5), [{ ...coin, amount: 100_000 }]);
      await node.mine(1);
      const { height } = node.tip();
      assert.equal(await chain.tip(), height);
      assert.deepEqual(await chain.utxos(SCRIPT, 5), [{ ...coin, amount: 100_000, height }]);
      assert.equal(await chain.outspend(coin), undefined);

      const raw = spend(coin, 100_000, 200);
      const txid = await chain.broadcast(raw);
      assert.equal(txid, node.txidOf(raw));
      assert.deepEqual(await chain.outspend(coin), isOldCore ? {} : { txid });
      assert.deepEqual(await chain.status(txid), { state: "mempool" });
      assert.deepEqual(await chain.utxos(SCRIPT, 5), []);
      // What was broadcast here is known here. Core's list says nothing of the mempool otherwise: a
      // client that did not broadcast it finds the coin, and asks about those that are chosen.
      const elsewhere = make(node);
      if (chain.listing) assert.deepEqual(await chain.listing(SCRIPT, 5, true), { coins: [], unspent: !isCore });
      if (elsewhere.listing)
        assert.deepEqual(
          await elsewhere.listing(SCRIPT, 5, true),
          isCore ? { coins: [{ ...coin, amount: 100_000, height }], unspent: false } : { coins: [], unspent: true },
          "spent in the mempool",
        );
      assert.equal(chain.listing === undefined, chain instanceof BlockCypher, "only its documents do not tell");
      assert.equal(await chain.broadcast(raw), txid, "a second broadcast succeeds");

      await node.mine(1);
      const mined = node.tip();
      const expected = { state: "confirmed", height: mined.height, blockHash: mined.hash };
      assert.deepEqual(await chain.status(txid), expected);
      const spent = await chain.outspend(coin);
      // Core forgets who spent an output once it is in a block, and knows its height at the latest.
      assert.deepEqual(spent, isCore ? { height: mined.height } : { txid, height: mined.height });
      assert.equal(await chain.broadcast(raw), txid, "a broadcast of what is mined succeeds");
    });

    it("tells no height of a spend that waits for a block, whether the coin itself is in one or not", async () => {
      const coin = await node.fund(SHOP, 70_000);
      const first = await node.fund(SCRIPT, 60_000);
      const parent = spend(first, 60_000, 200, SCRIPT);
      const second = { txid: await chain.broadcast(parent), vout: 0 };
      await chain.broadcast(spend(second, 59_800, 200));
      for (const spent of [first, second]) {
        const found = await chain.outspend(spent);
        assert.ok(found, "it is spent");
        assert.equal(found.height, undefined);
      }
      await node.mine(1);
      const { height } = node.tip();
      await node.mine(1);
      for (const spent of [first, second]) {
        const found = await chain.outspend(spent);
        assert.equal(found?.height, isCore ? height + 1 : height);
      }
      assert.equal(await chain.outspend(coin), undefined);
    });

    it("gives only the largest coins, the largest first", async () => {
      const script = `0014${Buffer.from(name.padEnd(20).slice(-20)).toString("hex")}`;
      for (const amount of [3_000, 9_000, 1_000, 7_000]) await node.fund(script, amount);
      await node.mine(1);
      const coins = await chain.utxos(script, 2);
      const amounts = coins.map(({ amount }) => amount);
      assert.deepEqual(amounts, [9_000, 7_000]);
    });

    it("notices a reorganisation", async () => {
      const { txid } = await node.fund(SHOP, 50_000);
      await node.mine(1);
      const first = await chain.status(txid);
      await node.reorganise(1);
      assert.deepEqual(await chain.status(txid), { state: "mempool" });
      await node.mine(1);
      const second = await chain.status(txid);
      assert.equal(second.state, "confirmed");
      assert.notEqual(second.blockHash, first.blockHash);
    });

    it("says unknown of a transaction that nobody knows", async () => {
      assert.deepEqual(await chain.status("ab".repeat(32)), { state: "unknown" });
    });

    it("names why the network refuses a transaction", async () => {
      const coin = await node.fund(SCRIPT, 60_000);
      await node.mine(1);
      await assert.rejects(chain.broadcast(spend(coin, 60_000, 5)), fails("fee-too-low"));
      await assert.rejects(chain.broadcast(spend(coin, 60_000, 59_800)), fails("dust"));
      await assert.rejects(chain.broadcast(spend({ txid: "cd".repeat(32), vout: 0 }, 60_000, 300)), fails("conflict"));
      const raw = spend(coin, 60_000, 300);
      const unsigned = `${raw.slice(0, -70)}00${raw.slice(-68)}`;
      await assert.rejects(chain.broadcast(unsigned), fails("refused"));
      await assert.rejects(chain.broadcast(raw.slice(0, -2)), fails("refused", /beginning/));
      await chain.broadcast(raw);
      await assert.rejects(chain.broadcast(spend(coin, 60_000, 400)), fails("conflict"));
      await node.mine(1);
    });

    it("tells fee rates in integers, the floor below the target", async () => {
      assert.deepEqual(await chain.feeRates(), { floor: 100, incremental: 100, target: 2_000 });
    });
  });
}
