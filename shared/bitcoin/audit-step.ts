// What the audit is told and what it answers: the offer, all that the cable knows by itself, and
// the refusal.

import type { Coin, Outpoint } from "../kernel/ports";
import type { Hex, MilliSatPerVbyte, MilliSatPerWh, Satoshi } from "../kernel/units";
import type { DraftOffer } from "../protocol/types";
import type { Scheme } from "../protocol/words";
import type { AuditReason } from "./audit-reasons";
import type { Frame } from "./frame";

/** What a session's opening fixed, and where its payments stand. */
export interface Agreed {
  readonly session: Hex;
  readonly socketScript: Hex;
  readonly sessionMax: Satoshi;
  /** Block height. */
  readonly expiry: number;
  /** What the next draft spends in the single-fee scheme. In basic each draft names its coins. */
  readonly inputs: readonly Coin[];
  /** Number of the last increment. */
  readonly increment: number;
  /** Worth of the socket's output in the last commitment, arrears included. */
  readonly value: Satoshi;
  /** Paid for energy so far, arrears not counted. */
  readonly paid: Satoshi;
  /** What the miner would get from the last commitment. */
  readonly fee: Satoshi;
}

/** The owner's limits for one draft. */
export interface AuditLimits {
  readonly price: MilliSatPerWh;
  /** Miner's fee of the transaction, change too small for an output included. */
  readonly fee: Satoshi;
  readonly feeRate: MilliSatPerVbyte;
  /** What a session may pay for energy. */
  readonly session: Satoshi;
  /** Owed to this socket from an earlier session; 0 where nothing is. */
  readonly arrears: Satoshi;
  /** Latest block height at which a session may end, where the cable knows one. */
  readonly expiry?: number | undefined;
}

/** All that the cable knows by itself about the next draft. */
export interface AuditExpectation {
  readonly scheme: Scheme;
  /** Own P2WPKH script. */
  readonly payerScript: Hex;
  /** What one increment pays. */
  readonly increment: Satoshi;
  /** Price that was agreed in get_status. */
  readonly price: MilliSatPerWh;
  readonly limits: AuditLimits;
  /** Absent while a session is opened. */
  readonly agreed?: Agreed | undefined;
  /** The amount of a coin as it was first seen, over all sessions and restarts. */
  readonly pinned: (coin: Outpoint) => Satoshi | undefined;
  /** True for a coin that an open session with another payee holds, or that is spent. */
  readonly pledgedElsewhere: (coin: Outpoint) => boolean;
  /** The last audit's, where the caller has kept it: saves half of the hashing. */
  readonly frame?: Frame | undefined;
}

/** What a rule looks at. */
export interface Step {
  readonly offer: DraftOffer;
  readonly expectation: AuditExpectation;
  /**
   * Worth of the socket's output that this draft goes on from: 0 on opening, and in basic always.
   */
  readonly before: Satoshi;
}

export interface AuditRefusal {
  readonly ok: false;
  readonly reason: AuditReason;
  /** Expected and came, for a person. */
  readonly detail: string;
}
