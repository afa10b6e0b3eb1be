// The line to an Electrum server: its version, its pushes, and what happens when it breaks.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fails, SCRIPT, SHOP, spend, UNLIMITED } from "../../lab/chain/backends";
import { electrumFake } from "../../lab/chain/electrum-fake";
import { FakeLines, type LineServer, settled, TURNS } from "../../lab/chain/fakes";
import { VirtualClock } from "../../lab/model/clock";
import { BitcoinNode } from "../../lab/node/bitcoin-node";
import { Electrum } from "../../shared/chain/electrum";
import { readRawTx } from "../../shared/chain/raw-tx";

function over(dialer: FakeLines) {
  const clock = new VirtualClock(TURNS);
  return { clock, chain: new Electrum({ dialer, clock, host: "electrum.test", port: 50001, bucket: UNLIMITED }) };
}

function answering(answers: Readonly<Record<string, unknown>>): LineServer {
  return (line) => {
    const { id, method } = JSON.parse(line) as { id: number; method: string };
    const result = method === "server.version" && !(method in answers) ? ["x", "1.4.2"] : answers[method];
    return result === undefined ? undefined : JSON.stringify({ jsonrpc: "2.0", id, result });
  };
}

describe("the line to an Electrum server", () => {
  it("agrees on the version first, once a connection", async () => {
    const dialer = new FakeLines(answering({ "blockchain.headers.subscribe": { height: 7, hex: "00" } }));
    const { chain } = over(dialer);
    assert.deepEqual(await Promise.all([chain.tip(), chain.tip()]), [7, 7]);
    const methods = dialer.lines.map((line) => (JSON.parse(line) as { method: string }).method);
    assert.deepEqual(methods, ["server.version", "blockchain.headers.subscribe", "blockchain.headers.subscribe"]);
    assert.equal(dialer.connections.length, 1);
  });

  it("refuses a server that speaks another version", async () => {
    for (const version of ["1.3", "1.7", "2.0", "", null]) {
      const { chain } = over(new FakeLines(answering({ "server.version": ["x", version] })));
      await assert.rejects(chain.tip(), fails("malformed", /1\.4 to 1\.6/));
    }
  });

  it("is away when nobody listens, and comes back", async () => {
    const dialer = new FakeLines(answering({ "blockchain.headers.subscribe": { height: 7 } }));
    dialer.refusal = "connection refused";
    const { chain } = over(dialer);
    await assert.rejects(chain.tip(), fails("away", /refused/));
    dialer.refusal = undefined;
    assert.equal(await chain.tip(), 7);
  });

  it("is away when no answer comes in time, and tries a new connection then", async () => {
    const dialer = new FakeLines(answering({}));
    const { chain, clock } = over(dialer);
    const tip = chain.tip();
    tip.catch(() => undefined);
    await settled();
    await clock.run(10_000);
    await assert.rejects(tip, fails("away", /no answer to blockchain.headers.subscribe/));
    dialer.serve = answering({ "blockchain.headers.subscribe": { height: 8 } });
    assert.equal(await chain.tip(), 8);
    assert.equal(dialer.connections.length, 2);
    assert.equal(clock.waiting, 0);
  });

  it("keeps silent for a while when the server complains about too many requests", async () => {
    const dialer = new FakeLines((line) => {
      const { id, method } = JSON.parse(line) as { id: number; method: string };
      if (method === "server.version") return JSON.stringify({ id, result: ["x", "1.4"] });
      return JSON.stringify({ id, error: { code: -101, message: "excessive resource usage" } });
    });
    const { chain } = over(dialer);
    await assert.rejects(chain.tip(), fails("rate-limited"));
    const sent = dialer.lines.length;
    await assert.rejects(chain.tip(), fails("rate-limited"));
    assert.equal(dialer.lines.length, sent);
  });

  it("does not believe an answer to a question that it did not ask", async () => {
    const dialer = new FakeLines((line) => {
      const { id, method } = JSON.parse(line) as { id: number; method: string };
      if (method === "server.version") return JSON.stringify({ id, result: ["x", "1.4"] });
      return JSON.stringify({ id: id + 1, result: { height: 9 } });
    });
    await assert.rejects(over(dialer).chain.tip(), fails("malformed", /answer to call/));
  });

  it("rejects what waits when it is closed, and everything after", async () => {
    const { chain } = over(new FakeLines(answering({})));
    const tip = chain.tip();
    tip.catch(() => undefined);
    await settled();
    chain.close();
    chain.close();
    await assert.rejects(tip, fails("away"));
    await assert.rejects(chain.tip(), fails("away"));
  });
});

const COIN = { txid: "ab".repeat(32), vout: 1 };
/** 100 kB, in hex. */
const LARGE = "02000000".repeat(25_000);
const LARGE_TXID = "1a".repeat(32);

/**
 * A server that lists no coin of the script, and these transactions; what is not in `small` is
 * large.
 */
function spentAt(history: readonly (readonly [txid: string, height: number])[], small: readonly string[] = []) {
  const raws = new Map(small.map((raw) => [readRawTx(raw).txid, raw]));
  const dialer = new FakeLines((line) => {
    const { id, method, params } = JSON.parse(line) as { id: number; method: string; params: string[] };
    const results: Record<string, unknown> = {
      "server.version": ["x", "1.4.2"],
      "blockchain.scripthash.listunspent": [],
      "blockchain.scripthash.get_history": history.map(([tx_hash, height]) => ({ tx_hash, height })),
      "blockchain.transaction.get": raws.get(params[0] ?? "") ?? LARGE,
    };
    return JSON.stringify({ jsonrpc: "2.0", id, result: results[method] });
  });
  const fetched = (): string[] => {
    const calls = dialer.lines.map((line) => JSON.parse(line) as { method: string; params: string[] });
    return calls.filter(({ method }) => method === "blockchain.transaction.get").map(({ params }) => params[0] ?? "");
  };
  return { ...over(dialer), dialer, fetched };
}

describe("who spent a coin, asked of an Electrum server", () => {
  it("is not read where its transaction is too large for a microcontroller, and its block counts all the same", async () => {
    const { chain, dialer, fetched } = spentAt([
      [COIN.txid, 490],
      [LARGE_TXID, 500],
    ]);
    for (let i = 0; i < 3; i++) assert.deepEqual(await chain.outspend(COIN, SCRIPT), { height: 500 });
    assert.deepEqual(fetched(), [LARGE_TXID], "it is asked for once");
    assert.ok(dialer.delivered < 6_000, `${dialer.delivered} bytes of ${LARGE.length} and some`);
  });

  it("has no height while a large transaction that may be it waits for a block", async () => {
    const { chain } = spentAt([
      [COIN.txid, 490],
      ["2b".repeat(32), 495],
      [LARGE_TXID, 0],
    ]);
    assert.deepEqual(await chain.outspend(COIN, SCRIPT), {});
  });

  it("is found among large transactions that are none of its business", async () => {
    const raw = spend(COIN, 50_000, 300);
    const { txid } = readRawTx(raw);
    const { chain } = spentAt(
      [
        [COIN.txid, 490],
        [txid, 495],
        [LARGE_TXID, 500],
        ["2b".repeat(32), 0],
      ],
      [raw],
    );
    assert.deepEqual(await chain.outspend(COIN, SCRIPT), { txid, height: 495 });
  });

  it("is in a block at the latest by the last transaction before those that are looked at", async () => {
    const later = Array.from({ length: 12 }, (_, i) => spend({ txid: "cd".repeat(32), vout: i }, 50_000, 300));
    const history = later.map((raw, i) => [readRawTx(raw).txid, 500 + i] as const);
    const { chain, fetched } = spentAt([[COIN.txid, 490], ["5e".repeat(32), 495], ...history], later);
    assert.deepEqual(await chain.outspend(COIN, SCRIPT), { height: 501 });
    assert.equal(fetched().length, 10);
  });

  it("is no transaction that was in a block before the coin was, and none at all where nobody knows the coin", async () => {
    const older = spentAt([
      [LARGE_TXID, 480],
      [COIN.txid, 490],
    ]);
    assert.deepEqual(await older.chain.outspend(COIN, SCRIPT), {});
    const forgotten = spentAt([[LARGE_TXID, 500]]);
    assert.deepEqual(await forgotten.chain.outspend(COIN, SCRIPT), {});
  });

  it("needs no look at the transaction that made the coin, however large, where its script is known", async () => {
    const { chain } = spentAt([[COIN.txid, 490]]);
    assert.deepEqual(await chain.outspend(COIN, SCRIPT), {});
    await assert.rejects(chain.outspend(COIN), fails("malformed", /at most 4096 bytes/));
  });
});

describe("watching a script at an Electrum server", () => {
  let node: BitcoinNode;
  before(async () => {
    node = await BitcoinNode.start();
  });
  after(() => node.stop());

  it("tells of a payment, a spend and a block, until it is ended", async () => {
    const { dialer, notify } = electrumFake(node);
    const { chain, clock } = over(dialer);
    let changes = 0;
    const end = chain.watch(SCRIPT, () => changes++);
    await clock.run(0);
    const told = async (): Promise<number> => {
      notify();
      await settled();
      return changes;
    };
    assert.equal(await told(), 0);
    const coin = await node.fund(SCRIPT, 50_000);
    assert.equal(await told(), 1);
    await chain.broadcast(spend(coin, 50_000, 300));
    assert.equal(await told(), 2);
    await node.mine(1);
    assert.equal(await told(), 3);
    end();
    await node.fund(SCRIPT, 50_000);
    assert.equal(await told(), 3);
    await clock.run(600_000);
    assert.equal(clock.waiting, 0, "nothing more is asked");
  });

  it("notices what happened while the connection was down", async () => {
    const { dialer } = electrumFake(node);
    const { chain, clock } = over(dialer);
    let changes = 0;
    chain.watch(SHOP, () => changes++);
    await clock.run(0);
    dialer.drop();
    dialer.refusal = "down";
    await node.fund(SHOP, 50_000);
    await clock.run(5_000);
    assert.equal(changes, 0);
    dialer.refusal = undefined;
    await clock.run(60_000);
    assert.equal(changes, 1);
    chain.close();
    assert.equal(clock.waiting, 0);
  });
});
