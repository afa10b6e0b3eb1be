// Reading raw transactions: ids, spends and payments, against the other library.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hex } from "@scure/base";
import { RawTx, Transaction } from "@scure/btc-signer";
import fc from "fast-check";
import { ChainError } from "../../shared/chain/error";
import { readRawTx, txidToSend } from "../../shared/chain/raw-tx";

/** BIP143's native P2WPKH example, signed: one legacy and one SegWit input. */
const BIP143 =
  "01000000000102fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f00000000494830450221008b9d1dc26ba6a9cb62127b02742fa9d754cd3bebf337f7a55d114c8e5cdd30be022040529b194ba3f9281a99f2b1c0a19c0489bc22ede944ccf4ecbab4cc618ef3ed01eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac000247304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518331561406f90300e8f3358f51928d43c212a8caed02de67eebee0121025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee635711000000";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const transaction = fc.record({
  version: fc.constantFrom(1, 2, 3),
  inputs: fc.array(
    fc.record({
      txid: bytes(32),
      index: fc.nat(),
      finalScriptSig: fc.uint8Array({ maxLength: 300 }),
      sequence: fc.nat(),
      witness: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  outputs: fc.array(
    fc.record({
      amount: fc.bigInt({ min: 0n, max: 2_100_000_000_000_000n }),
      script: fc.uint8Array({ maxLength: 300 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  lockTime: fc.nat(),
});

describe("a raw transaction", () => {
  it("has the inputs and outputs of BIP143's example", () => {
    const { inputs, outputs } = readRawTx(BIP143);
    assert.deepEqual(
      inputs.map(({ vout }) => vout),
      [0, 1],
    );
    assert.equal(inputs[0]?.txid, "9f96ade4b41d5433f4eda31e1738ec2b36f6e7d1420d94a6af99801a88f7f7ff");
    assert.deepEqual(
      outputs.map(({ amount }) => amount),
      [112_340_000, 223_450_000],
    );
  });

  it("reads the same as in btc-signer, whatever it holds", () => {
    fc.assert(
      fc.property(transaction, ({ version, inputs, outputs, lockTime }) => {
        const isSegwit = inputs.some(({ witness }) => witness.length > 0);
        const raw = RawTx.encode({
          version,
          segwitFlag: isSegwit,
          inputs: inputs.map(({ txid, index, finalScriptSig, sequence }) => ({
            txid,
            index,
            finalScriptSig,
            sequence,
          })),
          outputs,
          witnesses: isSegwit ? inputs.map(({ witness }) => witness) : undefined,
          lockTime,
        } as Parameters<typeof RawTx.encode>[0]);
        const read = readRawTx(hex.encode(raw));
        assert.deepEqual(
          read.inputs,
          inputs.map(({ txid, index }) => ({ txid: hex.encode(txid), vout: index })),
        );
        assert.deepEqual(
          read.outputs,
          outputs.map(({ amount, script }) => ({ amount: Number(amount), script: hex.encode(script) })),
        );
      }),
      { numRuns: 200 },
    );
  });

  it("has the id that btc-signer gives it", () => {
    const other = Transaction.fromRaw(hex.decode(BIP143), { allowUnknownOutputs: true, disableScriptCheck: true });
    assert.equal(readRawTx(BIP143).txid, other.id);
  });

  it("is refused when a byte is missing, added, or no hexadecimal", () => {
    for (let length = 0; length < BIP143.length; length++) assert.throws(() => readRawTx(BIP143.slice(0, length)));
    assert.throws(() => readRawTx(`${BIP143}00`), /2 digits more/);
    assert.throws(() => readRawTx(BIP143.toUpperCase()), /lower-case/);
    assert.throws(() => readRawTx("zz"), /lower-case/);
    assert.throws(
      () => txidToSend(""),
      (error) => error instanceof ChainError && error.kind === "refused",
    );
  });

  it("costs no memory for counts that lie", () => {
    assert.throws(() => readRawTx(`02000000feffffffff${"00".repeat(100)}`), /beginning/);
    assert.throws(() => readRawTx(`02000000ff${"ff".repeat(8)}`), /below 2\^32/);
  });
});
