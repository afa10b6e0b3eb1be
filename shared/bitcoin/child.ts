// A child that pays for its parent (CPFP): spends the socket's own output of a settlement that pays too little, so
// that both together reach the going rate. It needs the key of the payout address, which a socket normally has not.

import { feeFor, type Hex, type MilliSatPerVbyte, type Satoshi } from "../units";
import { type Draft, draftVsize, dustOf } from "./draft";
import { signDraft } from "./sign";
import type { Wallet } from "./wallet";

export interface ChildOptions {
  readonly parent: { readonly txid: Hex; readonly value: Satoshi; readonly fee: Satoshi; readonly vsize: number };
  /** Of the payout address; owner of the parent's first output. */
  readonly wallet: Wallet;
  /** Rate that parent and child should reach together. */
  readonly rate: MilliSatPerVbyte;
  readonly feeLimit: Satoshi;
}

/** The child, signed; undefined where the parent needs none, or the limit or the output's worth does not allow one. */
export function childOf({ parent, wallet, rate, feeLimit }: ChildOptions): Hex | undefined {
  const output = { txid: parent.txid, vout: 0, amount: parent.value };
  const payment = { inputs: [output], payerScript: wallet.script, socketScript: wallet.script };
  const vsize = draftVsize({ ...payment, value: parent.value, fee: 0 });
  const fee = feeFor(parent.vsize + vsize, rate) - parent.fee;
  if (fee < feeFor(vsize, rate) || fee > feeLimit || parent.value - fee < dustOf(wallet.script)) return undefined;
  const draft: Draft = { ...payment, value: parent.value - fee, fee };
  return signDraft(draft, wallet);
}
