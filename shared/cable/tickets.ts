// Which tickets the cable shows where: without the right one a socket keeps its credit until the
// next payment.
//
// A ticket is for one payee. It is shown only where the record knows that payee: a socket that
// names somebody whom the cable never paid learns nothing.

import type { Wallet } from "../bitcoin/wallet";
import type { Hex } from "../kernel/units";
import type { CableRecord } from "./record";

/**
 * The tickets with which credit may wait at `payee`, the likeliest first; none where the cable has
 * never paid it.
 */
export function ticketsFor(record: CableRecord, wallet: Wallet, payee: Hex): readonly Hex[] {
  if (!payeesOf(record).includes(payee)) return [];
  // A payment with the new one may have arrived though its answer never came.
  if (withOneTicket(record).includes(payee)) return [wallet.oneTicket, wallet.ticket(payee)];
  return [wallet.ticket(payee)];
}

/**
 * The record's part once the session's payee has acknowledged a payment with its own ticket: all
 * credit there waits for that.
 */
export function ticketed(record: CableRecord): Pick<CableRecord, "oneTicket"> {
  return { oneTicket: withOneTicket(record).filter((payee) => payee !== record.session?.socketScript) };
}

/** Whom the cable paid, and may have credit from. */
function payeesOf({ session, claims, pledges, channelAt }: CableRecord): readonly Hex[] {
  const payees = session ? [session.socketScript] : [];
  if (channelAt !== undefined) payees.push(channelAt);
  return [...payees, ...claims.map(({ script }) => script), ...pledges.map(({ socketScript }) => socketScript)];
}

/**
 * A record of an earlier version tells nothing of tickets: each payee of that time was shown the
 * same one.
 */
function withOneTicket(record: CableRecord): readonly Hex[] {
  return record.oneTicket ?? payeesOf(record);
}
