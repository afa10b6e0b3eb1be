// The owner's word that frees stuck coins: what a payee took, never acknowledged and never gave
// power for goes back to the cable's own address, by a transaction that any socket broadcasts. The
// fee outbids the payment that it excludes.

import { type Draft, DUST, totalOf } from "../bitcoin/draft";
import { OLD_INCREMENTAL } from "../bitcoin/fees";
import { releaseDraft, releaseVsize } from "../bitcoin/release";
import type { Coin, Outpoint } from "../kernel/ports";
import { feeFor, type Hex, type MilliSatPerVbyte, type Satoshi } from "../kernel/units";
import { worthOf } from "./pledges";
import type { Pledge } from "./record";
import type { Signing } from "./signings";

export interface ReleaseLimits {
  /** Most that one transaction's fee may be, and its rate. */
  readonly fee: Satoshi;
  readonly feeRate: MilliSatPerVbyte;
}

/**
 * True where nothing of the pledge was ever acknowledged. Coins of a payment that a socket has
 * given power for are its payment: to take them back would be a double spend.
 */
export function isReleasable(pledge: Pledge): boolean {
  const { commitments, unanswered, forgiven } = pledge;
  if (commitments.length === 0) return false;
  return unanswered === worthOf(pledge) || (forgiven && commitments.length === 1);
}

/**
 * The transaction that takes the pledge's coins back, at a fee that replaces its payments (BIP125
 * rule 4); undefined where it would not be within the limits, or not be worth it.
 */
export function releaseOf(
  pledge: Pledge,
  amountOf: (coin: Outpoint) => Satoshi | undefined,
  script: Hex,
  limits: ReleaseLimits,
): Draft | undefined {
  const vsize = releaseVsize(pledge.outpoints.length, script);
  const fee = pledge.fee + feeFor(vsize, OLD_INCREMENTAL);
  if (fee > limits.fee || fee * 1000 > limits.feeRate * vsize) return undefined;
  return releaseAt(pledge.outpoints, fee, amountOf, script);
}

/** The same at a fee that is known; undefined where an amount is not, or nothing would be left. */
export function releaseAt(
  outpoints: readonly Outpoint[],
  fee: Satoshi,
  amountOf: (coin: Outpoint) => Satoshi | undefined,
  script: Hex,
): Draft | undefined {
  const inputs: Coin[] = [];
  for (const { txid, vout } of outpoints) {
    const amount = amountOf({ txid, vout });
    if (amount === undefined) return undefined;
    inputs.push({ txid, vout, amount });
  }
  return totalOf(inputs) - fee < DUST ? undefined : releaseDraft(inputs, script, fee);
}

/**
 * A pledge as the algebra sees it: its payments, and the release that excludes them and pays
 * nobody.
 */
export function signingsOf(pledge: Pledge): readonly Signing[] {
  const { outpoints, release } = pledge;
  return release ? [pledge, { outpoints, commitments: [{ txid: release.txid, value: 0 }], unanswered: 0 }] : [pledge];
}
