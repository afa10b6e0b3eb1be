// What a cable shows its owner: what it knows already. Nobody is asked for it, and nothing is
// changed.

import type { ChannelEntry } from "../channel/record";
import type { TripCause } from "../kernel/ports";
import type { Millisecond, MilliwattHour, Satoshi } from "../kernel/units";
import type { CableState } from "../protocol/types";
import type { CableRecord, Pledge } from "./record";
import type { Hold, Stop } from "./stop";

export interface CableView {
  readonly record: CableRecord;
  readonly state: CableState;
  /** Why no more is paid for now, although credit may last. */
  readonly stop: Stop | Hold | undefined;
  /** Paid for and not yet received, by its own account. */
  readonly remaining: MilliwattHour;
  readonly trip: TripCause | undefined;
  /** What was handed over and nobody acknowledged. */
  readonly outOfHand: Satoshi;
  /** Payments that nobody acknowledged: their coins pay nobody else. */
  readonly stuck: readonly Pledge[];
  /** Its channels, and what of their deposits is neither paid nor back. */
  readonly channels: { readonly entries: readonly ChannelEntry[]; readonly locked: Satoshi };
  /** Time that it was powered, over all restarts. */
  readonly uptime: Millisecond;
}
