import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { selectCoins, sessionMaximum } from "../../shared/bitcoin/coins";
import { totalOf } from "../../shared/bitcoin/draft";
import type { Coin } from "../../shared/kernel/ports";
import { coin, hex } from "./cases";

const anyCoin: fc.Arbitrary<Coin> = fc
  .record({ txid: hex(32), vout: fc.nat(3), amount: fc.integer({ min: 1, max: 5000 }), height: fc.option(fc.nat(900)) })
  .map(({ height, ...rest }) => (height === null ? rest : { ...rest, height }));

test("the largest come first, and as few as cover what is wanted", () => {
  const coins = [coin("a", 1000), coin("b", 5000), coin("c", 3000)];
  assert.deepEqual(selectCoins(coins, { want: 5000 }), [coin("b", 5000)]);
  assert.deepEqual(selectCoins(coins, { want: 5001 }), [coin("b", 5000), coin("c", 3000)]);
  assert.equal(selectCoins(coins, { want: 1e9 }).length, 3);
  assert.deepEqual(selectCoins([], { want: 1 }), []);
});

test("ties are broken by txid, then by output number", () => {
  const coins = [coin("b", 1000), coin("a", 1000, 10), coin("a", 1000, 9)];
  assert.deepEqual(selectCoins(coins, { want: 1e9 }), [coin("a", 1000, 9), coin("a", 1000, 10), coin("b", 1000)]);
});

test("unconfirmed coins are taken from own broadcasts only", () => {
  const { height: _, ...unconfirmed } = coin("ab", 9000);
  assert.deepEqual(selectCoins([unconfirmed], { want: 1 }), []);
  assert.deepEqual(selectCoins([unconfirmed], { want: 1, ownTxids: new Set(["cd".repeat(32)]) }), []);
  assert.deepEqual(selectCoins([unconfirmed], { want: 1, ownTxids: new Set([unconfirmed.txid]) }), [unconfirmed]);
});

test("a coin in the genesis block is confirmed, dust and excluded coins are not used", () => {
  const genesis = { ...coin("ab", 5000), height: 0 };
  assert.deepEqual(selectCoins([genesis, coin("cd", 293)], { want: 1e9 }), [genesis]);
  assert.deepEqual(selectCoins([genesis], { want: 1, excluded: (coin) => coin.txid === genesis.txid }), []);
});

test("the choice does not depend on the order of the list, and is never more than needed or five", () => {
  fc.assert(
    fc.property(fc.array(anyCoin, { maxLength: 20 }), fc.nat(20_000), fc.nat(), (coins, want, turn) => {
      const chosen = selectCoins(coins, { want });
      const at = coins.length === 0 ? 0 : turn % coins.length;
      assert.deepEqual(selectCoins([...coins.slice(at), ...coins.slice(0, at)].reverse(), { want }), chosen);
      assert.ok(chosen.length <= 5);
      assert.ok(want === 0 || totalOf(chosen.slice(0, -1)) < want || chosen.length === 0);
      for (const coin of chosen) assert.ok(coin.height !== undefined && coin.amount >= 294);
      const smallest = Math.min(...chosen.map((coin) => coin.amount));
      const left = coins.filter((coin) => coin.height !== undefined && !chosen.includes(coin));
      if (chosen.length > 0) for (const coin of left) assert.ok(coin.amount <= smallest);
    }),
  );
});

test("a session pays whole increments, and never what the fee may need", () => {
  const coins = [coin("ab", 105_000)];
  assert.equal(sessionMaximum(coins, 5000, 10_000, 100_000), 100_000);
  assert.equal(sessionMaximum(coins, 5001, 10_000, 100_000), 90_000);
  assert.equal(sessionMaximum(coins, 0, 10_000, 55_000), 50_000);
  assert.equal(sessionMaximum([coin("ab", 9000)], 0, 10_000, 100_000), 0);
  assert.equal(sessionMaximum([coin("ab", 1000)], 5000, 10, 100_000), 0);
});
