// The cable's audit of an offer: pure, and the last thing before the key is used.
//
// The cable rebuilds the draft from its own records, byte for byte, and signs nothing else. The rules before that
// comparison find names for what is wrong, and bound what the records do not fix: value, fee and price. What only
// time can tell (budgets over sessions, whether the renewal is due) is the controller's.

import type { Coin, Outpoint } from "../ports";
import type { DraftOffer, Scheme } from "../rpc/types";
import type { Hex, MilliSatPerVbyte, MilliSatPerWh, Satoshi } from "../units";
import type { AuditReason } from "./audit-reasons";
import { RULES } from "./audit-rules";
import type { Draft } from "./draft";
import { type Frame, frameOf, type PreparedDraft, prepareDraft, sameOutpoints } from "./frame";

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

export interface AuditRefusal {
  readonly ok: false;
  readonly reason: AuditReason;
  /** Expected and came, for a person. */
  readonly detail: string;
}

export interface AuditPass {
  readonly ok: true;
  /** Its inputs' amounts are to be pinned durably before it is signed. */
  readonly draft: Draft;
  /** Ready for `signDraft`. */
  readonly prepared: PreparedDraft;
  /** To be kept for the session's next audit. */
  readonly frame: Frame;
}

/** What a rule looks at. */
export interface Step {
  readonly offer: DraftOffer;
  readonly expectation: AuditExpectation;
  /** Worth of the socket's output that this draft goes on from: 0 on opening, and in basic always. */
  readonly before: Satoshi;
}

/** Refuses any offer but the one that the cable would have made itself. Never throws for what a peer can send. */
export function auditDraft(offer: DraftOffer, expectation: AuditExpectation): AuditPass | AuditRefusal {
  const { agreed, scheme, payerScript } = expectation;
  const step: Step = { offer, expectation, before: scheme === "single-fee" && agreed ? agreed.value : 0 };
  for (const rule of RULES) {
    const refusal = rule(step);
    if (refusal) return refusal;
  }
  const draft: Draft = {
    inputs: offer.inputs,
    payerScript,
    socketScript: (offer.outputs[0] as { script: Hex }).script,
    value: (offer.outputs[0] as { amount: Satoshi }).amount,
    fee: offer.fee,
  };
  const kept = expectation.frame;
  const frame = kept && sameOutpoints(kept.inputs, draft.inputs) ? kept : frameOf(draft.inputs, payerScript);
  const prepared = prepareDraft(draft, frame);
  if (prepared.unsigned !== offer.transaction)
    return { ok: false, reason: "not-canonical", detail: `Expected ${prepared.unsigned}, got ${offer.transaction}.` };
  return { ok: true, draft, prepared, frame };
}
