// The socket's states as one table: what each event does in standby, in paid and in lockout. Each
// case names its row of host-tests/controllers/socket-states.test.ts, which states the same table
// from outside.
//
// It changes nothing itself. It gives the effects in the order in which outlet.ts has them happen.
// Where one fails (a store that is full), those after it do not happen: so nothing follows from a
// state that is not written.

import type { Hex, Millisecond } from "../kernel/units";
import {
  allowanceLeft,
  credited,
  creditLeft,
  fullAllowance,
  MICRO,
  putAside,
  waitingFor,
  withoutCreditOf,
} from "./credit";
import {
  ANSWER,
  change,
  type Effects,
  EMPTY,
  END_SESSION,
  ENGAGE,
  FORGIVE,
  follow,
  HOLD,
  HOLD_AND_ANSWER,
  LEASE,
  type Memory,
  type Moment,
  NOTHING,
  ONLY_ANSWER,
  OPEN,
  REST,
  REVOKE,
  remember,
  type SocketEvent,
  TELL_STANDBY,
  tell,
  write,
} from "./effects";
import type { SocketRecord } from "./record";
import type { SocketSettings } from "./settings";

/** The table. */
export function effectsOf(event: SocketEvent, moment: Moment): Effects {
  switch (moment.record.state) {
    case "standby":
      return inStandby(event, moment);
    case "paid":
      return inPaid(event, moment);
    case "lockout":
      return inLockout(event, moment);
  }
}

function inStandby(event: SocketEvent, moment: Moment): Effects {
  const { record, memory, now, total } = moment;
  switch (event.kind) {
    case "payment": // a payment
      return pay(event, moment);
    case "credited": // a payment that another record's part has credited already (basic scheme)
      return supply(moment);
    case "channel": // an increment of a channel; the return of a cable whose channel holds credit
      return draw(event, moment);
    case "return": // the return of a cable that left credit here
      return honour(event, moment);
    case "tick":
      return tickInStandby(moment);
    case "call": // its minute begins: a minute in which a visitor did not pay
      return [remember({ lastCall: now, since: memory.since ?? now })];
    case "energy-used": // an allowance that is used up
      return allowanceLeft(record, total) <= 0 ? [...lock(moment, "allowance-used"), ANSWER] : HOLD_AND_ANSWER;
    case "trip": // more current than standby gives
      return [tell({ name: "trip", cause: event.cause }), ...lock(moment, event.cause), ANSWER];
    case "time-used":
      return ONLY_ANSWER;
    case "request": // another cable, after credit that was used up
      return isAnother(event.payer, record) ? standBy(moment) : NOTHING;
    case "double-spend": // a coin spent elsewhere, of a cable that is not here: what waits for it is gone
      return forfeit(event.payer, record);
    case "start": {
      // a restart
      const allowance = event.isNew ? fullAllowance(moment.settings) : allowanceLeft(record, total);
      return [change({ allowance }), remember({ isWritten: false }), ...standBy(moment, allowance)];
    }
    case "stop": // its own end
      return OPEN;
    case "doubt": // nothing is being sold
      return NOTHING;
  }
}

function tickInStandby(moment: Moment): Effects {
  const { memory, now, settings } = moment;
  const flows = now - memory.lastFlow < settings.leaveAfter;
  const since = memory.since ?? (flows ? now : undefined);
  // a restart, where the journal was full until now
  if (!memory.isWritten) return standBy(moment);
  // time in which nobody is there
  if (since === undefined) return HOLD;
  // a visitor that leaves before its minute is over
  if (!flows && hasLeft(moment)) return standBy(moment);
  // a minute in which a visitor did not pay; a minute in which something drew a little and nobody
  // called
  if (now - since >= settings.grace) return lock(moment, "unpaid");
  return memory.since === undefined ? [remember({ since }), LEASE] : HOLD;
}

function inPaid(event: SocketEvent, moment: Moment): Effects {
  const { record, now, total } = moment;
  switch (event.kind) {
    case "payment": // the next payment
      return pay(event, moment);
    case "credited": // a payment, or the next payment (basic scheme)
      return record.channel === undefined ? supply(moment) : [ENGAGE, ...supply(moment)];
    case "channel": // an increment of a channel, the next one or the first after payments of a session
      return record.payer === event.payer ? draw(event, moment) : NOTHING;
    case "tick":
      return tickInPaid(moment);
    case "call":
      return [remember({ lastCall: now })];
    case "energy-used": // credit that is used up; but a lease may end that was replaced while the gate told of it
      return creditLeft(record, total) <= 0 ? [...useUp(moment), ANSWER] : HOLD_AND_ANSWER;
    case "trip": // more current than its relay may carry: it is tried again for the one that paid
      return [tell({ name: "trip", cause: event.cause }), { do: "retry", cause: event.cause }, ANSWER];
    case "time-used":
      return ONLY_ANSWER;
    case "request": // another cable, while the first is silent and draws next to nothing
      return isAnother(event.payer, record) ? leave(moment) : NOTHING;
    case "return":
      return record.payer === event.payer ? NOTHING : honour(event, moment);
    case "doubt": // an older commitment that somebody brought to the chain
      return [tell({ name: "suspended", why: event.why }), ...leave(moment), remember({ since: now })];
    case "double-spend": // its coin, spent elsewhere: the credit is gone
      if (record.payer !== event.payer) return forfeit(event.payer, record);
      return [
        write({ parked: withoutCreditOf(record.parked, event.payer) }),
        ...restFirst(record),
        change({ payer: undefined, channel: undefined }),
        ...lock(moment, "double-spend"),
      ];
    case "start": // a restart
      return [
        // What a channel holds was taken up from its entry already (shared/channel/credit.ts).
        ...(record.channel === undefined ? putAsideFirst(moment) : NOTHING),
        change({ state: "standby", payer: undefined, channel: undefined, paidUpTo: total, standbyUpTo: 0 }),
        remember({ isWritten: false }),
        ...standBy(moment),
      ];
    case "stop": // its own end
      return OPEN;
  }
}

function tickInPaid(moment: Moment): Effects {
  const { record, memory, now, total, settings } = moment;
  // credit that is used up
  if (creditLeft(record, total) <= 0) return useUp(moment);
  // a cable that left
  if (hasLeft(moment) && now - memory.lastFlow >= settings.leaveAfter) return leave(moment);
  // silence while power flows: what was paid for runs on
  return HOLD_AND_ANSWER;
}

function inLockout(event: SocketEvent, moment: Moment): Effects {
  const { record, memory, now, settings } = moment;
  switch (event.kind) {
    case "tick": // a minute
      return lockoutLeft(memory, settings, now) === 0 ? standBy(moment) : NOTHING;
    case "call": // calls: they neither end nor lengthen it
      return [remember({ lastCall: now })];
    case "start": // a restart: it begins anew
      return lock(moment, "restart");
    case "payment": // a payment: it is refused (till.ts); what was found good before it began is credited
      return pay(event, moment);
    case "channel":
      return draw(event, moment);
    case "credited": // its credit waits for the payer's return
      return [remember({ isWritten: true, lastFlow: now }), LEASE, ANSWER];
    case "request":
      return isAnother(event.payer, record) ? standBy(moment) : NOTHING;
    case "return":
      return honour(event, moment);
    case "double-spend":
      return forfeit(event.payer, record);
    case "trip":
      return [tell({ name: "trip", cause: event.cause }), { do: "retry", cause: event.cause }, ANSWER];
    case "energy-used":
    case "time-used":
      return ONLY_ANSWER;
    case "stop":
      return OPEN;
    case "doubt":
      return NOTHING;
  }
}

// ------------------------------------------------------------ what several rows do

/** To standby. What a visitor drew and never paid for is written off; the allowance bounds it. */
function standBy({ record, now, total }: Moment, allowance = allowanceLeft(record, total)): Effects {
  return [
    FORGIVE,
    write({ state: "standby", payer: undefined, paidUpTo: total, allowance, standbyUpTo: total + allowance }),
    remember({ isWritten: true, since: undefined, refilledAt: now }),
    TELL_STANDBY,
    LEASE,
    ANSWER,
  ];
}

/** To standby, with what is left of the credit put aside. */
function leave(moment: Moment): Effects {
  return [...putAsideFirst(moment), ...standBy(moment)];
}

/** In memory before the write, so that a store that is full costs the cable no credit. */
function putAsideFirst({ record, total }: Moment): Effects {
  // Of a channel it is in its own entry, which is written.
  if (record.channel !== undefined)
    return [REST, change({ payer: undefined, ticket: undefined, channel: undefined, paidUpTo: 0 })];
  const changes = putAside(record, total);
  return changes ? [change(changes)] : NOTHING;
}

/** To standby: the cable keeps what it gives, and has the same time as at first to pay. */
function useUp({ record, now, total }: Moment): Effects {
  const allowance = allowanceLeft(record, total);
  return [
    ...restFirst(record),
    write({ state: "standby", channel: undefined, allowance, standbyUpTo: total + allowance }),
    tell({ name: "credit-used" }),
    remember({ since: now }),
    LEASE,
    ANSWER,
  ];
}

/** To lockout. */
function lock({ record, settings, now, total }: Moment, why: string): Effects {
  return [
    REVOKE,
    write({ state: "lockout", payer: undefined, allowance: allowanceLeft(record, total) }),
    remember({ since: now, refilledAt: now }),
    tell({ name: "lockout", why, time: settings.lockout }),
    END_SESSION,
    ANSWER,
  ];
}

/** To paid. */
function pay({ payer, energy, ticket, besides }: SocketEvent & { kind: "payment" }, moment: Moment): Effects {
  const credit = credited(moment.record, moment.settings, payer, energy, ticket);
  const paid = [write({ ...credit, ...besides }), ...supply(moment)];
  // While a channel is drawn, what its cable pays in another way is kept in the same place.
  return moment.record.channel === undefined ? paid : [...paid, ENGAGE];
}

/**
 * To paid, on a channel's credit; what is left of a session's is kept there from then on. Only an
 * increment buys new allowance.
 */
function draw(event: SocketEvent & { kind: "channel" }, moment: Moment): Effects {
  const { payer, ticket, channel, energy, added } = event;
  const { record, settings, total } = moment;
  if (record.state === "paid" && record.channel === channel)
    return added > 0 ? [follow({ paidUpTo: record.paidUpTo + added * MICRO }), ...supply(moment)] : NOTHING;
  const allowance = added > 0 ? fullAllowance(settings) : allowanceLeft(record, total);
  const paidUpTo = record.paidUpTo + energy * MICRO;
  return [
    // The record knows of increments only by the entry that is emptied, so it says first what there
    // is.
    ...(record.channel === undefined ? NOTHING : [write({}), EMPTY]),
    write({ state: "paid", payer, ticket, channel, paidUpTo, allowance }),
    ENGAGE,
    ...(added > 0 ? [] : [tell({ name: "credit-honoured", energy })]),
    ...supply(moment),
  ];
}

/** What is left of a channel's credit goes into its entry before the record forgets whose it is. */
function restFirst({ channel }: SocketRecord): Effects {
  return channel === undefined ? NOTHING : [REST];
}

/** To paid, where credit waits; it buys no new allowance. */
function honour({ payer, ticket }: SocketEvent & { kind: "return" }, moment: Moment): Effects {
  const { record, settings, total } = moment;
  const waiting = waitingFor(record, payer, ticket);
  if (!waiting) return NOTHING;
  const credit = credited(record, settings, payer, 0, waiting.ticket ?? ticket);
  return [
    write({ ...credit, allowance: allowanceLeft(record, total) }),
    tell({ name: "credit-honoured", energy: waiting.energy }),
    ...supply(moment),
  ];
}

/** Closes the relay on what the record says is paid. */
function supply({ now }: Moment): Effects {
  return [remember({ isWritten: true, since: undefined, lastFlow: now }), LEASE, ANSWER];
}

/** What waits for one that is not drawing now is gone. */
function forfeit(payer: Hex, { parked }: SocketRecord): Effects {
  const left = withoutCreditOf(parked, payer);
  return left.length === parked.length ? NOTHING : [write({ parked: left })];
}

// ------------------------------------------------------------ what the rows ask

/** True when no call came for a while. */
function hasLeft({ memory, settings, now }: Moment): boolean {
  return now - memory.lastCall >= settings.leaveAfter;
}

function isAnother(payer: Hex, record: SocketRecord): boolean {
  return record.payer !== undefined && record.payer !== payer;
}

export function lockoutLeft({ since }: Memory, { lockout }: SocketSettings, now: Millisecond): Millisecond {
  return since === undefined ? 0 : Math.max(0, since + lockout - now);
}
