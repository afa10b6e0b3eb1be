// What is particular to Bitcoin Core: scans that take minutes, and an index that not every node
// has.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fails, SCRIPT, SHOP, UNLIMITED } from "../../lab/chain/backends";
import { FakeHttp, type Reply, settled } from "../../lab/chain/fakes";
import { VirtualClock } from "../../lab/model/clock";
import { Core } from "../../shared/chain/core";

const TXID = "ab".repeat(32);
const BLOCK = "0f".repeat(32);
const COIN = { txid: TXID, vout: 0, amount: 100_000, height: 500 };

/** A node on which each scan lasts until the test ends it; `results` are JSON by method. */
function slowNode(results: Readonly<Record<string, string>> = {}) {
  const scans: { readonly script: string; readonly end: (success?: boolean) => void }[] = [];
  const answer = async (body: string): Promise<Reply> => {
    const { id, method, params } = JSON.parse(body) as { id: number; method: string; params: [string, [string]] };
    let result = results[method] ?? "null";
    if (method === "scantxoutset") {
      const script = params[1][0].slice(4, -1);
      const success = await new Promise((end) => scans.push({ script, end: (ended = true) => end(ended) }));
      const coin = `{"txid":"${TXID}","vout":0,"scriptPubKey":"${script}","amount":0.00100000,"height":500}`;
      result = `{"success":${success},"unspents":[${script === SCRIPT ? coin : ""}]}`;
    }
    return { status: 200, body: `{"jsonrpc":"2.0","result":${result},"id":${id}}` };
  };
  const clock = new VirtualClock();
  const http = new FakeHttp((_request, body) => answer(body));
  const url = "http://backend.test:8332";
  return { chain: new Core({ http, clock, url, bucket: UNLIMITED, user: "u", password: "p" }), clock, scans };
}

const UNSPENT = `{"bestblock":"${BLOCK}","confirmations":2,"value":0.00100000}`;

describe("scans of a Bitcoin Core node", () => {
  it("a second one is refused at once while the first runs, and all other questions are answered meanwhile", async () => {
    const { chain, scans } = slowNode({ gettxout: UNSPENT, getblockcount: "501" });
    const first = chain.utxos(SCRIPT, 5);
    await settled();
    for (let i = 0; i < 3; i++) {
      await assert.rejects(chain.utxos(`0014${"0".repeat(39)}${i}`, 5), (error) => {
        return fails("rate-limited", /scanning/)(error) && (error as { retryAfter?: number }).retryAfter === 30_000;
      });
    }
    assert.equal(await chain.outspend(COIN), undefined);
    assert.equal(await chain.tip(), 501);
    assert.equal(scans.length, 1);
    scans[0]?.end();
    assert.deepEqual(await first, [COIN]);
    assert.equal(scans.length, 1);
  });

  it("a caller that comes back has the answer of the scan that it asked for, whoever asked for empty addresses meanwhile", async () => {
    const { chain, scans, clock } = slowNode({ gettxout: UNSPENT });
    const impatient = chain.utxos(SCRIPT, 5);
    await settled();
    scans[0]?.end();
    await impatient;
    const stranger = chain.utxos(SHOP, 5);
    await settled();
    assert.deepEqual(await chain.utxos(SCRIPT, 5), [COIN], "while another scan runs");
    scans[1]?.end();
    assert.deepEqual(await stranger, []);
    assert.deepEqual(await chain.utxos(SCRIPT, 5), [COIN]);
    assert.equal(scans.length, 2);
    await clock.run(121_000);
    void chain.utxos(SCRIPT, 5);
    await settled();
    assert.equal(scans.length, 3, "after two minutes it is looked for anew");
  });

  it("a kept answer lists no coin that was spent since", async () => {
    const results: Record<string, string> = { gettxout: UNSPENT };
    const { chain, scans } = slowNode(results);
    const first = chain.utxos(SCRIPT, 5);
    await settled();
    scans[0]?.end();
    await first;
    results.gettxout = "null";
    assert.deepEqual(await chain.utxos(SCRIPT, 5), []);
  });

  it("one that failed keeps none from being tried", async () => {
    const { chain, scans } = slowNode({ gettxout: UNSPENT });
    const aborted = assert.rejects(chain.utxos(SCRIPT, 5), fails("malformed", /complete scan/));
    await settled();
    scans[0]?.end(false);
    await aborted;
    const next = chain.utxos(SCRIPT, 5);
    await settled();
    scans[1]?.end();
    assert.deepEqual(await next, [COIN]);
  });
});

describe("a Bitcoin Core node with an index of spenders (31 and later)", () => {
  it("tells who spent a coin, and at which height", async () => {
    const spend = `[{"txid":"${TXID}","vout":0,"spendingtxid":"${"cd".repeat(32)}","blockhash":"${BLOCK}"}]`;
    const header = `{"hash":"${BLOCK}","confirmations":7,"height":495}`;
    const { chain } = slowNode({ gettxspendingprevout: spend, getblockheader: header, getblockcount: "501" });
    assert.deepEqual(await chain.outspend(COIN), { txid: "cd".repeat(32), height: 495 });
  });
});

describe("a Bitcoin Core node without a transaction index", () => {
  const hash = (height: number) => height.toString(16).padStart(64, "0");
  /**
   * Blocks from 1 to `tip`, one every `interval` seconds; the transaction, whose outputs are all
   * spent, is in the one at `at`.
   */
  function chainOf(tip: number, at?: number, interval = 600) {
    const state = { tip, at, read: [] as number[] };
    const http = new FakeHttp(async (_request, body) => {
      const { id, method, params } = JSON.parse(body) as { id: number; method: string; params: [string] };
      const reply = (result: unknown, error: unknown = null) => ({
        status: 200,
        body: JSON.stringify({ jsonrpc: "2.0", id, result, ...(error === null ? {} : { error }) }),
      });
      if (method === "getrawtransaction") return reply(null, { code: -5, message: "No such mempool transaction." });
      if (method === "getbestblockhash") return reply(hash(state.tip));
      if (method !== "getblock") return reply(null);
      const height = Number.parseInt(params[0], 16);
      state.read.push(height);
      const tx = [hash(9_000 + height), ...(height === state.at ? [TXID] : [])];
      const time = 1_700_000_000 + height * interval;
      const previousblockhash = height > 1 ? hash(height - 1) : undefined;
      return reply({ hash: hash(height), height, time, tx, previousblockhash });
    });
    const url = "http://backend.test:8332";
    const chain = new Core({ http, clock: new VirtualClock(), url, bucket: UNLIMITED, user: "u", password: "p" });
    return { chain, state };
  }

  it("finds a transaction all of whose outputs are spent in one of the latest blocks", async () => {
    const { chain } = chainOf(100, 98);
    assert.deepEqual(await chain.status(TXID), { state: "confirmed", height: 98, blockHash: hash(98) });
    assert.deepEqual(await chainOf(100, 90).chain.status(TXID), { state: "unknown" });
    assert.deepEqual(await chainOf(2).chain.status(TXID), { state: "unknown" }, "a chain of two blocks");
  });

  it("looks fifty minutes back also where a signet has a block every 30 seconds, and never further than 120 blocks", async () => {
    const { chain, state } = chainOf(1_000, 901, 30);
    assert.equal((await chain.status(TXID)).state, "confirmed");
    assert.equal(state.read.length, 100);
    const { chain: other, state: all } = chainOf(1_000, undefined, 1);
    assert.equal((await other.status(TXID)).state, "unknown");
    assert.equal(all.read.length, 120);
  });

  it("reads each block once, however often it is asked", async () => {
    const { chain, state } = chainOf(100);
    for (let i = 0; i < 3; i++) assert.deepEqual(await chain.status(TXID), { state: "unknown" });
    assert.deepEqual(state.read, [100, 99, 98, 97, 96, 95]);
    state.tip = 101;
    state.at = 101;
    assert.equal((await chain.status(TXID)).state, "confirmed");
    assert.deepEqual(state.read.slice(6), [101]);
  });
});
