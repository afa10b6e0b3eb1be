// The owner's limits: what a day, the fees of all time and what nobody acknowledged may come to,
// with one payment more.

import type { auditDraft } from "../bitcoin/audit";
import type { Hex, Millisecond, Satoshi } from "../kernel/units";
import type { Step } from "../payment/session";
import type { DraftOffer } from "../protocol/types";
import { supersedes } from "../protocol/words";
import type { CableRecord, Pledge } from "./record";
import type { CableSettings } from "./settings";
import { Hold } from "./stop";
import { payeeOf } from "./terms";

const DAY: Millisecond = 86_400_000;

/** What the audit lets an offer cost. */
export function limitsFor(
  offer: DraftOffer,
  { pledges }: CableRecord,
  settings: CableSettings,
): Parameters<typeof auditDraft>[1]["limits"] {
  return {
    price: settings.maxPrice,
    fee: settings.maxFee,
    feeRate: settings.maxFeeRate,
    session: settings.maxSession,
    arrears: owedTo(offer, pledges),
    ...(settings.latestExpiry > 0 && { expiry: settings.latestExpiry }),
  };
}

/**
 * Arrears: the coins on offer are change of the commitment that was mined, and so show what is
 * still owed.
 */
function owedTo(offer: DraftOffer, all: readonly Pledge[]): Satoshi {
  const payee = payeeOf(offer);
  const pledges = all.filter((pledge) => pledge.socketScript === payee);
  return Math.max(0, ...pledges.map((pledge) => owedBy(pledge, offer)));
}

/**
 * What the last of the pledge's commitments pays more than the one whose change is on offer. Basic
 * payments do not take each other's place: one that was not mined bought nothing.
 */
function owedBy({ scheme, commitments }: Pledge, offer: DraftOffer): Satoshi {
  if (!supersedes(scheme)) return 0;
  const mined = commitments.find(({ txid }) => offer.inputs.some((input) => input.txid === txid));
  return mined ? Math.max(0, ...commitments.map(({ value }) => value - mined.value)) : 0;
}

/** Throws a Hold where the day or the fees of all time would come to more than the owner allows. */
export function mustAfford(step: Step, record: CableRecord, settings: CableSettings, uptime: Millisecond): void {
  const { handed, session } = record;
  const today = dayWith(0, record, uptime).daySpent;
  // What was handed over over these coins before is spent already.
  const spent = Math.max(0, handed.paid - (session?.paid ?? 0));
  const more = Math.max(0, step.pay - spent);
  if (today + more > settings.maxDaily)
    throw new Hold("daily-budget", `Expected at most ${settings.maxDaily} sat, came ${today + more}.`);
  const fees = record.totalFees + Math.max(0, step.fee - handed.fee);
  const allowed = allowedFees(step.pay, record, settings);
  if (fees > allowed) throw new Hold("fee-share", `Expected at most ${allowed} sat of fees in all, came ${fees}.`);
}

/**
 * Most of fees in all, with a payment of `pay`. One fee may run ahead of what it will turn out to
 * be a share of.
 */
export function allowedFees(pay: Satoshi, { totalPaid }: CableRecord, settings: CableSettings): Satoshi {
  return settings.maxFee + Math.floor(((totalPaid + pay) * settings.maxFeeShare) / 1000);
}

/** The day's account with `pay` added; a day is 24 hours of being powered. */
export function dayWith(
  pay: Satoshi,
  { daySince, daySpent }: CableRecord,
  uptime: Millisecond,
): Pick<CableRecord, "daySpent" | "daySince"> {
  if (uptime - daySince >= DAY) return { daySpent: pay, daySince: uptime };
  return { daySpent: daySpent + pay, daySince };
}

/**
 * What was handed over and not answered for in energy is money out of hand: `unanswered` with this
 * step, and what others owe. The owner's limit bounds it, and one increment beyond: over all
 * sessions and payees, however many faces a peer has. Throws a Hold beyond.
 */
export function mustNotRisk(
  step: Step,
  unanswered: Satoshi,
  payee: Hex,
  { claims }: CableRecord,
  settings: CableSettings,
): void {
  let owed = unanswered;
  for (const { script, value } of claims) if (script !== payee) owed += value;
  if (owed > settings.maxClaims + step.pay)
    throw new Hold("claims-open", `Expected at most ${settings.maxClaims} sat, came ${owed - step.pay}.`);
}
