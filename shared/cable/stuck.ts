// Coins that are stuck: their payment was never acknowledged, so they pay nobody else until the
// owner takes them back.

import { type Draft, txidOf } from "../bitcoin/draft";
import type { Changes } from "../journal/ledger";
import type { Hex, Satoshi } from "../kernel/units";
import { allowedFees } from "./limits";
import { amountOf } from "./pins";
import { runningPledge, withEnded } from "./pledges";
import type { CableRecord, Pledge } from "./record";
import { isReleasable, releaseAt, releaseOf } from "./release";
import type { CableSettings } from "./settings";

/** Pledges that nobody acknowledged. */
export function stuckIn(record: CableRecord): readonly Pledge[] {
  const running = stuckSession(record);
  return [...record.pledges.filter(isReleasable), ...(running ? [running] : [])];
}

/**
 * The record's part in which stuck coins are spent to `script`, the cable's own, as far as the
 * owner's fee limits allow.
 */
export function released(record: CableRecord, settings: CableSettings, script: Hex): Changes<CableRecord> {
  const ended = withoutStuckSession(record);
  let { totalFees } = record;
  const draftFor = (pledge: Pledge): Draft | undefined => {
    const limits = { fee: settings.maxFee, feeRate: settings.maxFeeRate };
    const draft = releaseOf(pledge, (coin) => amountOf(record.pins, coin), script, limits);
    return draft && isAllowed(totalFees + draft.fee - pledge.fee, record, settings) ? draft : undefined;
  };
  const pledges = (ended.pledges ?? record.pledges).map((pledge) => {
    const draft = isReleasable(pledge) ? draftFor(pledge) : undefined;
    if (!draft) return pledge;
    // Over the same coins only one fee is ever paid.
    totalFees += draft.fee - pledge.fee;
    return { ...pledge, fee: draft.fee, release: { txid: txidOf(draft), fee: draft.fee } };
  });
  return { ...ended, pledges, totalFees };
}

/** The `turn`th release that nobody has spent from yet; undefined where none waits. */
export function releaseOfTurn(turn: number, { pledges, pins }: CableRecord, script: Hex): Draft | undefined {
  const waiting = pledges.filter(({ release }) => release && !pins.some(({ txid }) => txid === release.txid));
  const pledge = waiting[turn % Math.max(1, waiting.length)];
  if (!pledge?.release) return undefined;
  return releaseAt(pledge.outpoints, pledge.release.fee, (coin) => amountOf(pins, coin), script);
}

function isAllowed(fees: Satoshi, record: CableRecord, settings: CableSettings): boolean {
  return fees <= allowedFees(0, record, settings);
}

/** A session whose only payment was never acknowledged is over with the owner's word. */
function withoutStuckSession(record: CableRecord): Changes<CableRecord> {
  const ending = stuckSession(record);
  if (!ending) return {};
  const pledges = withEnded(record.pledges, ending);
  return { pledges, session: undefined, signed: undefined, handed: { paid: 0, fee: 0 } };
}

/**
 * The running session as the pledge that it would leave, where nobody has acknowledged its payment.
 */
function stuckSession(record: CableRecord): Pledge | undefined {
  const running = record.signed?.sent ? runningPledge(record) : undefined;
  return running && isReleasable(running) ? running : undefined;
}
