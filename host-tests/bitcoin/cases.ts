// Payments for the tests of this folder: fixed ones to read, random ones for fast-check.

import fc from "fast-check";
import { scriptOfKey } from "../../shared/bitcoin/address";
import type { Draft } from "../../shared/bitcoin/draft";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { openWallet, type Wallet } from "../../shared/bitcoin/wallet";
import type { Coin } from "../../shared/kernel/ports";
import type { Hex } from "../../shared/kernel/units";

export const secretOf = (seed: number): Uint8Array => new Uint8Array(32).fill(seed);
export const walletOf = (seed: number): Wallet => openWallet(secretOf(seed), ecdsa);

/** The cable's. */
export const wallet = walletOf(7);
export const socketScript: Hex = scriptOfKey(ecdsa.publicKey(secretOf(9)));
/** P2TR of BIP350's last example. */
export const taprootScript: Hex = "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
export const p2wshScript: Hex = "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262";

export const coin = (name: string, amount: number, vout = 0): Coin => ({
  txid: name.repeat(64 / name.length),
  vout,
  amount,
  height: 100,
});

/** Two coins, 10,000 sat, a fee of 1 sat/vB and change. */
export const draft: Draft = {
  inputs: [coin("ab", 60_000, 1), coin("0123456789abcdef", 45_000)],
  payerScript: wallet.script,
  socketScript,
  value: 10_000,
  fee: 209,
};

export const hex = (bytes: number): fc.Arbitrary<Hex> =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join(""));

const amount = fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 294, max: 1e6 }), fc.nat({ max: 4e14 }));

const inputs = fc.uniqueArray(
  fc.record({ txid: hex(32), vout: fc.oneof(fc.nat(3), fc.nat({ max: 0xffffffff })), amount }),
  { minLength: 1, maxLength: 5, selector: (input) => `${input.txid}:${input.vout}` },
);

/** Drafts of the test's wallet that its coins cover; some leave change, some dust, some nothing. */
export const anyDraft: fc.Arbitrary<Draft> = fc
  .record({
    inputs,
    socketScript: fc.constantFrom(socketScript, taprootScript, p2wshScript),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    fee: fc.nat({ max: 2000 }),
    leave: fc.option(fc.nat({ max: 600 })),
  })
  .map(({ inputs, socketScript, share, fee, leave }) => {
    const total = inputs.reduce((sum, input) => sum + input.amount, 0);
    const most = Math.max(0, total - fee);
    const value = leave === null ? Math.floor(most * share) : Math.max(0, most - leave);
    return { inputs, payerScript: wallet.script, socketScript, value, fee: Math.min(fee, total - value) };
  });
