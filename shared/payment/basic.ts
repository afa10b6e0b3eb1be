// The basic protocol: each increment is a transaction of its own, broadcast at once. The next one
// spends the change of the last, so a session needs no more coins than it opened with. Simple, and
// a fee for each increment.

import { actualFee, type Draft, outputsOf } from "../bitcoin/draft";
import { constant } from "../kernel/constant";
import type { Coin } from "../kernel/ports";
import type { Hex } from "../kernel/units";
import { supersedes } from "../protocol/words";
import { arrearsDue, type PaymentScheme, type Session, type Step } from "./session";

export const basic: PaymentScheme = constant({
  name: "basic",
  supersedes: supersedes("basic"),

  draft(session: Session, step: Step): Draft {
    return {
      inputs: session.inputs,
      payerScript: session.payerScript,
      socketScript: session.socketScript,
      value: step.pay + arrearsDue(session),
      fee: step.fee,
    };
  },

  advance(session: Session, step: Step, draft: Draft, txid: Hex): Session {
    const change = outputsOf(draft)[1];
    const left: Coin[] = change ? [{ txid, vout: 1, amount: change.amount }] : [];
    return {
      ...session,
      inputs: left,
      paid: session.paid + step.pay,
      commitments: [...session.commitments, { txid, value: draft.value, fee: actualFee(draft) }],
    };
  },
});
