import assert from "node:assert/strict";
import { test } from "node:test";
import { Transaction } from "@scure/btc-signer";
import fc from "fast-check";
import { hexToBytes } from "../../shared/bitcoin/bytes";
import { childOf } from "../../shared/bitcoin/child";
import type { Draft } from "../../shared/bitcoin/draft";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { checkSigned } from "../../shared/bitcoin/transaction";
import { walletOf } from "./cases";

const wallet = walletOf(9);
const parent = { txid: "ab".repeat(32), value: 100_000, fee: 141, vsize: 141 };

/** What the child pays the miner, and its size as signed. */
function read(child: string): { fee: number; vsize: number; draft: Draft } {
  const transaction = Transaction.fromRaw(hexToBytes(child));
  const value = Number(transaction.getOutput(0).amount);
  const fee = parent.value - value;
  const inputs = [{ txid: parent.txid, vout: 0, amount: parent.value }];
  const draft = { inputs, payerScript: wallet.script, socketScript: wallet.script, value, fee };
  return { fee, vsize: transaction.vsize, draft };
}

test("parent and child together reach the rate, and the child is validly signed", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2000, max: 50_000 }), (rate) => {
      const child = childOf({ parent, wallet, rate, feeLimit: 50_000 });
      assert.ok(child);
      const { fee, vsize, draft } = read(child);
      assert.ok((parent.fee + fee) * 1000 >= (parent.vsize + vsize) * rate);
      assert.ok(checkSigned(draft, child, ecdsa).ok);
    }),
    { numRuns: 20 },
  );
});

test("there is no child where the parent needs none, where it costs too much, or where it leaves dust", () => {
  assert.equal(childOf({ parent: { ...parent, fee: 5000 }, wallet, rate: 2000, feeLimit: 50_000 }), undefined);
  assert.equal(childOf({ parent, wallet, rate: 10_000, feeLimit: 2000 }), undefined);
  assert.equal(childOf({ parent: { ...parent, value: 2600 }, wallet, rate: 10_000, feeLimit: 50_000 }), undefined);
});
