// The cable's audit of an offer: pure, and the last thing before the key is used.
//
// The cable rebuilds the draft from its own records, byte for byte, and signs nothing else. The
// rules before that comparison find names for what is wrong, and bound what the records do not fix:
// value, fee and price. What only time can tell (budgets over sessions, whether the renewal is due)
// is the controller's.

import { sameOutpoints } from "../kernel/outpoint";
import type { Hex, Satoshi } from "../kernel/units";
import type { DraftOffer } from "../protocol/types";
import { supersedes } from "../protocol/words";
import { RULES } from "./audit-rules";
import type { AuditExpectation, AuditRefusal, Step } from "./audit-step";
import type { Draft } from "./draft";
import { type Frame, frameOf, type PreparedDraft, prepareDraft } from "./frame";

export interface AuditPass {
  readonly ok: true;
  /** Its inputs' amounts are to be pinned durably before it is signed. */
  readonly draft: Draft;
  /** Ready for `signDraft`. */
  readonly prepared: PreparedDraft;
  /** To be kept for the session's next audit. */
  readonly frame: Frame;
}

/**
 * Refuses any offer but the one that the cable would have made itself. Never throws for what a peer
 * can send.
 */
export function auditDraft(offer: DraftOffer, expectation: AuditExpectation): AuditPass | AuditRefusal {
  const { agreed, scheme, payerScript } = expectation;
  const step: Step = { offer, expectation, before: supersedes(scheme) && agreed ? agreed.value : 0 };
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
