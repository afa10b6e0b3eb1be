// The list of a cable's pledges: sessions that are over, whose signatures may still be mined. It is
// short, since a device has to write it; what was never acknowledged is not forgotten to make room.

import { isOverSameCoins, isSameOutpoint } from "../kernel/outpoint";
import type { Outpoint } from "../kernel/ports";
import type { Hex, Satoshi } from "../kernel/units";
import type { Session } from "../payment/session";
import { lastCommitment } from "../payment/session";
import { type DraftOffer, MAX_PROMISED } from "../protocol/types";
import { supersedes } from "../protocol/words";
import type { CableRecord, Handed, Pledge, Signed } from "./record";
import { Hold } from "./stop";
import { payeeOf } from "./terms";

const MAX_PLEDGES = 8;
/**
 * Of all pledges together: what a device can write. A socket that raises its fees again and again
 * makes many.
 */
const MAX_COMMITMENTS_IN_ALL = 48;

/**
 * What is left of a session that is over: coins, and all that was handed over. Nothing handed over,
 * nothing pledged.
 */
export function pledgeOf(session: Session, signed: Signed | undefined, handed: Handed): Pledge | undefined {
  const { scheme, socketScript, price, inputs, paid } = session;
  const unanswered = Math.max(0, handed.paid - paid);
  // Basic payments spend coins of their own, so those that were acknowledged are no rivals of the
  // last.
  const made = supersedes(scheme) ? session.commitments.map(({ txid, value }) => ({ txid, value })) : [];
  const last = supersedes(scheme) ? (lastCommitment(session)?.value ?? 0) : 0;
  const commitments = signed?.sent ? [...made, { txid: signed.txid, value: last + signed.pay }] : made;
  if (commitments.length === 0 && unanswered === 0) return undefined;
  // Handed over, never acknowledged, and no risk: its owner has written it off.
  const forgiven = signed?.sent === true && unanswered === 0;
  const outpoints = inputs.map(({ txid, vout }) => ({ txid, vout }));
  return { scheme, socketScript, price, outpoints, commitments, unanswered, fee: handed.fee, forgiven };
}

/**
 * `pledges` and one more; pledges of the same coins to the same payee become one, of which only one
 * can be mined.
 */
export function withPledge(pledges: readonly Pledge[], pledge: Pledge): readonly Pledge[] {
  const before = pledges.find((other) => isTwin(other, pledge));
  if (!before) return [...pledges, pledge];
  return pledges.map((other) => (other === before ? folded(before, pledge) : other));
}

/** `pledges` with room for one more. Throws a Hold where no other may be forgotten. */
export function roomFor(pledge: Pledge, pledges: readonly Pledge[]): readonly Pledge[] {
  let kept = pledges;
  while (isFull(withPledge(kept, pledge))) {
    // Room is made by what binds least, the oldest first.
    const least =
      kept.find((other) => isAnswered(other) && !other.forgiven && !isTwin(other, pledge)) ??
      kept.find((other) => isAnswered(other) && !isTwin(other, pledge));
    if (!least) throw new Hold("paid-already", `${kept.length} payments were never acknowledged.`);
    kept = kept.filter((other) => other !== least);
  }
  return kept;
}

/** The pledge that the running session would leave. */
export function runningPledge({ session, signed, handed }: CableRecord): Pledge | undefined {
  return session && pledgeOf(session, signed, handed);
}

/**
 * `pledges` and that of a session that ends. Throws a Hold where no other may be forgotten for it.
 */
export function withEnded(pledges: readonly Pledge[], ending: Pledge): readonly Pledge[] {
  return withPledge(roomFor(ending, pledges), ending);
}

/**
 * Coins that are promised to others than the payee of `offer`, those first that it would spend, at
 * most what a request may name.
 */
export function promisedToOthers(pledges: readonly Pledge[], offer: DraftOffer): readonly Outpoint[] {
  const payee = payeeOf(offer);
  const others = pledges.filter(({ socketScript }) => socketScript !== payee);
  const coins = others.flatMap(({ outpoints }) => outpoints).reverse();
  const isSpentHere = (coin: Outpoint): boolean => offer.inputs.some((input) => isSameOutpoint(input, coin));
  const sorted = [...coins.filter(isSpentHere), ...coins.filter((coin) => !isSpentHere(coin))];
  return sorted.slice(0, MAX_PROMISED);
}

export function isPromisedToOthers(pledges: readonly Pledge[], coin: Outpoint, payee: Hex): boolean {
  return pledges.some(
    ({ socketScript, outpoints }) =>
      socketScript !== payee && outpoints.some((promised) => isSameOutpoint(promised, coin)),
  );
}

function isFull(pledges: readonly Pledge[]): boolean {
  const commitments = pledges.reduce((sum, pledge) => sum + pledge.commitments.length, 0);
  return pledges.length > MAX_PLEDGES || commitments > MAX_COMMITMENTS_IN_ALL;
}

function isAnswered({ unanswered }: Pledge): boolean {
  return unanswered === 0;
}

function isTwin(a: Pledge, b: Pledge): boolean {
  return a.socketScript === b.socketScript && a.scheme === b.scheme && isOverSameCoins(a.outpoints, b.outpoints);
}

/** The dearest of both counts, less the most that was acknowledged of either. */
function folded(a: Pledge, b: Pledge): Pledge {
  const answered = Math.max(worthOf(a) - a.unanswered, worthOf(b) - b.unanswered);
  const known = a.commitments.filter(({ txid }) => !b.commitments.some((other) => other.txid === txid));
  return {
    ...b,
    commitments: [...known, ...b.commitments],
    unanswered: Math.max(0, Math.max(worthOf(a), worthOf(b)) - answered),
    fee: Math.max(a.fee, b.fee),
    forgiven: a.forgiven || b.forgiven,
    ...((b.release ?? a.release) && { release: b.release ?? a.release }),
  };
}

/** What the dearest of its payments pays. */
export function worthOf({ commitments, unanswered }: Pledge): Satoshi {
  return Math.max(unanswered, ...commitments.map(({ value }) => value));
}
