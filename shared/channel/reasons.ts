// Why an increment is refused: a stable name and one sentence each.

import { constant } from "../kernel/constant";

export const CHANNEL_REASONS = constant({
  "bad-terms": "Keys, delay or deposit are not within the terms.",
  "bad-funding": "The transaction is not the funding that was offered, signed.",
  "too-many-channels": "The socket keeps no more channels than it has.",
  "chain-unasked": "No answer about the funding is fresh enough.",
  undelivered: "What was bought before has not flowed by the cable's own meter.",
  "unclosed-limit": "The channels together hold as much as the owner lets stand unclosed.",
  "malformed-increment": "A field of the increment has the wrong form or is out of range.",
  "other-channel": "The increment belongs to another funding than this channel's.",
  "not-buried": "The funding is not buried deep enough in the chain.",
  closing: "The channel is closing or closed and sells nothing more.",
  "near-deadline": "The time in which this channel has to be closed has begun.",
  superseded: "A later increment was taken already.",
  "nothing-paid": "The increment pays no more than the one before it.",
  underpaid: "The increment pays less than was asked for.",
  "used-up": "The cable's change would be less than nodes relay.",
  "bad-half":
    "The signature is not the cable's half of this state, under SINGLE|ANYONECANPAY, strict and with a low S.",
} as const satisfies Record<string, string>);

export type ChannelReason = keyof typeof CHANNEL_REASONS;

export interface ChannelRefusal {
  readonly ok: false;
  readonly reason: ChannelReason;
  /** Expected and came, for a person. */
  readonly detail: string;
}

export function refuse(reason: ChannelReason, detail: string): ChannelRefusal {
  return { ok: false, reason, detail };
}
