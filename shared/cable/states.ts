// The cable's states as one table: what each event does while it connects, negotiates, is powered
// and is stopped. Each case names its row of host-tests/controllers/cable-states.test.ts, which
// states the same table from outside.
//
// It changes nothing itself. It gives what to keep in mind next, the effects in the order in which
// controller.ts has them happen, and what is done last, whose outcome is the next event. A hold
// only keeps the cable from paying: what is paid for flows on. A stop opens the relay.

import { doubled } from "../kernel/backoff";
import type { Millisecond } from "../kernel/units";
import type { Status } from "../protocol/types";
import {
  type CableEvent,
  CONNECT,
  type Dealing,
  type Effect,
  GO_ON,
  type HeldPayment,
  LOOK,
  LOOK_AT_ONCE,
  type Memory,
  type Moment,
  NO_DRAFT,
  NOTHING,
  OPEN,
  type Payment,
  type Step,
} from "./effects";
import { compared } from "./first-minute";
import type { Payable } from "./purse";
import type { CableSettings } from "./settings";
import { Hold, isCheating, Stop } from "./stop";

/** While one side says that the renewal is due and the other not yet. */
export const LOOK_AGAIN: Millisecond = 500;
/** Nobody is believed a longer one: the cable asks again. */
const MAX_LOCKOUT: Millisecond = 600_000;
const MAX_STALE = 6;

/** The table. Throws an Error for an event that cannot come in that state. */
export function stepOf(memory: Memory, event: CableEvent, moment: Moment): Step {
  switch (memory.state) {
    case "connecting":
    case "stopped":
      return inNoDeal(memory, event, moment);
    case "negotiating":
    case "powered":
      return inDeal(memory, event, moment);
  }
}

function inNoDeal(memory: Memory, event: CableEvent, moment: Moment): Step {
  switch (event.kind) {
    case "begin": // the start; the end of its pause
      return begin(memory, moment);
    case "answer": // a first answer
      return negotiate(memory, event.status);
    case "failed": // no access point in reach; the socket refuses to answer
      return stopped(memory, event.stop);
    default:
      throw new Error(`expected begin, answer or failed of a cable that is ${memory.state}, got ${event.kind}`);
  }
}

function inDeal(memory: Dealing, event: CableEvent, moment: Moment): Step {
  switch (event.kind) {
    case "agreed": // credit that is left, and an offer: the relay closes before the signature, which takes a third of a second
      return { ...drawLeft(memory, moment), act: { do: "finish", offered: event.offered } };
    case "signed": // a draft that is good: it waits until it is due
      return thenGoOn(
        { ...memory, payment: { is: "ready", ready: event.ready, held: heldOf(memory.payment) } },
        moment,
      );
    case "refused": // a limit that forbids the next payment; a socket that cannot sell, or falls silent before it was paid
      return refuse(memory, event.hold, moment);
    case "paid": // a payment that is acknowledged; the renewal
      return paid(memory, event, moment);
    case "turn":
      return turn(memory, moment);
    case "waited":
      return askStatus(memory, moment);
    case "status":
      return weigh(memory, event, moment);
    case "failed": // the socket refuses to answer; the own journal is full
      return stopped(memory, event.stop);
    default:
      throw new Error(`expected an event of a deal, got ${event.kind} while ${memory.state}`);
  }
}

// ------------------------------------------------------------ connecting and stopped

function begin(memory: Memory, { account, settings, isCalibrated }: Moment): Step {
  const { trip } = account;
  if (trip) return stopped(memory, new Stop("power-fault", `(${trip})`));
  const next: Memory = { state: "connecting", stale: memory.stale };
  const effects = entering(memory, next);
  // A cable that cannot judge what flowed would pay what it is told.
  if (settings.network === "mainnet" && !isCalibrated) return stopped(next, new Stop("not-calibrated"), effects);
  return { next, effects, act: CONNECT };
}

function negotiate(memory: Memory, status: Status): Step {
  const { stale } = memory;
  const next: Memory = { state: "negotiating", stale, status, isFresh: true, payment: NO_DRAFT, isReclaimed: false };
  return { next, effects: entering(memory, next), act: { do: "ask", status } };
}

/** To stopped: the relay opens, and dealing begins anew after a pause. */
function stopped(memory: Memory, stop: Stop, before: readonly Effect[] = NOTHING): Step {
  const isLoss = stop.reason === "undelivered";
  const effects: Effect[] = [...before, OPEN];
  if (isCheating(stop.reason)) effects.push({ do: "blame", isLoss, isOptional: true });
  const isNews = memory.state !== "stopped";
  return { next: { state: "stopped", stale: memory.stale, stop }, effects, act: { do: "pause", stop, isNews } };
}

/** Longer after each loss, where the socket cheated. */
export function pauseAfter({ reason, retryAfter }: Stop, losses: number, settings: CableSettings): Millisecond {
  return doubled(retryAfter ?? settings.retryAfter, isCheating(reason) ? losses : 0);
}

// ------------------------------------------------------------ negotiating and powered

/**
 * What the last answer of the socket allows: to draw, and then to ask for a draft, to pay, or to
 * wait.
 */
function turn(memory: Dealing, moment: Moment): Step {
  const { status, payment } = memory;
  const held = heldOf(payment);
  const due = payment.is === "ready" && isDue(payment.ready, status, moment) ? payment.ready : undefined;
  const isSpent = moment.account.isSpent();
  // Credit that the socket has not confirmed would only trip its standby limit; a last rest of it
  // lasts for a blink.
  const draws = !due && !isSpent && (status.state === "paid" || held === undefined);
  const { next, effects } = draws
    ? supply({ ...memory, isFresh: false }, moment)
    : doing({ ...memory, isFresh: false });
  if (mayAsk(payment, moment.now)) return { next: { ...next, payment: NO_DRAFT }, effects, act: { do: "ask", status } };
  if (due) return { next: { ...next, payment: withoutDraft(payment) }, effects, act: { do: "pay", ready: due } };
  // Nothing is left to draw and nothing may be paid; or what is left is at another socket than this
  // one.
  if (held?.hold && (isSpent || moment.visit?.hasMet === false)) return stopped(next, Stop.after(held.hold), effects);
  const isNear = status.renewalDue || status.remaining === 0 || held !== undefined || moment.visit?.isOpen === true;
  if (isNear || status.state !== "paid") return { next, effects, act: { do: "wait", time: LOOK_AGAIN } };
  return { next, effects, act: askStatus(next, moment).act };
}

function askStatus(memory: Dealing, { visit }: Moment): Step {
  const { status, payment } = memory;
  const isUrgent =
    status.renewalDue ||
    status.state !== "paid" ||
    heldOf(payment) !== undefined ||
    payment.is !== "ready" ||
    visit?.isOpen === true;
  return { next: memory, effects: NOTHING, act: isUrgent ? LOOK_AT_ONCE : LOOK };
}

/** The socket's first answer is acted on before another is asked for. */
function thenGoOn(memory: Dealing, moment: Moment, effects: readonly Effect[] = NOTHING): Step {
  if (memory.isFresh) return { next: memory, effects, act: GO_ON };
  return { next: memory, effects, act: askStatus(memory, moment).act };
}

function paid(memory: Dealing, { next: offer, ready, news }: CableEvent & { kind: "paid" }, moment: Moment): Step {
  const isSpent = moment.account.isSpent();
  // A channel's next increment is signed when it is due.
  const payment: Payment = ready ? { is: "ready", ready, held: undefined } : memory.payment;
  const after: Dealing = { ...memory, payment, stale: 0 };
  const { next, effects: power } = isSpent ? doing(after) : supply(after, moment);
  // Told when the relay closes: a line takes two milliseconds.
  const effects: readonly Effect[] = news ? [...power, { do: "tell", event: news }] : power;
  if (offer) return { next, effects, act: { do: "sign", offer, status: memory.status } };
  return { next, effects, act: askStatus(next, moment).act };
}

/** What was paid for earlier and honoured just now is drawn, whatever becomes of the next draft. */
function drawLeft(memory: Dealing, moment: Moment): Doing<Dealing> {
  return moment.account.isSpent() ? doing(memory) : supply(memory, moment);
}

function refuse(memory: Dealing, hold: Hold | undefined, moment: Moment): Step {
  const { next, effects } = holding(memory, hold, moment);
  return thenGoOn(next, moment, effects);
}

/** No payment for now; what is left of the credit flows on. */
function holding<T extends Dealing>(memory: T, hold: Hold | undefined, { now, settings }: Moment): Doing<T> {
  if (!hold) {
    const held = { hold, until: now + doubled(LOOK_AGAIN, memory.stale) };
    return doing({ ...memory, payment: { is: "held", held }, stale: Math.min(memory.stale + 1, MAX_STALE) });
  }
  const held = { hold, until: now + (hold.retryAfter ?? settings.retryAfter) };
  const { payment } = memory;
  const effects: Effect[] = [{ do: "tell", event: { name: "held", reason: hold.reason, why: hold.message } }];
  if (isCheating(hold.reason)) effects.push({ do: "blame", isLoss: false, isOptional: false });
  return {
    next: { ...memory, payment: payment.is === "ready" ? { ...payment, held } : { is: "held", held } },
    effects,
  };
}

type StatusEvent = CableEvent & { readonly kind: "status" };

/** How things stand: whether the socket kept its word. */
function weigh(before: Dealing, event: StatusEvent, moment: Moment): Step {
  const { status, meter, asked, isUrgent } = event;
  const { account, settings, now } = moment;
  const { trip } = account;
  // a trip of its own gate
  if (trip) return stopped(before, new Stop("power-fault", `(${trip})`));
  let memory: Dealing = { ...before, status, isFresh: true };
  const effects: Effect[] = [];
  if (status.state === "paid") memory = { ...memory, isReclaimed: false };
  else {
    effects.push(OPEN);
    // The power stopped before its time. A socket that has restarted gives credit back when it is
    // asked; else it is lost.
    if (account.isShort(0)) {
      if (memory.isReclaimed) return stopped(memory, new Stop("undelivered", `${account.remaining()} mWh were left.`));
      memory = { ...memory, isReclaimed: true, payment: NO_DRAFT };
    }
  }
  if (status.state === "paid" && account.isShort(status.remaining) && !heldOf(memory.payment)) {
    const why = `Expected ${account.remaining()} mWh left, came ${status.remaining}.`;
    const { next, effects: told } = holding(memory, new Hold("energy-claimed", why), moment);
    memory = next;
    effects.push(...told);
  }
  if (status.state === "lockout") {
    const pause = Math.min(Math.max(status.lockoutMs, LOOK_AGAIN), MAX_LOCKOUT);
    return stopped(memory, new Stop("locked", "", pause), effects);
  }
  if (settings.sharedLink && memory.state === "powered") {
    const firstMinute = compared(memory.firstMinute, status, moment);
    if (firstMinute instanceof Stop) return stopped(memory, firstMinute, effects);
    memory = { ...memory, firstMinute };
  }
  if (moment.visit) effects.push({ do: "judge", status, meter });
  // The flag goes up long before credit is low: fees have risen, and the draft in hand is behind
  // the times.
  const { payment } = memory;
  const rises = status.renewalDue && !before.status.renewalDue;
  if (rises && payment.is === "ready" && payment.ready.step.pay > 0 && !isLow(payment.ready, 2, moment))
    memory = { ...memory, payment: withoutDraft(payment) };
  // A socket that holds nothing back would be asked without end.
  const isTooQuick = !isUrgent && !status.renewalDue && now - asked < LOOK_AGAIN;
  return { next: memory, effects, act: isTooQuick ? { do: "go-on", time: LOOK_AGAIN } : GO_ON };
}

// ------------------------------------------------------------ what several rows do

interface Doing<T extends Memory> {
  readonly next: T;
  readonly effects: readonly Effect[];
}

function doing<T extends Memory>(next: T): Doing<T> {
  return { next, effects: NOTHING };
}

/**
 * To powered, and on: holds the relay. On a direct link only where the power is known to come from
 * here, or for a blink.
 */
function supply(memory: Dealing, { visit }: Moment): Doing<Dealing> {
  const upTo = visit ? visit.mayDraw() : Number.POSITIVE_INFINITY;
  if (upTo === 0) return doing(memory);
  if (memory.state === "powered") return { next: memory, effects: [{ do: "supply", upTo }] };
  const next: Dealing = { ...memory, state: "powered", firstMinute: undefined };
  return { next, effects: [{ do: "supply", upTo }, ...entering(memory, next)] };
}

function entering(before: Memory, { state }: Memory): readonly Effect[] {
  return before.state === state ? NOTHING : [{ do: "tell", event: { name: state } }];
}

// ------------------------------------------------------------ what the rows ask

function heldOf(payment: Payment): HeldPayment | undefined {
  return payment.is === "open" ? undefined : payment.held;
}

function withoutDraft(payment: Payment): Payment {
  const held = heldOf(payment);
  return held ? { is: "held", held } : NO_DRAFT;
}

function mayAsk(payment: Payment, now: Millisecond): boolean {
  return payment.is === "open" || (payment.is === "held" && now >= payment.held.until);
}

/** Both meters have to say so: the socket's by its flag, the cable's own within the tolerance. */
function isDue(ready: Payable, status: Status, moment: Moment): boolean {
  if (ready.step.pay === 0) return true;
  return isLow(ready, 1, moment) && (status.renewalDue || status.remaining === 0);
}

/** True where the own meter says that no more than `times` the renewal threshold is left. */
function isLow(ready: Payable, times: number, { account, settings }: Moment): boolean {
  const threshold = (ready.energy * settings.renewAt) / 1000;
  return account.remaining() <= times * threshold + account.tolerance();
}
