// The socket's table as the pure function that it is: what it gives without a gate, a journal or a
// clock. What it does in a socket: socket-states.test.ts.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PAPER } from "../../lab/paper";
import { merged } from "../../shared/journal/ledger";
import type { Effect, Memory, Moment, SocketEvent } from "../../shared/socket/effects";
import { EMPTY_RECORD, type SocketRecord } from "../../shared/socket/record";
import { socketSettings } from "../../shared/socket/settings";
import { effectsOf } from "../../shared/socket/states";

const NOW = 1_000_000;
const TOTAL = 5_000_000;
const PAYER = `0014${"11".repeat(20)}`;
const OTHER = `0014${"22".repeat(20)}`;
const TICKET = "ab".repeat(16);
const settings = socketSettings({
  network: "regtest",
  ...PAPER.socket,
  payoutAddress: "bcrt1q6z64a43mjgkcq0ul2znwneq3spghrlau9slefp",
});
const MEMORY: Memory = {
  since: undefined,
  lastCall: NOW,
  lastFlow: NOW,
  flowMark: TOTAL,
  refilledAt: NOW,
  isWritten: true,
};
const STANDBY = merged<SocketRecord>(EMPTY_RECORD, { allowance: 50_000, standbyUpTo: TOTAL + 50_000 });
const PAID = merged<SocketRecord>(STANDBY, {
  state: "paid",
  payer: PAYER,
  ticket: TICKET,
  paidUpTo: TOTAL + 40_000_000,
});
const LOCKOUT = merged<SocketRecord>(EMPTY_RECORD, { state: "lockout", allowance: 0 });

function moment(record: SocketRecord, memory: Partial<Memory> = {}): Moment {
  return { record, memory: { ...MEMORY, ...memory }, settings, now: NOW, total: TOTAL };
}

const words = (effects: readonly Effect[]): string[] => effects.map((effect) => effect.do);

describe("the socket's table", () => {
  it("allocates nothing on a tick that changes nothing", () => {
    const tick: SocketEvent = { kind: "tick" };
    for (const [record, memory] of [
      [STANDBY, { lastFlow: 0, lastCall: 0 }],
      [STANDBY, { since: NOW - 1_000 }],
      [PAID, {}],
      [PAID, { lastCall: 0 }],
      [LOCKOUT, { since: NOW }],
    ] as const) {
      const effects = effectsOf(tick, moment(record, memory));
      assert.equal(effectsOf(tick, moment(record, memory)), effects);
      assert.ok(Object.isFrozen(effects) && effects.every((effect) => Object.isFrozen(effect)));
    }
  });

  it("changes nothing itself", () => {
    const record = Object.freeze({ ...PAID, parked: Object.freeze([]) });
    const memory = Object.freeze({ ...MEMORY });
    const events: readonly SocketEvent[] = [
      { kind: "request", payer: OTHER },
      { kind: "doubt", why: "a test" },
      { kind: "double-spend", payer: PAYER },
      { kind: "start", isNew: false },
      { kind: "trip", cause: "over-current" },
    ];
    for (const event of events) effectsOf(event, { record, memory, settings, now: NOW, total: TOTAL });
    assert.equal(record.payer, PAYER);
    assert.equal(memory.since, undefined);
  });

  it("opens the relay before a lockout is written, and tells and ends the session only after it", () => {
    const effects = effectsOf({ kind: "tick" }, moment(STANDBY, { since: NOW - settings.grace }));
    assert.deepEqual(words(effects), ["revoke", "write", "remember", "tell", "end-session", "answer"]);
  });

  it("puts credit aside in memory before standby is written: a store that is full costs the cable none", () => {
    const effects = effectsOf({ kind: "request", payer: OTHER }, moment(PAID));
    assert.deepEqual(words(effects).slice(0, 3), ["change", "forgive", "write"]);
    assert.deepEqual(effects[0], {
      do: "change",
      changes: {
        parked: [{ script: PAYER, energy: 40_000, ticket: TICKET }],
        payer: undefined,
        ticket: undefined,
        paidUpTo: 0,
      },
    });
  });

  it("closes the relay on a payment only once it is written, with what the till writes in the same go", () => {
    const besides = { transaction: "00" };
    const event: SocketEvent = { kind: "payment", payer: PAYER, energy: 40_000, ticket: TICKET, besides };
    const effects = effectsOf(event, moment(STANDBY, { since: NOW }));
    assert.deepEqual(words(effects), ["write", "remember", "lease", "answer"]);
    const [write] = effects;
    assert.ok(write?.do === "write");
    assert.equal(write.changes.transaction, "00");
    assert.equal(write.changes.paidUpTo, 40_000_000);
  });

  it("draws on a channel's entry only once the record says so, and puts what is left back there before the record forgets it", () => {
    const channel = "cc".repeat(32);
    const event: SocketEvent = { kind: "channel", payer: PAYER, ticket: TICKET, channel, energy: 7_000, added: 1_000 };
    const effects = effectsOf(event, moment(STANDBY, { since: NOW }));
    assert.deepEqual(words(effects), ["write", "engage", "remember", "lease", "answer"]);
    const [write] = effects;
    assert.ok(write?.do === "write");
    assert.equal(write.changes.paidUpTo, 7_000_000, "what standby gave is paid with it");
    const drawn = merged<SocketRecord>(PAID, { channel });
    const more = effectsOf(event, moment(drawn));
    assert.deepEqual(
      words(more),
      ["follow", "remember", "lease", "answer"],
      "an increment writes its entry and no record",
    );
    assert.deepEqual(more[0], { do: "follow", changes: { paidUpTo: TOTAL + 41_000_000 } });
    assert.deepEqual(words(effectsOf({ ...event, added: 0 }, moment(drawn))), []);
    assert.deepEqual(words(effectsOf({ ...event, payer: OTHER }, moment(drawn))), []);
    const another = effectsOf({ ...event, channel: "dd".repeat(32) }, moment(drawn));
    assert.deepEqual(words(another).slice(0, 4), ["write", "empty", "write", "engage"]);
    const left = effectsOf({ kind: "request", payer: OTHER }, moment(drawn));
    assert.deepEqual(words(left).slice(0, 4), ["rest", "change", "forgive", "write"]);
    const used = effectsOf({ kind: "tick" }, moment(merged<SocketRecord>(drawn, { paidUpTo: TOTAL })));
    assert.deepEqual(words(used).slice(0, 2), ["rest", "write"]);
    const paid = effectsOf({ kind: "payment", payer: PAYER, energy: 1, ticket: TICKET, besides: {} }, moment(drawn));
    assert.equal(words(paid).at(-1), "engage", "what a session pays meanwhile is kept in the same place");
    const started = effectsOf({ kind: "start", isNew: false }, moment(drawn));
    assert.ok(!words(started).includes("rest"), "after a restart the entry itself says what is left");
  });

  it("ends no lockout by what is credited while it lasts", () => {
    const [remember] = effectsOf({ kind: "credited" }, moment(LOCKOUT, { since: NOW }));
    assert.ok(remember?.do === "remember" && !("since" in remember.memory));
  });
});
