// A channel from its funding to its closing: pure functions from one state to the next, the same on
// both sides.
//
//   funding --buried--> open --startClosing--> closing --buried--> closed
//
// An increment goes through `prepare` (the cable's next state), `validate` (the payee's check),
// `record` (the state that is made durable before anybody acts on it). `complete` makes a closing,
// and refuses while the channel still sells: with it the payee's key is never used over a state
// that a later one supersedes.

import { DUST } from "../bitcoin/draft";
import type { Wallet } from "../bitcoin/wallet";
import type { Ecdsa } from "../kernel/ports";
import { type Hex, isSatoshi, type Satoshi } from "../kernel/units";
import { changeAt, mostPaid } from "./amounts";
import { type ChannelFrame, type ClosingTerms, type Deposit, isHalf, signClosing, signHalf } from "./closing";
import { type ChannelRefusal, refuse } from "./reasons";
import { refundableAt } from "./refund";

/**
 * A week of blocks: within it before the deadline a channel sells nothing and its closing is tried.
 */
export const CLOSING_MARGIN = 1_008;

export type Phase = "open" | "closing" | "closed";

export interface Channel {
  readonly deposit: Deposit;
  /**
   * Height of the block that holds the funding; absent while none does, also after a
   * reorganisation.
   */
  readonly height?: number | undefined;
  readonly phase: Phase;
  /** By the latest increment. */
  readonly paid: Satoshi;
  /** The latest increment's signature; only this one is kept. */
  readonly half?: Hex | undefined;
}

/** What the cable sends: one signature, for a sum that replaces every earlier one. */
export interface Increment {
  /** The funding's transaction id. */
  readonly channel: Hex;
  /** In all, over the channel's life. */
  readonly paid: Satoshi;
  readonly half: Hex;
}

/** What the payee wants of an increment. */
export interface Demand {
  readonly tip: number;
  /** Blocks that make a funding usable, its own counted. */
  readonly confirmations: number;
  /** Blocks before the deadline in which nothing is sold; at least `CLOSING_MARGIN`. */
  readonly margin: number;
  /**
   * What this increment is to pay at least, as it was offered: `nextPay`. A cable that was not
   * heard may owe more.
   */
  readonly pay: Satoshi;
}

export interface Validated {
  readonly ok: true;
  /** False for the latest increment, sent again: it buys nothing and gets the same answer. */
  readonly isNew: boolean;
  /** What it adds. */
  readonly pay: Satoshi;
}

/** A channel over a funding that was broadcast. */
export function opened(deposit: Deposit): Channel {
  return { deposit, phase: "open", paid: 0 };
}

/**
 * The funding is in the block at `height`, or, undefined, in none: asked again after each
 * reorganisation.
 */
export function confirmedAt(channel: Channel, height: number | undefined): Channel {
  return { ...channel, height };
}

/**
 * The first block in which the cable may take the deposit back; undefined while the funding is in
 * no block.
 */
export function deadline(channel: Channel): number | undefined {
  return channel.height === undefined ? undefined : refundableAt(channel.height, channel.deposit.keys.delay);
}

/** True from the margin before the deadline on. */
export function mustClose(channel: Channel, tip: number, margin: number): boolean {
  const end = deadline(channel);
  return end !== undefined && tip >= end - Math.max(margin, CLOSING_MARGIN);
}

/** What the channel can still pay. */
export function room(channel: Channel): Satoshi {
  return mostPaid(channel.deposit.coin.amount) - channel.paid;
}

/**
 * What the payee asks for next: an increment of `step`, the last one what the deposit still has,
 * the first one no less than `first`. 0 where the channel has nothing more to sell for: then it
 * closes.
 */
export function nextPay(channel: Channel, step: Satoshi, first: Satoshi): Satoshi {
  const left = room(channel);
  const isFirst = channel.half === undefined;
  const pay = isFirst ? Math.max(step, first) : Math.min(step, left);
  return channel.phase === "open" && pay <= left ? Math.max(pay, 0) : 0;
}

/**
 * The cable's next increment, worth `pay` more. Undefined where the deposit does not have it or the
 * cable knows the channel to be closing. The result is recorded before its half is shown to
 * anybody.
 */
export function prepare(channel: Channel, frame: ChannelFrame, pay: Satoshi, wallet: Wallet): Increment | undefined {
  if (channel.phase !== "open" || !isSatoshi(pay) || pay < 1 || pay > room(channel)) return undefined;
  const paid = channel.paid + pay;
  const half = signHalf(frame, changeAt(channel.deposit.coin.amount, paid), wallet);
  return { channel: channel.deposit.coin.txid, paid, half };
}

/** The payee's check, the cheap parts first. Never throws for what a peer can send. */
export function validate(
  channel: Channel,
  frame: ChannelFrame,
  increment: Increment,
  demand: Demand,
  ecdsa: Ecdsa,
): Validated | ChannelRefusal {
  const { paid, half } = increment;
  const { coin } = channel.deposit;
  if (!isSatoshi(paid) || typeof half !== "string") return refuse("malformed-increment", `paid: ${shown(paid)}.`);
  if (increment.channel !== coin.txid)
    return refuse("other-channel", `Expected ${coin.txid}, got ${shown(increment.channel)}.`);
  if (paid === channel.paid && half === channel.half) return { ok: true, isNew: false, pay: 0 };
  const refusal = stateRefusal(channel, demand) ?? sumRefusal(channel, paid, demand);
  if (refusal) return refusal;
  const change = changeAt(coin.amount, paid);
  if (change < DUST) return refuse("used-up", `Expected a change of at least ${DUST} sat, got ${change} sat.`);
  if (!isHalf(channel.deposit, frame, change, half, ecdsa))
    return refuse("bad-half", `Expected a half that leaves the cable ${change} sat.`);
  return { ok: true, isNew: true, pay: paid - channel.paid };
}

/** The state after an increment that was prepared or validated. */
export function record(channel: Channel, increment: Increment): Channel {
  return { ...channel, paid: increment.paid, half: increment.half };
}

/**
 * The cable's channel as a socket shows it after the cable has lost its journal: believed where the
 * half is the cable's own signature of that very sum. A socket that shows an older one gives money
 * away.
 */
export function adopted(
  deposit: Deposit,
  frame: ChannelFrame,
  shownState: Increment,
  ecdsa: Ecdsa,
): Channel | undefined {
  const { channel, paid, half } = shownState;
  if (channel !== deposit.coin.txid || !isSatoshi(paid)) return undefined;
  if (paid === 0) return opened(deposit);
  const change = changeAt(deposit.coin.amount, paid);
  if (change < DUST || !isHalf(deposit, frame, change, half, ecdsa)) return undefined;
  return record(opened(deposit), { channel, paid, half });
}

/** Sells nothing from now on; to be recorded before `complete`. */
export function startClosing(channel: Channel): Channel {
  return channel.phase === "open" ? { ...channel, phase: "closing" } : channel;
}

/** The deposit's spend is buried, by whomever. */
export function closed(channel: Channel): Channel {
  return { ...channel, phase: "closed" };
}

/**
 * The closing at the latest state. May be made again at a higher fee. Throws while the channel is
 * open, or holds no half.
 */
export function complete(channel: Channel, frame: ChannelFrame, terms: ClosingTerms, payee: Wallet): Hex {
  const { deposit, phase, paid, half } = channel;
  if (phase !== "closing") throw new Error(`expected a channel that is closing, got one that is ${phase}`);
  if (half === undefined) throw new Error("expected a channel with an increment, got one that nothing was paid on");
  return signClosing(deposit, frame, { change: changeAt(deposit.coin.amount, paid), half }, terms, payee);
}

function stateRefusal(channel: Channel, demand: Demand): ChannelRefusal | undefined {
  const { height, phase } = channel;
  const { tip, confirmations, margin } = demand;
  if (phase !== "open") return refuse("closing", `The channel is ${phase}.`);
  const depth = height === undefined ? 0 : tip - height + 1;
  if (depth < confirmations) return refuse("not-buried", `Expected ${confirmations} blocks, got ${depth}.`);
  if (mustClose(channel, tip, margin))
    return refuse("near-deadline", `Expected a tip under ${(deadline(channel) ?? 0) - margin}, got ${tip}.`);
  return undefined;
}

function sumRefusal(channel: Channel, paid: Satoshi, demand: Demand): ChannelRefusal | undefined {
  const pay = paid - channel.paid;
  if (pay < 0) return refuse("superseded", `Expected more than ${channel.paid} sat in all, got ${paid} sat.`);
  if (pay === 0) return refuse("nothing-paid", `Expected more than ${channel.paid} sat in all, got as much.`);
  if (pay < demand.pay) return refuse("underpaid", `Expected ${demand.pay} sat more, got ${pay} sat.`);
  return undefined;
}

/** What came, short enough for a message. */
function shown(value: unknown): string {
  return String(value).slice(0, 80);
}
