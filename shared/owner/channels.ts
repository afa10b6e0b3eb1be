// What a device tells its owner of its payment channels: sums for status and metrics, and all that
// is needed to close one, or to take its deposit back, without the device. A half is worth nothing
// without the payee's key (docs/channel.md).

import type { ChannelEntry } from "../channel/record";
import type { Satoshi } from "../kernel/units";

export interface ChannelSums {
  /** Those that pay, or are about to. */
  readonly open: number;
  /** Those that sell nothing more and are in no block yet. */
  readonly closing: number;
  /** All deposits of those two. */
  readonly deposits: Satoshi;
}

export function sumsOf(entries: readonly ChannelEntry[]): ChannelSums {
  let [open, closing, deposits] = [0, 0, 0];
  for (const { phase, deposit } of entries) {
    if (phase === "open") open += 1;
    if (phase === "closing") closing += 1;
    if (phase !== "closed") deposits += deposit;
  }
  return { open, closing, deposits };
}

/** For the method channels. */
export function channelsShown(entries: readonly ChannelEntry[]): object {
  return { channels: entries.map(shown) };
}

function shown(entry: ChannelEntry): object {
  const { txid, phase, deposit, paid, payeeKey, cableKey, delay, version, height, index, half, energy, refund } = entry;
  return {
    channel: txid,
    phase,
    depositSat: deposit,
    paidSat: paid,
    fundingHeight: height ?? null,
    delayBlocks: delay,
    txVersion: version,
    payeeKey,
    cableKey,
    ...(index !== undefined && { keyIndex: index, creditMwh: energy }),
    ...(half !== undefined && { half }),
    ...(refund !== undefined && { refund: refund.hex }),
  };
}
