// What get_status tells anybody.

import { OLD_FLOOR } from "../bitcoin/fees";
import { PROTOCOL_VERSION, type Status } from "../protocol/types";
import { CHANNEL } from "../protocol/words";
import { announced } from "./channel-terms";
import type { SocketParts } from "./parts";

export const NOT_CALIBRATED = "not-calibrated";

export function statusOf(parts: SocketParts): Status {
  const { settings, gate, ledger, outlet } = parts;
  const trouble = parts.isGuessing() ? NOT_CALIBRATED : outlet.trip;
  // Goes on when the session ends: what it paid for is still being drawn.
  const used = Math.floor((gate.read().total - ledger.record.openedAt) / 1000);
  return {
    version: PROTOCOL_VERSION,
    schemes: parts.sold(),
    state: outlet.state,
    used,
    remaining: outlet.credit(),
    standbyRemaining: outlet.standbyRemaining(),
    price: settings.price,
    increment: settings.increment,
    sessionMax: settings.sessionMax,
    renewalDue: parts.renewalDue(),
    lockoutMs: outlet.lockoutLeft(),
    payee: parts.payoutScript,
    ...(trouble && { trouble }),
    ...channelTerms(parts),
  };
}

function channelTerms({ book, settings, watch }: SocketParts): Pick<Status, "channel"> {
  if (!book || !settings.schemes.includes(CHANNEL)) return {};
  return { channel: announced(book, settings, watch.lastRates()?.target ?? OLD_FLOOR) };
}
