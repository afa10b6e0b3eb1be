// The method status: what a device knows of itself, in numbers and in words. Nobody is asked for
// it.

import type { CableView } from "../cable/view";
import type { ChannelEntry } from "../channel/record";
import type { GateReading } from "../kernel/ports";
import type { Millisecond, Satoshi } from "../kernel/units";
import type { Session } from "../payment/session";
import { unpaid } from "../socket/exposure";
import type { SocketView } from "../socket/view";
import { sumsOf } from "./channels";
import type { Earned } from "./sessions";
import { cableReason, cableStuck, socketReason, socketStuck } from "./words";

const DAY: Millisecond = 86_400_000;

/** W, VA, V, A, Hz; a voltage or frequency that is not measured is null. */
export function meterOf(reading: GateReading): object {
  const { power, apparent, voltage, current, powerFactor, frequency, voltageMeasured, closed } = reading;
  return {
    powerW: power / 1000,
    apparentVa: apparent / 1000,
    voltageV: voltageMeasured ? voltage / 1000 : null,
    currentA: current / 1000,
    powerFactor: powerFactor / 1000,
    frequencyHz: frequency > 0 ? frequency / 1000 : null,
    relayClosed: closed,
  };
}

export function energyOf({ total }: GateReading, atStart: number): object {
  return { totalMwh: Math.floor(total / 1000), sinceStartMwh: Math.floor((total - atStart) / 1000) };
}

export interface SocketTerms {
  readonly price: number;
  readonly increment: Satoshi;
  readonly sessionMax: Satoshi;
  readonly exposureLimit: Satoshi;
}

export function socketStatus(view: SocketView, terms: SocketTerms, earned: Earned, reading: GateReading): object {
  const { record, credit, standbyRemaining, exposure, trip, tip, tipAge } = view;
  const owed = record.debts.reduce((sum, { amount }) => sum + amount, 0);
  const used = Math.floor((reading.total - record.openedAt) / 1000);
  return {
    state: record.state,
    reason: socketReason(view),
    trip: trip ?? null,
    creditMwh: credit,
    standbyMwh: standbyRemaining,
    priceSatPerKwh: terms.price,
    incrementSat: terms.increment,
    sessionMaxSat: terms.sessionMax,
    session: record.session ? { ...sessionOf(record.session), usedMwh: used } : null,
    exposureSat: exposure,
    exposureLimitSat: terms.exposureLimit,
    earned: { confirmedSat: earned.confirmed, unconfirmedSat: unpaid(record) - owed, lostSat: earned.lost },
    settlements: { held: count(view, "held"), sent: count(view, "sent"), mined: count(view, "mined") },
    debts: { sat: owed, cables: record.debts.length },
    channels: { ...counted(view.channels.entries), unclosedSat: view.channels.unclosed },
    parkedMwh: record.parked.reduce((sum, { energy }) => sum + energy, 0),
    cheats: record.cheats.length,
    stuck: socketStuck(view),
    chain: { tip: tip ?? null, tipAgeMs: tipAge ?? null },
  };
}

function counted(entries: readonly ChannelEntry[]): object {
  const { open, closing, deposits } = sumsOf(entries);
  return { open, closing, depositsSat: deposits };
}

function count({ record }: SocketView, state: "held" | "sent" | "mined"): number {
  return record.settlements.filter((each) => each.state === state).length;
}

export function cableStatus(view: CableView): object {
  const { record, state, stop, trip, remaining, outOfHand } = view;
  return {
    state,
    reason: cableReason(view),
    stop: stop?.reason ?? null,
    trip: trip ?? null,
    creditMwh: remaining,
    priceSatPerKwh: record.session?.price ?? null,
    session: record.session ? sessionOf(record.session) : null,
    spent: { todaySat: spentToday(view), totalSat: record.totalPaid, feesSat: record.totalFees },
    claims: {
      sat: record.claims.reduce((sum, { value }) => sum + value, 0),
      energyMwh: record.claims.reduce((sum, { energy }) => sum + energy, 0),
      sockets: record.claims.length,
    },
    unansweredSat: outOfHand,
    channels: { ...counted(view.channels.entries), lockedSat: view.channels.locked },
    cheats: record.cheats.length,
    stuck: cableStuck(view),
  };
}

/** What the cable's limits leave: for the method limits. */
export function limitsUsed(view: CableView): object {
  const { record, outOfHand } = view;
  return {
    todaySat: spentToday(view),
    claimsSat: record.claims.reduce((sum, { value }) => sum + value, 0),
    unansweredSat: outOfHand,
    totalSat: record.totalPaid,
    feesSat: record.totalFees,
  };
}

function spentToday({ record, uptime }: CableView): Satoshi {
  return uptime - record.daySince >= DAY ? 0 : record.daySpent;
}

function sessionOf({ id, scheme, paid, max, price, increment, expiry }: Session): object {
  return {
    id,
    scheme,
    paidSat: paid,
    maxSat: max,
    priceSatPerKwh: price,
    incrementSat: increment,
    expiryHeight: expiry,
  };
}
