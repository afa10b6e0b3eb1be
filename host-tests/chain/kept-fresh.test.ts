// What a socket that waits asks of each backend in an hour, on a virtual clock: within its quota,
// and nothing later. And the connection that is kept warm meanwhile may be closed by the server at
// any time.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RAW } from "../../lab/chain/canned";
import { FakeHttp, FakeLines, ok, type Reply, settled } from "../../lab/chain/fakes";
import { VirtualClock } from "../../lab/model/clock";
import { BlockCypher } from "../../shared/chain/blockcypher";
import { Core } from "../../shared/chain/core";
import { Electrum } from "../../shared/chain/electrum";
import { Esplora } from "../../shared/chain/esplora";
import type { Chain } from "../../shared/kernel/ports";
import { CoinWatch } from "../../shared/socket/coin-watch";

const HOUR = 3_600_000;
const TICK = 5_000;

interface Watched {
  readonly chain: Chain;
  readonly asked: () => number;
}

interface Case {
  readonly name: string;
  /** Questions an hour that the server allows. */
  readonly quota: number;
  readonly least: number;
  readonly make: (clock: VirtualClock) => Watched;
}

function overHttp(answer: (path: string, body: string) => Reply, make: (http: FakeHttp) => Chain): Watched {
  const http = new FakeHttp((request, body) => answer(request.path, body));
  return { chain: make(http), asked: () => http.requests.length };
}

function coreAnswer(body: string): Reply {
  const { id, method } = JSON.parse(body) as { id: number; method: string };
  const results: Record<string, unknown> = {
    getblockcount: 500,
    getmempoolinfo: { mempoolminfee: 0.00001, minrelaytxfee: 0.00001, incrementalrelayfee: 0.00001 },
    estimatesmartfee: { feerate: 0.00002, blocks: 3 },
  };
  return ok({ jsonrpc: "2.0", id, result: results[method] });
}

function electrumAnswer(line: string): string {
  const { id, method } = JSON.parse(line) as { id: number; method: string };
  const results: Record<string, unknown> = {
    "server.version": ["fake", "1.4"],
    "blockchain.headers.subscribe": { height: 500, hex: "00" },
    "blockchain.estimatefee": 0.00002,
    "blockchain.relayfee": 0.00001,
  };
  return JSON.stringify({ jsonrpc: "2.0", id, result: results[method] });
}

const URL = "http://backend.test";
const STATE = { height: 500, high_fee_per_kb: 3000, medium_fee_per_kb: 2000, low_fee_per_kb: 1000 };
const CASES: readonly Case[] = [
  {
    name: "Esplora",
    // Ours for a public server, shared/chain/bucket.ts.
    quota: 120 * 60,
    least: 2 * 60,
    make: (clock) =>
      overHttp(
        (path) => ok(path.endsWith("height") ? "500" : { "3": 2 }),
        (http) => new Esplora({ http, clock, url: URL }),
      ),
  },
  {
    name: "Bitcoin Core",
    quota: 120 * 60,
    least: 3 * 120,
    make: (clock) =>
      overHttp(
        (_path, body) => coreAnswer(body),
        (http) => new Core({ http, clock, url: URL, user: "u", password: "p" }),
      ),
  },
  {
    name: "Electrum",
    quota: 120 * 60,
    least: 2 * 60,
    make: (clock) => {
      const lines = new FakeLines((line) => electrumAnswer(line));
      const chain = new Electrum({ dialer: lines, clock, host: "electrum.test", port: 50001 });
      return { chain, asked: () => lines.lines.length };
    },
  },
  {
    name: "BlockCypher",
    // Without a token 100 an hour; a quarter of them for nobody's sake is the most.
    quota: 25,
    least: 15,
    make: (clock) =>
      overHttp(
        () => ok(STATE),
        (http) => new BlockCypher({ http, clock, url: URL, network: "regtest" }),
      ),
  },
];

/** Lets a socket wait for so long; nobody has called since its start. */
async function wait(clock: VirtualClock, watch: CoinWatch, time: number): Promise<void> {
  for (let passed = 0; passed < time; passed += TICK) {
    watch.keepFresh(0, ({ why }) => assert.fail(String(why)));
    await settled();
    await clock.run(TICK);
  }
}

describe("a socket that waits", () => {
  for (const { name, quota, least, make } of CASES)
    it(`asks ${name} within its quota for an hour, knows tip and fee rates all the time, and then asks nothing`, async () => {
      const clock = new VirtualClock();
      const { chain, asked } = make(clock);
      const watch = new CoinWatch({ chain, clock, settled: () => [] });
      await wait(clock, watch, HOUR);
      const inAnHour = asked();
      assert.ok(inAnHour <= quota && inAnHour >= least, `${inAnHour} questions in an hour`);
      await watch.tip();
      await watch.rates();
      assert.equal(asked(), inAnHour, "a cable that comes waits for none of it");
      await clock.run(TICK);
      await wait(clock, watch, 3 * HOUR);
      assert.equal(asked(), inAnHour, "nobody was there for an hour");
    });
});

it("what a waiting socket asks may be asked twice on a connection that the server closed; what is broadcast may not", async () => {
  const clock = new VirtualClock();
  const http = new FakeHttp((_request, body) => coreAnswer(body));
  const chain = new Core({ http, clock, url: URL, user: "u", password: "p" });
  await chain.tip();
  await chain.feeRates();
  assert.deepEqual(
    http.requests.map(({ repeatable }) => repeatable),
    [true, true, true],
  );
  await assert.rejects(chain.broadcast(RAW));
  assert.equal(http.requests.at(-1)?.repeatable, false);
});
