// What npm run closing knows before it signs: whose key it takes, whether the chain still takes a
// closing, what pays for it.

import { addressOf, type Network } from "../../shared/bitcoin/address";
import { bytesToHex } from "../../shared/bitcoin/bytes";
import { dustOf, totalOf } from "../../shared/bitcoin/draft";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import type { Wallet } from "../../shared/bitcoin/wallet";
import { readRawTx } from "../../shared/chain/raw-tx";
import { changeAt } from "../../shared/channel/amounts";
import { complete, startClosing } from "../../shared/channel/channel";
import { channelFrame, closingVsize, feeCoinScript } from "../../shared/channel/closing";
import { planClosing } from "../../shared/channel/closing-fee";
import { indexOfPayeeKey, payeeWallet } from "../../shared/channel/payee-key";
import type { Coin } from "../../shared/kernel/ports";
import { feeFor, formatSatoshi, type Hex, type MilliSatPerVbyte } from "../../shared/kernel/units";
import { UsageError } from "../command";
import type { FundingFacts } from "./explorer";
import type { Kept } from "./exports";

/** Enough for any fee that was ever seen, and no great loss. */
const COIN = 10_000;

/** As `--json` prints it. */
export interface Closing {
  readonly channel: string;
  readonly depositSat: number;
  readonly paidSat: number;
  readonly txid: string;
  /** What the socket's owner gets, and where. */
  readonly paysSat: number;
  readonly address: string;
  /** What the cable gets back. */
  readonly changeSat: number;
  readonly feeSat: number;
  readonly vbytes: number;
  /** Coins that are spent along for the fee. */
  readonly feeCoins: number;
  /** Where a coin may be sent that pays what the share does not. */
  readonly feeAddress: string;
  readonly transaction: string;
}

export interface ClosingOrder {
  readonly payee: Wallet;
  readonly payeeScript: Hex;
  readonly network: Network;
  readonly rate: MilliSatPerVbyte;
  /** Of the channel's payee key. */
  readonly coins: readonly Coin[];
}

/** Why no node takes a closing now; undefined where one does, or nobody was asked. */
export function closingHindrance({ channel }: Kept, facts: FundingFacts | undefined): string | undefined {
  const { txid } = channel.deposit.coin;
  if (!facts) return undefined;
  if (facts.isSpendMined) return `The deposit of ${txid} is spent already, by ${facts.spentBy}: the channel is over.`;
  if (facts.height === undefined) return `The funding ${txid} is in no block: there is nothing to close yet.`;
  return undefined;
}

/** The channel's own payee key. Throws a UsageError where the seed is another socket's. */
export function payeeOf({ channel, index }: Kept, seed: Uint8Array): Wallet {
  const { payeeKey } = channel.deposit.keys;
  const hint = index === undefined ? undefined : payeeWallet(seed, index, ecdsa);
  if (hint && bytesToHex(hint.publicKey) === payeeKey) return hint;
  const found = indexOfPayeeKey(seed, payeeKey, ecdsa);
  if (found === undefined)
    throw new UsageError(
      `the seed is not of the socket of channel ${channel.deposit.coin.txid}: none of its first 1,000 keys is that payee's`,
    );
  return payeeWallet(seed, found, ecdsa);
}

/** Address of the channel's payee key, as `feeAddress` above. */
export function feeAddress({ channel }: Kept, network: Network): string {
  return addressOf(feeCoinScript(channel.deposit.keys), network);
}

/**
 * The signed closing at the state that was kept. Throws a UsageError where its share is worth
 * nothing.
 */
export function closingOf(kept: Kept, { payee, payeeScript, network, rate, coins }: ClosingOrder): Closing {
  const { deposit, paid } = kept.channel;
  const { txid, amount } = deposit.coin;
  const plan = planClosing({ paid, payeeScript, rate, incremental: 0, replaces: undefined, coins });
  if (!plan || plan.fee <= 0)
    throw new UsageError(
      `${formatSatoshi(paid)} of channel ${txid} leave nothing beyond ${dustOf(payeeScript)} sat, the least that nodes relay. A coin that is sent to ${feeAddress(kept, network)} pays for it; then try again.`,
    );
  const terms = { payeeScript, fee: plan.fee, coins: plan.coins };
  const transaction = complete(startClosing(kept.channel), channelFrame(deposit), terms, payee);
  return {
    channel: txid,
    depositSat: amount,
    paidSat: paid,
    txid: readRawTx(transaction).txid,
    paysSat: paid + totalOf(plan.coins) - plan.fee,
    address: addressOf(payeeScript, network),
    changeSat: changeAt(amount, paid),
    feeSat: plan.fee,
    vbytes: closingVsize(payeeScript, plan.coins.length),
    feeCoins: plan.coins.length,
    feeAddress: feeAddress(kept, network),
    transaction,
  };
}

/** For a person; `rate` is what was asked for. */
export function closingText(closing: Closing, rate: MilliSatPerVbyte): string {
  const { channel, depositSat, paidSat, txid, paysSat, address, changeSat, feeSat, vbytes, feeCoins, feeAddress } =
    closing;
  const along = feeCoins > 0 ? `, coins of ${feeAddress} spent along` : "";
  const lacks = `That is less than ${rate / 1000} sat/vB. A coin of some ${formatSatoshi(COIN)} that is sent to ${feeAddress} pays the rest.`;
  return [
    `Channel ${channel}, deposit ${formatSatoshi(depositSat)}, paid ${formatSatoshi(paidSat)}.`,
    `Closing ${txid}: ${formatSatoshi(paysSat)} to ${address}, ${formatSatoshi(changeSat)} back to the cable, ` +
      `fee ${formatSatoshi(feeSat)} (${(feeSat / vbytes).toFixed(2)} sat/vB${along}).`,
    ...(feeSat < feeFor(vbytes, rate) ? [lacks] : []),
    "",
    closing.transaction,
  ].join("\n");
}
