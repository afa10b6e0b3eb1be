// What a cable keeps of channels that have ended: their refunds, until a deposit is back or another
// channel needs the place.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CutStore } from "../../lab/model/store";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import type { Wallet } from "../../shared/bitcoin/wallet";
import { readRawTx } from "../../shared/chain/raw-tx";
import type { Increment } from "../../shared/channel/channel";
import { ChannelPocket } from "../../shared/channel/pocket";
import { type ChannelEntry, depositOf } from "../../shared/channel/record";
import { cable, coin, keys } from "./cases";

const limits = { delay: 4_032, maxLocked: 25_000, fee: 1_000, increment: 100, first: 1_000 };
const FEE = 121;
const PAYEE = "0014aa";

function pocketOver(store: CutStore, wallet = cable): ChannelPocket {
  return new ChannelPocket({ store, report: () => {}, wallet, ecdsa, limits });
}

function fund(pocket: ChannelPocket, vout: number, deposit = 20_000): string {
  const inputs = [coin("ab", 60_000, vout)];
  const funded = pocket.fund(
    { payeeKey: keys.payeeKey, delay: 4_032, version: 3, inputs, deposit, fee: 199 },
    (each) => (each.vout === vout ? 60_000 : undefined),
    PAYEE,
  );
  return funded.ok ? funded.txid : assert.fail(funded.detail);
}

/** The cable's wallet, and how often it has signed. */
function counting(): { readonly wallet: Wallet; readonly count: () => number } {
  let count = 0;
  const sign = (digest: Uint8Array): Uint8Array => {
    count += 1;
    return cable.sign(digest);
  };
  const wallet = new Proxy(cable, { get: (own, name) => (name === "sign" ? sign : Reflect.get(own, name, own)) });
  return { wallet, count: () => count };
}

describe("the refund of a channel that has ended", () => {
  it("is signed once, and kept over restarts, until it would pay another fee", () => {
    const store = new CutStore();
    const { wallet, count } = counting();
    const txid = fund(pocketOver(store), 0);
    const pocket = pocketOver(store, wallet);
    assert.equal(pocket.refundOfTurn(0, FEE, []), undefined, "not while it is open");
    pocket.end(txid);
    const refund = pocket.refundOfTurn(0, FEE, []) ?? assert.fail();
    assert.deepEqual(readRawTx(refund).outputs, [{ script: cable.script, amount: 20_000 - FEE }]);
    assert.equal(pocket.refundOfTurn(1, FEE, []), refund);
    assert.equal(pocketOver(store, wallet).refundOfTurn(0, FEE, []), refund);
    assert.equal(count(), 1);
    assert.notEqual(pocket.refundOfTurn(0, FEE + 1, []), refund);
    assert.equal(pocket.refundOfTurn(0, 1_001, []), undefined, "beyond the owner's limit");
  });

  it("is of each channel in its turn", () => {
    const pocket = pocketOver(new CutStore());
    for (const txid of [fund(pocket, 0), fund(pocket, 1, 5_000)]) pocket.end(txid);
    const amounts = [0, 1, 2].map((turn) => readRawTx(pocket.refundOfTurn(turn, FEE, []) ?? "").outputs[0]?.amount);
    assert.deepEqual(amounts, [20_000 - FEE, 5_000 - FEE, 20_000 - FEE]);
  });

  it("ends with its channel once the cable has the coin that it made", () => {
    const pocket = pocketOver(new CutStore());
    pocket.end(fund(pocket, 0));
    const { txid } = readRawTx(pocket.refundOfTurn(0, FEE, []) ?? "");
    assert.ok(pocket.refundOfTurn(0, FEE, [{ txid: "cd".repeat(32), vout: 0 }]));
    assert.equal(pocket.refundOfTurn(0, FEE, [{ txid, vout: 0 }]), undefined);
    assert.deepEqual([pocket.entries, pocket.locked], [[], 0]);
  });
});

describe("a channel that is over by its socket's word", () => {
  it("locks nothing and is in nobody's way, but its refund stays", () => {
    const store = new CutStore();
    const pocket = pocketOver(store);
    const txid = fund(pocket, 0);
    pocket.saidOver(txid);
    assert.deepEqual([pocket.locked, pocket.isFull, pocket.at(PAYEE)], [0, false, undefined]);
    assert.ok(pocketOver(store).refundOfTurn(0, FEE, []));
    assert.ok("reason" in pocket.pay(txid, 311, 300, 0));
  });

  it("makes room for one that opens, and no other does", () => {
    const pocket = pocketOver(new CutStore());
    const [first, second] = [fund(pocket, 0, 5_000), fund(pocket, 1, 5_000)];
    assert.throws(() => fund(pocket, 2, 5_000), /fewer than 2/);
    pocket.saidOver(first);
    const third = fund(pocket, 2, 5_000);
    assert.deepEqual(
      pocket.entries.map(({ txid }) => txid).sort(),
      [second, third].sort(),
      "the one that still pays is kept",
    );
  });

  it("goes on where its socket shows the cable's own signature, at no less than the cable has signed", () => {
    const pocket = pocketOver(new CutStore());
    const txid = fund(pocket, 0);
    const early = pocket.pay(txid, 311, 300, 0) as Increment;
    pocket.flowed(txid, 1e9);
    pocket.pay(txid, 12, 300, 0);
    const deposit = depositOf(pocket.entries[0] as ChannelEntry);
    assert.ok(!pocket.adopt(deposit, early), "it is open");
    pocket.saidOver(txid);
    assert.ok(!pocket.adopt(deposit, { ...early, paid: 312 }));
    assert.ok(pocket.adopt(deposit, early));
    assert.deepEqual([pocket.find(txid)?.phase, pocket.find(txid)?.paid], ["open", 323]);
  });
});
