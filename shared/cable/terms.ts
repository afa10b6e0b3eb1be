// The terms of a session: what a socket announces, what its owner and the cable's agree on, and
// what an offer may not change.

import type { auditDraft } from "../bitcoin/audit";
import type { Hex, Satoshi } from "../kernel/units";
import { lastCommitment, type Session } from "../payment/session";
import { type DraftOffer, PROTOCOL_VERSION, type Status } from "../protocol/types";
import { CHANNEL, type Scheme } from "../protocol/words";
import type { CableSettings } from "./settings";
import { Hold } from "./stop";

/** What get_status announced and the owner's limits allow. */
export interface Terms {
  readonly scheme: Scheme;
  readonly price: number;
  readonly increment: Satoshi;
}

/** What the socket announces for new sessions. Throws a Hold where the two cannot deal at all. */
export function termsOf(status: Status, settings: CableSettings): Terms {
  if (status.version !== PROTOCOL_VERSION)
    throw new Hold("other-protocol", `Expected ${PROTOCOL_VERSION}, came ${status.version}.`);
  const scheme = settings.schemes.find((name): name is Scheme => name !== CHANNEL && status.schemes.includes(name));
  if (!scheme) throw new Hold("no-common-scheme", `It takes ${status.schemes.join(", ")}.`);
  return { scheme, price: status.price, increment: status.increment };
}

/** Throws a Hold where the terms are not within the owner's limits. */
export function mustAccept({ price, increment }: Terms, { maxPrice, maxIncrement }: CableSettings): void {
  if (price > maxPrice || price <= 0)
    throw new Hold("overpriced", `Expected at most ${maxPrice} sat/kWh, came ${price}.`);
  if (increment > maxIncrement)
    throw new Hold("increment-too-large", `Expected at most ${maxIncrement} sat, came ${increment}.`);
}

export function payeeOf(offer: DraftOffer): Hex {
  return offer.outputs[0]?.script ?? "";
}

/** What an offer fixes for its session may not change either while nothing is paid yet. */
export function isAsOpened({ socketScript, max, arrears, expiry }: Session, offer: DraftOffer): boolean {
  return (
    socketScript === payeeOf(offer) && max === offer.sessionMax && arrears === offer.arrears && expiry === offer.expiry
  );
}

/** What the audit holds the next offer against. */
export function agreedOf(session: Session): NonNullable<Parameters<typeof auditDraft>[1]["agreed"]> {
  const last = lastCommitment(session);
  return {
    session: session.id,
    socketScript: session.socketScript,
    sessionMax: session.max,
    expiry: session.expiry,
    inputs: session.inputs,
    increment: session.commitments.length,
    value: last?.value ?? 0,
    paid: session.paid,
    fee: last?.fee ?? 0,
  };
}
