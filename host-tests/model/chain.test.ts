// The model chain against Bitcoin Core's own documents: doc/policy/mempool-replacements.md,
// packages.md, mempool-limits.md, mempool-design.md, BIP431, and the cases of Core's feature_rbf.py
// and rbf_tests.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Unspent } from "../../lab/model/blocks";
import { VirtualClock } from "../../lab/model/clock";
import { chunksOf, improves } from "../../lab/model/diagram";
import { ModelNetwork } from "../../lab/model/network";
import { dustLimit, type Policy, paysForReplacement } from "../../lab/model/policy";
import { coinOf, Purse } from "../../lab/model/purse";
import { realEcdsa, standInEcdsa } from "../../lab/model/signers";
import type { Transaction } from "../../lab/model/transaction";
import { View } from "../../lab/model/view";
import { ChainError, type ChainErrorKind } from "../../shared/chain/error";

const CORE_30: Partial<Policy> = { rules: "28", minRelay: 1000, incremental: 1000 };

function setUp(policy: Partial<Policy> = {}, nodes = 1) {
  const clock = new VirtualClock();
  const network = new ModelNetwork({ clock, policy, nodes, verify: standInEcdsa.verify });
  const purse = new Purse("tester", standInEcdsa);
  const coin = (amount = 1_000_000): Unspent => network.grant(purse.script, amount);
  const send = (tx: Transaction): string => network.node.submit(tx.hex);
  return { clock, network, purse, coin, send, pool: network.node.mempool };
}

function refuses(kind: ChainErrorKind, words: RegExp, action: () => unknown): ChainError {
  let caught: unknown;
  assert.throws(action, (error: unknown) => {
    caught = error;
    assert.ok(error instanceof ChainError, String(error));
    assert.match(error.message, words);
    assert.equal(error.kind, kind);
    return true;
  });
  return caught as ChainError;
}

describe("replacement (mempool-replacements.md)", () => {
  it("pays at least the sum of the originals and the relay of its own size: the figures of Core's rbf_tests", () => {
    const HIGH = 1_000_000;
    assert.equal(paysForReplacement(HIGH, HIGH, 1, 0), undefined);
    assert.ok(paysForReplacement(HIGH, HIGH - 1, 1, 0));
    assert.ok(paysForReplacement(HIGH + 1, HIGH, 1, 0));
    assert.ok(paysForReplacement(HIGH, HIGH + 1, 2, 1000));
    assert.equal(paysForReplacement(HIGH, HIGH + 2, 2, 1000), undefined);
    assert.ok(paysForReplacement(HIGH, HIGH + 2, 2, 2000));
    assert.equal(paysForReplacement(HIGH, HIGH + 4, 2, 2000), undefined);
    assert.ok(paysForReplacement(10_000, HIGH, 99_999_999, 1000));
    assert.equal(paysForReplacement(10_000, HIGH + 99_999_999, 99_999_999, 1000), undefined);
  });

  it("asks 500 sat more of 500 vbytes at an incremental relay feerate of 1 sat/vB", () => {
    assert.equal(paysForReplacement(1_000, 1_499, 500, 1000)?.missing, 1);
    assert.equal(paysForReplacement(1_000, 1_500, 500, 1000), undefined);
  });

  it("refuses a double spend of the same fee and takes one that pays more, signalling or not (full RBF)", () => {
    const { purse, coin, send, pool } = setUp();
    const input = coin();
    const first = purse.spend([input], 1000, { sequence: 0xffffffff });
    send(first);
    refuses("replacement-fee-too-low", /insufficient fee/, () => send(purse.spend([input], 1000, { outputs: 2 })));
    const better = purse.spend([input], 100_000);
    send(better);
    assert.ok(!pool.has(first.txid) && pool.has(better.txid));
  });

  it("names the satoshi that a replacement still lacks, and takes it when they are paid", () => {
    const { purse, coin, send } = setUp(CORE_30);
    const input = coin();
    send(purse.spend([input], 1000));
    const short = purse.spend([input], 1050);
    const error = refuses("replacement-fee-too-low", /not enough additional fees to relay; 50 < 110/, () =>
      send(short),
    );
    send(purse.spend([input], 1050 + (error.missing ?? 0)));
  });

  it("counts the fees of all children: a chain of 40 must be paid for whole", () => {
    const { purse, coin, send, pool } = setUp({ family: 50 });
    const input = coin();
    let last = purse.spend([input], 10_000);
    send(last);
    const chain = [last];
    for (let i = 1; i < 40; i++) {
      last = purse.spend([coinOf(last)], 10_000);
      chain.push(last);
      send(last);
    }
    refuses("replacement-fee-too-low", /less fees than conflicting txs/, () => send(purse.spend([input], 300_000)));
    send(purse.spend([input], 490_000));
    assert.ok(chain.every((tx) => !pool.has(tx.txid)));
  });

  it("refuses a higher fee at a lower feerate, under the old rule and under the diagram", () => {
    for (const rules of ["28", "31", "both"] as const) {
      const { purse, coin, send } = setUp({ rules });
      const input = coin();
      send(purse.spend([input], 1000));
      const wide = purse.spend([input], 5000, { outputs: 100 });
      const reason = rules === "31" ? /does not improve feerate diagram/ : /new feerate .* <= old feerate/;
      refuses("replacement-fee-too-low", reason, () => send(wide));
    }
  });

  it("evicts at most 100 transactions under the rules before Core 31", () => {
    const { purse, coin, send } = setUp({ rules: "28", family: 200 });
    const input = coin(10_000_000);
    const split = purse.spend([input], 20_000, { outputs: 100 });
    send(split);
    for (let i = 0; i < 100; i++) send(purse.spend([coinOf(split, i)], 100));
    refuses("conflict", /too many potential replacements/, () => send(purse.spend([input], 5_000_000)));
  });

  it("counts clusters and not transactions under Core 31", () => {
    const { purse, coin, send } = setUp({ rules: "31", cluster: 200 });
    const input = coin(10_000_000);
    const split = purse.spend([input], 20_000, { outputs: 100 });
    send(split);
    for (let i = 0; i < 100; i++) send(purse.spend([coinOf(split, i)], 100));
    send(purse.spend([input], 5_000_000));
  });

  it("refuses a replacement that spends what it replaces, directly or further down", () => {
    const { purse, coin, send } = setUp();
    const [one, two] = [coin(), coin()];
    const first = purse.spend([one], 1000);
    send(first);
    refuses("conflict", /bad-txns-spends-conflicting-tx/, () => send(purse.spend([one, two, coinOf(first)], 90_000)));
    const child = purse.spend([coinOf(first)], 1000);
    send(child);
    refuses("conflict", /bad-txns-spends-conflicting-tx/, () => send(purse.spend([one, two, coinOf(child)], 90_000)));
  });

  it("refuses new unconfirmed inputs before Core 31 and takes them from 31 on", () => {
    for (const rules of ["28", "31"] as const) {
      const { purse, coin, send } = setUp({ rules });
      const [one, two] = [coin(), coin()];
      const unconfirmed = purse.spend([two], 50_000);
      send(unconfirmed);
      send(purse.spend([one], 1000));
      const replacement = purse.spend([one, coinOf(unconfirmed)], 90_000);
      if (rules === "28") refuses("conflict", /replacement-adds-unconfirmed/, () => send(replacement));
      else send(replacement);
    }
  });

  it("takes from Core 31 only what makes the mempool better: a rich child protects its parent", () => {
    const { purse, coin, send } = setUp({ rules: "31" });
    const input = coin();
    const parent = purse.spend([input], 200, { outputs: 50 });
    send(parent);
    send(purse.spend([coinOf(parent)], 4000));
    // More fee in all than both, but in more bytes than the rich child alone: worse at the child's
    // size.
    const rival = purse.spend([input], 4600, { outputs: 60 });
    refuses("replacement-fee-too-low", /./, () => send(rival));
  });
});

describe("feerate diagrams (mempool-design.md)", () => {
  const tx = (id: string, fee: number, vsize: number, ...parents: string[]) => ({ id, fee, vsize, parents });

  it("puts a poor parent and its rich child into one chunk, and a rich parent before its poor child", () => {
    assert.deepEqual(
      chunksOf([tx("p", 0, 100), tx("c", 1000, 100, "p")]).map((chunk) => chunk.ids),
      [["p", "c"]],
    );
    assert.deepEqual(
      chunksOf([tx("p", 1000, 100), tx("c", 100, 100, "p")]).map((chunk) => chunk.ids),
      [["p"], ["c"]],
    );
  });

  it("orders chunks by falling feerate", () => {
    const rates = chunksOf([tx("a", 5, 1), tx("b", 9, 1, "a"), tx("c", 1, 1), tx("d", 8, 2)]).map(
      (chunk) => chunk.fee / chunk.vsize,
    );
    assert.deepEqual(
      rates,
      [...rates].sort((x, y) => y - x),
    );
  });

  it("improves for single transactions exactly when fee and feerate are higher", () => {
    const old = [tx("o", 1000, 200)];
    assert.ok(improves(old, [tx("n", 1001, 200)]));
    assert.ok(improves(old, [tx("n", 1001, 150)]));
    assert.ok(!improves(old, [tx("n", 1000, 200)]), "equal is not better");
    assert.ok(!improves(old, [tx("n", 1100, 300)]), "higher fee, lower feerate");
    assert.ok(!improves(old, [tx("n", 900, 100)]), "higher feerate, lower fee");
  });
});

describe("packages (packages.md)", () => {
  it("lets a child bring its parent over the mempool minimum feerate together", () => {
    const { purse, coin, network, pool } = setUp({ mempoolMin: 5000, minRelay: 1000 });
    const parent = purse.spend([coin()], 110);
    const child = purse.spend([coinOf(parent)], 2000);
    refuses("fee-too-low", /mempool min fee not met/, () => network.node.submit(parent.hex));
    network.node.submitPackage([parent.hex, child.hex]);
    assert.ok(pool.has(parent.txid) && pool.has(child.txid));
  });

  it("does not let a package lift a parent over the minimum relay feerate before Core 31, and does from 31 on", () => {
    for (const rules of ["28", "31"] as const) {
      const { purse, coin, network } = setUp({ rules, minRelay: 5000 });
      const parent = purse.spend([coin()], 110);
      const submit = (): void => network.node.submitPackage([parent.hex, purse.spend([coinOf(parent)], 5000).hex]);
      if (rules === "28") refuses("fee-too-low", /min relay fee not met/, submit);
      else submit();
    }
  });

  it("lets version 3 parents pay nothing when their child pays (BIP431)", () => {
    const { purse, coin, network, pool } = setUp();
    const parent = purse.spend([coin()], 0, { version: 3 });
    refuses("fee-too-low", /min relay/, () => network.node.submit(parent.hex));
    network.node.submitPackage([parent.hex, purse.spend([coinOf(parent)], 1000, { version: 3 }).hex]);
    assert.ok(pool.has(parent.txid));
  });

  it("replaces a rival of the parent with the fees of both (package RBF, clusters of two)", () => {
    const { purse, coin, network, pool } = setUp();
    const input = coin();
    const rival = purse.spend([input], 3000, { script: "0014".padEnd(44, "7") });
    network.node.submit(rival.hex);
    const parent = purse.spend([input], 200);
    refuses("replacement-fee-too-low", /./, () => network.node.submit(parent.hex));
    refuses("replacement-fee-too-low", /./, () =>
      network.node.submitPackage([parent.hex, purse.spend([coinOf(parent)], 2000).hex]),
    );
    network.node.submitPackage([parent.hex, purse.spend([coinOf(parent)], 7000).hex]);
    assert.ok(!pool.has(rival.txid) && pool.has(parent.txid));
  });

  it("does not let a rich parent pay for a replacement by its poor child", () => {
    const { purse, coin, network } = setUp();
    const input = coin();
    network.node.submit(purse.spend([input], 3000).hex);
    const parent = purse.spend([input], 3005, { outputs: 2 });
    refuses("fee-too-low", /less than or equal to parent feerate/, () =>
      network.node.submitPackage([parent.hex, purse.spend([coinOf(parent)], 20).hex]),
    );
  });

  it("refuses a package that is unsorted, doubled, in conflict or incomplete", () => {
    const { purse, coin, network, send } = setUp();
    const input = coin();
    const parent = purse.spend([input], 1000, { outputs: 2 });
    const child = purse.spend([coinOf(parent)], 1000);
    const send2 = (a: Transaction, b: Transaction) => () => network.node.submitPackage([a.hex, b.hex]);
    refuses("malformed", /not-child-with-unconfirmed-parents/, send2(child, parent));
    refuses("malformed", /duplicates/, send2(parent, parent));
    refuses("malformed", /conflict-in-package/, send2(parent, purse.spend([coinOf(parent), input], 1000)));
    const other = purse.spend([coin()], 1000);
    send(other);
    refuses("malformed", /a parent is missing/, send2(parent, purse.spend([coinOf(parent), coinOf(other)], 1000)));
  });

  it("takes the child of a parent that it already has", () => {
    const { purse, coin, network, send, pool } = setUp();
    const parent = purse.spend([coin()], 1000);
    send(parent);
    const child = purse.spend([coinOf(parent)], 1000);
    network.node.submitPackage([parent.hex, child.hex]);
    assert.ok(pool.has(child.txid));
  });
});

describe("version 3 (BIP431)", () => {
  it("allows one unconfirmed parent and one child, and no mixing of versions", () => {
    const { purse, coin, send } = setUp();
    const parent = purse.spend([coin()], 1000, { version: 3, outputs: 2 });
    send(parent);
    refuses("malformed", /TRUC-violation/, () => send(purse.spend([coinOf(parent)], 1000)));
    const child = purse.spend([coinOf(parent)], 1000, { version: 3 });
    send(child);
    refuses("malformed", /TRUC-violation: more than one/, () =>
      send(purse.spend([coinOf(child)], 1000, { version: 3 })),
    );
    const old = purse.spend([coin()], 1000);
    send(old);
    refuses("malformed", /TRUC-violation/, () => send(purse.spend([coinOf(old)], 1000, { version: 3 })));
  });

  it("lets a better sibling evict the only child", () => {
    const { purse, coin, send, pool } = setUp();
    const parent = purse.spend([coin()], 1000, { version: 3, outputs: 2 });
    send(parent);
    const child = purse.spend([coinOf(parent, 0)], 1000, { version: 3 });
    send(child);
    refuses("replacement-fee-too-low", /./, () => send(purse.spend([coinOf(parent, 1)], 1000, { version: 3 })));
    send(purse.spend([coinOf(parent, 1)], 2000, { version: 3 }));
    assert.ok(!pool.has(child.txid));
  });

  it("keeps a child at 1 000 vB and a parent at 10 000 vB", () => {
    const { purse, coin, send } = setUp();
    const parent = purse.spend([coin()], 1000, { version: 3 });
    send(parent);
    refuses("malformed", /larger than 1 000 vB/, () =>
      send(purse.spend([coinOf(parent)], 9000, { version: 3, outputs: 40 })),
    );
    refuses("malformed", /larger than 10 000 vB/, () =>
      send(purse.spend([coin()], 9000, { version: 3, outputs: 400 })),
    );
  });
});

describe("limits (mempool-limits.md)", () => {
  it("takes a chain of 25 and no more", () => {
    const { purse, coin, send } = setUp();
    let last = purse.spend([coin()], 1000);
    send(last);
    for (let i = 1; i < 25; i++) {
      last = purse.spend([coinOf(last)], 1000);
      send(last);
    }
    refuses("conflict", /too-long-mempool-chain/, () => send(purse.spend([coinOf(last)], 1000)));
  });

  it("takes 24 children of one parent and no more", () => {
    const { purse, coin, send } = setUp();
    const parent = purse.spend([coin()], 10_000, { outputs: 25 });
    send(parent);
    for (let i = 0; i < 24; i++) send(purse.spend([coinOf(parent, i)], 1000));
    refuses("conflict", /too many descendants/, () => send(purse.spend([coinOf(parent, 24)], 1000)));
  });

  it("takes clusters of 64 from Core 31 on", () => {
    const { purse, coin, send } = setUp({ rules: "31" });
    let last = purse.spend([coin()], 1000);
    send(last);
    for (let i = 1; i < 64; i++) {
      last = purse.spend([coinOf(last)], 1000);
      send(last);
    }
    refuses("conflict", /too-large-cluster/, () => send(purse.spend([coinOf(last)], 1000)));
  });
});

describe("relay", () => {
  it("asks 0.1 sat/vB by default, rounded up", () => {
    const { purse, coin, send } = setUp();
    const input = coin();
    assert.equal(purse.spend([input], 0).vsize, 110);
    const error = refuses("fee-too-low", /min relay fee not met, 10 < 11/, () => send(purse.spend([input], 10)));
    assert.equal(error.missing, 1);
    send(purse.spend([input], 11));
  });

  it("knows dust by the type of the output: 546, 540, 294, 330 and 330 sat", () => {
    const script = (head: string, bytes: number, tail = ""): string => head + "11".repeat(bytes) + tail;
    assert.equal(dustLimit(script("76a914", 20, "88ac")), 546);
    assert.equal(dustLimit(script("a914", 20, "87")), 540);
    assert.equal(dustLimit(script("0014", 20)), 294);
    assert.equal(dustLimit(script("0020", 32)), 330);
    assert.equal(dustLimit(script("5120", 32)), 330);
  });

  it("refuses an output of 293 sat and takes one of 294", () => {
    const { purse, coin, send } = setUp();
    const input = coin();
    const pay = (amount: number): Transaction =>
      purse.sign(
        {
          outputs: [
            { script: purse.script, amount },
            { script: purse.script, amount: 900_000 },
          ],
        },
        [input],
      );
    refuses("dust", /293 sat, expected 294/, () => send(pay(293)));
    send(pay(294));
  });

  it("measures P2WPKH transactions as BIP141 does, with signatures of 72 bytes or less", () => {
    const { coin } = setUp();
    const real = new Purse("measured", realEcdsa);
    const sizes = [
      real.spend([coin()], 1000),
      real.spend([coin()], 1000, { outputs: 2 }),
      real.spend([coin(), coin()], 1000, { outputs: 2 }),
    ];
    const expected = [110, 141, 209];
    sizes.forEach((tx, i) => {
      assert.ok(Math.abs(tx.vsize - (expected[i] ?? 0)) <= 1, `${tx.vsize} vB`);
    });
  });
});

describe("consensus", () => {
  it("verifies real signatures, and refuses one of another key, amount or sighash type", () => {
    const network = new ModelNetwork({ clock: new VirtualClock() });
    const [alice, mallory] = [new Purse("alice"), new Purse("mallory")];
    const coin = network.grant(alice.script, 100_000);
    const send = (tx: Transaction): string => network.node.submit(tx.hex);
    refuses("malformed", /program hash mismatch/, () => send(mallory.spend([coin], 1000)));
    refuses("malformed", /Signature must be valid/, () => send(alice.spend([{ ...coin, amount: 200_000 }], 150_000)));
    for (const type of [1, 2, 3, 0x81]) send(alice.spend([coin], 500 * type, { type }));
  });

  it("refuses unknown and spent inputs, doubled inputs, and outputs worth more than the inputs", () => {
    const { purse, coin, send, network } = setUp();
    const input = coin();
    refuses("conflict", /missingorspent/, () => send(purse.spend([{ ...input, vout: 7 }], 1000)));
    refuses("malformed", /inputs-duplicate/, () => send(purse.spend([input, input], 1000)));
    refuses("malformed", /in-belowout/, () => send(purse.spend([input], -1)));
    const tx = purse.spend([input], 1000);
    send(tx);
    network.mine();
    refuses("conflict", /missingorspent/, () => send(purse.spend([input], 5000)));
    refuses("already-known", /already in utxo set/, () => send(tx));
  });

  it("refuses what is not a transaction, to the last byte", () => {
    const { purse, coin, network } = setUp();
    const { hex } = purse.spend([coin()], 1000);
    for (const bad of ["", "zz", hex.slice(0, -2), `${hex}00`, hex.slice(0, 8)])
      refuses("malformed", /TX decode failed/, () => network.node.submit(bad));
  });
});

describe("blocks", () => {
  it("are filled by feerate, a child lifting its parent, nothing below the market's feerate", () => {
    const { purse, coin, send, network, pool } = setUp();
    const rich = purse.spend([coin()], 2000);
    const poor = purse.spend([coin()], 20);
    const lifted = purse.spend([coin()], 20);
    const child = purse.spend([coinOf(lifted)], 4000);
    for (const tx of [poor, rich, lifted, child]) send(tx);
    network.market = 10_000;
    const { transactions } = network.mine();
    assert.deepEqual(
      transactions.map((tx) => tx.txid),
      [lifted.txid, child.txid, rich.txid],
    );
    assert.ok(pool.has(poor.txid));
  });

  it("leave out what the miner censors, and what hangs on it", () => {
    const { purse, coin, send, network } = setUp();
    const tx = purse.spend([coin()], 2000);
    send(tx);
    send(purse.spend([coinOf(tx)], 9000));
    network.censored = (each) => each.txid === tx.txid;
    assert.equal(network.mine().transactions.length, 0);
    network.censored = () => false;
    assert.equal(network.mine().transactions.length, 2);
  });

  it("give their transactions back when a longer branch comes, and a rival in it wins for good", () => {
    const { purse, coin, send, network } = setUp();
    const [one, two] = [coin(), coin()];
    const [paid, kept] = [purse.spend([one], 2000), purse.spend([two], 2000)];
    send(paid);
    send(kept);
    const height = network.mine().height;
    const rival = purse.spend([one], 500, { outputs: 2 });
    network.reorganise(1, [rival.hex]);
    assert.equal(network.blocks.height, height + 1);
    assert.equal(network.blocks.blockOf(paid.txid), undefined);
    assert.ok(network.blocks.blockOf(rival.txid));
    assert.ok(network.blocks.blockOf(kept.txid), "what has no rival is mined again");
  });

  it("keep the sum of all coins and fees through any reorganisation", () => {
    const { purse, coin, send, network } = setUp();
    const input = coin();
    const sum = (): number => [...network.blocks.unspent.values()].reduce((total, each) => total + each.amount, 0);
    assert.equal(sum(), 1_000_000);
    send(purse.spend([input], 2000, { outputs: 3 }));
    network.mine();
    assert.equal(sum(), 998_000);
    network.reorganise(2);
    assert.equal(sum(), 998_000);
  });
});

describe("views", () => {
  it("of two nodes differ until relay has passed, and a double spend hides in between", async () => {
    const { purse, coin, network, clock } = setUp({}, 2);
    network.relayDelay = 3000;
    const [near, far] = network.nodes.map((node) => new View(node));
    const input = coin();
    const [one, two] = [purse.spend([input], 1000), purse.spend([input], 1000, { outputs: 2 })];
    network.nodes[0]?.submit(one.hex);
    network.nodes[1]?.submit(two.hex);
    await clock.run(10_000);
    assert.equal((await clock.finish((near as View).outspend(input)))?.txid, one.txid);
    assert.equal((await clock.finish((far as View).outspend(input)))?.txid, two.txid);
    network.mine(network.nodes[1]);
    assert.equal((await clock.finish((near as View).outspend(input)))?.txid, two.txid);
  });

  it("answer late, and an answer is true when it leaves", async () => {
    const { purse, coin, network, clock, send } = setUp();
    const view = new View(network.node);
    view.delay = 500;
    const input = coin();
    const before = clock.now();
    assert.equal(await clock.finish(view.outspend(input)), undefined);
    assert.equal(clock.now() - before, 500);
    const tx = purse.spend([input], 1000);
    send(tx);
    assert.deepEqual(await clock.finish(view.outspend(input)), { txid: tx.txid });
  });

  it("can be away, stale, blind to the mempool, forgetful, or swallow a broadcast", async () => {
    const { purse, coin, network, clock, send, pool } = setUp();
    const view = new View(network.node);
    const input = coin();
    await clock.finish(view.outspend(input));
    const tx = purse.spend([input], 1000);
    send(tx);
    view.fault = "away";
    await assert.rejects(clock.finish(view.outspend(input)), { kind: "away" });
    view.fault = "stale";
    assert.equal(await clock.finish(view.outspend(input)), undefined);
    view.fault = "mempool-hidden";
    assert.equal(await clock.finish(view.outspend(input)), undefined);
    view.fault = "forgetful";
    assert.equal((await clock.finish(view.status(tx.txid))).state, "unknown");
    view.fault = "swallows";
    const lost = purse.spend([coin()], 1000);
    assert.equal(await clock.finish(view.broadcast(lost.hex)), lost.txid);
    assert.ok(!pool.has(lost.txid));
    view.fault = "none";
    assert.deepEqual(await clock.finish(view.outspend(input)), { txid: tx.txid });
    assert.equal((await clock.finish(view.status(tx.txid))).state, "mempool");
  });

  it("list a script's coins, the largest first, without those that the mempool spends", async () => {
    const { purse, coin, network, clock, send } = setUp();
    const view = new View(network.node);
    const [small, large, spent] = [coin(1000), coin(5000), coin(9000)];
    const tx = purse.spend([spent], 1000);
    send(tx);
    const coins = await clock.finish(view.utxos(purse.script, 10));
    assert.deepEqual(
      coins.map((each) => each.txid),
      [tx.txid, large.txid, small.txid],
    );
    assert.equal(coins[0]?.height, undefined);
    assert.equal((await clock.finish(view.utxos(purse.script, 2))).length, 2);
  });

  it("take a known transaction as a success, and name the feerates of the moment", async () => {
    const { purse, coin, network, clock } = setUp();
    const view = new View(network.node);
    const tx = purse.spend([coin()], 1000);
    assert.equal(await clock.finish(view.broadcast(tx.hex)), tx.txid);
    assert.equal(await clock.finish(view.broadcast(tx.hex)), tx.txid);
    network.mine();
    assert.equal(await clock.finish(view.broadcast(tx.hex)), tx.txid);
    network.market = 20_000;
    assert.deepEqual(await clock.finish(view.feeRates()), { floor: 100, incremental: 100, target: 20_000 });
  });
});
