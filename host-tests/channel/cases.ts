// Channels for the tests of this folder: a fixed one to read, random ones for fast-check.

import fc from "fast-check";
import { scriptOfKey } from "../../shared/bitcoin/address";
import { bytesToHex } from "../../shared/bitcoin/bytes";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { openWallet, type Wallet } from "../../shared/bitcoin/wallet";
import { type Channel, confirmedAt, type Demand, opened } from "../../shared/channel/channel";
import { channelFrame, type Deposit } from "../../shared/channel/closing";
import { depositCoin, type Funding } from "../../shared/channel/funding";
import { payeeWallet } from "../../shared/channel/payee-key";
import type { ChannelKeys } from "../../shared/channel/script";
import type { Coin } from "../../shared/kernel/ports";
import type { Hex } from "../../shared/kernel/units";

export const walletOf = (seed: number): Wallet => openWallet(new Uint8Array(32).fill(seed), ecdsa);

export const SEED = new Uint8Array(32).fill(0x5e);
export const cable = walletOf(7);
export const payee = payeeWallet(SEED, 0, ecdsa);
export const stranger = walletOf(13);

/** Where the socket's owner is paid. */
export const payeeScript: Hex = scriptOfKey(ecdsa.publicKey(new Uint8Array(32).fill(9)));
export const taprootScript: Hex = "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

export const keys: ChannelKeys = {
  payeeKey: bytesToHex(payee.publicKey),
  cableKey: bytesToHex(cable.publicKey),
  delay: 4_032,
};

export const coin = (name: string, amount: number, vout = 0): Coin => ({
  txid: name.repeat(64 / name.length),
  vout,
  amount,
});

export const funding: Funding = { keys, inputs: [coin("ab", 60_000, 1)], deposit: 20_000, fee: 199 };
export const deposit: Deposit = { keys, coin: depositCoin(funding), version: 3 };
export const frame = channelFrame(deposit);

/** Buried in block 100, seen from block 105. */
export const buried: Channel = confirmedAt(opened(deposit), 100);
export const demand: Demand = { tip: 105, confirmations: 6, margin: 1_008, pay: 400 };

/** Increments in their order, each at least 1 sat. */
export const payments = fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5_000 })), {
  minLength: 1,
  maxLength: 12,
});
