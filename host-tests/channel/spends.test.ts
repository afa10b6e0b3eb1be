// Funding, closing and refund before an independent judge: bcoin's interpreter accepts them and
// refuses each tampered one.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hex } from "@scure/base";
import { Transaction } from "@scure/btc-signer";
import { byteHex, bytesToHex, le32 } from "../../shared/bitcoin/bytes";
import { outpointHex, outputsHex, SEQUENCE, unsignedFrom } from "../../shared/bitcoin/draft";
import type { Wallet } from "../../shared/bitcoin/wallet";
import { readRawTx } from "../../shared/chain/raw-tx";
import {
  type ClosingTerms,
  channelFrame,
  closingVsize,
  type Deposit,
  feeCoinScript,
  payeeShare,
  push,
  signClosing,
  signHalf,
  signWhole,
  unsignedClosing,
  withStacks,
} from "../../shared/channel/closing";
import {
  channelOfFunding,
  fundingOutputs,
  fundingVsize,
  memoScript,
  signFunding,
  unsignedFunding,
} from "../../shared/channel/funding";
import { REFUND_VSIZE, signRefund, unsignedRefund } from "../../shared/channel/refund";
import { depositScript, MAX_DELAY, MIN_DELAY } from "../../shared/channel/script";
import { wholeDigest } from "../../shared/channel/sighash";
import type { Coin } from "../../shared/kernel/ports";
import { cable, coin, deposit, frame, funding, keys, payee, payeeScript, stranger, taprootScript } from "./cases";
import { maySpend, type Spent, vsizeOfSigned } from "./judge";

const spent: Spent = { amount: deposit.coin.amount, script: depositScript(frame.script) };
const CHANGE = 18_000;
const state = { change: CHANGE, half: signHalf(frame, CHANGE, cable) };
const terms: ClosingTerms = { payeeScript, fee: 300, coins: [] };
const closing = signClosing(deposit, frame, state, terms, payee);
const refund = signRefund(deposit, frame, 250, cable);

/** False also for what cannot be read. */
function judged(transaction: string, index = 0, coinSpent = spent): boolean {
  try {
    return maySpend(transaction, index, coinSpent);
  } catch {
    return false;
  }
}

/**
 * One bit of each byte flipped in turn; gives the places at which the judge still accepts input 0.
 */
function survivors(transaction: string, coinSpent: Spent): number[] {
  const places: number[] = [];
  for (let at = 0; at < transaction.length; at += 2) {
    const flipped = Number.parseInt(transaction.slice(at, at + 2), 16) ^ (1 << ((at / 2) % 8));
    if (judged(transaction.slice(0, at) + byteHex(flipped) + transaction.slice(at + 2), 0, coinSpent)) places.push(at);
  }
  return places;
}

interface Rogue {
  readonly version?: number;
  readonly sequence?: number;
  readonly outputs: readonly { readonly script: string; readonly amount: number }[];
  readonly signer?: Wallet;
}

/**
 * A closing as a thief of the payee's key would write it around the cable's half; `stack` builds
 * the deposit's witness.
 */
function rogue(plan: Rogue, stack = (own: string) => `03${push(state.half)}${push(own)}${push(frame.script)}`): string {
  const { version = deposit.version, sequence = SEQUENCE, signer = payee } = plan;
  const outputs = outputsHex(plan.outputs);
  const spend = { version, sequence, inputs: [deposit.coin], outputs };
  const own = signWhole(signer, wholeDigest(spend, deposit.coin, frame.script));
  const input = `01${outpointHex(deposit.coin)}00${le32(sequence)}`;
  const unsigned = `${le32(version)}${input}${byteHex(plan.outputs.length)}${outputs}00000000`;
  return withStacks(unsigned, stack(own));
}

const cableOutput = { script: frame.cableScript, amount: CHANGE };
const thiefOutput = { script: stranger.script, amount: 1_000 };

describe("a closing", () => {
  it("is accepted, at any fee that leaves the payee no dust, with coins of the payee's or none", () => {
    for (const fee of [0, 17, 300, 1_706]) {
      const signed = signClosing(deposit, frame, state, { ...terms, fee }, payee);
      assert.ok(judged(signed), `${fee}`);
    }
    assert.throws(() => signClosing(deposit, frame, state, { ...terms, fee: 1_707 }, payee), /at least 294 sat/);
    const coins = [coin("cd", 5_000, 2), coin("ef", 7_000)];
    const paid = signClosing(deposit, frame, state, { payeeScript: taprootScript, fee: 9_000, coins }, payee);
    assert.ok(judged(paid));
    for (const [i, each] of coins.entries())
      assert.ok(judged(paid, i + 1, { amount: each.amount, script: feeCoinScript(keys) }));
  });

  it("is what another library writes", () => {
    const tx = new Transaction({ version: 3, allowUnknownOutputs: true });
    const witnessUtxo = { script: hex.decode(spent.script), amount: BigInt(spent.amount) };
    tx.addInput({ txid: deposit.coin.txid, index: 0, sequence: SEQUENCE, witnessUtxo });
    tx.addOutput({ script: hex.decode(frame.cableScript), amount: BigInt(CHANGE) });
    tx.addOutput({ script: hex.decode(payeeScript), amount: BigInt(spent.amount - CHANGE - 300) });
    assert.equal(unsignedClosing(deposit, frame, CHANGE, terms), hex.encode(tx.unsignedTx));
  });

  it("pays the change and the share, to the satoshi", () => {
    assert.deepEqual(readRawTx(closing).outputs, [cableOutput, { script: payeeScript, amount: 20_000 - CHANGE - 300 }]);
    assert.equal(payeeShare(deposit, CHANGE, terms), 1_700);
  });

  it("is refused with one bit of any byte changed", () => {
    assert.deepEqual(survivors(closing, spent), []);
  });

  it("is refused over another amount, and under another script", () => {
    assert.ok(!judged(closing, 0, { ...spent, amount: spent.amount + 1 }));
    const other = channelFrame({ ...deposit, keys: { ...keys, delay: keys.delay + 1 } });
    assert.ok(!judged(closing, 0, { ...spent, script: depositScript(other.script) }));
  });

  it("has the size that its fee is counted with", () => {
    for (const script of [payeeScript, taprootScript])
      for (const count of [0, 1, 2]) {
        const coins = [coin("cd", 5_000), coin("ef", 7_000)].slice(0, count);
        assert.equal(
          largest((fee) => signClosing(deposit, frame, state, { payeeScript: script, fee, coins }, payee)),
          closingVsize(script, count),
          `${count}`,
        );
      }
    assert.equal(closingVsize(payeeScript), 170);
    assert.equal(closingVsize(taprootScript), 182);
  });

  it("takes no more fee coins than fit", () => {
    const coins = ["a1", "b2", "c3", "d4", "e5"].map((name) => coin(name, 1_000));
    assert.throws(() => signClosing(deposit, frame, state, { ...terms, coins }, payee), /at most 4 coins/);
  });

  it("is signed by the channel's own payee key only", () => {
    assert.throws(() => signClosing(deposit, frame, state, terms, stranger), /own payee key/);
  });
});

/**
 * The most vbytes that signed ones have, over fees until one has all signatures at their longest.
 */
function largest(sign: (fee: number) => string): number {
  let most = 0;
  for (let fee = 200; fee < 224; fee++) most = Math.max(most, vsizeOfSigned(sign(fee)));
  return most;
}

describe("the cable's half", () => {
  it("lets the payee write its output as it likes, and add to it", () => {
    assert.ok(judged(rogue({ outputs: [cableOutput, thiefOutput] })));
    assert.ok(judged(rogue({ outputs: [cableOutput, thiefOutput, { script: payeeScript, amount: 500 }] })));
  });

  it("never lets the change be less, elsewhere, or at another place", () => {
    assert.ok(!judged(rogue({ outputs: [{ ...cableOutput, amount: CHANGE - 1 }, thiefOutput] })));
    assert.ok(!judged(rogue({ outputs: [{ script: stranger.script, amount: CHANGE }, thiefOutput] })));
    assert.ok(!judged(rogue({ outputs: [thiefOutput, cableOutput] })));
    assert.ok(!judged(rogue({ outputs: [thiefOutput] })));
  });

  it("holds for its version and sequence only", () => {
    assert.ok(!judged(rogue({ version: 2, outputs: [cableOutput, thiefOutput] })));
    assert.ok(!judged(rogue({ sequence: 0xfffffffe, outputs: [cableOutput, thiefOutput] })));
  });

  it("is worth nothing without the payee's signature, at any height", () => {
    const outputs = [cableOutput, thiefOutput];
    const alone = () => `03${push(state.half)}00${push(frame.script)}`;
    for (const sequence of [SEQUENCE, keys.delay, keys.delay + 1, 0xffff])
      assert.ok(!judged(rogue({ sequence, outputs }, alone)), `sequence ${sequence}`);
    assert.ok(!judged(rogue({ outputs, signer: stranger })));
    assert.ok(!judged(rogue({ outputs }, () => `03${push(state.half)}${push(state.half)}${push(frame.script)}`)));
  });

  it("is needed: the payee's key alone spends nothing, at any height", () => {
    const outputs = [cableOutput, thiefOutput];
    const twice = (own: string) => `03${push(own)}${push(own)}${push(frame.script)}`;
    const alone = (own: string) => `03${push(own)}00${push(frame.script)}`;
    const none = (own: string) => `0300${push(own)}${push(frame.script)}`;
    for (const stack of [twice, alone, none])
      for (const sequence of [SEQUENCE, keys.delay]) assert.ok(!judged(rogue({ sequence, outputs }, stack)));
  });

  it("stands under the payee's signature, not above it", () => {
    const swapped = (own: string) => `03${push(own)}${push(state.half)}${push(frame.script)}`;
    assert.ok(!judged(rogue({ outputs: [cableOutput, thiefOutput] }, swapped)));
  });

  it("with the payee's key in the cable's hands closes at an older state: what the key's theft allows", () => {
    const older = { change: CHANGE + 500, half: signHalf(frame, CHANGE + 500, cable) };
    assert.ok(judged(signClosing(deposit, frame, older, terms, payee)));
  });

  it("is not made by another cable", () => {
    assert.throws(() => signHalf(frame, CHANGE, stranger), /own key/);
  });
});

describe("a refund", () => {
  it("is accepted, of the least and the greatest delay", () => {
    assert.ok(judged(refund));
    for (const delay of [MIN_DELAY, MAX_DELAY]) {
      const other: Deposit = { ...deposit, keys: { ...keys, delay } };
      const script = channelFrame(other);
      assert.ok(judged(signRefund(other, script, 250, cable), 0, { ...spent, script: depositScript(script.script) }));
    }
  });

  it("is what another library writes", () => {
    const tx = new Transaction({ version: 2, allowUnknownOutputs: true });
    const witnessUtxo = { script: hex.decode(spent.script), amount: BigInt(spent.amount) };
    tx.addInput({ txid: deposit.coin.txid, index: 0, sequence: keys.delay, witnessUtxo });
    tx.addOutput({ script: hex.decode(frame.cableScript), amount: BigInt(spent.amount - 250) });
    assert.equal(unsignedRefund(deposit, frame, 250), hex.encode(tx.unsignedTx));
  });

  it("is refused with one bit of any byte changed", () => {
    assert.deepEqual(survivors(refund, spent), []);
  });

  it("has the size that its fee is counted with, and leaves no dust", () => {
    assert.equal(
      largest((fee) => signRefund(deposit, frame, fee, cable)),
      REFUND_VSIZE,
    );
    assert.throws(() => signRefund(deposit, frame, deposit.coin.amount - 293, cable), /at least 294 sat/);
    assert.ok(judged(signRefund(deposit, frame, deposit.coin.amount - 294, cable)));
    assert.throws(() => signRefund(deposit, frame, 250, stranger), /own key/);
  });

  /**
   * A refund as BIP112 sees it: version, sequence, and what stands in the place of the payee's
   * signature.
   */
  function as(version: number, sequence: number, payeePart = "00"): boolean {
    const outputs = [{ script: frame.cableScript, amount: 19_000 }];
    return judged(
      rogue({ version, sequence, outputs, signer: cable }, (own) => `03${push(own)}${payeePart}${push(frame.script)}`),
    );
  }

  const edges: readonly (readonly [string, number, number, boolean])[] = [
    ["N in version 2", 2, 4_032, true],
    ["N in version 3", 3, 4_032, true],
    ["N in version 1", 1, 4_032, false],
    ["a version that is negative as a signed number", 0xffffffff, 4_032, true],
    ["one block less", 2, 4_031, false],
    ["one block more", 2, 4_033, true],
    ["the most blocks", 2, 0xffff, true],
    ["none", 2, 0, false],
    ["N with the disable flag", 2, 0x80000000 + 4_032, false],
    ["N with the type flag: seconds", 2, 0x00400000 + 4_032, false],
    ["N with bits that BIP68 does not read", 2, 0x00010000 + 4_032, true],
    ["a block less than N with such bits", 2, 0x00010000 + 4_031, false],
    ["a final sequence", 2, 0xffffffff, false],
  ];
  for (const [name, version, sequence, accepted] of edges)
    it(`BIP112: ${name} ${accepted ? "satisfies" : "does not satisfy"} the script`, () =>
      assert.equal(as(version, sequence), accepted));

  it("has the empty signature in the payee's place, and no other that fails", () => {
    assert.ok(as(2, 4_032, "00"));
    assert.ok(!as(2, 4_032, "0100"));
    assert.ok(!as(2, 4_032, "0101"));
    assert.ok(!as(2, 4_032, push(state.half)));
  });
});

describe("a funding", () => {
  const signed = signFunding(funding, cable);
  const own: Spent = { amount: 60_000, script: cable.script };

  it("is accepted, each of its inputs", () => {
    assert.ok(judged(signed, 0, own));
    const inputs = [coin("ab", 60_000, 1), coin("cd", 8_000)];
    const two = signFunding({ ...funding, inputs }, cable);
    for (const [i, { amount }] of inputs.entries()) assert.ok(judged(two, i, { amount, script: cable.script }));
  });

  it("is what another library writes", () => {
    const tx = new Transaction({ version: 2, allowUnknownOutputs: true });
    for (const { txid, vout, amount } of funding.inputs)
      tx.addInput({
        txid,
        index: vout,
        sequence: SEQUENCE,
        witnessUtxo: { script: hex.decode(cable.script), amount: BigInt(amount) },
      });
    tx.addOutput({ script: hex.decode(spent.script), amount: 20_000n });
    tx.addOutput({ script: hex.decode(memoScript(keys)), amount: 0n });
    tx.addOutput({ script: hex.decode(cable.script), amount: BigInt(60_000 - 20_000 - 199) });
    assert.equal(unsignedFunding(funding), hex.encode(tx.unsignedTx));
    assert.equal(deposit.coin.txid, tx.id);
  });

  it("is refused with one bit of any byte changed", () => {
    assert.deepEqual(survivors(signed, own), []);
  });

  it("has the size that its fee is counted with", () => {
    const two = [...funding.inputs, coin("cd", 8_000)];
    const whole = { ...funding, inputs: [coin("ab", 20_100)] };
    assert.equal(
      largest((fee) => signFunding({ ...funding, fee }, cable)),
      fundingVsize(1, true),
    );
    assert.equal(
      largest((fee) => signFunding({ ...funding, inputs: two, fee }, cable)),
      fundingVsize(2, true),
    );
    assert.equal(
      largest((fee) => signFunding({ ...whole, deposit: 20_100 - fee, fee }, cable)),
      fundingVsize(1, false),
    );
    assert.deepEqual([fundingVsize(1, true), fundingVsize(2, true), fundingVsize(1, false)], [199, 267, 168]);
  });

  it("leaves no change under what nodes relay, and never more than its inputs have", () => {
    const outputsAt = (fee: number) => fundingOutputs({ ...funding, fee }).length;
    assert.equal(outputsAt(40_000 - 294), 3);
    assert.equal(outputsAt(40_000 - 293), 2);
    assert.equal(outputsAt(40_000), 2);
    assert.throws(() => fundingOutputs({ ...funding, fee: 40_001 }), /expected inputs worth/);
  });

  it("is signed for good keys only, by their own cable", () => {
    assert.throws(
      () => signFunding({ ...funding, keys: { ...keys, payeeKey: keys.cableKey } }, cable),
      /the cable's own/,
    );
    assert.throws(() => signFunding({ ...funding, keys: { ...keys, delay: MIN_DELAY - 1 } }, cable), /delay/);
    assert.throws(() => signFunding(funding, stranger), /own coins/);
  });

  it("tells the cable's key which channel it opened, when all else is lost", () => {
    const [first, memo] = readRawTx(signed).outputs;
    assert.deepEqual(channelOfFunding(first?.script ?? "", memo?.script ?? "", keys.cableKey), keys);
    const found = channelFrame({
      ...deposit,
      keys: channelOfFunding(first?.script ?? "", memo?.script ?? "", keys.cableKey) ?? keys,
    });
    assert.equal(found.script, frame.script);
  });

  it("opens no channel by a memo that somebody made up", () => {
    const memo = memoScript(keys);
    assert.equal(channelOfFunding(spent.script, memo, bytesToHex(stranger.publicKey)), undefined);
    for (let at = 0; at < memo.length; at += 2) {
      const changed = memo.slice(0, at) + byteHex(Number.parseInt(memo.slice(at, at + 2), 16) ^ 1) + memo.slice(at + 2);
      assert.equal(channelOfFunding(spent.script, changed, keys.cableKey), undefined, `byte ${at / 2}`);
    }
    assert.equal(channelOfFunding(spent.script, `${memo}00`, keys.cableKey), undefined);
  });
});

describe("two channels of one cable", () => {
  it("are spent by one transaction only with a change for each", () => {
    const second: Deposit = { ...deposit, coin: { txid: "cd".repeat(32), vout: 0, amount: 20_000 } };
    const frames = [frame, channelFrame(second)] as const;
    const deposits: readonly Coin[] = [deposit.coin, second.coin];
    const both = (outputs: readonly { script: string; amount: number }[]): string => {
      const serialised = outputsHex(outputs);
      const spend = { version: 3, sequence: SEQUENCE, inputs: deposits, outputs: serialised };
      const inputs = `02${deposits.map((each) => `${outpointHex(each)}00${le32(SEQUENCE)}`).join("")}`;
      const unsigned = `03${unsignedFrom(inputs, outputs.length, serialised).slice(2)}`;
      let stacks = "";
      for (const [i, each] of deposits.entries()) {
        const own = signWhole(payee, wholeDigest(spend, each, frames[i]?.script ?? ""));
        stacks += `03${push(signHalf(frames[i] ?? frame, CHANGE, cable))}${push(own)}${push(frame.script)}`;
      }
      return withStacks(unsigned, stacks);
    };
    const whole = both([cableOutput, cableOutput, thiefOutput]);
    assert.deepEqual([judged(whole, 0), judged(whole, 1)], [true, true]);
    const merged = both([cableOutput, thiefOutput]);
    assert.deepEqual([judged(merged, 0), judged(merged, 1)], [true, false]);
  });
});
