// The cable's table as the pure function that it is: what it gives without a gate, a journal, a
// socket or a clock. What it does in a cable: cable-states.test.ts.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PAPER } from "../../lab/paper";
import {
  type Account,
  AT_FIRST,
  BEGIN,
  type CableEvent,
  type Dealing,
  type Effect,
  type HeldPayment,
  type Memory,
  type Moment,
  NO_DRAFT,
  type Offered,
  type Payment,
  type Step,
  TURN,
  WAITED,
} from "../../shared/cable/effects";
import type { Ready } from "../../shared/cable/purse";
import { cableSettings } from "../../shared/cable/settings";
import { pauseAfter, stepOf } from "../../shared/cable/states";
import { Hold, Stop } from "../../shared/cable/stop";
import type { Status } from "../../shared/protocol/types";

const NOW = 1_000_000;
const INCREMENT = 40_000;
const settings = cableSettings({ network: "regtest", ...PAPER.cable });
const STATUS: Status = {
  version: 1,
  schemes: ["single-fee"],
  state: "paid",
  used: 0,
  remaining: INCREMENT,
  standbyRemaining: 0,
  price: 250_000,
  increment: 10_000,
  sessionMax: 100_000,
  renewalDue: false,
  lockoutMs: 0,
};
const READY = { step: { pay: 10_000, fee: 200 }, energy: INCREMENT } as Ready;
const HELD: HeldPayment = { hold: new Hold("overpriced"), until: NOW + 30_000 };
const STALE: HeldPayment = { hold: undefined, until: NOW + 500 };
const IN_HAND: Payment = { is: "ready", ready: READY, held: undefined };

/** The own account with `left` mWh, of which nothing is in doubt. */
function account(left = INCREMENT, trip?: string): Account {
  return {
    trip,
    isSpent: () => left <= 0,
    isShort: (claimed) => claimed < left - 100,
    remaining: () => left,
    tolerance: () => 100,
    meter: () => 0,
    mayDiffer: () => 100,
  };
}

function moment(given: Partial<Moment> = {}): Moment {
  return { now: NOW, account: account(), visit: undefined, settings, isCalibrated: false, session: "aa", ...given };
}

function powered(payment: Payment = IN_HAND, given: Partial<Dealing> = {}): Memory {
  const deal = { stale: 0, status: STATUS, isFresh: false, payment, isReclaimed: false };
  return { ...deal, ...given, state: "powered", firstMinute: undefined };
}

function answer(given: Partial<Status> = {}, asked = NOW - 20_000): CableEvent {
  return { kind: "status", status: { ...STATUS, ...given }, asked, meter: 0, isUrgent: false };
}

const words = (effects: readonly Effect[]): string[] =>
  effects.map((effect) => (effect.do === "tell" ? `tell ${effect.event.name}` : effect.do));
const told = ({ next, effects, act }: Step): string => [next.state, ...words(effects), act.do].join(", ");
const paymentOf = ({ next }: Step): Payment | undefined => ("payment" in next ? next.payment : undefined);

describe("the cable's table", () => {
  it("changes nothing itself, and keeps the very same memory where nothing is new", () => {
    const memory = Object.freeze(powered());
    const step = stepOf(memory, WAITED, moment());
    assert.equal(step.next, memory);
    assert.equal(stepOf(memory, WAITED, moment()).act, step.act);
    assert.ok(Object.isFrozen(step.effects) && Object.isFrozen(step.act));
  });

  it("keeps in mind of a deal nothing once it is over, but how often drafts were stale", () => {
    const stop = new Stop("locked");
    const { next } = stepOf(powered(IN_HAND, { stale: 3 }), { kind: "failed", stop }, moment());
    assert.deepEqual(next, { state: "stopped", stale: 3, stop });
    const again = stepOf(next, BEGIN, moment());
    assert.deepEqual(again.next, { state: "connecting", stale: 3 });
    assert.equal(told(again), "connecting, tell connecting, connect");
  });

  it("refuses an event that cannot come in that state", () => {
    assert.throws(() => stepOf(AT_FIRST, TURN, moment()), /expected begin, answer or failed .* got turn/);
    assert.throws(() => stepOf(powered(), BEGIN, moment()), /got begin while powered/);
  });

  it("acts on the first answer before it asks for another: no call more until power flows", () => {
    const first = stepOf(AT_FIRST, { kind: "answer", status: STATUS }, moment());
    assert.equal(told(first), "negotiating, tell negotiating, ask");
    const signed = stepOf(first.next, { kind: "signed", ready: READY }, moment());
    assert.equal(told(signed), "negotiating, go-on");
    const turn = stepOf(signed.next, TURN, moment());
    assert.equal(told(turn), "powered, supply, tell powered, look");
    const later = stepOf(turn.next, { kind: "signed", ready: READY }, moment());
    assert.equal(later.act.do, "look");
  });

  it("closes its relay on credit that an offer honours before it signs that offer, and not where none is left", () => {
    const first = stepOf(AT_FIRST, { kind: "answer", status: STATUS }, moment());
    const agreed = { kind: "agreed", offered: {} as Offered } as const;
    assert.equal(told(stepOf(first.next, agreed, moment())), "powered, supply, tell powered, finish");
    assert.equal(told(stepOf(first.next, agreed, moment({ account: account(0) }))), "negotiating, finish");
    // What the signature then meets is a hold: the relay stays as it is.
    const drawing = stepOf(first.next, agreed, moment()).next;
    const refused = stepOf(drawing, { kind: "refused", hold: new Hold("overpriced") }, moment());
    assert.ok(!words(refused.effects).includes("open"));
  });

  it("does not begin on a gate that has tripped, nor on mainnet on scales that nobody measured", () => {
    const tripped = stepOf(AT_FIRST, BEGIN, moment({ account: account(0, "over-current") }));
    assert.equal(told(tripped), "stopped, open, pause");
    const mainnet = moment({ settings: { ...settings, network: "mainnet" } });
    assert.equal(told(stepOf(AT_FIRST, BEGIN, mainnet)), "stopped, open, pause");
    assert.equal(told(stepOf(AT_FIRST, BEGIN, { ...mainnet, isCalibrated: true })), "connecting, connect");
  });

  it("tells of a stop once, however often the reason is found again", () => {
    const trip = moment({ account: account(0, "over-current") });
    const first = stepOf(AT_FIRST, BEGIN, trip);
    assert.ok(first.act.do === "pause" && first.act.isNews);
    const again = stepOf(first.next, BEGIN, trip);
    assert.ok(again.act.do === "pause" && !again.act.isNews);
  });
});

describe("a hold", () => {
  const refused: CableEvent = { kind: "refused", hold: new Hold("overpriced", "", 7_000) };

  it("leaves the relay as it is: what is paid for flows on", () => {
    const step = stepOf(powered(NO_DRAFT), refused, moment());
    assert.equal(told(step), "powered, tell held, look");
    assert.deepEqual(paymentOf(step), { is: "held", held: { hold: refused.hold, until: NOW + 7_000 } });
    assert.equal(told(stepOf(step.next, TURN, moment())), "powered, supply, wait");
  });

  it("becomes a stop with the same reason once nothing is left to draw", () => {
    const step = stepOf(powered({ is: "held", held: HELD }), TURN, moment({ account: account(0) }));
    assert.equal(told(step), "stopped, open, pause");
    assert.ok(step.act.do === "pause" && step.act.stop.reason === "overpriced");
    assert.equal(step.act.stop.message, HELD.hold?.message);
  });

  it("becomes a stop at once where the credit is another socket's than the one that answers here", () => {
    const visit = { isOpen: true, hasMet: false, mayDraw: () => 0 };
    assert.equal(told(stepOf(powered({ is: "held", held: HELD }), TURN, moment({ visit }))), "stopped, open, pause");
  });

  it("ends when its time is over: a draft is asked for again", () => {
    const memory = powered({ is: "held", held: HELD });
    assert.equal(stepOf(memory, TURN, moment({ now: HELD.until - 1 })).act.do, "wait");
    const step = stepOf(memory, TURN, moment({ now: HELD.until }));
    assert.equal(step.act.do, "ask");
    assert.deepEqual(paymentOf(step), NO_DRAFT);
  });

  it("without a reason means a stale draft, asked for ever later, and never stops the cable", () => {
    let memory = powered(NO_DRAFT);
    const pauses: number[] = [];
    for (let i = 0; i < 9; i++) {
      const step = stepOf(memory, { kind: "refused", hold: undefined }, moment());
      const payment = paymentOf(step);
      assert.ok(payment?.is === "held" && step.effects.length === 0);
      pauses.push(payment.held.until - NOW);
      memory = step.next;
    }
    assert.deepEqual(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000, 32_000]);
    assert.equal(stepOf(memory, TURN, moment({ account: account(0) })).next.state, "powered");
    assert.equal(stepOf(memory, { kind: "paid", next: undefined }, moment()).next.stale, 0);
  });

  it("of a cheat is written down, and must be", () => {
    const hold = new Hold("credit-lost");
    const { effects } = stepOf(powered(NO_DRAFT), { kind: "refused", hold }, moment());
    assert.deepEqual(effects.at(-1), { do: "blame", isLoss: false, isOptional: false });
  });
});

describe("a payment", () => {
  const low = { renewalDue: true, remaining: 1_000 };
  const status = { ...STATUS, ...low };

  it("is made when both meters say so, and not by the socket's word alone", () => {
    const due = stepOf(powered(IN_HAND, { status }), TURN, moment({ account: account(1_000) }));
    assert.equal(told(due), "powered, pay");
    assert.deepEqual(paymentOf(due), NO_DRAFT);
    const early = stepOf(powered(IN_HAND, { status }), TURN, moment({ account: account(39_000) }));
    assert.equal(told(early), "powered, supply, wait");
    const late = stepOf(powered(), TURN, moment({ account: account(1_000) }));
    assert.notEqual(late.act.do, "pay");
  });

  it("that is booked closes the relay before the next draft is signed", () => {
    const next = {} as (CableEvent & { kind: "paid" })["next"];
    assert.equal(told(stepOf(powered(NO_DRAFT), { kind: "paid", next }, moment())), "powered, supply, sign");
    assert.equal(told(stepOf(powered(NO_DRAFT), { kind: "paid", next: undefined }, moment())), "powered, supply, look");
  });

  it("waits for another draft where fees have risen long before credit is low", () => {
    const risen = stepOf(powered(), answer({ renewalDue: true }), moment());
    assert.deepEqual(paymentOf(risen), NO_DRAFT);
    const still = stepOf(powered(), answer({ renewalDue: true }), moment({ account: account(1_000) }));
    assert.deepEqual(paymentOf(still), IN_HAND);
  });
});

describe("what a socket answers", () => {
  const dark = answer({ state: "standby", remaining: 0 });

  it("opens the relay where it does not sell any more; credit that is left is asked back once, and then it is lost", () => {
    const first = stepOf(powered(), dark, moment());
    assert.equal(told(first), "powered, open, go-on");
    assert.deepEqual(paymentOf(first), NO_DRAFT);
    assert.equal(stepOf(first.next, TURN, moment()).act.do, "ask");
    const second = stepOf(first.next, dark, moment());
    assert.ok(second.act.do === "pause" && second.act.stop.reason === "undelivered");
    assert.deepEqual(second.effects.at(-1), { do: "blame", isLoss: true, isOptional: true });
  });

  it("is no loss any more once it has sold again in between", () => {
    const first = stepOf(powered(), dark, moment());
    const between = stepOf(first.next, answer(), moment());
    assert.equal(stepOf(between.next, dark, moment()).next.state, "powered");
  });

  it("claims too much: it is held and told once, and the draft in hand is paid by the own meter only", () => {
    const claim = answer({ remaining: 10_000 });
    const first = stepOf(powered(), claim, moment());
    assert.equal(told(first), "powered, tell held, blame, go-on");
    const payment = paymentOf(first);
    assert.ok(payment?.is === "ready" && payment.held?.hold?.reason === "energy-claimed");
    assert.equal(told(stepOf(first.next, claim, moment())), "powered, go-on");
  });

  it("is a lockout: the cable stops for its time, and for ten minutes at most", () => {
    for (const [lockoutMs, pause] of [
      [0, 500],
      [45_000, 45_000],
      [2e9, 600_000],
    ] as const) {
      const step = stepOf(powered(), answer({ state: "lockout", lockoutMs }), moment({ account: account(0) }));
      assert.ok(step.act.do === "pause" && step.act.stop.reason === "locked");
      assert.equal(pauseAfter(step.act.stop, 3, settings), pause);
    }
  });

  it("comes too quickly: it is acted on half a second later", () => {
    const step = stepOf(powered(), answer({}, NOW), moment());
    assert.deepEqual(step.act, { do: "go-on", time: 500 });
  });

  it("is asked at once where something may change soon, and may be held back otherwise", () => {
    const isUrgent = (memory: Memory, given: Partial<Moment> = {}): boolean => {
      const { act } = stepOf(memory, WAITED, moment(given));
      assert.ok(act.do === "look");
      return act.isUrgent;
    };
    assert.ok(!isUrgent(powered()));
    assert.ok(isUrgent(powered(NO_DRAFT)));
    assert.ok(isUrgent(powered({ is: "held", held: STALE })));
    assert.ok(isUrgent(powered(IN_HAND, { status: { ...STATUS, renewalDue: true } })));
    assert.ok(isUrgent(powered(IN_HAND, { status: { ...STATUS, state: "standby" } })));
    assert.ok(isUrgent(powered(), { visit: { isOpen: true, hasMet: true, mayDraw: () => 1 } }));
  });

  it("is another's on a shared link: the meters tell in the first minute, and then no more", () => {
    const shared = { ...settings, sharedLink: true };
    const at = (now: number, meter: number): Moment =>
      moment({ now, settings: shared, account: { ...account(), meter: () => meter } });
    const first = stepOf(powered(), answer({ used: 5 }), at(NOW, 0));
    const wrong = stepOf(first.next, answer({ used: 5 }), at(NOW + 10_000, 1_000_000));
    assert.ok(wrong.act.do === "pause" && wrong.act.stop.reason === "wrong-socket");
    const agreed = stepOf(first.next, answer({ used: 1_005 }), at(NOW + 60_000, 1_000_000));
    assert.equal(stepOf(agreed.next, answer({ used: 9_005 }), at(NOW + 70_000, 1_000_000)).next.state, "powered");
  });
});

it("a cheat waits twice as long after each loss, and an owner's own limits never do", () => {
  const cheat = new Stop("undelivered");
  assert.equal(pauseAfter(cheat, 3, settings), 8 * pauseAfter(cheat, 0, settings));
  assert.equal(pauseAfter(cheat, 99, settings), 1_024 * pauseAfter(cheat, 0, settings));
  assert.equal(pauseAfter(new Stop("overpriced"), 3, settings), settings.retryAfter);
});
