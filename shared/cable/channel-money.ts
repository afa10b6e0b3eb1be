// What channels spend of what the owner allows: the day, fees, what others owe, and coins that are
// in one thing only.

import type { Coin, Outpoint } from "../kernel/ports";
import type { Hex, Satoshi } from "../kernel/units";
import { allowedFees, dayWith, mustNotRisk } from "./limits";
import type { CableParts } from "./parts";
import { pinsWith } from "./pins";
import { Hold } from "./stop";

type MoneyParts = Pick<CableParts, "ledger" | "settings" | "inlet" | "purse" | "pocket">;

/**
 * Throws a Hold where an increment of `pay`, or a funding's `fee`, is not within the owner's
 * limits.
 */
export function mustAffordMore(pay: Satoshi, fee: Satoshi, { ledger, settings, inlet }: MoneyParts): void {
  const { record } = ledger;
  const today = dayWith(pay, record, inlet.uptime()).daySpent;
  if (today > settings.maxDaily)
    throw new Hold("daily-budget", `Expected at most ${settings.maxDaily} sat, came ${today}.`);
  const fees = record.totalFees + fee;
  const allowed = allowedFees(pay, record, settings);
  if (fees > allowed) throw new Hold("fee-share", `Expected at most ${allowed} sat of fees in all, came ${fees}.`);
}

/**
 * Throws a Hold where others hold as much as may be risked, or this channel's socket denies more
 * than one increment: what it says that it never got is said again, and no more is signed beside
 * it.
 */
export function mustNotOwe(channel: Hex, payee: Hex, pay: Satoshi, parts: MoneyParts): void {
  const { ledger, settings, purse, pocket } = parts;
  const { paid = 0, acknowledged = 0 } = pocket?.find(channel) ?? {};
  const denied = paid - acknowledged + pay;
  if (denied > settings.maxIncrement)
    throw new Hold("claims-open", `Expected at most ${settings.maxIncrement} sat unacknowledged, came ${denied}.`);
  const gone = ledger.record.gone?.unanswered ?? 0;
  const unanswered = purse.outOfHand() + (pocket?.unacknowledged(channel) ?? 0) + gone + pay;
  mustNotRisk({ pay, fee: 0 }, unanswered, payee, ledger.record, settings);
}

/** Written before an increment, or a funding, leaves the cable. */
export function spend(pay: Satoshi, fee: Satoshi, { ledger, inlet }: MoneyParts): void {
  ledger.write({ totalFees: ledger.record.totalFees + fee, ...dayWith(pay, ledger.record, inlet.uptime()) });
}

/** Written before a funding is signed: the amounts of its coins as they were first seen. */
export function pin(inputs: readonly Coin[], { ledger }: MoneyParts): void {
  ledger.write({ pins: pinsWith(ledger.record.pins, inputs) });
}

/**
 * Coins that no funding may take: of the session that runs, and of all that was signed and may yet
 * be mined.
 */
export function promisedCoins({ ledger }: MoneyParts): readonly Outpoint[] {
  const { session, signed, pledges } = ledger.record;
  const isSigned = signed !== undefined || (session?.commitments.length ?? 0) > 0;
  const running = session && isSigned ? session.inputs : [];
  return [...running, ...pledges.flatMap(({ outpoints }) => outpoints)];
}
