// One payment for the self-test of a linked image: fixed, so that every engine must give the same
// bytes.

import { actualFee, type Draft, outputsOf, unsignedHex } from "../../shared/bitcoin/draft";
import type { Hex } from "../../shared/kernel/units";
import type { DraftOffer } from "../../shared/protocol/types";

/** BIP143's example of P2WPKH: key, digest and signature. */
export const BIP143 = Object.freeze({
  secret: "619c335025c7f4012e556c2a58b2506e30b8511b53ade95ea316fd8c3286feb9",
  publicKey: "025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee6357",
  script: "00141d0f172a0ecb48aee1be1f2687d2963ae33f71a1",
  digest: "c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670",
  signature:
    "304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518331561406f90300e8f3358f51928d43c212a8caed02de67eebee",
});

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
