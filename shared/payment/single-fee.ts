// The single-fee protocol: over inputs that never change, each commitment pays the socket
// everything so far and supersedes the last one. Only the latest is broadcast, so a hundred
// increments cost one fee.

import { actualFee, type Draft } from "../bitcoin/draft";
import { constant } from "../kernel/constant";
import type { Hex } from "../kernel/units";
import { supersedes } from "../protocol/words";
import { arrearsDue, lastCommitment, type PaymentScheme, type Session, type Step } from "./session";

export const singleFee: PaymentScheme = constant({
  name: "single-fee",
  supersedes: supersedes("single-fee"),

  draft(session: Session, step: Step): Draft {
    const before = lastCommitment(session)?.value ?? 0;
    return {
      inputs: session.inputs,
      payerScript: session.payerScript,
      socketScript: session.socketScript,
      value: before + step.pay + arrearsDue(session),
      fee: step.fee,
    };
  },

  advance(session: Session, step: Step, draft: Draft, txid: Hex): Session {
    const commitment = { txid, value: draft.value, fee: actualFee(draft) };
    return {
      ...session,
      paid: session.paid + step.pay,
      commitments: [...session.commitments, commitment],
    };
  },
});
