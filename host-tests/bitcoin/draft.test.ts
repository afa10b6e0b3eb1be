import assert from "node:assert/strict";
import { test } from "node:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { Transaction } from "@scure/btc-signer";
import fc from "fast-check";
import { bytesToHex, hexToBytes } from "../../shared/bitcoin/bytes";
import {
  actualFee,
  type Draft,
  DUST,
  draftVsize,
  dustOf,
  outputsOf,
  totalOf,
  txidOf,
  unsignedHex,
  vsizeOf,
} from "../../shared/bitcoin/draft";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { frameOf, prepareDraft } from "../../shared/bitcoin/frame";
import { checkSigned, signDraft } from "../../shared/bitcoin/transaction";
import { anyDraft, coin, draft, p2wshScript, secretOf, socketScript, taprootScript, wallet } from "./cases";

/** The same payment, made by @scure/btc-signer's own Transaction class. */
function oracle({ inputs, payerScript, ...rest }: Draft): Transaction {
  const transaction = new Transaction({ version: 2, lockTime: 0, allowUnknownOutputs: true });
  for (const { txid, vout, amount } of inputs)
    transaction.addInput({
      txid,
      index: vout,
      sequence: 0xfffffffd,
      witnessUtxo: { script: hexToBytes(payerScript), amount: BigInt(amount) },
    });
  for (const { script, amount } of outputsOf({ inputs, payerScript, ...rest }))
    transaction.addOutput({ script: hexToBytes(script), amount: BigInt(amount) });
  return transaction;
}

test("sizes are those that wallets and nodes count", () => {
  const { script } = wallet;
  assert.equal(vsizeOf(1, [script]), 110);
  assert.equal(vsizeOf(1, [script, script]), 141);
  assert.equal(vsizeOf(2, [script, script]), 209);
  assert.equal(vsizeOf(1, [taprootScript, script]), 153);
  assert.equal(vsizeOf(5, [p2wshScript, script]), vsizeOf(5, [taprootScript, script]));
});

test("dust is 294 sat for P2WPKH and 330 sat for P2WSH and P2TR", () => {
  assert.equal(dustOf(wallet.script), DUST);
  assert.equal(dustOf(p2wshScript), 330);
  assert.equal(dustOf(taprootScript), 330);
});

test("change of 294 sat is an output, of 293 sat it goes to the fee", () => {
  const total = totalOf(draft.inputs);
  const exact = { ...draft, value: total - draft.fee - 294 };
  assert.equal(outputsOf(exact).length, 2);
  assert.equal(actualFee(exact), draft.fee);
  const less = { ...exact, value: exact.value + 1 };
  assert.deepEqual(outputsOf(less), [{ script: socketScript, amount: less.value }]);
  assert.equal(actualFee(less), draft.fee + 293);
  assert.equal(draftVsize(exact) - draftVsize(less), 31);
});

test("a draft that its inputs do not cover cannot be written", () => {
  const total = totalOf(draft.inputs);
  assert.throws(() => unsignedHex({ ...draft, value: total - draft.fee + 1 }), /expected inputs worth/);
  assert.throws(() => unsignedHex({ ...draft, inputs: [], value: 0, fee: 0 }), /1 to 5 inputs, got 0/);
  const six = Array.from({ length: 6 }, (_, vout) => coin("ab", 10_000, vout));
  assert.throws(() => unsignedHex({ ...draft, inputs: six }), /1 to 5 inputs, got 6/);
});

test("no satoshi is made or lost", () => {
  fc.assert(
    fc.property(anyDraft, (draft) => {
      assert.equal(totalOf(outputsOf(draft)) + actualFee(draft), totalOf(draft.inputs));
    }),
  );
});

test("bytes, txid and signatures are those of @scure/btc-signer's Transaction", () => {
  fc.assert(
    fc.property(anyDraft, (draft) => {
      const theirs = oracle(draft);
      assert.equal(unsignedHex(draft), bytesToHex(theirs.unsignedTx));
      theirs.sign(secretOf(7));
      theirs.finalize();
      const ours = signDraft(draft, wallet);
      assert.equal(ours, theirs.hex);
      assert.equal(txidOf(draft), theirs.id);
      const checked = checkSigned(draft, ours, ecdsa);
      assert.deepEqual(checked, { ok: true, vsize: theirs.vsize, publicKey: bytesToHex(wallet.publicKey) });
      assert.ok(theirs.vsize <= draftVsize(draft));
    }),
    { numRuns: 60 },
  );
});

test("every signature of a draft verifies in the other curve library, over its own digest", () => {
  const digests = prepareDraft(draft).digests;
  const raw = Transaction.fromRaw(hexToBytes(signDraft(draft, wallet)));
  digests.forEach((digest, i) => {
    const [signature, key] = raw.getInput(i).finalScriptWitness ?? [];
    assert.ok(signature && key);
    assert.ok(secp256k1.verify(signature.slice(0, -1), digest, key, { prehash: false, format: "der" }));
  });
});

test("a frame kept over a session gives the same bytes and digests as a fresh one", () => {
  fc.assert(
    fc.property(anyDraft, fc.nat(1000), (draft, less) => {
      const frame = frameOf(draft.inputs, draft.payerScript);
      const next = { ...draft, value: Math.max(0, draft.value - less) };
      prepareDraft(draft, frame);
      assert.deepEqual(prepareDraft(next, frame).digests, prepareDraft(next).digests);
      assert.equal(prepareDraft(next, frame).txid, txidOf(next));
      assert.equal(prepareDraft(next, frame).unsigned, unsignedHex(next));
    }),
    { numRuns: 50 },
  );
});

test("a frame of other inputs, another order or another payer is refused", () => {
  const frame = frameOf(draft.inputs, draft.payerScript);
  const [first, second] = draft.inputs;
  assert.ok(first && second);
  for (const inputs of [[first], [second, first], [first, { ...second, vout: 1 }]])
    assert.throws(() => prepareDraft({ ...draft, inputs }, frame), /frame/);
  assert.throws(() => prepareDraft({ ...draft, payerScript: socketScript }, frame), /frame/);
});

test("a wallet signs nobody else's coins", () => {
  assert.throws(() => signDraft({ ...draft, payerScript: socketScript }, wallet), /own coins/);
});
