// One payment for the self-test of a linked image: fixed, so that every engine must give the same
// bytes.

import { actualFee, type Draft, outputsOf, unsignedHex } from "../../shared/bitcoin/draft";
import type { Hex } from "../../shared/kernel/units";
import type { DraftOffer } from "../../shared/protocol/types";
import { BIP143 } from "../../shared/update/self-test";

export { BIP143 };

/** Two coins of BIP143's key, 10,000 sat, 1 sat/vB and change. */
export function draftOf(): Draft {
  return {
    inputs: [
      { txid: "ab".repeat(32), vout: 1, amount: 60_000, height: 100 },
      { txid: "0123456789abcdef".repeat(4), vout: 0, amount: 45_000, height: 100 },
    ],
    payerScript: BIP143.script,
    socketScript: "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    value: 10_000,
    fee: 221,
  };
}

export const SESSION: Hex = "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e";

/** What an honest socket offers for it. */
export function offerOf(draft: Draft): DraftOffer {
  return {
    session: SESSION,
    scheme: "single-fee",
    increment: 1,
    inputs: draft.inputs.map(({ txid, vout, amount }) => ({ txid, vout, amount })),
    outputs: outputsOf(draft),
    fee: actualFee(draft),
    transaction: unsignedHex(draft),
    energy: 40_000,
    sessionMax: 90_000,
    arrears: 0,
    credit: 0,
    expiry: 1000,
  };
}

/** One finding of a self-test. */
export interface Check {
  readonly name: string;
  readonly holds: boolean;
  /** Bytes that another engine must give too. */
  readonly gave?: Hex;
}
