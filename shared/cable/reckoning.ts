// The reckoning: makes the cable's account and a socket's offer agree before anything is signed.
// What the offer shows of earlier payments is booked; what it says less than both meters can
// explain is refused.

import type { Ledger } from "../journal/ledger";
import { energyFor, type Hex, type MilliSatPerWh, type MilliwattHour, priceOf } from "../kernel/units";
import type { DraftOffer } from "../protocol/types";
import type { Inlet } from "./inlet";
import type { Purse } from "./purse";
import { type CableRecord, type Claim, payeeHere } from "./record";
import { Hold } from "./stop";
import { payeeOf, type Terms } from "./terms";

const MAX_CLAIMS = 16;

export interface ReckoningParts {
  readonly ledger: Ledger<CableRecord>;
  readonly inlet: Inlet;
  readonly purse: Purse;
  /** What energy last cost at the socket of this payee. */
  readonly priceAt: (payee: Hex) => MilliSatPerWh;
}

/**
 * Books what `offer` shows, and opens its session where it is another. Throws a Hold that says why
 * the two cannot agree.
 */
export function agree(parts: ReckoningParts, offer: DraftOffer, terms: Terms): void {
  const { ledger, inlet, purse } = parts;
  const payee = payeeOf(offer);
  moveBack(parts, payee);
  const before = payeeHere(ledger.record);
  const isAnother = before !== undefined && before !== payee;
  // What an offer shows of the last payment is about the socket that it went to.
  if (purse.wasTaken(offer) || (!isAnother && isCredited(parts, offer))) acknowledge(parts);
  if (isAnother && ledger.record.claims.some(({ script }) => script === payee)) inlet.returned();
  // Account and session move in one: between them nothing may be refused and written down.
  if (isAnother)
    ledger.change({ ...purse.opened(offer, terms), ...accountOf(parts, payee, before), channelAt: undefined });
  acknowledgeLate(parts, offer);
  meet(parts, offer.credit);
  if (!purse.knows(offer)) ledger.change(purse.opened(offer, terms));
}

/**
 * The account goes to the socket of `payee`, whose channel is drawn on from now; its credit there
 * is `credit`. Throws a Hold where the two cannot agree. `booked`: energy of increments that the
 * offer shows to have been taken.
 */
export function agreeByChannel(parts: ReckoningParts, payee: Hex, credit: MilliwattHour, booked: MilliwattHour): void {
  const { ledger, inlet } = parts;
  const before = payeeHere(ledger.record);
  if (before !== undefined && before !== payee) {
    if (ledger.record.claims.some(({ script }) => script === payee)) inlet.returned();
    ledger.change(accountOf(parts, payee, before));
  }
  const isSession = ledger.record.session?.socketScript === payee;
  const paidUpTo = ledger.record.paidUpTo + booked * 1000;
  ledger.change({ channelAt: isSession ? undefined : payee, paidUpTo });
  meet(parts, credit);
}

/** The account meets the socket's word, as far as both meters may be off. */
function meet({ ledger, inlet }: ReckoningParts, credit: MilliwattHour): void {
  if (inlet.isShort(credit)) throw new Hold("credit-lost", `Expected ${inlet.remaining()} mWh, came ${credit}.`);
  ledger.change(inlet.agreed(credit));
}

/**
 * Back from a channel elsewhere to the socket whose session is in the record: before anything of
 * that session is booked.
 */
function moveBack(parts: ReckoningParts, payee: Hex): void {
  const { ledger, inlet } = parts;
  const { channelAt, session, claims } = ledger.record;
  if (channelAt === undefined || channelAt === payee || session?.socketScript !== payee) return;
  if (claims.some(({ script }) => script === payee)) inlet.returned();
  ledger.change({ ...accountOf(parts, payee, channelAt), channelAt: undefined });
}

/** The record's part for another socket: credit stays where it was paid. */
function accountOf(
  { ledger, inlet, priceAt }: ReckoningParts,
  payee: Hex,
  before: Hex,
): Pick<CableRecord, "claims" | "paidUpTo"> {
  const { claims } = ledger.record;
  const left = inlet.remaining();
  const others = claims.filter(({ script }) => script !== before && script !== payee);
  const value = priceOf(Math.max(0, left), priceAt(before));
  const back = claims.find(({ script }) => script === payee)?.energy ?? 0;
  return {
    claims: left > 0 ? withClaim(others, { script: before, energy: left, value }) : others,
    paidUpTo: inlet.meter() + back * 1000,
  };
}

/** The increment that was signed last has arrived, though nobody told us. */
function acknowledge({ ledger, purse }: ReckoningParts): void {
  const { channelAt, claims, session, signed, paidUpTo } = ledger.record;
  const energy = purse.signedEnergy();
  const script = session?.socketScript ?? "";
  if (channelAt === undefined || channelAt === script) {
    ledger.write({ ...purse.acknowledged(), paidUpTo: paidUpTo + energy * 1000 });
    return;
  }
  // While the account stands elsewhere, what was bought is a claim.
  const known = claims.find((claim) => claim.script === script) ?? { energy: 0, value: 0 };
  const others = claims.filter((claim) => claim.script !== script);
  const claim = { script, energy: known.energy + energy, value: known.value + (signed?.pay ?? 0) };
  ledger.write({ ...purse.acknowledged(), claims: withClaim(others, claim) });
}

/**
 * A payee shows by its credit that it took a payment of a session that is over, which it never
 * acknowledged.
 */
function acknowledgeLate({ ledger, inlet, purse }: ReckoningParts, offer: DraftOffer): void {
  const { record } = ledger;
  const late = record.pledges.find((pledge) => purse.isLate(pledge, offer));
  if (!late) return;
  const energy = energyFor(late.unanswered, late.price);
  const off = inlet.tolerance();
  if (energy <= 2 * off || offer.credit < inlet.remaining() + energy - off) return;
  ledger.change({
    pledges: record.pledges.map((each) => (each === late ? { ...each, unanswered: 0 } : each)),
    paidUpTo: record.paidUpTo + energy * 1000,
    totalPaid: record.totalPaid + late.unanswered,
  });
}

/**
 * A socket that has restarted shows by its credit that it took the last increment, whatever coins
 * it offers now.
 */
function isCredited({ ledger, inlet, purse }: ReckoningParts, offer: DraftOffer): boolean {
  if (!ledger.record.signed?.sent || purse.knows(offer)) return false;
  const energy = purse.signedEnergy();
  const off = inlet.tolerance();
  return energy > 2 * off && offer.credit >= inlet.remaining() + energy - off;
}

/**
 * `claims` and one more. They bound what is risked, so none is forgotten: beyond the list's end the
 * oldest become one.
 */
function withClaim(claims: readonly Claim[], claim: Claim): readonly Claim[] {
  const list = [...claims, claim];
  if (list.length <= MAX_CLAIMS) return list;
  const [first, second, ...rest] = list as [Claim, Claim, ...Claim[]];
  return [{ script: "", energy: first.energy + second.energy, value: first.value + second.value }, ...rest];
}
