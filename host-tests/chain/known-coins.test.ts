// A payer that was here needs no scan of Bitcoin Core: its coins are known, with the change of what
// was broadcast here, and only those that are chosen are asked about. Over a real node, behind
// Core's RPC as documented.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { SCRIPT, SHOP, spend, UNLIMITED } from "../../lab/chain/backends";
import { coreFake } from "../../lab/chain/core-fake";
import { FakeHttp } from "../../lab/chain/fakes";
import { VirtualClock } from "../../lab/model/clock";
import { BitcoinNode } from "../../lab/node/bitcoin-node";
import { Core } from "../../shared/chain/core";
import { KnownCoins } from "../../shared/chain/known-coins";

const DAY = 86_400_000;

/** A client whose calls are counted by name. */
function counted(node: BitcoinNode) {
  const calls: string[] = [];
  const handler = coreFake(node);
  const http = new FakeHttp((request, body) => {
    calls.push((JSON.parse(body) as { method: string }).method);
    return handler(request, body);
  });
  const clock = new VirtualClock();
  const chain = new Core({
    http,
    clock,
    url: "http://node.test",
    bucket: UNLIMITED,
    user: "rpcuser",
    password: "sècret",
  });
  const asked = async <T>(action: () => Promise<T>): Promise<[T, readonly string[]]> => {
    calls.length = 0;
    const value = await action();
    return [value, [...calls]];
  };
  return { chain, clock, asked };
}

describe("the coins of a payer that a Bitcoin Core node has scanned for", () => {
  let node: BitcoinNode;
  before(async () => {
    node = await BitcoinNode.start();
  });
  after(() => node.stop());

  it("are known a day later without a scan; the change of what was broadcast is among them, and its block", async () => {
    const { chain, clock, asked } = counted(node);
    const coin = await node.fund(SCRIPT, 100_000);
    const other = await node.fund(SCRIPT, 50_000);
    await node.mine(1);
    const { height } = node.tip();
    const first = { ...coin, amount: 100_000, height };
    const second = { ...other, amount: 50_000, height };

    const [scanned, scan] = await asked(() => chain.listing(SCRIPT, 5));
    assert.deepEqual(scanned, { coins: [first, second], unspent: false });
    assert.deepEqual(scan, ["scantxoutset"], "no coin but a chosen one is asked about");
    assert.deepEqual((await asked(() => chain.outspend(coin)))[1], ["gettxout"]);

    await clock.run(DAY);
    const [again, none] = await asked(() => chain.listing(SCRIPT, 5));
    assert.deepEqual([again, none], [{ coins: [first, second], unspent: false, kept: true }, []]);

    const change = { txid: await chain.broadcast(spend(coin, 100_000, 200, SCRIPT)), vout: 0, amount: 99_800 };
    const [waits, one] = await asked(() => chain.listing(SCRIPT, 5));
    assert.deepEqual(waits.coins, [change, second]);
    assert.deepEqual(one, ["gettxout"]);

    await node.mine(2);
    const [mined, two] = await asked(() => chain.listing(SCRIPT, 5));
    assert.deepEqual(mined.coins, [{ ...change, height: height + 1 }, second]);
    assert.deepEqual(two, ["gettxout", "getblockheader"]);
    assert.deepEqual((await asked(() => chain.listing(SCRIPT, 5)))[1], [], "its block is known now");
  });

  it("are forgotten when the node says that they are spent, and looked for anew where none is left or that is asked for", async () => {
    const { chain, clock, asked } = counted(node);
    const { coins } = await chain.listing(SCRIPT, 5, true);
    const [coin] = coins;
    assert.ok(coin && coins.length === 2);
    // Somebody else broadcasts it.
    await node.submit(spend(coin, coin.amount, 300, SHOP));
    assert.deepEqual((await chain.listing(SCRIPT, 5)).coins, coins, "nobody has asked");
    assert.ok(await chain.outspend(coin));
    assert.deepEqual((await chain.listing(SCRIPT, 5)).coins, coins.slice(1));
    const [anew, none] = await asked(() => chain.listing(SCRIPT, 5, true));
    assert.deepEqual(
      [anew, none],
      [{ coins: coins.slice(1), unspent: false }, []],
      "the last scan is good for two minutes",
    );
    await clock.run(121_000);
    assert.deepEqual((await asked(() => chain.listing(SCRIPT, 5, true)))[1], ["scantxoutset"]);
  });
});

describe("what is remembered", () => {
  const txid = (number: number): string => number.toString(16).padStart(64, "0");
  const coin = (number: number, amount = 1_000) => ({ txid: txid(number), vout: 0, amount, height: 5 });
  const script = (number: number): string => `0014${number.toString(16).padStart(40, "0")}`;

  it("is of three scripts, and of the older ones the twelve largest coins", () => {
    const known = new KnownCoins();
    for (let payer = 1; payer <= 4; payer++)
      known.found(
        script(payer),
        Array.from({ length: 30 }, (_, i) => coin(100 * payer + i, 1_000 + i)),
      );
    assert.equal(known.of(script(1)), undefined);
    assert.deepEqual(
      [2, 3, 4].map((payer) => known.of(script(payer))?.length),
      [12, 12, 30],
    );
    assert.equal(known.of(script(2))?.[0]?.amount, 1_029);
  });

  it("is not pushed out by looks that found nothing", () => {
    const known = new KnownCoins();
    known.found(script(1), [coin(1)]);
    for (let payer = 2; payer < 20; payer++) known.found(script(payer), []);
    assert.deepEqual(known.of(script(1)), [coin(1)]);
  });

  it("keeps change that waits for a block over a scan, which knows blocks only", () => {
    const known = new KnownCoins();
    known.found(script(1), [coin(1), coin(2)]);
    const outputs = [{ amount: 900, script: script(1) }];
    known.broadcast({ txid: txid(9), inputs: [coin(1)], outputs });
    known.found(script(1), [coin(2)]);
    assert.deepEqual(known.of(script(1)), [coin(2), { txid: txid(9), vout: 0, amount: 900 }]);
    known.confirmed({ txid: txid(9), vout: 0 }, 7);
    known.found(script(1), [coin(2)]);
    assert.deepEqual(known.of(script(1)), [coin(2)], "the scan would have had it");
  });

  it("holds nothing of a commitment that another takes the place of", () => {
    const known = new KnownCoins();
    known.found(script(1), [coin(1), coin(2)]);
    const outputs = [{ amount: 900, script: script(1) }];
    known.broadcast({ txid: txid(8), inputs: [coin(1)], outputs });
    known.broadcast({ txid: txid(9), inputs: [coin(1)], outputs });
    known.broadcast({ txid: txid(9), inputs: [coin(1)], outputs });
    assert.deepEqual(known.of(script(1)), [coin(2), { txid: txid(9), vout: 0, amount: 900 }]);
    // A child of it, and then nothing is left.
    known.broadcast({ txid: txid(10), inputs: [{ txid: txid(9), vout: 0 }, coin(2)], outputs: [] });
    assert.equal(known.of(script(1)), undefined);
  });
});
