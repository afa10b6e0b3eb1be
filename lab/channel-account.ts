// What a scenario of channels comes to.

import type { Hex, Satoshi } from "../shared/kernel/units";

export interface ChannelTransaction {
  readonly kind: "funding" | "closing" | "refund";
  readonly txid: Hex;
  readonly hex: Hex;
  readonly vbytes: number;
  readonly feeSat: Satoshi;
  readonly height: number;
}

export interface Visit {
  readonly visit: number;
  readonly energyWh: number;
  /** Worth of what it drew. */
  readonly drawnSat: number;
  /** What it paid: nothing while credit of an earlier visit lasts. */
  readonly paidSat: Satoshi;
  readonly increments: number;
}

export interface ChannelAccount {
  readonly scenario: string;
  readonly seed: number;
  readonly visits: number;
  readonly each: readonly Visit[];
  readonly increments: number;
  readonly deliveredWh: number;
  /** By the cable's increments. */
  readonly paidSat: Satoshi;
  readonly depositSat: Satoshi;
  /** What blocks pay the socket's owner and give back to the cable. */
  readonly socketReceivedSat: Satoshi;
  readonly cableReceivedSat: Satoshi;
  readonly transactions: readonly ChannelTransaction[];
  /**
   * The same visits by the other schemes: payments of what nodes relay at least, each a
   * transaction; what is left is credit.
   */
  readonly otherwise: {
    readonly transactions: number;
    readonly vbytes: number;
    readonly feeSat: Satoshi;
    readonly paidSat: Satoshi;
  };
  /** Most that was locked at a time. */
  readonly lockedSat: Satoshi;
}
