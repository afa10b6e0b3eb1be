// The Esplora client over real HTTP against our Esplora server over the real node.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { fails, SCRIPT, spend, UNLIMITED } from "../../lab/chain/backends";
import { settled } from "../../lab/chain/fakes";
import { BitcoinNode } from "../../lab/node/bitcoin-node";
import { EsploraServer } from "../../lab/node/esplora-server";
import { tcpDialer } from "../../lab/platform/tcp";
import { wallClock } from "../../lab/platform/wall-clock";
import { ChainError } from "../../shared/chain/error";
import { Esplora } from "../../shared/chain/esplora";
import { HttpClient } from "../../shared/net/http-client";

let node: BitcoinNode;
let server: EsploraServer;
let client: HttpClient;
let chain: Esplora;

before(async () => {
  node = await BitcoinNode.start();
  server = await EsploraServer.start(node);
  client = new HttpClient({ dialer: tcpDialer, clock: wallClock });
});
beforeEach(async () => {
  await server.setFault({ kind: "none" });
  chain = new Esplora({ http: client, clock: wallClock, url: server.url, bucket: UNLIMITED });
});
after(async () => {
  client.close();
  await server.stop();
  await node.stop();
});

describe("the Esplora client with a real node", () => {
  it("follows a coin from the mempool through its spend into a block", async () => {
    const coin = await node.fund(SCRIPT, 100_000);
    assert.deepEqual(await chain.utxos(SCRIPT, 5), [{ ...coin, amount: 100_000 }]);
    await node.mine(1);
    const height = await chain.tip();
    assert.equal(height, node.tip().height);
    assert.deepEqual(await chain.utxos(SCRIPT, 5), [{ ...coin, amount: 100_000, height }]);
    assert.equal(await chain.outspend(coin), undefined);

    const raw = spend(coin, 100_000, 200);
    const txid = await chain.broadcast(raw);
    assert.equal(txid, node.txidOf(raw));
    assert.deepEqual(await chain.outspend(coin), { txid });
    assert.deepEqual(await chain.status(txid), { state: "mempool" });
    assert.deepEqual(await chain.utxos(SCRIPT, 5), []);
    assert.equal(await chain.broadcast(raw), txid, "a second broadcast succeeds too");

    await node.mine(1);
    const { height: mined, hash } = node.tip();
    assert.deepEqual(await chain.status(txid), { state: "confirmed", height: mined, blockHash: hash });
    assert.deepEqual(await chain.outspend(coin), { txid, height: mined });
    assert.equal(await chain.broadcast(raw), txid, "a broadcast of what is mined succeeds");
  });

  it("takes the fee rate for the wanted target, and the floor where the server has none", async () => {
    assert.deepEqual(await chain.feeRates(), { floor: 100, incremental: 100, target: 2_000 });
    server.feeEstimates = {};
    assert.deepEqual(await chain.feeRates(), { floor: 1_000, incremental: 100, target: 1_000 });
    server.feeEstimates = { "2": 0.3125, "144": 0.1 };
    assert.deepEqual(await chain.feeRates(), { floor: 100, incremental: 100, target: 313 });
  });

  it("reports each way the server can fail by its own kind, and works again afterwards", async () => {
    await server.setFault({ kind: "refused" });
    await assert.rejects(chain.tip(), fails("away"));
    await server.setFault({ kind: "reset" });
    await assert.rejects(chain.tip(), fails("away"));
    await server.setFault({ kind: "failing" });
    await assert.rejects(chain.tip(), fails("away", /502/));
    await server.setFault({ kind: "wrong", lie: "html" });
    await assert.rejects(chain.tip(), fails("malformed"));
    await server.setFault({ kind: "wrong", lie: "truncated" });
    await assert.rejects(chain.utxos(SCRIPT, 5), fails("malformed"));
    await server.setFault({ kind: "none" });
    assert.equal(await chain.tip(), node.tip().height);
    assert.equal(server.working, 0);
  });

  it("can be lied to only where its own data could not tell", async () => {
    const coin = await node.fund(SCRIPT, 40_000);
    await node.mine(1);
    const raw = spend(coin, 40_000, 300);
    await server.setFault({ kind: "wrong", lie: "swallowed" });
    const txid = await chain.broadcast(raw);
    assert.equal(node.transaction(txid), undefined, "it went nowhere");
    assert.deepEqual(await chain.status(txid), { state: "unknown" }, "and that shows");
    await server.setFault({ kind: "none" });
    await chain.broadcast(raw);
    await node.mine(1);
    await server.setFault({ kind: "wrong", lie: "nothing-happened" });
    assert.equal(await chain.outspend(coin), undefined);
    await server.setFault({ kind: "wrong", lie: "all-spent" });
    assert.deepEqual(await chain.outspend(coin), { txid: "f".repeat(64) });
    const other = await node.fund(SCRIPT, 40_000);
    await server.setFault({ kind: "wrong", lie: "inflated" });
    assert.deepEqual(await chain.utxos(SCRIPT, 1), [{ ...other, amount: 400_000 }]);
  });

  it("waits for a slow server, which counts as quiet meanwhile", async (t) => {
    const waits: { delayMs: number; answer: () => void }[] = [];
    const wait = (delayMs: number): Promise<void> => new Promise((answer) => waits.push({ delayMs, answer }));
    const slow = await EsploraServer.start(node, { wait });
    t.after(() => slow.stop());
    await slow.setFault({ kind: "slow", delayMs: 90_000 });
    const quiet = new Promise<void>((resolve) => {
      slow.onQuiet = resolve;
    });
    const patient = new Esplora({ http: client, clock: wallClock, url: slow.url, bucket: UNLIMITED });
    const tip = patient.tip();
    await quiet;
    assert.equal(slow.working, 0);
    assert.equal(waits[0]?.delayMs, 90_000);
    waits[0]?.answer();
    assert.equal(await tip, node.tip().height);

    const impatient = new Esplora({ http: client, clock: wallClock, url: slow.url, bucket: UNLIMITED, timeoutMs: 100 });
    await assert.rejects(impatient.tip(), fails("away"));
    while (slow.served < 2) await settled();
    waits[1]?.answer();
    await slow.setFault({ kind: "none" });
    assert.equal(await patient.tip(), node.tip().height);
    assert.equal(slow.working, 0, "one that gave up is counted no more");
  });

  it("keeps silent for as long as a 429 asks", async () => {
    await server.setFault({ kind: "limited", retryAfterS: 60 });
    await assert.rejects(chain.tip(), (error) => error instanceof ChainError && error.retryAfter === 60_000);
    const { served } = server;
    await assert.rejects(chain.tip(), fails("rate-limited"));
    assert.equal(server.served, served, "nothing was sent");
  });
});

describe("the node", () => {
  it("gives the same ids on each run", async () => {
    const runs = await Promise.all(
      [1, 2].map(async () => {
        const other = await BitcoinNode.start();
        const coin = await other.fund(SCRIPT, 12_345);
        await other.mine(1);
        await other.stop();
        return { ...coin, ...other.tip() };
      }),
    );
    assert.deepEqual(runs[0], runs[1]);
  });
});
