// Servers that answer but know no fee rate, each in its own manner: that is no fault of theirs.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fails, UNLIMITED } from "../../lab/chain/backends";
import { FakeHttp, FakeLines } from "../../lab/chain/fakes";
import { VirtualClock } from "../../lab/model/clock";
import type { Network } from "../../shared/bitcoin/address";
import { configuredChain } from "../../shared/chain/configured";
import { Core } from "../../shared/chain/core";
import { Electrum } from "../../shared/chain/electrum";
import { Esplora } from "../../shared/chain/esplora";
import type { FeeRates } from "../../shared/kernel/ports";

const URL = "http://backend.test:3000";
/** What an answer of JSON-RPC says after its id. */
type Said = `"result":${string}` | `"error":${string}`;

const unknownMethod: Said = '"error":{"code":-32601,"message":"unknown method"}';
const MEMPOOL: Said =
  '"result":{"mempoolminfee":0.00000100,"minrelaytxfee":0.00000200,"incrementalrelayfee":0.00000100}';

const relayfee: Said = '"result":0.00000200';

function asked(line: string): { readonly id: number; readonly method: string } {
  return JSON.parse(line) as { readonly id: number; readonly method: string };
}

function electrumLines(version: string, answers: Readonly<Record<string, Said>>): FakeLines {
  return new FakeLines((line) => {
    const { id, method } = asked(line);
    const said = method === "server.version" ? `"result":["Fake 1.0","${version}"]` : answers[method];
    return `{"jsonrpc":"2.0","id":${id},${said ?? unknownMethod}}`;
  });
}

async function electrumRates(version: string, answers: Readonly<Record<string, Said>>): Promise<FeeRates> {
  const host = { host: "electrum.test", port: 50001 };
  const dialer = electrumLines(version, answers);
  const electrum = new Electrum({ ...host, dialer, clock: new VirtualClock(), bucket: UNLIMITED });
  try {
    return await electrum.feeRates();
  } finally {
    electrum.close();
  }
}

async function coreRates(estimate: Said, needsEstimate = false): Promise<FeeRates> {
  const http = new FakeHttp((_head, body) => {
    const { id, method } = asked(body);
    const said = method === "getmempoolinfo" ? MEMPOOL : estimate;
    return { status: said.startsWith('"error"') ? 500 : 200, body: `{"jsonrpc":"2.0","id":${id},${said}}` };
  });
  const clock = new VirtualClock();
  return new Core({ url: URL, clock, http, bucket: UNLIMITED, user: "u", password: "p", needsEstimate }).feeRates();
}

function esploraRates(estimates: string, needsEstimate = false): Promise<FeeRates> {
  const http = new FakeHttp(() => ({ status: 200, body: estimates }));
  return new Esplora({ url: URL, clock: new VirtualClock(), http, bucket: UNLIMITED, needsEstimate }).feeRates();
}

describe("a backend without a fee estimate", () => {
  const noneOfElectrum: readonly Said[] = [
    '"result":-1',
    '"result":-1.0',
    '"result":-1.00000000',
    '"result":null',
    '"error":{"code":2,"message":"daemon error: Insufficient data or no feerate found"}',
  ];
  for (const none of noneOfElectrum) {
    it(`is an Electrum server that answers ${none}`, async () => {
      const answers = { "blockchain.estimatefee": none, "blockchain.relayfee": relayfee, "mempool.get_info": MEMPOOL };
      const rates = { floor: 200, incremental: 200, target: 200 };
      assert.deepEqual(await electrumRates("1.4", answers), rates);
      assert.deepEqual(await electrumRates("1.6", answers), { ...rates, incremental: 100 });
    });
  }

  it("is an Electrum server that answers no fee question at all: the floor is what older nodes want", async () => {
    const rates = { floor: 1_000, incremental: 1_000, target: 1_000 };
    assert.deepEqual(await electrumRates("1.4", {}), rates);
    assert.deepEqual(await electrumRates("1.6", {}), rates);
  });

  it("keeps what an Electrum server does tell: its estimate, or its relay fee where the mempool's state is refused", async () => {
    const estimate: Said = '"result":0.00005000';
    const rates = { floor: 1_000, incremental: 1_000, target: 5_000 };
    assert.deepEqual(await electrumRates("1.4", { "blockchain.estimatefee": estimate }), rates);
    const relay = { "blockchain.relayfee": relayfee };
    assert.deepEqual(await electrumRates("1.6", relay), { floor: 200, incremental: 200, target: 200 });
  });

  const noneOfCore: readonly Said[] = [
    '"result":{"errors":["Insufficient data or no feerate found"],"blocks":2}',
    '"result":{"feerate":-1,"blocks":3}',
    '"result":{"feerate":-1.0,"blocks":3}',
    '"error":{"code":-32603,"message":"Fee estimation disabled"}',
  ];
  for (const none of noneOfCore) {
    it(`is a Bitcoin Core node that answers ${none}`, async () => {
      assert.deepEqual(await coreRates(none), { floor: 200, incremental: 100, target: 200 });
    });
  }

  it("is not one whose answer is nonsense", async () => {
    const fees = { "blockchain.relayfee": relayfee };
    await assert.rejects(
      electrumRates("1.4", { ...fees, "blockchain.estimatefee": '"result":"much"' }),
      fails("malformed"),
    );
    await assert.rejects(coreRates('"result":{"feerate":"much"}'), fails("malformed"));
  });
});

describe("a configured chain without a fee estimate", () => {
  const rates = (network: Network): Promise<FeeRates> => {
    const dialer = electrumLines("1.4", { "blockchain.estimatefee": '"result":-1', "blockchain.relayfee": relayfee });
    const config = { backends: [{ kind: "electrum", host: "electrum.test", port: 50001 }] } as const;
    return configuredChain(config, { dialer, clock: new VirtualClock(), network }).feeRates();
  };

  it("guesses none on mainnet, and takes the floor elsewhere", async () => {
    await assert.rejects(rates("mainnet"), fails("no-estimate"));
    for (const network of ["testnet", "testnet4", "signet", "regtest"] as const)
      assert.equal((await rates(network)).target, 200);
  });

  it("is one whatever the backend", async () => {
    await assert.rejects(coreRates('"result":{"blocks":2}', true), fails("no-estimate"));
    await assert.rejects(esploraRates("{}", true), fails("no-estimate"));
    assert.equal((await esploraRates('{"3":2}', true)).target, 2_000);
  });
});

describe("Esplora's fee estimates", () => {
  it("are read past keys that are no targets and values that are no rates", async () => {
    const odd = '{"x":7.5,"-1":9,"1.5":8,"__proto__":3,"1":"fast","2":-1,"3":null,"6":2.5,"144":1}';
    assert.equal((await esploraRates(odd)).target, 2_500);
    assert.equal((await esploraRates('{"2":4,"3":{"odd":true}}')).target, 4_000);
  });

  it("are none where all of it is odd", async () => {
    assert.equal((await esploraRates('{"x":7.5,"3":"fast"}')).target, 1_000);
  });
});
