import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesToHex, hexToBytes, reverseHex } from "../../shared/bitcoin/bytes";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { hashOutputs, sighash, sighashMidstates } from "../../shared/bitcoin/sighash";
import bip143 from "../vectors/bip143.json" with { type: "json" };

const inputs = bip143.inputs.map(({ outpoint }) => ({
  txid: reverseHex(outpoint.slice(0, 64)),
  vout: hexToBytes(outpoint.slice(64))[0] as number,
}));
const terms = {
  version: bip143.version,
  lockTime: bip143.lockTime,
  sequences: bip143.inputs.map((input) => input.sequence),
};

function digest(): Uint8Array {
  const midstate = sighashMidstates(inputs, bip143.script, terms)[bip143.input];
  assert.ok(midstate);
  const sequence = terms.sequences[bip143.input] as number;
  return sighash(midstate, bip143.amount, hashOutputs(bip143.outputs), sequence, bip143.lockTime);
}

test("BIP143's native P2WPKH example: hashOutputs and digest", () => {
  assert.equal(bytesToHex(hashOutputs(bip143.outputs)), bip143.hashOutputs);
  assert.equal(bytesToHex(digest()), bip143.sighash);
});

test("BIP143's native P2WPKH example: public key and signature", () => {
  const secret = hexToBytes(bip143.privateKey);
  assert.equal(bytesToHex(ecdsa.publicKey(secret)), bip143.publicKey);
  assert.equal(bytesToHex(ecdsa.sign(digest(), secret)), bip143.signature);
  assert.ok(ecdsa.verify(hexToBytes(bip143.signature), digest(), hexToBytes(bip143.publicKey)));
});

test("a midstate serves any number of digests", () => {
  const midstate = sighashMidstates(inputs, bip143.script)[0];
  assert.ok(midstate);
  const outputs = hashOutputs(bip143.outputs);
  const first = sighash(midstate, 1000, outputs);
  assert.notDeepEqual(sighash(midstate, 1001, outputs), first);
  assert.deepEqual(sighash(midstate, 1000, outputs), first);
});
