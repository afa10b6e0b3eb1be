// A channel's amounts: deposit = change + paid, at every state and on both sides.

import { DUST, dustOf } from "../bitcoin/draft";
import { feeFor, type Hex, type MilliSatPerVbyte, type Satoshi } from "../kernel/units";
import { closingVsize } from "./closing";

/**
 * What the channel can pay in all: the cable's change stays an output that nodes relay. There has
 * to be one, too: a half under SINGLE whose output is missing would bind nobody.
 */
export function mostPaid(deposit: Satoshi): Satoshi {
  return Math.max(0, deposit - DUST);
}

/** The cable's change when `paid` sat are paid. */
export function changeAt(deposit: Satoshi, paid: Satoshi): Satoshi {
  return deposit - paid;
}

/**
 * The least first payment: the payee's dust limit and the closing's fee at the rate of the day.
 * What is owed below that is worth nothing to the payee. The cable gets energy for all of it.
 */
export function firstPayment(payeeScript: Hex, rate: MilliSatPerVbyte): Satoshi {
  return dustOf(payeeScript) + feeFor(closingVsize(payeeScript), rate);
}

/**
 * What the payee would get if the channel closed at `rate`: 0 where that is dust, and closing is
 * then worth nothing.
 */
export function worthAt(paid: Satoshi, payeeScript: Hex, rate: MilliSatPerVbyte): Satoshi {
  const share = paid - feeFor(closingVsize(payeeScript), rate);
  return share < dustOf(payeeScript) ? 0 : share;
}

/** The highest fee rate that a closing can offer out of the payee's share. */
export function highestRate(paid: Satoshi, payeeScript: Hex): MilliSatPerVbyte {
  return Math.max(0, Math.floor(((paid - dustOf(payeeScript)) * 1000) / closingVsize(payeeScript)));
}

/** What theft or fire could cost: paid over channels that have not closed on the chain. */
export function unclosed(channels: readonly { readonly phase: string; readonly paid: Satoshi }[]): Satoshi {
  let total = 0;
  for (const { phase, paid } of channels) if (phase !== "closed") total += paid;
  return total;
}
