// All that a cable must not forget, as one record of the journal.

import { constant } from "../kernel/constant";
import type { Outpoint } from "../kernel/ports";
import { arrayOf, boolean, type Check, hex, integer, object, optional, text } from "../kernel/shape";
import type {
  Hex,
  MicrowattHour,
  MilliSatPerWh,
  Millisecond,
  Milliwatt,
  MilliwattHour,
  Satoshi,
} from "../kernel/units";
import { type Places, placesShape } from "../link/places";
import type { Session } from "../payment/session";
import { schemeShape, sessionShape } from "../payment/shape";
import type { Scheme } from "../protocol/words";
import { MAX_WORD } from "../settings/entry";

/** Of the record's format; another one is set aside. */
export const CABLE_RECORD_VERSION = 2;

/**
 * The amount of a coin as it was first seen. SegWit signs amounts one input at a time, so it may
 * never change.
 */
export interface Pin {
  readonly txid: Hex;
  readonly vout: number;
  readonly amount: Satoshi;
  /**
   * Signed for together with other coins: then another amount would be dangerous, and the pin is
   * never dropped.
   */
  readonly shared: boolean;
}

/** What was signed beyond the increments that the socket has acknowledged. */
export interface Signed {
  readonly increment: number;
  readonly pay: Satoshi;
  readonly fee: Satoshi;
  readonly txid: Hex;
  /** True from before the signature left the cable. */
  readonly sent: boolean;
}

/** What was handed over in the running session, whatever the socket said to it. */
export interface Handed {
  /** Dearest sum of the session's payments with any one of them, arrears not counted. */
  readonly paid: Satoshi;
  /** Dearest fee over the coins that are spent now; already part of `totalFees`. */
  readonly fee: Satoshi;
}

/**
 * A session that is over, and all that was handed over in it: its coins are promised to that payee.
 */
export interface Pledge {
  readonly scheme: Scheme;
  readonly socketScript: Hex;
  readonly price: MilliSatPerWh;
  readonly outpoints: readonly Outpoint[];
  /** What was signed over them: id and worth. */
  readonly commitments: readonly { readonly txid: Hex; readonly value: Satoshi }[];
  /**
   * What the dearest pays beyond what the payee has acknowledged. Only the owner's `forgive` writes
   * it off.
   */
  readonly unanswered: Satoshi;
  readonly fee: Satoshi;
  /** Written off by the owner: it is no risk any more, and its coins stay promised. */
  readonly forgiven: boolean;
  /** The transaction that takes the coins back, by the owner's word. */
  readonly release?: Release;
}

/**
 * Spends a pledge's coins to the cable's own address. Its bytes follow from the coins and the fee.
 */
export interface Release {
  readonly txid: Hex;
  readonly fee: Satoshi;
}

/** Energy that a socket still owes. */
export interface Claim {
  readonly script: Hex;
  readonly energy: MilliwattHour;
  /** What was paid for it. */
  readonly value: Satoshi;
}

/** A cable sees no chain: what a socket calls over may be as it was. */
export interface Gone {
  /** Deposits, less what they paid: they may still be locked. */
  readonly locked: Satoshi;
  /** What was signed and never acknowledged. */
  readonly unanswered: Satoshi;
}

export interface CableRecord {
  readonly version: number;
  /** The gate's total when the record was written. */
  readonly total: MicrowattHour;
  /** Time that the cable was powered, over all restarts. */
  readonly uptime: Millisecond;
  /**
   * What its electronics draw, as the readings below count it; a change of the setting moves them.
   */
  readonly ownPower?: Milliwatt;
  /** Reading of the cable's own meter up to which energy is paid for at the present socket. */
  readonly paidUpTo: MicrowattHour;
  /** Reading at which both sides' accounts agreed last, and when. */
  readonly agreedAt: MicrowattHour;
  readonly agreedUptime: Millisecond;
  /**
   * Energy by which the account gave way to the sockets' word, over all time, less what it gained.
   */
  readonly conceded: MilliwattHour;
  /** As far as the socket has acknowledged it. */
  readonly session?: Session;
  readonly signed?: Signed;
  /**
   * The payee at whose socket the account above stands, where that is not the session's: it is paid
   * by channel.
   */
  readonly channelAt?: Hex;
  readonly handed: Handed;
  readonly pins: readonly Pin[];
  readonly pledges: readonly Pledge[];
  /** Credit left at other sockets, and at those that owe it. */
  readonly claims: readonly Claim[];
  /** Of channels that are over by their sockets' word alone, until the owner forgives. */
  readonly gone?: Gone;
  /**
   * Payees at which credit may wait for the one ticket of earlier versions; absent in a record that
   * such a version wrote.
   */
  readonly oneTicket?: readonly Hex[];
  /** Paid since `daySince`, an uptime. */
  readonly daySpent: Satoshi;
  readonly daySince: Millisecond;
  readonly totalPaid: Satoshi;
  /** Of all that was handed over; what took another's place is not counted twice. */
  readonly totalFees: Satoshi;
  /** Sockets that cheated, the latest last. */
  readonly cheats: readonly Hex[];
  /** How often power that was paid for did not come. */
  readonly losses: number;
  /** The owner's word with which all that was written off last. */
  readonly forgiven?: string;
  /** The owner's word with which stuck coins were taken back last. */
  readonly released?: string;
  /** The owner's word with which channels were left last. */
  readonly channelsLeft?: string;
  /** On a direct link: which sockets' access points were tried. */
  readonly places?: Places;
}

export const EMPTY_RECORD: CableRecord = constant({
  version: CABLE_RECORD_VERSION,
  total: 0,
  uptime: 0,
  paidUpTo: 0,
  agreedAt: 0,
  agreedUptime: 0,
  conceded: 0,
  handed: { paid: 0, fee: 0 },
  pins: [],
  pledges: [],
  claims: [],
  oneTicket: [],
  daySpent: 0,
  daySince: 0,
  totalPaid: 0,
  totalFees: 0,
  cheats: [],
  losses: 0,
});

/** The payee at whose socket the account stands; undefined while nobody was paid. */
export function payeeHere({ channelAt, session }: CableRecord): Hex | undefined {
  return channelAt ?? session?.socketScript;
}

const outpoint: Check<Outpoint> = object<Outpoint>({ txid: hex(32), vout: integer });

/** Throws an Error that names the part that is not as expected. */
export const parseCableRecord: Check<CableRecord> = object<CableRecord>({
  version: integer,
  total: integer,
  uptime: integer,
  ownPower: optional(integer),
  paidUpTo: integer,
  agreedAt: integer,
  agreedUptime: integer,
  conceded: integer,
  session: optional(sessionShape),
  signed: optional(object<Signed>({ increment: integer, pay: integer, fee: integer, txid: hex(32), sent: boolean })),
  channelAt: optional(hex()),
  handed: object<Handed>({ paid: integer, fee: integer }),
  pins: arrayOf(object<Pin>({ txid: hex(32), vout: integer, amount: integer, shared: boolean }), 128),
  pledges: arrayOf(
    object<Pledge>({
      scheme: schemeShape,
      socketScript: hex(),
      price: integer,
      outpoints: arrayOf(outpoint, 8),
      commitments: arrayOf(object<Pledge["commitments"][number]>({ txid: hex(32), value: integer }), 64),
      unanswered: integer,
      fee: integer,
      forgiven: boolean,
      release: optional(object<Release>({ txid: hex(32), fee: integer })),
    }),
    16,
  ),
  claims: arrayOf(object<Claim>({ script: hex(), energy: integer, value: integer }), 32),
  gone: optional(object<Gone>({ locked: integer, unanswered: integer })),
  oneTicket: optional(arrayOf(hex(), 64)),
  daySpent: integer,
  daySince: integer,
  totalPaid: integer,
  totalFees: integer,
  cheats: arrayOf(hex(), 64),
  losses: integer,
  forgiven: optional(text(MAX_WORD)),
  released: optional(text(MAX_WORD)),
  channelsLeft: optional(text(MAX_WORD)),
  places: optional(placesShape),
});
