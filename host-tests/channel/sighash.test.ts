import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hex } from "@scure/base";
import { Transaction } from "@scure/btc-signer";
import fc from "fast-check";
import { bytesToHex, hexToBytes, reverseHex } from "../../shared/bitcoin/bytes";
import { outputsHex, SEQUENCE } from "../../shared/bitcoin/draft";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { depositScript } from "../../shared/channel/script";
import { halfDigest, halfMidstate, SINGLE_ANYONECANPAY, wholeDigest } from "../../shared/channel/sighash";
import type { Coin } from "../../shared/kernel/ports";
import bip143 from "../vectors/bip143-p2wsh.json" with { type: "json" };
import { deposit, frame, payeeScript } from "./cases";

function coinOf({ outpoint, amount }: { outpoint: string; amount: number }): Coin {
  return { txid: reverseHex(outpoint.slice(0, 64)), vout: Number.parseInt(outpoint.slice(64, 66), 16), amount };
}

describe("BIP143's P2WSH examples", () => {
  it("SINGLE|ANYONECANPAY: the digest and its signature", () => {
    const { single } = bip143;
    const midstate = halfMidstate(coinOf(single), single.script, single.version, single.sequence);
    const digest = halfDigest(midstate, single.output);
    assert.equal(bytesToHex(digest), single.sighash);
    assert.equal(`${bytesToHex(ecdsa.sign(digest, hexToBytes(single.privateKey)))}83`, single.signature);
  });

  it("a script of 207 bytes under both types", () => {
    const { multisig } = bip143;
    const coin = coinOf(multisig);
    const { version, sequence, outputs, script } = multisig;
    const whole = wholeDigest({ version, sequence, inputs: [coin], outputs }, coin, script);
    assert.equal(bytesToHex(whole), multisig.sighashAll);
    const first = outputs.slice(0, outputs.length / 2);
    const half = halfDigest(halfMidstate(coin, script, version, sequence), first);
    assert.equal(bytesToHex(half), multisig.sighashSingleAnyone);
  });
});

describe("the digests of a channel", () => {
  const amount = fc.integer({ min: 294, max: deposit.coin.amount });
  const extra: Coin = { txid: "cd".repeat(32), vout: 3, amount: 900 };

  /** What btc-signer says, of a transaction with a fee coin and a second output. */
  function other(change: number, share: number, type: number): string {
    const tx = new Transaction({ version: deposit.version, allowUnknownOutputs: true, allowUnknownInputs: true });
    const script = hex.decode(depositScript(frame.script));
    for (const { txid, vout, amount } of [deposit.coin, extra])
      tx.addInput({ txid, index: vout, sequence: SEQUENCE, witnessUtxo: { script, amount: BigInt(amount) } });
    tx.addOutput({ script: hex.decode(frame.cableScript), amount: BigInt(change) });
    tx.addOutput({ script: hex.decode(payeeScript), amount: BigInt(share) });
    return hex.encode(tx.preimageWitnessV0(0, hex.decode(frame.script), type, BigInt(deposit.coin.amount)));
  }

  it("are another library's, whatever change and share", () => {
    fc.assert(
      fc.property(amount, amount, (change, share) => {
        const outputs = outputsHex([{ script: frame.cableScript, amount: change }]);
        assert.equal(bytesToHex(halfDigest(frame.midstate, outputs)), other(change, share, SINGLE_ANYONECANPAY));
        const both = outputs + outputsHex([{ script: payeeScript, amount: share }]);
        const spend = { version: deposit.version, sequence: SEQUENCE, inputs: [deposit.coin, extra], outputs: both };
        assert.equal(bytesToHex(wholeDigest(spend, deposit.coin, frame.script)), other(change, share, 1));
      }),
      { numRuns: 50 },
    );
  });

  it("of a half leave the payee its output, and nothing else", () => {
    const outputs = outputsHex([{ script: frame.cableScript, amount: 700 }]);
    const digest = bytesToHex(halfDigest(frame.midstate, outputs));
    assert.equal(other(700, 1, SINGLE_ANYONECANPAY), digest);
    assert.equal(other(700, 5_000, SINGLE_ANYONECANPAY), digest);
    assert.notEqual(other(701, 5_000, SINGLE_ANYONECANPAY), digest);
  });
});
