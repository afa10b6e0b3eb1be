// Several backends behind one port: who is asked, who rests, and what counts when they disagree.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fails } from "../../lab/chain/backends";
import { RAW, TXID } from "../../lab/chain/canned";
import { VirtualClock } from "../../lab/model/clock";
import { ChainError, type ChainErrorKind } from "../../shared/chain/error";
import { Failover } from "../../shared/chain/failover";
import type { Chain, Coin, Spend } from "../../shared/kernel/ports";

const COIN = { txid: "11".repeat(32), vout: 1 };

/** A backend that does as it is told, and counts what it was asked. */
class Told implements Chain {
  asked = 0;
  trouble: ChainError | undefined;
  spend: Spend | undefined;
  constructor(readonly height = 0) {}

  async #answer<T>(value: T): Promise<T> {
    this.asked++;
    if (this.trouble) throw this.trouble;
    return value;
  }

  utxos = () => this.listed([]);
  listed = (coins: readonly Coin[]) => this.#answer(coins);
  outspend = () => this.#answer(this.spend);
  broadcast = () => this.#answer(TXID);
  status = () => this.#answer({ state: "unknown" as const });
  feeRates = () => this.#answer({ floor: 100, incremental: 100, target: 100 });
  tip = () => this.#answer(this.height);
}

function trouble(kind: ChainErrorKind, retryAfter?: number): ChainError {
  return new ChainError(kind, `told to be ${kind}`, retryAfter === undefined ? {} : { retryAfter });
}

function set(quorum: 1 | 2 = 1) {
  const clock = new VirtualClock();
  const backends = [new Told(1), new Told(2), new Told(3)] as const;
  return { clock, backends, chain: new Failover({ backends, clock, quorum }) };
}

describe("a list of backends", () => {
  it("believes the first one while that answers", async () => {
    const { chain, backends } = set();
    assert.equal(await chain.tip(), 1);
    assert.equal(backends[1].asked + backends[2].asked, 0);
  });

  it("asks the next for a fee rate that one has no estimate of, and lets neither rest", async () => {
    const { chain, backends } = set();
    backends[0].feeRates = () => Promise.reject(trouble("no-estimate"));
    assert.equal((await chain.feeRates()).target, 100);
    assert.equal(backends[1].asked, 1);
    assert.equal(await chain.tip(), 1, "all else is asked of the first");
    for (const backend of backends) backend.feeRates = () => Promise.reject(trouble("no-estimate"));
    await assert.rejects(chain.feeRates(), fails("no-estimate"));
  });

  for (const kind of ["away", "rate-limited", "malformed"] satisfies ChainErrorKind[]) {
    it(`goes on to the next when one is ${kind}, and comes back to it after a rest`, async () => {
      const { chain, backends, clock } = set();
      backends[0].trouble = trouble(kind);
      assert.equal(await chain.tip(), 2);
      backends[0].trouble = undefined;
      assert.equal(await chain.tip(), 2, "the first one rests");
      assert.equal(backends[0].asked, 1);
      await clock.run(10_000);
      assert.equal(await chain.tip(), 1);
    });
  }

  it("lets a backend rest longer each time, and as long as it asked for", async () => {
    const { chain, backends, clock } = set();
    backends[0].trouble = trouble("away");
    await chain.tip();
    await clock.run(10_000);
    await chain.tip();
    assert.equal(backends[0].asked, 2);
    await clock.run(19_000);
    await chain.tip();
    assert.equal(backends[0].asked, 2, "it rests 20 s now");
    await clock.run(1_000);
    backends[0].trouble = trouble("rate-limited", 100_000);
    await chain.tip();
    assert.equal(backends[0].asked, 3);
    await clock.run(99_000);
    await chain.tip();
    assert.equal(backends[0].asked, 3);
    await clock.run(1_000);
    backends[0].trouble = undefined;
    assert.equal(await chain.tip(), 1);
  });

  it("asks those that rest when nobody else answers, and passes on the first failure", async () => {
    const { chain, backends } = set();
    for (const backend of backends) backend.trouble = trouble("away");
    backends[0].trouble = trouble("rate-limited", 5_000);
    await assert.rejects(chain.tip(), fails("rate-limited"));
    backends[2].trouble = undefined;
    assert.equal(await chain.tip(), 3);
  });

  it("takes a refusal for an answer: nobody else is asked", async () => {
    const { chain, backends } = set();
    backends[0].trouble = trouble("refused");
    await assert.rejects(chain.utxos("00", 1), fails("refused"));
    assert.equal(backends[1].asked, 0);
  });

  it("sends a transaction to all, and one that takes it is enough", async () => {
    const { chain, backends } = set();
    backends[0].trouble = trouble("away");
    backends[1].trouble = trouble("fee-too-low");
    assert.equal(await chain.broadcast(RAW), TXID);
    assert.deepEqual(
      backends.map(({ asked }) => asked),
      [1, 1, 1],
    );
  });

  it("counts a transaction that one backend knows already as sent", async () => {
    const { chain, backends } = set();
    for (const backend of backends) backend.trouble = trouble("away");
    backends[1].trouble = trouble("already-known");
    assert.equal(await chain.broadcast(RAW), TXID);
  });

  it("says why a transaction was refused rather than that somebody is away", async () => {
    const { chain, backends } = set();
    for (const backend of backends) backend.trouble = trouble("away");
    backends[2].trouble = trouble("replacement-fee-too-low");
    await assert.rejects(chain.broadcast(RAW), fails("replacement-fee-too-low"));
  });

  it("offers watching only where a backend does", () => {
    const { chain, clock } = set();
    assert.equal(chain.watch, undefined);
    let listeners = 0;
    const pusher: Chain = Object.assign(new Told(), {
      watch: () => {
        listeners++;
        return () => void listeners--;
      },
    });
    const both = new Failover({ backends: [new Told(), pusher], clock });
    const end = both.watch?.("00", () => {});
    assert.equal(listeners, 1);
    end?.();
    assert.equal(listeners, 0);
  });
});

describe("a quorum of two for unspent", () => {
  it("wants two backends at all", () => {
    assert.throws(() => new Failover({ backends: [new Told()], clock: new VirtualClock(), quorum: 2 }), /at least 2/);
  });

  it("asks two, and a third only when one of them fails", async () => {
    const { chain, backends } = set(2);
    assert.equal(await chain.outspend(COIN), undefined);
    assert.deepEqual(
      backends.map(({ asked }) => asked),
      [1, 1, 0],
    );
    backends[1].trouble = trouble("malformed");
    assert.equal(await chain.outspend(COIN), undefined);
    assert.deepEqual(
      backends.map(({ asked }) => asked),
      [2, 2, 1],
    );
  });

  it("does not take one word for unspent", async () => {
    const { chain, backends } = set(2);
    backends[0].trouble = trouble("away");
    backends[1].trouble = trouble("away");
    await assert.rejects(chain.outspend(COIN), fails("away"));
  });

  it("takes one word for spent when nobody denies it", async () => {
    const { chain, backends } = set(2);
    backends[0].trouble = trouble("away");
    backends[2].trouble = trouble("away");
    backends[1].spend = { txid: TXID };
    assert.deepEqual(await chain.outspend(COIN), { txid: TXID });
  });

  it("calls it a conflict when they disagree whether, or by whom", async () => {
    const { chain, backends } = set(2);
    backends[0].spend = { txid: TXID };
    await assert.rejects(chain.outspend(COIN), fails("conflict", /disagree whether/));
    backends[1].spend = { txid: "77".repeat(32) };
    await assert.rejects(chain.outspend(COIN), fails("conflict", /disagree who/));
  });

  it("gives the answer that says most when they agree", async () => {
    const { chain, backends } = set(2);
    backends[0].spend = {};
    backends[1].spend = { txid: TXID, height: 500 };
    assert.deepEqual(await chain.outspend(COIN), { txid: TXID, height: 500 });
  });
});

describe("a list of coins that are unspent", () => {
  const here: Coin = { txid: "22".repeat(32), vout: 0, amount: 9_000, height: 7 };
  const there: Coin = { ...here, vout: 1 };

  /** Lets a backend list these coins, as unspent in the mempool too or not. */
  function lists(backend: Told, coins: readonly Coin[], unspent = true): void {
    (backend as Chain).listing = async () => ({ coins: await backend.listed(coins), unspent });
  }

  it("is the first backend's, and says of the mempool what that one says", async () => {
    const { chain, backends } = set();
    lists(backends[0], [here]);
    assert.deepEqual(await chain.listing("00", 5), { coins: [here], unspent: true });
    backends[0].trouble = trouble("away");
    assert.deepEqual(await chain.listing("00", 5), { coins: [], unspent: false }, "the second has no such list");
    assert.equal(backends[2].asked, 0);
  });

  it("has, with a quorum of two, what both list and nothing else", async () => {
    const { chain, backends } = set(2);
    lists(backends[0], [here, there]);
    lists(backends[1], [
      { ...here, height: 8 },
      { ...there, amount: 9_001 },
    ]);
    assert.deepEqual(await chain.listing("00", 5), { coins: [here], unspent: true });
    lists(backends[1], [here, there], false);
    assert.equal((await chain.listing("00", 5)).unspent, false, "one of them does not know the mempool");
  });

  it("is a conflict where two have nothing in common, and none where only one answers", async () => {
    const { chain, backends } = set(2);
    for (const [index, backend] of backends.entries()) lists(backend, index === 0 ? [here] : []);
    await assert.rejects(chain.listing("00", 5), fails("conflict", /in common/));
    for (const backend of backends.slice(1)) backend.trouble = trouble("away");
    await assert.rejects(chain.listing("00", 5), fails("away"));
  });
});

it("knows whether a payment can be asked about as soon as one of them does", () => {
  const { chain, backends } = set();
  assert.equal(chain.canTest, false);
  const [first, second] = backends as unknown as { wouldTake?: unknown; canTest?: boolean }[];
  for (const backend of [first, second]) if (backend) backend.wouldTake = async () => true;
  assert.equal(chain.canTest, undefined);
  if (first) first.canTest = false;
  assert.equal(chain.canTest, undefined);
  if (second) second.canTest = true;
  assert.equal(chain.canTest, true);
});
