// Asking before anything is sent: whether a node would take a transaction, and whether a coin is a
// block's reward.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { BACKENDS, coreOver, esploraHandler, fails, SCRIPT, SHOP, UNLIMITED } from "../../lab/chain/backends";
import { RAW, TXID } from "../../lab/chain/canned";
import { FakeHttp, type Reply } from "../../lab/chain/fakes";
import { VirtualClock } from "../../lab/model/clock";
import { BitcoinNode } from "../../lab/node/bitcoin-node";
import { ChainError, type ChainErrorKind } from "../../shared/chain/error";
import { Esplora } from "../../shared/chain/esplora";
import { Failover } from "../../shared/chain/failover";
import type { Chain } from "../../shared/kernel/ports";

/** As Bitcoin Core documents it (28 to 31). */
function tested(verdict: object): object[] {
  return [{ txid: TXID, wtxid: "5e".repeat(32), ...verdict }];
}

const ALLOWED = tested({ allowed: true, vsize: 110, fees: { base: 0.0000011, "effective-feerate": 0.00001 } });

const REFUSALS: readonly (readonly [reason: string, details: string | undefined, kind: ChainErrorKind])[] = [
  [
    "bad-txns-premature-spend-of-coinbase",
    "bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 4",
    "refused",
  ],
  ["min relay fee not met", "min relay fee not met, 14 < 110", "fee-too-low"],
  ["mempool min fee not met", undefined, "fee-too-low"],
  ["bad-txns-inputs-missingorspent", undefined, "conflict"],
  ["missing-inputs", undefined, "conflict"],
  ["insufficient fee", "insufficient fee, rejecting replacement", "replacement-fee-too-low"],
  ["non-mandatory-script-verify-flag (Signature must be zero)", undefined, "refused"],
];

type Answer = (body: string) => Reply;

const json = (status: number, value: unknown): Reply => ({ status, body: JSON.stringify(value) });

const KINDS: readonly { name: string; make: (answer: Answer) => Chain; says: (result: unknown) => Answer }[] = [
  {
    name: "Bitcoin Core",
    make: (answer) => coreOver((_head, body) => answer(body)),
    says: (result) => (body) => {
      const { id, method, params } = JSON.parse(body) as { id: number; method: string; params: unknown };
      assert.deepEqual([method, params], ["testmempoolaccept", [[RAW]]]);
      return json(200, { jsonrpc: "2.0", result, id });
    },
  },
  {
    name: "Esplora by mempool.space",
    make: (answer) =>
      esploraAt(({ method, path }, body) => {
        assert.deepEqual([method, path], ["POST", "/txs/test"]);
        return answer(body);
      }).chain,
    says: (result) => (body) => {
      assert.deepEqual(JSON.parse(body), [RAW]);
      return json(200, result);
    },
  },
];

function esploraAt(handler: ConstructorParameters<typeof FakeHttp>[0]): { chain: Esplora; asked: () => number } {
  let asked = 0;
  const http = new FakeHttp((head, body) => {
    asked += 1;
    return handler(head, body);
  });
  const chain = new Esplora({ http, clock: new VirtualClock(), url: "http://esplora.test", bucket: UNLIMITED });
  return { chain, asked: () => asked };
}

for (const { name, make, says } of KINDS)
  describe(`${name}, asked whether a node would take a transaction`, () => {
    it("says so", async () => {
      assert.equal(await make(says(ALLOWED)).wouldTake?.(RAW), true);
    });

    it("counts one that the node has already as taken", async () => {
      for (const reason of ["txn-already-in-mempool", "txn-already-known"])
        assert.equal(await make(says(tested({ allowed: false, "reject-reason": reason }))).wouldTake?.(RAW), true);
    });

    for (const [reason, details, kind] of REFUSALS)
      it(`tells that it would not: ${reason}`, async () => {
        const verdict = { allowed: false, "reject-reason": reason, ...(details && { "reject-details": details }) };
        await assert.rejects(async () => make(says(tested(verdict))).wouldTake?.(RAW), fails(kind));
      });

    it("believes no answer about another transaction, without a reason, without a verdict, or of several", async () => {
      const [one] = ALLOWED;
      const other = { ...one, txid: "00".repeat(32) };
      for (const lie of [[other], tested({ allowed: false }), tested({}), [one, one], [], {}, null])
        await assert.rejects(async () => make(says(lie)).wouldTake?.(RAW), fails("malformed"));
    });
  });

describe("a backend that cannot ask its node", () => {
  for (const reply of [
    { status: 404, body: 'endpoint does not exist "/txs/test"' },
    { status: 405, body: "Method Not Allowed" },
    { status: 400, body: 'testmempoolaccept RPC error: {"code":-32601,"message":"Method not found"}' },
  ])
    it(`is an Esplora that answers ${reply.status}, which is remembered`, async () => {
      const { chain, asked } = esploraAt(() => reply);
      for (let i = 0; i < 3; i++) assert.equal(await chain.wouldTake(RAW), false);
      assert.equal(asked(), 1);
    });

  it("is a node without the call (bcoin), which is remembered", async () => {
    let asked = 0;
    const chain = coreOver((_head, body) => {
      asked += 1;
      const { id } = JSON.parse(body) as { id: number };
      return json(200, { error: { code: -32601, message: "Method not found: testmempoolaccept" }, id });
    });
    for (let i = 0; i < 3; i++) assert.equal(await chain.wouldTake(RAW), false);
    assert.equal(asked, 1);
  });

  it("is none that is away, or limits", async () => {
    await assert.rejects(esploraAt(() => ({ status: 502, body: "Bad Gateway" })).chain.wouldTake(RAW), fails("away"));
    await assert.rejects(esploraAt(() => ({ status: 429, body: "" })).chain.wouldTake(RAW), fails("rate-limited"));
  });
});

describe("a list of backends", () => {
  const blockstream = (): Chain => esploraAt(() => ({ status: 404, body: "" })).chain;
  const away = (): Chain => esploraAt(() => ({ status: 502, body: "" })).chain;
  const all = (...backends: Chain[]): Failover => new Failover({ backends, clock: new VirtualClock() });
  const esplora = (verdict: object): Chain => esploraAt(() => json(200, tested(verdict))).chain;

  it("asks the first that can", async () => {
    assert.equal(await all(blockstream(), away(), esplora({ allowed: true })).wouldTake(RAW), true);
    const refuses = esplora({ allowed: false, "reject-reason": "min relay fee not met" });
    await assert.rejects(all(blockstream(), refuses, esplora({ allowed: true })).wouldTake(RAW), fails("fee-too-low"));
  });

  it("cannot where none of them can, and is away where one that might is", async () => {
    assert.equal(await all(blockstream(), blockstream()).wouldTake(RAW), false);
    await assert.rejects(all(blockstream(), away()).wouldTake(RAW), (error) => error instanceof ChainError);
  });
});

for (const { name, make } of BACKENDS)
  describe(`${name} on a real node's chain`, () => {
    let node: BitcoinNode;
    before(async () => {
      node = await BitcoinNode.start();
    });
    after(() => node.stop());

    it("tells a block's reward from a coin that somebody paid", async () => {
      const chain = make(node);
      const script = `0014${"33".repeat(20)}`;
      const paid = await node.fund(SCRIPT, 100_000);
      await node.fund(SHOP, 100_000);
      await node.mine(1, script);
      const { height } = node.tip();
      const [reward] = node.confirmedUtxos(script);
      assert.ok(reward);
      assert.equal(await chain.isReward?.(reward), true);
      assert.equal(await chain.isReward?.({ ...paid, amount: 100_000, height }), false);
    });
  });

describe("Esplora's relay floor", () => {
  const rates = async (estimates: object, floor?: number) => {
    const http = new FakeHttp(() => json(200, estimates));
    const own = floor === undefined ? {} : { floor };
    const options = { http, clock: new VirtualClock(), url: "http://esplora.test", bucket: UNLIMITED };
    return new Esplora({ ...options, ...own }).feeRates();
  };

  it("is 1 sat/vB where nothing tells, so that older nodes relay", async () => {
    assert.deepEqual(await rates({}), { floor: 1_000, incremental: 100, target: 1_000 });
    assert.equal((await rates({ "3": 2, "144": 1 })).floor, 1_000);
  });

  it("is lower where the server estimates less, or its owner says so", async () => {
    assert.deepEqual(await rates({ "3": 0.5, "144": 0.2 }), { floor: 100, incremental: 100, target: 500 });
    assert.equal((await rates({ "3": 0.01 })).target, 100);
    assert.equal((await rates({}, 100)).target, 100);
  });
});

// The Esplora of the other tests is Blockstream's: it has no such endpoint.
describe("Esplora over a node in memory", () => {
  it("cannot ask", async () => {
    const node = await BitcoinNode.start();
    const { chain } = esploraAt(esploraHandler(node));
    assert.equal(await chain.wouldTake(RAW), false);
    await node.stop();
  });
});
