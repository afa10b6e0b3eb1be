// What the scheme `channel` adds to the three calls, as TypeScript sees it. docs/protocol.md,
// "Channels", has the wire.

import type { Outpoint } from "../kernel/ports";
import type { Hex, MilliSatPerWh, MilliwattHour, Satoshi } from "../kernel/units";
import type { CHANNEL, SocketState, WireInput } from "./words";

/** What get_status says of channels. */
export interface ChannelTerms {
  /** Of the next channel that opens. */
  readonly payeeKey: Hex;
  readonly depositLeast: Satoshi;
  readonly depositMost: Satoshi;
  /** N: blocks after which the cable takes its deposit back by itself. */
  readonly delay: number;
  /** Blocks that bury a funding. */
  readonly confirmations: number;
  /** So many blocks before the deadline the channel is closed. */
  readonly margin: number;
  /** Of the closing. */
  readonly version: number;
  /** What a channel's first increment pays at least, at the rates of now. */
  readonly first: Satoshi;
  /** What a later one pays at least. */
  readonly step: Satoshi;
}

/** `deposit` opens a channel, `channel` resumes or, with `close`, ends one. */
export interface ChannelRequest {
  readonly scheme: typeof CHANNEL;
  readonly cableKey: Hex;
  /**
   * As with the other schemes: 16 bytes that only the cable knows. Without a channel's own nobody
   * learns or moves a thing of it.
   */
  readonly ticket: Hex;
  readonly deposit?: Satoshi;
  /** Id of the funding. */
  readonly channel?: Hex;
  readonly close?: boolean;
  /** Coins that the funding may not spend, at most 16. */
  readonly promised?: readonly Outpoint[];
  /**
   * As with the other schemes: a transaction of the cable's own that the socket broadcasts, such as
   * another channel's refund.
   */
  readonly release?: Hex;
}

/** A funding to be signed: `inputs` become `[deposit, memo, change]`. */
export interface FundingProposal {
  readonly scheme: typeof CHANNEL;
  readonly payeeKey: Hex;
  readonly delay: number;
  readonly version: number;
  readonly inputs: readonly WireInput[];
  readonly deposit: Satoshi;
  readonly fee: Satoshi;
  /** Unsigned. */
  readonly transaction: Hex;
}

/** A visit: what the next increment pays, and the channel's latest state as the socket has it. */
export interface VisitOffer {
  readonly scheme: typeof CHANNEL;
  readonly channel: Hex;
  /** The channel as it was funded, for a cable that has lost its journal. */
  readonly payeeKey: Hex;
  readonly delay: number;
  readonly version: number;
  readonly deposit: Satoshi;
  readonly paid: Satoshi;
  readonly half?: Hex;
  /** What the next increment pays at least; 0: it sells nothing more. */
  readonly pay: Satoshi;
  readonly energy: MilliwattHour;
  /** Of this visit. */
  readonly price: MilliSatPerWh;
  readonly credit: MilliwattHour;
  /** True once it is closing: no increment is taken any more. */
  readonly closing: boolean;
}

export type ChannelOffer = FundingProposal | VisitOffer;

/** The funding, signed; or an increment: `channel`, `paid` and `half`. */
export interface ChannelPayment {
  readonly ticket: Hex;
  readonly funding?: Hex;
  readonly channel?: Hex;
  /** In all, over the channel's life. */
  readonly paid?: Satoshi;
  /** The cable's signature over its change. */
  readonly half?: Hex;
}

export interface ChannelResult {
  readonly channel: Hex;
  readonly state: SocketState;
  readonly credited: MilliwattHour;
  readonly remaining: MilliwattHour;
  /** What the next increment pays at least, and what that buys; 0 where nothing more is sold. */
  readonly pay: Satoshi;
  readonly energy: MilliwattHour;
}

/** What a socket answers that sells by channel; one that does not has none of it. */
export interface ChannelCalls {
  request(request: ChannelRequest, peer: string): Promise<ChannelOffer>;
  pay(payment: ChannelPayment, peer: string): Promise<ChannelResult>;
}
