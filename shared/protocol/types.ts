// The three calls of the protocol, as TypeScript sees them. docs/protocol.md says what each field
// means on the wire.
//
// Amounts of money and energy travel as decimal strings: XML-RPC's <int> ends at 2^31 - 1 and stock
// clients cannot send <i8>. Everything else that counts (prices, heights, milliseconds) fits an
// <int>.

import type { Outpoint } from "../kernel/ports";
import type { Hex, MilliSatPerWh, Millisecond, MilliwattHour, Satoshi } from "../kernel/units";
import type { ChannelCalls, ChannelTerms } from "./channel";
import type { Scheme, SchemeName, SocketState, WireInput } from "./words";

export const PROTOCOL_VERSION = 1;
export const RPC_PATH = "/RPC2";
/**
 * Where a socket answers on a link that is its own (power-line, Ethernet), so that nothing is
 * searched (RFC 3927).
 */
export const LINK_ADDRESS = "169.254.80.80";
export const LINK_PORT = 8080;

export type CableState = "connecting" | "negotiating" | "powered" | "stopped";

export interface StatusRequest {
  /**
   * Answer at once when 0 or absent; else when state or renewal flag change, at the latest after
   * this long.
   */
  readonly waitMs?: Millisecond;
  /**
   * Who is about to ask for power, and how: the socket may ask the chain for that address's coins
   * meanwhile.
   */
  readonly address?: string;
  readonly scheme?: Scheme;
}

export interface Status {
  readonly version: number;
  /** Schemes that the socket accepts, the preferred one first. */
  readonly schemes: readonly SchemeName[];
  readonly state: SocketState;
  /** Energy delivered since the latest session opened. */
  readonly used: MilliwattHour;
  /** Credit: paid for and not yet delivered. */
  readonly remaining: MilliwattHour;
  /** What standby still gives before it ends in lockout. */
  readonly standbyRemaining: MilliwattHour;
  readonly price: MilliSatPerWh;
  /** What one increment pays. */
  readonly increment: Satoshi;
  readonly sessionMax: Satoshi;
  readonly renewalDue: boolean;
  readonly lockoutMs: Millisecond;
  /**
   * Script that takes the payments, so that a cable that comes back shows that payee's ticket.
   * Earlier sockets name none.
   */
  readonly payee?: Hex;
  /** Why nothing is sold to anybody: `not-calibrated`, or what the gate has tripped for. */
  readonly trouble?: string;
  /** Terms of channels, where the socket sells by them. */
  readonly channel?: ChannelTerms;
}

/** Outpoints that one request may name. */
export const MAX_PROMISED = 16;

export interface PowerRequest {
  /** Native SegWit (P2WPKH) address that pays, and that takes the change. */
  readonly address: string;
  readonly scheme: Scheme;
  /** Goes on with this session; absent to open one (or to resume the address's open one). */
  readonly session?: Hex;
  /** Shows whose the credit is that waits under this address; each payee has its own. */
  readonly ticket?: Hex;
  /**
   * Coins of the address that were signed for to another payee: the draft may not spend them. At
   * most 16.
   */
  readonly promised?: readonly Outpoint[];
  /** A signed transaction that spends coins of the address back to it; the socket broadcasts it. */
  readonly release?: Hex;
}

export interface WireOutput {
  readonly script: Hex;
  readonly amount: Satoshi;
}

/** A draft as it travels: enough to show it to a person, and the bytes that count. */
export interface DraftOffer {
  /** 128 random bits. */
  readonly session: Hex;
  readonly scheme: Scheme;
  /** Counts from 1 within the session. */
  readonly increment: number;
  readonly inputs: readonly WireInput[];
  /** The socket's, then the change where there is any. */
  readonly outputs: readonly WireOutput[];
  readonly fee: Satoshi;
  /** Unsigned, canonical (docs/protocol.md, "The draft"). */
  readonly transaction: Hex;
  /** Energy credited for it. 0 where a draft only raises the fee or pays arrears. */
  readonly energy: MilliwattHour;
  /** What this session can pay in all. */
  readonly sessionMax: Satoshi;
  /** Part of this increment that pays what an earlier session still owed. */
  readonly arrears: Satoshi;
  /** Credit that the address already has here. */
  readonly credit: MilliwattHour;
  /** Block height at which the session ends and is settled. */
  readonly expiry: number;
}

export interface PaymentRequest {
  readonly session: Hex;
  readonly increment: number;
  /** The draft, signed. */
  readonly transaction: Hex;
  /**
   * 16 bytes that only the payer knows: without them nobody else draws the credit that it leaves
   * behind.
   */
  readonly ticket?: Hex;
}

export interface PaymentResult {
  readonly state: SocketState;
  readonly credited: MilliwattHour;
  readonly remaining: MilliwattHour;
  /**
   * The next draft, to be audited and signed ahead; absent when the session has reached its
   * maximum.
   */
  readonly next?: DraftOffer;
  /** Where the transaction was broadcast. */
  readonly txid?: Hex;
}

/**
 * The selling side's three calls; rpc/server.ts puts them on the wire, rpc/client.ts calls them.
 */
export interface SocketCalls {
  /**
   * The address of the cable that pays, or draws on what it paid: it is served first. Undefined
   * while none does.
   */
  readonly payer?: string | undefined;
  getStatus(request: StatusRequest, peer: string): Promise<Status>;
  powerRequest(request: PowerRequest, peer: string): Promise<DraftOffer>;
  payTransaction(request: PaymentRequest, peer: string): Promise<PaymentResult>;
  /**
   * power_request and pay_transaction of the scheme `channel`; undefined where the socket does not
   * sell by it.
   */
  readonly channels?: ChannelCalls | undefined;
}
