// What a socket shows its owner: what it knows already. Nobody is asked for it, and nothing is
// changed.

import type { ChannelEntry } from "../channel/record";
import type { TripCause } from "../kernel/ports";
import type { Millisecond, MilliwattHour, Satoshi } from "../kernel/units";
import type { SocketParts } from "./parts";
import type { SocketRecord } from "./record";

export interface SocketView {
  readonly record: SocketRecord;
  /** Paid for and not yet delivered, to the cable that is here. */
  readonly credit: MilliwattHour;
  readonly standbyRemaining: MilliwattHour;
  readonly lockoutLeft: Millisecond;
  readonly exposure: Satoshi;
  readonly trip: TripCause | undefined;
  /** False while all that may wait for a confirmation does. */
  readonly canSell: boolean;
  /** True where it sells nothing, as its meter is not calibrated. */
  readonly isGuessing: boolean;
  readonly isStopping: boolean;
  /** Height of the best block that it heard of, and how long ago. */
  readonly tip: number | undefined;
  readonly tipAge: Millisecond | undefined;
  /** Channels that are kept, and what those pay it that no block has closed. */
  readonly channels: { readonly entries: readonly ChannelEntry[]; readonly unclosed: Satoshi };
}

export function viewOf(parts: SocketParts): SocketView {
  const { ledger, outlet, till, watch, book } = parts;
  return {
    record: ledger.record,
    credit: outlet.credit(),
    standbyRemaining: outlet.standbyRemaining(),
    lockoutLeft: outlet.lockoutLeft(),
    exposure: parts.exposure(),
    trip: outlet.trip,
    canSell: till.canSell(),
    isGuessing: parts.isGuessing(),
    isStopping: parts.isStopping,
    tip: watch.lastTip(),
    tipAge: watch.tipAge(),
    channels: { entries: book?.entries ?? [], unclosed: book?.unclosed ?? 0 },
  };
}
