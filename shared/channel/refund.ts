// Refunds: the cable alone takes the deposit back, N blocks after the funding confirmed (BIP68,
// BIP112).
//
// Nobody has to sign anything for it beforehand: the script itself gives the right. Any socket may
// broadcast it.

import { le32 } from "../bitcoin/bytes";
import { DUST, LOCK_TIME, outpointHex, outputsHex } from "../bitcoin/draft";
import type { Wallet } from "../bitcoin/wallet";
import type { Hex, Satoshi } from "../kernel/units";
import { type ChannelFrame, type Deposit, push, signWhole, withStacks } from "./closing";
import { wholeDigest } from "./sighash";

/** BIP68 counts from version 2 on. */
export const REFUND_VERSION = 2;
/** Virtual size of a refund, counted with the longest signature. */
export const REFUND_VSIZE = 121;

/** The first block that may hold a refund of a deposit that confirmed at `height`. */
export function refundableAt(height: number, delay: number): number {
  return height + delay;
}

/** The refund without witness. Throws where it would leave dust. */
export function unsignedRefund(deposit: Deposit, frame: ChannelFrame, fee: Satoshi): Hex {
  const { coin, keys } = deposit;
  const input = `01${outpointHex(coin)}00${le32(keys.delay)}`;
  return `${le32(REFUND_VERSION)}${input}01${refundOutput(deposit, frame, fee)}${le32(LOCK_TIME)}`;
}

/**
 * The refund, signed by the cable alone. Its sequence is N: type flag and disable flag are off, so
 * it counts blocks.
 */
export function signRefund(deposit: Deposit, frame: ChannelFrame, fee: Satoshi, wallet: Wallet): Hex {
  if (frame.cableScript !== wallet.script) throw new Error("expected a channel of the wallet's own key");
  const { coin, keys } = deposit;
  const outputs = refundOutput(deposit, frame, fee);
  const spend = { version: REFUND_VERSION, inputs: [coin], sequence: keys.delay, outputs };
  const own = signWhole(wallet, wholeDigest(spend, coin, frame.script));
  // The empty signature stands for the payee's.
  return withStacks(unsignedRefund(deposit, frame, fee), `03${push(own)}00${push(frame.script)}`);
}

function refundOutput({ coin }: Deposit, frame: ChannelFrame, fee: Satoshi): Hex {
  const amount = coin.amount - fee;
  if (amount < DUST) throw new RangeError(`expected a refund of at least ${DUST} sat after the fee, got ${amount} sat`);
  return outputsHex([{ script: frame.cableScript, amount }]);
}
