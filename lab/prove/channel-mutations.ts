// Guards of channels that the proof's self-check takes out one at a time. Where a guard is no
// method of a class it is taken out by settings that its owner did not state, or by what the guard
// reads.

import { ChannelBook } from "../../shared/channel/book";
import { ChannelPocket } from "../../shared/channel/pocket";
import type { ChannelEntry } from "../../shared/channel/record";
import type { Store } from "../../shared/kernel/ports";
import { energyFor } from "../../shared/kernel/units";
import type { Mutation } from "./mutation";

const LEAST_CHANGE = 294;

type Take = ChannelBook["take"];
type Writable = { -readonly [K in keyof ChannelEntry]: ChannelEntry[K] };

const MUTATIONS: readonly Mutation[] = [
  {
    name: "a funding need not be buried",
    casts: ["rogue-cable"],
    tamper: { socketSettings: (settings) => ({ ...settings, channelConfirmations: 0 }) },
  },
  {
    name: "any sum may stand unclosed",
    casts: ["rogue-cable"],
    tamper: { socketSettings: (settings) => ({ ...settings, maxUnclosed: 1_000_000 }) },
  },
  { name: "a channel that closes sells on", casts: ["rogue-cable"], tamper: { patch: sellingOn } },
  { name: "an older increment is taken", casts: ["rogue-cable"], tamper: { patch: takingOlder } },
  { name: "an increment may leave the cable dust", casts: ["rogue-cable"], tamper: { patch: leavingDust } },
  { name: "nobody closes before the deadline", casts: ["rogue-cable"], tamper: { patch: neverDue } },
  { name: "an increment is credited and not written", casts: ["rogue-cable"], tamper: { socketStore: losingEntries } },
  {
    name: "a deposit may be locked for any time",
    casts: ["rogue-socket"],
    tamper: { cableSettings: (settings) => ({ ...settings, maxDelay: 32_767 }) },
  },
  { name: "what a socket calls gone is not locked", casts: ["rogue-socket"], tamper: { patch: forgettingGone } },
  { name: "any channel that was paid on is earned in full", casts: ["rogue-socket"], tamper: { patch: earningAll } },
  { name: "a denied increment is forgotten", casts: ["rogue-socket"], tamper: { patch: forgettingDenied } },
  { name: "a funding's coins pay a session, too", casts: ["rogue-socket"], tamper: { patch: spendingTwice } },
];

export const CHANNEL_MUTATIONS: readonly Mutation[] = MUTATIONS.map((each) => ({ ...each, byChannel: true }));

function patched<T extends object, K extends keyof T>(prototype: T, name: K, other: (guard: T[K]) => T[K]): () => void {
  const guard = prototype[name];
  prototype[name] = other(guard);
  return () => {
    prototype[name] = guard;
  };
}

/** `change` makes the entry pass for another while the increment is judged. */
function taking(change: (entry: Writable, paid: number) => void): () => void {
  return patched(
    ChannelBook.prototype,
    "take",
    (guard): Take =>
      function (this: ChannelBook, increment, ...rest) {
        const entry = this.find(increment.channel) as Writable | undefined;
        if (entry) change(entry, increment.paid);
        return guard.call(this, increment, ...rest);
      },
  );
}

function sellingOn(): () => void {
  return taking((entry) => {
    if (entry.phase === "closing") entry.phase = "open";
  });
}

function takingOlder(): () => void {
  return taking((entry, paid) => {
    if (paid < entry.paid) entry.paid = 0;
  });
}

/** What leaves the cable under 294 sat is taken as well. */
function leavingDust(): () => void {
  return patched(
    ChannelBook.prototype,
    "take",
    (guard): Take =>
      function (this: ChannelBook, increment, pay, price, now) {
        const entry = this.find(increment.channel) as Writable | undefined;
        const isDust = entry && increment.paid <= entry.deposit && entry.deposit - increment.paid < LEAST_CHANGE;
        if (!entry || !isDust) return guard.call(this, increment, pay, price, now);
        const credited = energyFor(increment.paid - entry.paid, price);
        Object.assign(entry, { paid: increment.paid, half: increment.half, energy: entry.energy + credited });
        this.delivered(entry.txid, 1);
        return { ok: true, credit: entry.energy, credited };
      },
  );
}

function neverDue(): () => void {
  return patched(ChannelBook.prototype, "due", () => () => []);
}

/** Every third write of a channel's entry is dropped. */
function losingEntries(store: Store): Store {
  let writes = 0;
  return {
    read: (key) => store.read(key),
    write: (key, value) => {
      writes += key.startsWith("channel.") ? 1 : 0;
      if (!key.startsWith("channel.") || writes % 3 !== 0) store.write(key, value);
    },
    remove: (key) => store.remove(key),
  };
}

/** What the cable keeps of a channel that it forgets is nothing. */
function forgettingGone(): () => void {
  return patched(
    ChannelPocket.prototype,
    "at",
    (guard) =>
      function (this: ChannelPocket, payee) {
        const entry = guard.call(this, payee);
        if (!entry || entry.phase === "open") return entry;
        return { ...entry, deposit: entry.paid, acknowledged: entry.paid };
      },
  );
}

/** What its socket earned is as much as the deposit, whether anything flowed or not. */
function earningAll(): () => void {
  return patched(
    ChannelPocket.prototype,
    "at",
    (guard) =>
      function (this: ChannelPocket, payee) {
        const entry = guard.call(this, payee);
        return entry && { ...entry, earned: entry.deposit };
      },
  );
}

function forgettingDenied(): () => void {
  return patched(
    ChannelPocket.prototype,
    "find",
    (guard) =>
      function (this: ChannelPocket, txid) {
        const entry = guard.call(this, txid);
        return entry && { ...entry, acknowledged: entry.paid };
      },
  );
}

function spendingTwice(): () => void {
  return patched(ChannelPocket.prototype, "spends", () => () => false);
}
