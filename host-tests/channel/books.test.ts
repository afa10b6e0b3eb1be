// Both sides' books of channels: the socket's (book.ts) and the cable's (pocket.ts), over stores
// that lose power.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type CutKind, CutStore } from "../../lab/model/store";
import { bytesToHex } from "../../shared/bitcoin/bytes";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { readRawTx } from "../../shared/chain/raw-tx";
import { type BookTerms, ChannelBook, type Taken } from "../../shared/channel/book";
import type { Increment } from "../../shared/channel/channel";
import { channelFrame, signHalf } from "../../shared/channel/closing";
import { ChannelPocket, type Funded, type FundingOffer, type PocketLimits } from "../../shared/channel/pocket";
import type { ChannelRefusal } from "../../shared/channel/reasons";
import {
  type ChannelEntry,
  channelOf,
  depositOf,
  MAX_CABLE_CHANNELS,
  MAX_SOCKET_CHANNELS,
} from "../../shared/channel/record";
import { highestTip } from "../../shared/channel/tip";
import { cable, coin, payeeScript, SEED, stranger } from "./cases";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const PRICE = 300;
const RATE = 100;

const terms: BookTerms = {
  delay: 4_032,
  version: 3,
  depositLeast: 5_000,
  depositMost: 100_000,
  confirmations: 6,
  margin: 1_008,
  maxUnclosed: 20_000,
  answerAge: DAY,
  payeeScript,
};
const limits: PocketLimits = { delay: 4_032, maxLocked: 40_000, fee: 1_000, increment: 100, first: 1_000 };

const report = (): void => {};
const pinned = (each: { amount: number }): number => each.amount;

function bookOver(store: CutStore, change: Partial<BookTerms> = {}): ChannelBook {
  return new ChannelBook({ store, report, ecdsa, seed: SEED, terms: { ...terms, ...change } });
}

function pocketOver(store: CutStore, change: Partial<PocketLimits> = {}, wallet = cable): ChannelPocket {
  return new ChannelPocket({ store, report, wallet, ecdsa, limits: { ...limits, ...change } });
}

function offerOf(book: ChannelBook, change: Partial<FundingOffer> = {}): FundingOffer {
  const base = {
    payeeKey: book.nextKey(),
    delay: 4_032,
    version: 3,
    inputs: [coin("ab", 60_000)],
    deposit: 20_000,
    fee: 199,
  };
  return { ...base, ...change };
}

/** A channel on both sides, buried in block 100. */
function funded(book: ChannelBook, pocket: ChannelPocket, change: Partial<FundingOffer> = {}): string {
  const offer = offerOf(book, change);
  const { txid, transaction } = ok(pocket.fund(offer, pinned));
  const entry = book.open({ cableKey: bytesToHex(cable.publicKey), ...offer, signed: transaction });
  assert.ok("txid" in entry, JSON.stringify(entry));
  assert.equal(entry.txid, txid);
  asked(book, txid, 0);
  return txid;
}

/** The chain has answered. */
function asked(book: ChannelBook, txid: string, at: number, tip = 105): void {
  book.sawTip(tip, at);
  book.sawFunding(txid, { height: 100, unspent: true, at });
}

function ok<T extends Funded | Taken>(result: T | ChannelRefusal): T {
  assert.ok(result.ok, JSON.stringify(result));
  return result;
}

function half(result: Increment | ChannelRefusal): Increment {
  assert.ok("half" in result, JSON.stringify(result));
  return result;
}

const reason = (result: object): unknown => ("reason" in result ? result.reason : "none");

describe("the socket's book", () => {
  it("opens a channel by the funding that it would build itself, and by no other", () => {
    const book = bookOver(new CutStore());
    const offer = offerOf(book);
    const { transaction } = ok(pocketOver(new CutStore()).fund(offer, pinned));
    const key = bytesToHex(cable.publicKey);
    const open = (deposit: number, fee: number, signed: string, cableKey = key): unknown =>
      reason(book.open({ cableKey, inputs: offer.inputs, deposit, fee, signed }));
    assert.equal(open(20_001, 199, transaction), "bad-funding");
    assert.equal(open(20_000, 198, transaction), "bad-funding");
    assert.equal(open(20_000, 199, `${transaction.slice(0, -2)}01`), "bad-funding");
    assert.equal(open(20_000, 199, transaction, bytesToHex(stranger.publicKey)), "bad-funding");
    assert.equal(open(4_999, 199, transaction), "bad-terms");
    assert.equal(open(100_001, 199, transaction), "bad-terms");
    assert.equal(open(20_000, 199, transaction, book.nextKey()), "bad-terms");
    assert.deepEqual(book.entries, []);
    assert.equal(open(20_000, 199, transaction), "none");
  });

  it("uses each payee key once, over restarts and lost entries", () => {
    const store = new CutStore();
    const book = bookOver(store);
    const keys = [book.nextKey()];
    const txid = funded(book, pocketOver(new CutStore()));
    keys.push(book.nextKey(), bookOver(store).nextKey());
    book.over(txid);
    keys.push(bookOver(store).nextKey());
    assert.deepEqual(keys, [keys[0], keys[1], keys[1], keys[1]]);
    assert.notEqual(keys[0], keys[1]);
    const bare = new CutStore();
    funded(bookOver(bare), pocketOver(new CutStore()));
    for (const name of ["channel.n.a", "channel.n.b"]) bare.remove(name);
    assert.equal(bookOver(bare).nextKey(), keys[1], "the entries' own numbers count too");
  });

  it("keeps eight channels, and refuses one more", () => {
    const book = bookOver(new CutStore());
    for (let i = 0; i < MAX_SOCKET_CHANNELS; i++)
      funded(book, pocketOver(new CutStore()), { inputs: [coin("ab", 60_000, i)] });
    const offer = offerOf(book);
    const { transaction } = ok(pocketOver(new CutStore()).fund(offer, pinned));
    const more = book.open({ cableKey: bytesToHex(cable.publicKey), ...offer, signed: transaction });
    assert.equal(reason(more), "too-many-channels");
    assert.equal(book.entries.length, MAX_SOCKET_CHANNELS);
  });

  it("sells nothing after a restart before it has asked the chain, nor on an answer that is old or says spent", () => {
    const [store, pocket] = [new CutStore(), pocketOver(new CutStore())];
    const txid = funded(bookOver(store), pocket);
    const book = bookOver(store);
    const first = half(pocket.pay(txid, 311, PRICE, 0));
    assert.equal(reason(book.take(first, 311, PRICE, 0)), "not-buried");
    book.sawTip(105, 0);
    assert.equal(reason(book.take(first, 311, PRICE, 0)), "chain-unasked");
    asked(book, txid, 0);
    assert.equal(reason(book.take(first, 311, PRICE, DAY + 1)), "chain-unasked");
    book.sawFunding(txid, { height: 100, unspent: false, at: 0 });
    assert.equal(reason(book.take(first, 311, PRICE, 0)), "closing");
    book.sawFunding(txid, { height: undefined, unspent: true, at: 0 });
    assert.equal(reason(book.take(first, 311, PRICE, 0)), "not-buried");
    asked(book, txid, 0);
    assert.deepEqual(book.take(first, 311, PRICE, DAY), { ok: true, credit: 1_036_666, credited: 1_036_666 });
  });

  it("takes the tip to be higher than it was, the longer nobody said", () => {
    assert.equal(highestTip(undefined, 0), undefined);
    assert.equal(highestTip({ height: 100, at: 0 }, 0), 101);
    assert.equal(highestTip({ height: 100, at: 0 }, 180_000), 102);
    assert.equal(highestTip({ height: 100, at: 0 }, DAY), 581);
    const pocket = pocketOver(new CutStore());
    const book = bookOver(new CutStore());
    const txid = funded(book, pocket);
    const end = 100 + 4_032 - 1_008;
    asked(book, txid, 0, end - 2);
    const first = half(pocket.pay(txid, 311, PRICE, 0));
    assert.equal(reason(book.take(first, 311, PRICE, 180_000)), "near-deadline");
    assert.equal(reason(book.take(first, 311, PRICE, 179_999)), "none");
    assert.deepEqual([book.due(179_999, 10), book.due(180_000, 10)], [[], [txid]]);
  });

  it("lets no more stand unclosed than its owner allows, and then closes the oldest", () => {
    const book = bookOver(new CutStore(), { maxUnclosed: 700 });
    const pockets = [0, 1].map(() => pocketOver(new CutStore()));
    const txids = pockets.map((pocket, i) => funded(book, pocket, { inputs: [coin("ab", 60_000, i)] }));
    for (const [i, txid] of txids.entries()) {
      const pay = book.ask(txid, 12, RATE);
      ok(book.take(half(pockets[i]?.pay(txid, pay, PRICE, 0) ?? ({} as Increment)), pay, PRICE, 0));
    }
    assert.deepEqual(
      [book.unclosed, book.ask(txids[1] ?? "", 78, RATE), book.ask(txids[1] ?? "", 79, RATE)],
      [622, 78, 0],
    );
    assert.deepEqual([book.due(0, 78), book.due(0, 79)], [[], [txids[0]]]);
    const over = half(pockets[1]?.pay(txids[1] ?? "", 79, PRICE, 1e9) ?? ({} as Increment));
    assert.equal(reason(book.take(over, 79, PRICE, 0)), "unclosed-limit");
    book.over(txids[0] ?? "");
    assert.equal(book.unclosed, 311, "what the chain has closed is at risk no more");
    ok(book.take(over, 79, PRICE, 0));
  });

  it("closes at the fee of the day, raises it by what a replacement takes, and never beyond the share", () => {
    const pocket = pocketOver(new CutStore());
    const store = new CutStore();
    const book = bookOver(store);
    const txid = funded(book, pocket);
    assert.equal(book.close(txid, RATE, 100), undefined, "nothing was paid");
    ok(book.take(half(pocket.pay(txid, 1_000, PRICE, 0)), 311, PRICE, 0));
    const feeOf = (raw: string | undefined): number | undefined =>
      raw === undefined ? undefined : 20_000 - readRawTx(raw).outputs.reduce((sum, { amount }) => sum + amount, 0);
    assert.equal(feeOf(book.close(txid, RATE, 100)), 17);
    assert.equal(reason(book.take(half(pocket.pay(txid, 1, PRICE, 1e9)), 1, PRICE, 0)), "closing");
    assert.equal(feeOf(book.close(txid, RATE, 100)), 34, "17 more for its own relaying");
    assert.equal(feeOf(bookOver(store).close(txid, 1_000, 100)), 170, "after a restart as well");
    const again = bookOver(store);
    assert.equal(feeOf(again.close(txid, 50_000, 100)), 706, "all but dust");
    assert.equal(again.close(txid, 50_000, 100), undefined);
  });

  it("keeps what it owes in energy when a channel is over, and forgets it when it owes nothing", () => {
    const [store, pocket] = [new CutStore(), pocketOver(new CutStore())];
    const book = bookOver(store);
    const txid = funded(book, pocket);
    ok(book.take(half(pocket.pay(txid, 311, PRICE, 0)), 311, PRICE, 0));
    book.delivered(txid, 36_000);
    assert.equal(bookOver(store).entries[0]?.energy, 1_000_666);
    book.close(txid, RATE, 100);
    book.over(txid);
    assert.deepEqual(
      bookOver(store).entries.map(({ phase, energy }) => [phase, energy]),
      [["closed", 1_000_666]],
    );
    book.delivered(txid, 2_000_000);
    book.over(txid);
    assert.deepEqual([book.entries, bookOver(store).entries], [[], []]);
  });

  it("asks for what is left at last, and then closes", () => {
    const pocket = pocketOver(new CutStore(), { increment: 20_000 });
    const book = bookOver(new CutStore());
    const txid = funded(book, pocket, { deposit: 5_000 });
    ok(book.take(half(pocket.pay(txid, 311, PRICE, 0)), 311, PRICE, 0));
    assert.equal(book.ask(txid, 12_000, RATE), 5_000 - 294 - 311);
    ok(book.take(half(pocket.pay(txid, 4_395, PRICE, 1e9)), 4_395, PRICE, 0));
    assert.deepEqual([book.ask(txid, 1, RATE), book.due(0, 0)], [0, [txid]]);
  });

  it("knows no channel that it did not open", () => {
    const book = bookOver(new CutStore());
    const increment = { channel: "cd".repeat(32), paid: 311, half: "83" };
    assert.equal(reason(book.take(increment, 311, PRICE, 0)), "other-channel");
    assert.deepEqual([book.ask("cd".repeat(32), 1, RATE), book.close("cd".repeat(32), RATE, 100)], [0, undefined]);
  });
});

describe("the cable's pocket", () => {
  const book = bookOver(new CutStore());
  const refused = (change: Partial<FundingOffer>, within: Partial<PocketLimits> = {}): unknown =>
    reason(pocketOver(new CutStore(), within).fund(offerOf(book, change), pinned));

  it("funds within its owner's limits only", () => {
    assert.equal(refused({}), "none");
    assert.equal(refused({ delay: 4_033 }), "bad-terms");
    assert.equal(refused({ delay: 2_015 }), "bad-terms");
    assert.equal(refused({ version: 1 }), "bad-terms");
    assert.equal(refused({ payeeKey: bytesToHex(cable.publicKey) }), "bad-terms");
    assert.equal(refused({ deposit: 40_001 }), "bad-terms");
    assert.equal(refused({ deposit: 329 }), "bad-terms");
    assert.equal(refused({ deposit: 0.5 }), "bad-terms");
    assert.equal(refused({ inputs: [] }), "bad-terms");
    assert.equal(refused({ inputs: [coin("ab", 20_198)] }), "bad-terms");
    assert.equal(refused({ fee: -1 }), "bad-terms");
    assert.equal(refused({ fee: 1_001 }), "bad-funding");
    assert.equal(
      refused({ inputs: [coin("ab", 21_100)], fee: 900 }),
      "bad-funding",
      "change that is dust is fee as well",
    );
  });

  it("funds with coins whose amounts it knows", () => {
    const pocket = pocketOver(new CutStore());
    const offer = offerOf(book);
    for (const known of [undefined, 59_999]) assert.equal(reason(pocket.fund(offer, () => known)), "bad-funding");
  });

  it("locks no more than its owner allows, in two channels at most", () => {
    const pocket = pocketOver(new CutStore());
    const fund = (vout: number, deposit: number): unknown =>
      reason(pocket.fund(offerOf(book, { inputs: [coin("ab", 60_000, vout)], deposit }), pinned));
    assert.equal(fund(0, 20_000), "none");
    assert.equal(fund(0, 20_000), "none", "the same again, as its answer was lost, is the same channel");
    assert.equal(fund(1, 20_001), "bad-terms");
    assert.equal(fund(1, 10_000), "none");
    assert.equal(fund(2, 1_000), "too-many-channels");
    assert.deepEqual([pocket.locked, pocket.entries.length], [30_000, MAX_CABLE_CHANNELS]);
    pocket.over(pocket.entries[0]?.txid ?? "");
    assert.equal(fund(2, 1_000), "none");
  });

  it("pays no increment above its limits, beyond the deposit, or while the last was not delivered", () => {
    const pocket = pocketOver(new CutStore(), { first: 400 });
    const { txid } = ok(pocket.fund(offerOf(book, { deposit: 600 }), pinned));
    assert.equal(reason(pocket.pay("cd".repeat(32), 1, PRICE, 0)), "other-channel");
    for (const pay of [0, 0.5, 401]) assert.equal(reason(pocket.pay(txid, pay, PRICE, 0)), "bad-terms", `${pay}`);
    assert.equal(reason(pocket.pay(txid, 307, PRICE, 0)), "used-up");
    half(pocket.pay(txid, 300, PRICE, 0));
    assert.equal(reason(pocket.pay(txid, 1, PRICE, 999_999)), "undelivered");
    pocket.flowed(txid, 999_000);
    assert.equal(reason(pocket.pay(txid, 1, PRICE, 999)), "undelivered");
    assert.equal(reason(pocket.pay(txid, 101, PRICE, 1_000)), "bad-terms");
    assert.equal(half(pocket.pay(txid, 6, PRICE, 1_000)).paid, 306);
  });

  it("counts as earned what was acknowledged and had flowed when it signed the next increment, and no more", () => {
    const pocket = pocketOver(new CutStore());
    const { txid } = ok(pocket.fund(offerOf(book), pinned));
    const earned = () => pocket.find(txid)?.earned ?? 0;
    const more = (sat: number, left: number) => half(pocket.pay(txid, sat, PRICE, 20_000, left));
    more(300, 0);
    pocket.acknowledge(txid);
    assert.equal(earned(), 0, "nothing has flowed for it yet");
    more(100, 0);
    assert.equal(earned(), 300);
    more(100, 0);
    assert.equal(earned(), 300, "the second was not acknowledged");
    pocket.acknowledge(txid);
    more(100, 20_000);
    assert.equal(earned(), 494, "20 Wh of it have not flowed: 6 sat");
    more(100, 20_000);
    assert.equal(earned(), 494, "as long as nothing is acknowledged");
  });

  it("says its latest increment again, over restarts, and signs nothing on a channel that ends", () => {
    const store = new CutStore();
    const pocket = pocketOver(store);
    const { txid } = ok(pocket.fund(offerOf(book), pinned));
    assert.equal(pocket.again(txid), undefined);
    const first = half(pocket.pay(txid, 311, PRICE, 0));
    assert.deepEqual([pocket.again(txid), pocketOver(store).again(txid)], [first, first]);
    pocket.end(txid);
    assert.equal(reason(pocketOver(store).pay(txid, 1, PRICE, 1e9)), "closing");
  });

  it("takes its deposit back, at a fee within its limit, and then pays nothing more on it", () => {
    const pocket = pocketOver(new CutStore());
    const { txid } = ok(pocket.fund(offerOf(book), pinned));
    assert.equal(pocket.refund(txid, 1_001), undefined);
    const refund = pocket.refund(txid, 121) ?? "";
    assert.deepEqual(readRawTx(refund).outputs, [{ script: cable.script, amount: 19_879 }]);
    assert.equal(reason(pocket.pay(txid, 311, PRICE, 0)), "closing");
    assert.equal(pocket.refund("cd".repeat(32), 121), undefined);
  });

  it("without its journal believes a socket that shows its own signature, and no other", () => {
    const [store, lost] = [new CutStore(), pocketOver(new CutStore())];
    const socket = bookOver(store);
    const pocket = pocketOver(new CutStore());
    const txid = funded(socket, pocket);
    ok(socket.take(half(pocket.pay(txid, 311, PRICE, 0)), 311, PRICE, 0));
    const entry = socket.entries[0] as ChannelEntry;
    const shown: Increment = { channel: txid, paid: entry.paid, half: entry.half ?? "" };
    assert.ok(!lost.adopt(depositOf(entry), { ...shown, paid: 312 }));
    assert.ok(!pocketOver(new CutStore(), {}, stranger).adopt(depositOf(entry), shown));
    assert.ok(!pocket.adopt(depositOf(entry), shown), "it knows better");
    assert.ok(lost.adopt(depositOf(entry), shown));
    assert.deepEqual(lost.again(txid), shown);
    ok(socket.take(half(lost.pay(txid, 12, PRICE, 0)), 12, PRICE, 0));
  });
});

describe("both books under power cuts at any write", () => {
  type Side = "socket" | "cable";
  const cut = fc.record({
    side: fc.constantFrom<Side>("socket", "cable"),
    writes: fc.integer({ min: 1, max: 30 }),
    kind: fc.constantFrom<CutKind>("lost", "torn", "kept"),
  });
  const steps = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 4, maxLength: 10 });

  it("lose no acknowledged satoshi, sign nothing beyond what is recorded, and go on", () => {
    fc.assert(
      fc.property(cut, steps, (cut, pays) => {
        const stores = { socket: new CutStore(), cable: new CutStore() };
        let [book, pocket] = [bookOver(stores.socket), pocketOver(stores.cable)];
        const txid = funded(book, pocket);
        class Cut extends Error {}
        for (const store of Object.values(stores))
          store.onCut = () => {
            throw new Cut();
          };
        stores[cut.side].cutIn = { writes: cut.writes, kind: cut.kind };
        let acknowledged = 0;
        let shown = 0;
        const visit = (step: number): void => {
          const owed = pocket.again(txid);
          if (owed && owed.paid > (book.entries[0]?.paid ?? 0)) acknowledge(owed, 1);
          pocket.flowed(txid, 1e9);
          const pay = book.ask(txid, step, RATE);
          acknowledge(half(pocket.pay(txid, pay, PRICE, 1e9)), pay);
        };
        const acknowledge = (increment: Increment, pay: number): void => {
          shown = Math.max(shown, increment.paid);
          ok(book.take(increment, pay, PRICE, 0));
          acknowledged = increment.paid;
        };
        for (const step of pays) {
          try {
            visit(step);
          } catch (error) {
            if (!(error instanceof Cut)) throw error;
            [book, pocket] = [bookOver(stores.socket), pocketOver(stores.cable)];
            asked(book, txid, 0);
          }
          const entry = book.entries[0] as ChannelEntry;
          assert.ok(entry.paid >= acknowledged, "what was acknowledged is there");
          assert.ok((pocket.entries[0]?.paid ?? 0) >= shown, "what was shown is recorded");
          assert.ok(
            entry.paid <= (pocket.entries[0]?.paid ?? 0),
            "the socket holds nothing that the cable does not know",
          );
          const channel = channelOf(entry);
          if (entry.half) assert.equal(entry.half, signHalf(channelFrameOf(entry), 20_000 - channel.paid, cable));
        }
        stores.socket.cutIn = undefined;
        const { outputs } = readRawTx(book.close(txid, RATE, 100) ?? "");
        assert.ok((outputs[1]?.amount ?? 0) >= acknowledged - 17);
      }),
      { numRuns: 40 },
    );
  });
});

function channelFrameOf(entry: ChannelEntry) {
  return channelFrame(depositOf(entry));
}
