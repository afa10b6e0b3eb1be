// Miner's fees: what a draft is quoted, and what a replacement has to add (Core's replacement
// rules, docs of BIP125 rules 3 and 4, and since Core 31 a strictly better fee rate).

import { feeFor, type MilliSatPerVbyte, type Satoshi } from "../kernel/units";
import { type Draft, DUST, totalOf, vsizeOf } from "./draft";

/**
 * What nodes before Bitcoin Core 29.1 want for any transaction, and what they want a replacement to
 * add. Backends that do not tell the latter (Esplora) are thought to be newer, until one refuses.
 */
export const OLD_FLOOR: MilliSatPerVbyte = 1_000;
export const OLD_INCREMENTAL: MilliSatPerVbyte = 1_000;

/** What is in the mempool already and would be replaced. */
export interface Broadcast {
  readonly fee: Satoshi;
  /** Its size as signed. */
  readonly vsize: number;
}

export interface FeeDemand {
  /** Rate for a confirmation in time. */
  readonly rate: MilliSatPerVbyte;
  /** What a replacement adds a vbyte; counts only with `replaces`. */
  readonly incremental?: MilliSatPerVbyte;
  readonly replaces?: Broadcast | undefined;
}

/** Least fee of a transaction of `vsize` vbytes. */
export function feeNeeded(vsize: number, demand: FeeDemand): Satoshi {
  const wanted = feeFor(vsize, demand.rate);
  if (!demand.replaces) return wanted;
  return Math.max(wanted, replacementFee(demand.replaces, vsize, demand.incremental ?? 0));
}

/**
 * Least fee with which `vsize` vbytes replace `last`: its fee, the relaying of the new one, and a
 * better rate.
 */
export function replacementFee(last: Broadcast, vsize: number, incremental: MilliSatPerVbyte): Satoshi {
  const relayed = last.fee + feeFor(vsize, incremental);
  const better = Math.floor((last.fee * vsize) / last.vsize) + 1;
  return Math.max(relayed, better);
}

/**
 * The fee to quote for a payment, in `Draft.fee`: enough for its size with change, or all that is
 * left where the change would be dust. Undefined where the inputs do not cover it.
 */
export function quoteFee(payment: Omit<Draft, "fee">, demand: FeeDemand): Satoshi | undefined {
  const { inputs, payerScript, socketScript, value } = payment;
  const left = totalOf(inputs) - value;
  const withChange = feeNeeded(vsizeOf(inputs.length, [socketScript, payerScript]), demand);
  if (left - withChange >= DUST) return withChange;
  const alone = feeNeeded(vsizeOf(inputs.length, [socketScript]), demand);
  return left >= alone ? left : undefined;
}
