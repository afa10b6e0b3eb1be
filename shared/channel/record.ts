// What a device keeps of its channels: an entry each, of its own, in two slots that take turns
// (shared/journal/journal.ts). An increment writes one entry and no other record, and a torn write
// costs one channel its last step at most.

import { Journal } from "../journal/journal";
import type { Kept } from "../journal/readable";
import type { Coin, Outpoint, Reporter, Store } from "../kernel/ports";
import { arrayOf, type Check, hex, integer, object, oneOf, optional } from "../kernel/shape";
import type { Hex, MicrowattHour, MilliSatPerWh, MilliwattHour, Satoshi } from "../kernel/units";
import type { Channel, Phase } from "./channel";
import type { Deposit } from "./closing";

/** Of the entry's format; another one is set aside. */
export const CHANNEL_ENTRY_VERSION = 1;
/**
 * Entries of a socket: the stores' keys end in its number. One more is a refusal. Each holds 0.5 KB
 * of slots and as much of chunks (docs/performance.md), which a socket must have left while hostile
 * neighbours fill its heap.
 */
export const MAX_SOCKET_CHANNELS = 8;
/** Entries of a cable. */
export const MAX_CABLE_CHANNELS = 2;

export interface SignedRefund {
  readonly fee: Satoshi;
  readonly txid: Hex;
  readonly hex: Hex;
}

/** One channel, flat: what both sides keep, and what only one of them needs. */
export interface ChannelEntry {
  readonly payeeKey: Hex;
  readonly cableKey: Hex;
  readonly delay: number;
  readonly version: number;
  readonly txid: Hex;
  readonly deposit: Satoshi;
  readonly phase: Phase;
  readonly paid: Satoshi;
  readonly half?: Hex;
  readonly height?: number;
  /** Signed: sent again until it is buried, then left out. */
  readonly funding?: Hex;
  /** Socket: number of its payee key. */
  readonly index?: number;
  /**
   * Socket: paid for and not delivered; while it is drawn, as of `reading`. Cable: what it bought
   * in all.
   */
  readonly energy: MilliwattHour;
  /** Socket: while the credit is drawn, the gate's reading from which that counts. */
  readonly reading?: MicrowattHour;
  /** Socket: what its cable shows. */
  readonly ticket?: Hex;
  /** Cable: what flowed for it by its own meter. */
  readonly metered?: MilliwattHour;
  /**
   * Cable: of what the socket acknowledged, what had flowed when the latest increment was signed.
   */
  readonly earned?: Satoshi;
  /** Cable: script of the socket's owner, by which it knows where the credit is. */
  readonly payee?: Hex;
  /** Cable: the coins that the funding spends, which pay nothing else. */
  readonly coins?: readonly Outpoint[];
  /** Cable: the signed refund, once the channel has ended. */
  readonly refund?: SignedRefund;
  /** Cable: what the socket has acknowledged of `paid`, and the price of what it has not. */
  readonly acknowledged?: Satoshi;
  readonly price?: MilliSatPerWh;
  /**
   * Socket: fee of the last closing that left the device, and the payee's coins that it spends
   * along.
   */
  readonly closingFee?: Satoshi;
  readonly closingCoins?: readonly Coin[];
}

const PHASES = oneOf<Phase>("open", "closing", "closed");

const entryShape: Check<ChannelEntry> = object<ChannelEntry>({
  payeeKey: hex(33),
  cableKey: hex(33),
  delay: integer,
  version: integer,
  txid: hex(32),
  deposit: integer,
  phase: PHASES,
  paid: integer,
  half: optional(hex()),
  height: optional(integer),
  funding: optional(hex()),
  index: optional(integer),
  energy: integer,
  reading: optional(integer),
  ticket: optional(hex(16)),
  metered: optional(integer),
  earned: optional(integer),
  payee: optional(hex()),
  coins: optional(arrayOf(object<Outpoint>({ txid: hex(32), vout: integer }), 8)),
  refund: optional(object<SignedRefund>({ fee: integer, txid: hex(32), hex: hex() })),
  acknowledged: optional(integer),
  price: optional(integer),
  closingFee: optional(integer),
  closingCoins: optional(
    arrayOf(object<Coin>({ txid: hex(32), vout: integer, amount: integer, height: optional(integer) }), 4),
  ),
});

/** The journal of entry `slot`: keys `channel.<slot>.a` and `.b`. */
export function entryJournal(store: Store, slot: number, report: Reporter): Journal<ChannelEntry> {
  return new Journal({ ...entryKept(store, slot), report });
}

/** What an update asks of it. */
export function entryKept(store: Store, slot: number): Kept<ChannelEntry> {
  return { store, name: `channel.${slot}`, version: CHANNEL_ENTRY_VERSION, parse: entryShape };
}

/**
 * An entry that is over. Where a cut leaves one of the two slots, a channel that has closed is
 * found again, and closed again.
 */
export function forget(store: Store, slot: number): void {
  for (const key of slotsOf(slot)) store.remove(key);
}

/** The store's keys of entry `slot`. */
export function slotsOf(slot: number): readonly string[] {
  return [`channel.${slot}.a`, `channel.${slot}.b`];
}

export function depositOf({ payeeKey, cableKey, delay, version, txid, deposit }: ChannelEntry): Deposit {
  return { keys: { payeeKey, cableKey, delay }, coin: { txid, vout: 0, amount: deposit }, version };
}

export function channelOf(entry: ChannelEntry): Channel {
  const { height, phase, paid, half } = entry;
  return { deposit: depositOf(entry), height, phase, paid, half };
}

/** The entry with what a step changed in its channel. */
export function withChannel(entry: ChannelEntry, { height, phase, paid, half }: Channel): ChannelEntry {
  const { height: _height, half: _half, ...rest } = entry;
  return { ...rest, phase, paid, ...(height === undefined ? {} : { height }), ...(half === undefined ? {} : { half }) };
}
