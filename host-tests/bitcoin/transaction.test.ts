import assert from "node:assert/strict";
import { test } from "node:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { RawTx } from "@scure/btc-signer/script.js";
import fc from "fast-check";
import { byteHex, bytesToHex, hexToBytes, le32, le64 } from "../../shared/bitcoin/bytes";
import { encodeDer } from "../../shared/bitcoin/der";
import { type Draft, DUST, outputsOf, unsignedHex } from "../../shared/bitcoin/draft";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { explainRefusal, MAX_TRANSACTION_BYTES } from "../../shared/bitcoin/explain";
import { prepareDraft } from "../../shared/bitcoin/frame";
import { type CheckOptions, checkSigned, signDraft } from "../../shared/bitcoin/transaction";
import type { Hex } from "../../shared/kernel/units";
import type { FaultName } from "../../shared/protocol/faults";
import { anyDraft, coin, draft, secretOf, wallet, walletOf } from "./cases";

const signed = signDraft(draft, wallet);
const single: Draft = { ...draft, inputs: [coin("ab", 60_000)] };

type Raw = ReturnType<typeof RawTx.decode>;

/** The signed transaction after `change`, as a cheat would send it. */
function changed(change: (raw: Raw) => void, transaction = signed): Hex {
  const raw = RawTx.decode(hexToBytes(transaction));
  change(raw);
  return bytesToHex(RawTx.encode(raw));
}

/** What is refused, and why, together with what the socket says. */
function fault(transaction: Hex, against: Draft = draft, options: CheckOptions = {}): FaultName | "accepted" {
  const result = checkSigned(against, transaction, ecdsa, options);
  if (result.ok) return "accepted";
  assert.ok(result.detail.length > 0 && result.detail.length < 1000, result.detail);
  return result.fault;
}

/** The first signature (DER and sighash byte) replaced. */
function withSignature(signature: Uint8Array): Hex {
  return changed((raw) => raw.witnesses?.[0]?.splice(0, 1, signature));
}

function firstWitness(): [signature: Uint8Array, publicKey: Uint8Array] {
  const [signature, publicKey] = RawTx.decode(hexToBytes(signed)).witnesses?.[0] ?? [];
  assert.ok(signature && publicKey);
  return [signature, publicKey];
}

/** Signed with a key of the same wallet over something else than the draft. */
const signedFor = (change: Partial<Draft>): Hex => signDraft({ ...draft, ...change }, wallet);

test("the draft, signed by the payer, is accepted, prepared ahead or not", () => {
  const prepared = prepareDraft(draft);
  const publicKey = bytesToHex(wallet.publicKey);
  assert.equal(fault(signed), "accepted");
  assert.equal(fault(signed, draft, { prepared }), "accepted");
  assert.equal(fault(signed, draft, { prepared, publicKey }), "accepted");
  assert.equal(fault(signed, draft, { prepared, publicKey: bytesToHex(walletOf(8).publicKey) }), "accepted");
});

test("a known key of an earlier check is no way around the payer's program", () => {
  const stranger = walletOf(8);
  const forged = signDraft({ ...draft, payerScript: stranger.script }, stranger);
  assert.equal(forged.slice(0, 200), signed.slice(0, 200));
  assert.notEqual(fault(forged), "accepted");
});

test("what is no transaction is malformed", () => {
  for (const text of ["", "00", "zz", signed.slice(1), signed.slice(2), signed.toUpperCase(), `${signed}00`, " "])
    assert.equal(fault(text), "malformed-transaction", text.slice(0, 20));
  assert.equal(fault("00".repeat(2001)), "malformed-transaction");
  assert.equal(fault(`${signed.slice(0, -8)}${"00".repeat(100_000)}`), "malformed-transaction");
});

test("upper-case digits in a witness are malformed, though they mean the same bytes", () => {
  const at = signed.indexOf(bytesToHex(wallet.publicKey));
  assert.ok(at > 0);
  assert.equal(fault(signed.slice(0, at) + signed.slice(at).toUpperCase()), "malformed-transaction");
});

test("a transaction too large for a microcontroller is refused before it is parsed", () => {
  const output = { amount: 1n, script: hexToBytes(wallet.script) };
  const large = changed((raw) => raw.outputs.push(...new Array<typeof output>(60).fill(output)));
  assert.ok(large.length / 2 > MAX_TRANSACTION_BYTES);
  const result = checkSigned(draft, large, ecdsa);
  assert.ok(!result.ok && result.fault === "malformed-transaction" && /at most 2000 bytes/.test(result.detail));
});

test("an unsigned draft is malformed: it has no witnesses", () => {
  assert.equal(fault(unsignedHex(draft)), "malformed-transaction");
});

test("lengths that are not written the shortest way are malformed", () => {
  const longCount = signed.replace("020000000001" + "02", "020000000001" + "fd0200");
  assert.notEqual(longCount, signed);
  assert.equal(fault(longCount), "malformed-transaction");
});

test("other inputs, missing ones, more of them or another order are wrong inputs", () => {
  assert.equal(fault(changed((raw) => raw.inputs.reverse())), "wrong-inputs");
  assert.equal(fault(signDraft(single, wallet)), "wrong-inputs");
  const more = signDraft({ ...draft, inputs: [...draft.inputs, coin("cd", 5000)] }, wallet);
  assert.equal(fault(more), "wrong-inputs");
  assert.equal(fault(signedFor({ inputs: [coin("ee", 60_000, 1), ...draft.inputs.slice(1)] })), "wrong-inputs");
  assert.equal(fault(signedFor({ inputs: [coin("ab", 60_000, 2), ...draft.inputs.slice(1)] })), "wrong-inputs");
});

test("paying oneself is a wrong payee", () => {
  assert.equal(fault(signedFor({ socketScript: walletOf(8).script })), "wrong-payee");
  assert.equal(fault(signedFor({ socketScript: wallet.script })), "wrong-payee");
  assert.equal(fault(changed((raw) => raw.outputs.reverse())), "wrong-payee");
  assert.equal(fault(changed((raw) => raw.outputs.splice(0))), "wrong-payee");
});

test("paying less is underpaid, paying more is not the draft", () => {
  assert.equal(fault(signedFor({ value: draft.value - 1 })), "underpaid");
  assert.equal(fault(signedFor({ value: 0 })), "underpaid");
  assert.equal(fault(signedFor({ value: draft.value + 1 })), "not-the-draft");
});

test("change to somebody else, none, or one too many is wrong change", () => {
  const other = hexToBytes(walletOf(8).script);
  assert.equal(fault(changed((raw) => raw.outputs.splice(1, 1, { amount: 5000n, script: other }))), "wrong-change");
  assert.equal(fault(changed((raw) => raw.outputs.splice(1, 1))), "wrong-change");
  const dusty = { ...draft, value: 105_000 - 209 - 100 };
  const withChange = changed(
    (raw) => raw.outputs.push({ amount: 50n, script: hexToBytes(wallet.script) }),
    signDraft(dusty, wallet),
  );
  assert.equal(fault(withChange, dusty), "wrong-change");
});

test("a third output is not the draft", () => {
  const third = { amount: 0n, script: hexToBytes(wallet.script) };
  assert.equal(fault(changed((raw) => raw.outputs.push(third))), "not-the-draft");
});

test("another fee, higher or lower, is a wrong fee", () => {
  assert.equal(fault(signedFor({ fee: draft.fee - 1 })), "wrong-fee");
  assert.equal(fault(signedFor({ fee: draft.fee + 1 })), "wrong-fee");
});

test("another version, sequence, lock time or an input script is not the draft", () => {
  const set = (change: (raw: Raw) => void) => assert.equal(fault(changed(change)), "not-the-draft");
  set((raw) => Object.assign(raw, { version: 1 }));
  set((raw) => Object.assign(raw, { version: 3 }));
  set((raw) => Object.assign(raw, { lockTime: 1 }));
  set((raw) => Object.assign(raw.inputs[1] as object, { sequence: 0xffffffff }));
  set((raw) => Object.assign(raw.inputs[0] as object, { finalScriptSig: new Uint8Array([0x51]) }));
});

test("a witness that is not [signature, public key] is malformed", () => {
  const witness = (change: (items: Uint8Array[]) => void) =>
    assert.equal(fault(changed((raw) => change(raw.witnesses?.[1] ?? []))), "malformed-transaction");
  witness((items) => items.push(new Uint8Array([1])));
  witness((items) => items.unshift(new Uint8Array()));
  witness((items) => items.pop());
  witness((items) => items.splice(0));
  witness((items) => items.splice(0, 1, new Uint8Array()));
  witness((items) => items.splice(0, 1, new Uint8Array(200)));
});

test("a signature of the same key over other amounts, or of another input, is bad", () => {
  const [, publicKey] = firstWitness();
  const second = RawTx.decode(hexToBytes(signed)).witnesses?.[1]?.[0];
  assert.ok(second);
  assert.equal(fault(withSignature(second)), "bad-signature");
  const inputs = draft.inputs.map((input) => ({ ...input, amount: input.amount + 1 }));
  const otherAmounts = prepareDraft({ ...draft, inputs, fee: draft.fee + 2 }).digests[0] as Uint8Array;
  const der = ecdsa.sign(otherAmounts, secretOf(7));
  assert.ok(ecdsa.verify(der, otherAmounts, publicKey));
  assert.equal(fault(withSignature(new Uint8Array([...der, 1]))), "bad-signature");
});

test("every other sighash type is refused, even when it is signed for", () => {
  const [signature] = firstWitness();
  for (let type = 0; type < 256; type++) {
    const result = fault(withSignature(new Uint8Array([...signature.slice(0, -1), type])));
    assert.equal(result, type === 1 ? "accepted" : "wrong-sighash");
  }
});

test("a high S or loose DER is a malleable signature", () => {
  const [signature] = firstWitness();
  const parsed = secp256k1.Signature.fromBytes(signature.slice(0, -1), "der");
  const order = secp256k1.Point.CURVE().n;
  const high = encodeDer(new secp256k1.Signature(parsed.r, order - parsed.s).toBytes("compact"));
  assert.equal(fault(withSignature(new Uint8Array([...high, 1]))), "malleable-signature");
  const der = signature.slice(0, -1);
  const trailing = new Uint8Array([...der, 0, 1]);
  assert.equal(fault(withSignature(trailing)), "malleable-signature");
  const padded = new Uint8Array([0x30, (der[1] as number) + 1, 2, (der[3] as number) + 1, 0, ...der.slice(4), 1]);
  assert.equal(fault(withSignature(padded)), "malleable-signature");
});

test("a valid signature by another key, or an uncompressed key, is a wrong key", () => {
  const stranger = walletOf(8);
  const forged = changed((raw) => {
    raw.witnesses = prepareDraft(draft).digests.map((digest) => [
      new Uint8Array([...stranger.sign(digest), 1]),
      stranger.publicKey,
    ]);
  });
  assert.equal(fault(forged), "wrong-key");
  assert.equal(fault(forged, draft, { publicKey: bytesToHex(wallet.publicKey) }), "wrong-key");
  const uncompressed = secp256k1.getPublicKey(secretOf(7), false);
  assert.equal(fault(changed((raw) => raw.witnesses?.[0]?.splice(1, 1, uncompressed))), "wrong-key");
});

test("no single changed bit of a signed transaction is accepted", () => {
  const bytes = hexToBytes(signed);
  const counts = new Map<string, number>();
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
    const result = fault(bytesToHex(bytes));
    counts.set(result, (counts.get(result) ?? 0) + 1);
    bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
  }
  assert.equal(counts.get("accepted"), undefined);
  for (const name of ["wrong-inputs", "wrong-payee", "wrong-fee", "wrong-key", "bad-signature", "wrong-sighash"])
    assert.ok(counts.has(name), `some bit gives ${name}`);
});

test("no splice of a signed transaction is accepted", () => {
  const length = signed.length / 2;
  fc.assert(
    fc.property(fc.nat(length), fc.nat(4), fc.uint8Array({ maxLength: 4 }), (at, remove, insert) => {
      const spliced = signed.slice(0, at * 2) + bytesToHex(insert) + signed.slice((at + remove) * 2);
      fc.pre(spliced !== signed);
      assert.notEqual(fault(spliced), "accepted");
    }),
    { numRuns: 1500 },
  );
});

test("a transaction is accepted for its own draft only", () => {
  const change = fc.constantFrom<(draft: Draft) => Draft>(
    (draft) => ({ ...draft, value: draft.value - 1 }),
    (draft) => ({ ...draft, fee: draft.fee + 1 }),
    (draft) => ({ ...draft, inputs: draft.inputs.map((input) => ({ ...input, vout: input.vout ^ 1 })) }),
    (draft) => ({ ...draft, inputs: draft.inputs.map((input) => ({ ...input, amount: input.amount + 1 })) }),
    (draft) => ({ ...draft, payerScript: walletOf(8).script }),
    (draft) => ({ ...draft, socketScript: walletOf(8).script }),
  );
  fc.assert(
    fc.property(anyDraft, change, (draft, change) => {
      const other = change(draft);
      // Without change a fee of one satoshi more is the same transaction.
      fc.pre(draft.value > 0 && (outputsOf(draft)[1]?.amount ?? 0) > DUST);
      const transaction = signDraft(draft, wallet);
      assert.equal(fault(transaction, draft), "accepted");
      assert.notEqual(fault(transaction, other), "accepted");
    }),
    { numRuns: 60 },
  );
});

test("random bytes, and random tails after the draft's own, never throw and are never accepted", () => {
  const head = signed.slice(0, 12);
  const body = signed.slice(0, signed.indexOf("0247") > 0 ? signed.indexOf("0247") : 300);
  const random = fc.uint8Array({ maxLength: 400 }).map(bytesToHex);
  fc.assert(
    fc.property(fc.constantFrom("", "02000000", head, body), random, (prefix, tail) => {
      assert.notEqual(fault(prefix + tail), "accepted");
      assert.notEqual(fault(`${prefix + tail}00000000`), "accepted");
    }),
    { numRuns: 1500 },
  );
});

test("huge counts are refused without reading on", () => {
  for (const count of ["fe00000001", "ff0000000000000001", "fdffff"]) {
    assert.equal(fault(`020000000001${count}${"00".repeat(100)}`), "malformed-transaction");
    assert.equal(fault(`0200000000010100000000${count}${"00".repeat(100)}`), "malformed-transaction");
  }
});

test("where it finds nothing to complain about the explanation still refuses", () => {
  assert.equal(explainRefusal(draft, signed).fault, "malformed-transaction");
});

test("little-endian numbers are exact up to the largest amount", () => {
  assert.equal(byteHex(7), "07");
  assert.equal(le32(0xfffffffd), "fdffffff");
  assert.equal(le64(21e14), "0040075af0750700");
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
      assert.equal(le64(value), bytesToHex(bytes));
    }),
  );
});
