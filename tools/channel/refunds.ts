// What npm run refund knows before it signs: whether a node takes the refund now, and what it pays.

import { addressOf, type Network } from "../../shared/bitcoin/address";
import { DUST } from "../../shared/bitcoin/draft";
import type { Wallet } from "../../shared/bitcoin/wallet";
import { readRawTx } from "../../shared/chain/raw-tx";
import { channelFrame, type Deposit } from "../../shared/channel/closing";
import { REFUND_VSIZE, refundableAt, signRefund } from "../../shared/channel/refund";
import { feeFor, formatSatoshi, type MilliSatPerVbyte } from "../../shared/kernel/units";
import { UsageError } from "../command";
import type { FundingFacts } from "./explorer";

const BLOCKS_A_DAY = 144;

/** What the chain says: undefined where nobody was asked. */
export interface ChainFacts extends FundingFacts {
  readonly tip: number;
}

/** As `--json` prints it. */
export interface Refund {
  readonly channel: string;
  readonly depositSat: number;
  readonly delayBlocks: number;
  readonly fundingHeight: number | null;
  readonly tip: number | null;
  /** First block that may hold the refund. */
  readonly fromHeight: number | null;
  readonly address: string;
  readonly txid: string;
  readonly paysSat: number;
  readonly feeSat: number;
  readonly vbytes: number;
  readonly transaction: string;
}

/** Why no node takes the refund now; undefined where one does, or nobody was asked. */
export function hindrance({ keys, coin }: Deposit, facts: ChainFacts | undefined): string | undefined {
  if (!facts) return undefined;
  const { height, tip, spentBy } = facts;
  if (spentBy !== undefined) return `The deposit is spent already, by ${spentBy}: there is nothing to refund.`;
  if (height === undefined)
    return `The funding ${coin.txid} is in no block yet. The refund may be in a block ${keys.delay} blocks after the funding's own.`;
  const first = refundableAt(height, keys.delay);
  const left = first - tip - 1;
  if (left <= 0) return undefined;
  const days = Math.ceil(left / BLOCKS_A_DAY);
  return (
    `Too early: the funding is in block ${height}, so the refund may be in block ${first} or a later one; the tip is ${tip}. ` +
    `Come back in ${left} blocks, some ${days} ${days === 1 ? "day" : "days"}.`
  );
}

/** The signed refund. Throws a UsageError where the fee leaves nothing that nodes relay. */
export function refundOf(
  deposit: Deposit,
  cable: Wallet,
  rate: MilliSatPerVbyte,
  network: Network,
  facts: ChainFacts | undefined,
): Refund {
  const { keys, coin } = deposit;
  const fee = feeFor(REFUND_VSIZE, rate);
  if (coin.amount - fee < DUST)
    throw new UsageError(
      `a fee of ${formatSatoshi(fee)} leaves less than ${DUST} sat of the deposit of ${formatSatoshi(coin.amount)}: give a lower --rate`,
    );
  const transaction = signRefund(deposit, channelFrame(deposit), fee, cable);
  const height = facts?.height;
  return {
    channel: coin.txid,
    depositSat: coin.amount,
    delayBlocks: keys.delay,
    fundingHeight: height ?? null,
    tip: facts?.tip ?? null,
    fromHeight: height === undefined ? null : refundableAt(height, keys.delay),
    address: addressOf(cable.script, network),
    txid: readRawTx(transaction).txid,
    paysSat: coin.amount - fee,
    feeSat: fee,
    vbytes: REFUND_VSIZE,
    transaction,
  };
}

/** For a person. */
export function refundText(refund: Refund): string {
  const { channel, depositSat, delayBlocks, fundingHeight, fromHeight, address, txid, paysSat, feeSat } = refund;
  const when =
    fromHeight === null
      ? `Nobody was asked about the chain. Nodes take it from ${delayBlocks} blocks after the funding's block on.`
      : `The funding is in block ${fundingHeight}; the refund may be in block ${fromHeight} or a later one.`;
  return [
    `Channel ${channel}, deposit ${formatSatoshi(depositSat)}, N ${delayBlocks} blocks.`,
    when,
    `Refund ${txid}: ${formatSatoshi(paysSat)} to ${address}, fee ${formatSatoshi(feeSat)}.`,
    "",
    refund.transaction,
  ].join("\n");
}
