// Asking a backend whose answers are spoiled: the call must end, with a ChainError or with values
// that make sense.

import assert from "node:assert/strict";
import { ChainError } from "../../shared/chain/error";
import { outpointKey } from "../../shared/kernel/outpoint";
import type { Coin, FeeRates, Spend, TxStatus } from "../../shared/kernel/ports";
import { isSatoshi } from "../../shared/kernel/units";
import { CALLS, type CallName, type Canned, type Spoil, TXID } from "./canned";
import { settled } from "./fakes";

export type Outcome = { readonly value: unknown } | { readonly error: ChainError };

/** Longer than every timeout and silence of a call together. */
const LONG_MS = 3_600_000;
const HASH = /^[0-9a-f]{64}$/;

/** Throws where the call never ends, fails with anything but a ChainError, or accepts nonsense. */
export async function ask(backend: Canned, call: CallName, spoil: Spoil): Promise<Outcome> {
  const { chain, clock } = backend.make(spoil);
  let outcome: Outcome | { readonly wrong: unknown } | undefined;
  CALLS[call](chain).then(
    (value) => {
      outcome = { value };
    },
    (error) => {
      outcome = error instanceof ChainError ? { error } : { wrong: error };
    },
  );
  for (let i = 0; i < 10 && !outcome; i++) await settled();
  for (let i = 0; i < 10 && !outcome; i++) await clock.run(LONG_MS);
  if (!outcome) throw new Error(`${backend.name}.${call} never ends`);
  if ("wrong" in outcome) throw outcome.wrong;
  if ("value" in outcome) CHECKS[call](outcome.value);
  return outcome;
}

const CHECKS: Readonly<Record<CallName, (value: unknown) => void>> = {
  utxos: (value) => {
    const coins = value as readonly Coin[];
    assert.ok(coins.length <= 3, "more coins than were asked for");
    coins.forEach((coin, i) => {
      checkHash(coin.txid);
      checkCount(coin.vout);
      assert.ok(isSatoshi(coin.amount), `no amount: ${coin.amount}`);
      if (coin.height !== undefined) checkCount(coin.height);
      assert.ok(i === 0 || (coins[i - 1] as Coin).amount >= coin.amount, "not the largest first");
    });
    assert.equal(new Set(coins.map(outpointKey)).size, coins.length, "a coin twice");
  },
  outspend: (value) => {
    if (value === undefined) return;
    const { txid, height } = value as Spend;
    if (txid !== undefined) checkHash(txid);
    if (height !== undefined) checkCount(height);
  },
  broadcast: (value) => assert.equal(value, TXID),
  status: (value) => {
    const { state, height, blockHash } = value as TxStatus;
    assert.ok(["unknown", "mempool", "confirmed"].includes(state));
    assert.equal(height !== undefined, state === "confirmed");
    if (height !== undefined) checkCount(height);
    if (blockHash !== undefined) checkHash(blockHash);
  },
  feeRates: (value) => {
    const { floor, incremental, target } = value as FeeRates;
    for (const rate of [floor, incremental, target]) checkCount(rate);
    assert.ok(target >= floor);
  },
  tip: checkCount,
};

function checkHash(value: unknown): void {
  assert.match(String(value), HASH);
}

function checkCount(value: unknown): void {
  assert.ok(typeof value === "number" && Number.isSafeInteger(value) && value >= 0, `no count: ${String(value)}`);
}
