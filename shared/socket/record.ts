// All that a socket must not forget, as one record of the journal.

import { constant } from "../kernel/constant";
import type { Coin } from "../kernel/ports";
import { arrayOf, boolean, type Check, hex, integer, object, oneOf, optional, text } from "../kernel/shape";
import type { Hex, MicrowattHour, MilliwattHour, Satoshi } from "../kernel/units";
import type { Commitment, Session } from "../payment/session";
import { coinShape, commitmentShape, sessionShape } from "../payment/shape";
import { MAX_WORD } from "../settings/entry";

/** Of the record's format; another one is set aside. */
export const SOCKET_RECORD_VERSION = 1;

/** A commitment that goes, or went, to the network, followed until it is buried. */
export interface Settlement {
  /** Session that it settles. In the basic scheme each payment has a settlement of its own. */
  readonly session: Hex;
  readonly payerScript: Hex;
  readonly inputs: readonly Coin[];
  /** What was made over these inputs, the latest last; an earlier one may be mined instead. */
  readonly commitments: readonly Commitment[];
  /** The latest, signed. */
  readonly transaction: Hex;
  /** `held`: to be broadcast. `sent`: known to the network. `mined`: in a block, not yet buried. */
  readonly state: "held" | "sent" | "mined";
  /** Increments that arrive while it is not mined replace it. */
  readonly open: boolean;
  /**
   * While `held`: the earlier commitment that the socket itself brought to the network, and that
   * this one is to replace.
   */
  readonly sentTxid?: Hex;
  /** Which of the commitments is in a block. */
  readonly minedTxid?: Hex;
  /**
   * Somebody else's spend of an input is in a block of at most this height; only where the backend
   * cannot tell which.
   */
  readonly rivalHeight?: number;
  /** Credit that waits until the network has it (basic protocol); then it is the payer's. */
  readonly credit?: MilliwattHour;
  /** Of the payer, for that credit. */
  readonly ticket?: Hex;
}

export interface Credit {
  readonly script: Hex;
  readonly energy: MilliwattHour;
  /** A caller has to show this to draw it; absent where the payer gave none. */
  readonly ticket?: Hex;
}

export interface Debt {
  readonly script: Hex;
  readonly amount: Satoshi;
  /**
   * The earlier commitment that was mined. Its change shows the payer what it owes; without it
   * nobody can be asked.
   */
  readonly txid?: Hex;
}

/**
 * What was handed to a backend is known to others, so it is written down first; its signatures may
 * not be verified yet.
 */
export interface Asked {
  readonly transaction: Hex;
  /** As it was quoted. */
  readonly fee: Satoshi;
  /** Of the payer. */
  readonly ticket?: Hex;
}

/** The commitment that supersedes all others of the settlement. */
export function latest(settlement: Settlement): Commitment {
  return settlement.commitments[settlement.commitments.length - 1] as Commitment;
}

export interface SocketRecord {
  readonly version: number;
  readonly state: "standby" | "paid" | "lockout";
  /** The gate's total when the record was written. */
  readonly total: MicrowattHour;
  /**
   * Reading of the gate's total up to which energy is paid for; behind `total` by what standby
   * gave.
   */
  readonly paidUpTo: MicrowattHour;
  /**
   * What standby may still give for nothing, as of when the present state began; negative by what
   * the last half-wave gave beyond it. A payment makes it whole, and so does time.
   */
  readonly allowance: MicrowattHour;
  /** In standby: reading at which the allowance is used up. */
  readonly standbyUpTo: MicrowattHour;
  /** Reading at which the running session opened. */
  readonly openedAt: MicrowattHour;
  /** Whose the credit is. */
  readonly payer?: Hex;
  /** What the payer would have to show if it went away and came back. */
  readonly ticket?: Hex;
  /**
   * The channel that holds the credit; absent where a session paid for it. What is left of it is
   * kept there.
   */
  readonly channel?: Hex;
  /** Credit of cables that are not here now. */
  readonly parked: readonly Credit[];
  readonly session?: Session;
  /** The session's latest commitment, signed. */
  readonly transaction?: Hex;
  /**
   * The session's first commitment while the network is asked about it: nothing is credited for it
   * yet.
   */
  readonly asked?: Asked;
  readonly settlements: readonly Settlement[];
  readonly debts: readonly Debt[];
  /**
   * Coins of settlements that are over, the latest last: they pay nothing again, whatever a backend
   * says.
   */
  readonly settled: readonly Hex[];
  /** Scripts that cheated here, the latest last. */
  readonly cheats: readonly Hex[];
  /** Coins that were pledged here and then spent elsewhere, the latest last (`settledName`). */
  readonly cheatCoins: readonly Hex[];
  /** The owner's word with which debts and cheats were written off last. */
  readonly forgiven?: string;
  /** The owner's word with which all channels were closed last. */
  readonly channelsClosed?: string;
}

export const EMPTY_RECORD: SocketRecord = constant({
  version: SOCKET_RECORD_VERSION,
  state: "standby",
  total: 0,
  paidUpTo: 0,
  allowance: 0,
  standbyUpTo: 0,
  openedAt: 0,
  parked: [],
  settlements: [],
  debts: [],
  settled: [],
  cheats: [],
  cheatCoins: [],
});

const settlement: Check<Settlement> = object<Settlement>({
  session: hex(16),
  payerScript: hex(),
  inputs: arrayOf(coinShape, 8, 1),
  commitments: arrayOf(commitmentShape, 64, 1),
  transaction: hex(),
  state: oneOf("held", "sent", "mined"),
  open: boolean,
  sentTxid: optional(hex(32)),
  minedTxid: optional(hex(32)),
  rivalHeight: optional(integer),
  credit: optional(integer),
  ticket: optional(hex(16)),
});

/** Throws an Error that names the part that is not as expected. */
export const parseSocketRecord: Check<SocketRecord> = object<SocketRecord>({
  version: integer,
  state: oneOf("standby", "paid", "lockout"),
  total: integer,
  paidUpTo: integer,
  allowance: integer,
  standbyUpTo: integer,
  openedAt: integer,
  payer: optional(hex()),
  ticket: optional(hex(16)),
  channel: optional(hex(32)),
  parked: arrayOf(object<Credit>({ script: hex(), energy: integer, ticket: optional(hex(16)) }), 64),
  session: optional(sessionShape),
  transaction: optional(hex()),
  asked: optional(object<Asked>({ transaction: hex(), fee: integer, ticket: optional(hex(16)) })),
  settlements: arrayOf(settlement, 64),
  debts: arrayOf(object<Debt>({ script: hex(), amount: integer, txid: optional(hex(32)) }), 64),
  settled: arrayOf(hex(12), 64),
  cheats: arrayOf(hex(), 64),
  cheatCoins: arrayOf(hex(12), 64),
  forgiven: optional(text(MAX_WORD)),
  channelsClosed: optional(text(MAX_WORD)),
});
