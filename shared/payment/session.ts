// A session, as both sides remember it: one payer, one payee, one price, and the commitments made
// so far. Pure data: the schemes (single-fee.ts, basic.ts) are functions from one session to the
// next.

import type { Draft } from "../bitcoin/draft";
import type { Coin } from "../kernel/ports";
import type { Hex, MilliSatPerWh, Satoshi } from "../kernel/units";
import type { Scheme } from "../protocol/words";

/**
 * Bounds what a device has to remember of a session; increments and repetitions at a higher fee
 * both count.
 */
export const MAX_COMMITMENTS = 32;

/** A draft that was signed by the payer. */
export interface Commitment {
  readonly txid: Hex;
  /** Worth of the payee's output. */
  readonly value: Satoshi;
  /** What the miner gets. */
  readonly fee: Satoshi;
}

export interface Session {
  /** 128 random bits, drawn by the socket. */
  readonly id: Hex;
  readonly scheme: Scheme;
  readonly payerScript: Hex;
  readonly socketScript: Hex;
  readonly price: MilliSatPerWh;
  readonly increment: Satoshi;
  /** What the session can pay in all, arrears not counted. */
  readonly max: Satoshi;
  /** Owed from an earlier session; the first increment pays it along. */
  readonly arrears: Satoshi;
  /** Block height at which the session ends. */
  readonly expiry: number;
  /** What the next draft spends. */
  readonly inputs: readonly Coin[];
  /** Paid for energy so far, arrears not counted. */
  readonly paid: Satoshi;
  /** In the order in which they were made; increment i is at i - 1. */
  readonly commitments: readonly Commitment[];
}

/** What a draft adds: an increment's pay, or none where it only raises the fee. */
export interface Step {
  readonly pay: Satoshi;
  readonly fee: Satoshi;
}

/** One way to pay. Both sides run the same code, so both can build the same bytes. */
export interface PaymentScheme {
  readonly name: Scheme;
  /** True where one transaction supersedes the last and only the latest is broadcast. */
  readonly supersedes: boolean;
  /** The transaction that takes `session` one step further. */
  draft(session: Session, step: Step): Draft;
  /** The session after `draft`, whose transaction id is `txid`, was signed. */
  advance(session: Session, step: Step, draft: Draft, txid: Hex): Session;
}

/** Number of the next draft; counts from 1. */
export function nextIncrement(session: Session): number {
  return session.commitments.length + 1;
}

/** Arrears are paid along with the very first increment. */
export function arrearsDue(session: Session): Satoshi {
  return session.commitments.length === 0 ? session.arrears : 0;
}

/**
 * True while another whole increment fits under the session's maximum and into what both sides can
 * remember.
 */
export function canPayMore(session: Session): boolean {
  return session.paid + session.increment <= session.max && session.commitments.length < MAX_COMMITMENTS;
}

export function lastCommitment(session: Session): Commitment | undefined {
  return session.commitments[session.commitments.length - 1];
}
