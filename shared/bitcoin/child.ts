// A child that pays for its parent (CPFP): spends the socket's own output of a settlement that pays too little, so
// that both together reach the going rate. It needs the key of the payout address, which a socket normally has not.

import { feeFor, type Hex, type MilliSatPerVbyte, type Satoshi } from "../units";
import { type Draft, draftVsize, dustOf } from "./draft";
import { replacementFee } from "./fees";
import { signDraft } from "./sign";
import type { Wallet } from "./wallet";

export interface ChildOptions {
  readonly parent: { readonly txid: Hex; readonly value: Satoshi; readonly fee: Satoshi; readonly vsize: number };
  /** Of the payout address; owner of the parent's first output. */
  readonly wallet: Wallet;
  /** Rate that parent and child should reach together. */
  readonly rate: MilliSatPerVbyte;
  readonly feeLimit: Satoshi;
  /** A transaction of the parent's size that stands in its way: both together must be worth more to a miner. */
  readonly rival?: Rival | undefined;
}

export interface Rival {
  /** Undefined where nobody knows: then the child pays all it may. */
  readonly fee: Satoshi | undefined;
  /** What a replacement adds a vbyte. */
  readonly incremental: MilliSatPerVbyte;
}

/** The child, signed; undefined where the parent needs none, or the limit or the output's worth does not allow one. */
export function childOf({ parent, wallet, rate, feeLimit, rival }: ChildOptions): Hex | undefined {
  if (!rival && parent.fee >= feeFor(parent.vsize, rate)) return undefined;
  const output = { txid: parent.txid, vout: 0, amount: parent.value };
  const payment = { inputs: [output], payerScript: wallet.script, socketScript: wallet.script };
  const vsize = draftVsize({ ...payment, value: parent.value, fee: 0 });
  const fee = Math.max(feeFor(parent.vsize + vsize, rate) - parent.fee, outbidding(parent, vsize, feeLimit, rival));
  if (fee < feeFor(vsize, rate) || fee > feeLimit || parent.value - fee < dustOf(wallet.script)) return undefined;
  const draft: Draft = { ...payment, value: parent.value - fee, fee };
  return signDraft(draft, wallet);
}

/** What the child has to pay so that both together replace the rival (Core's package RBF). */
function outbidding(
  parent: ChildOptions["parent"],
  vsize: number,
  feeLimit: Satoshi,
  rival: Rival | undefined,
): Satoshi {
  if (!rival) return 0;
  if (rival.fee === undefined) return feeLimit;
  const last = { fee: rival.fee, vsize: parent.vsize };
  return replacementFee(last, parent.vsize + vsize, rival.incremental) - parent.fee;
}
