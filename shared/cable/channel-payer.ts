// Paying by channel: opens one, visits it, and hands increments over. What may be signed is the
// pocket's to judge (shared/channel/pocket.ts); here it is squared with the cable's account, and
// with what the owner lets it spend.

import { bytesToHex } from "../bitcoin/bytes";
import { DUST, totalOf } from "../bitcoin/draft";
import { depositCoin, fundingVsize, unsignedFunding } from "../channel/funding";
import type { ChannelPocket, Funded } from "../channel/pocket";
import type { ChannelRefusal } from "../channel/reasons";
import type { ChannelEntry } from "../channel/record";
import { constant } from "../kernel/constant";
import { isSameOutpoint } from "../kernel/outpoint";
import type { Coin } from "../kernel/ports";
import type { Hex, MilliSatPerWh, Millisecond, MilliwattHour, Satoshi } from "../kernel/units";
import { energyFor } from "../kernel/units";
import type { ChannelRequest, ChannelResult, FundingProposal, VisitOffer } from "../protocol/channel";
import { Fault, type FaultName } from "../protocol/faults";
import { MAX_PROMISED, type Status } from "../protocol/types";
import { CHANNEL } from "../protocol/words";
import type { Calls } from "./calls";
import { mustAffordMore, mustNotOwe, pin, promisedCoins, spend } from "./channel-money";
import type { CableEvent } from "./effects";
import { backFromGone, keepGone } from "./gone";
import type { CableParts } from "./parts";
import { amountOf } from "./pins";
import type { ChannelReady } from "./purse";
import { agreeByChannel } from "./reckoning";
import { holdOf } from "./refusals";
import { Hold } from "./stop";

/**
 * Before a channel that could not be used, or opened, is tried again, where the socket does not
 * say.
 */
const TRY_AGAIN: Millisecond = 600_000;

/** After a funding, until blocks may have buried it. */
const OPENED: Millisecond = 60_000;

/** Faults by which a channel is no way to pay now, while another scheme may be. */
const ELSEWISE: readonly FaultName[] = constant([
  "channel-not-ready",
  "channel-closing",
  "unclosed-limit",
  "unknown-channel",
  "too-many-channels",
  "bad-deposit",
  "bad-funding",
  "bad-increment",
  "unknown-scheme",
  "insufficient-funds",
  "fees-too-high",
  "broadcast-refused",
  "invalid-parameters",
]);

export class ChannelPayer {
  readonly #parts: CableParts;
  readonly #calls: Calls;
  readonly #pocket: ChannelPocket;
  /** When channels are tried again at the present socket. */
  #tryAt: Millisecond = Number.NEGATIVE_INFINITY;

  constructor(parts: CableParts, calls: Calls, pocket: ChannelPocket) {
    this.#parts = parts;
    this.#calls = calls;
    this.#pocket = pocket;
  }

  /** True where the socket sells by channel and the owner prefers that to what else it takes. */
  private isPreferred({ schemes }: Status): boolean {
    return this.#parts.settings.schemes.find((name) => schemes.includes(name)) === CHANNEL;
  }

  /**
   * The next increment at this socket; undefined where another scheme has to pay: nothing is open
   * here, or not buried yet. Then a channel is opened, for later. Throws a Hold where nothing may
   * be paid.
   */
  async ready(status: Status): Promise<ChannelReady | undefined> {
    const { clock, report } = this.#parts;
    const { payee } = status;
    if (payee === undefined || !this.#parts.socket.channels || clock.now() < this.#tryAt) return undefined;
    const here = this.#pocket.at(payee);
    if (!here && !this.isPreferred(status)) return undefined;
    let asked = here;
    try {
      const ready = here && (await this.visit(here, payee));
      const opens = !ready && this.isPreferred(status) && this.hasEnded(here);
      // Where two are ending the other one is over perhaps, and its place free.
      if (opens) asked = this.#pocket.isFull ? this.#pocket.otherAt(payee, here) : undefined;
      if (opens && asked) await this.visit(asked, payee);
      else if (opens) await this.open(status, payee);
      if (!ready) this.#tryAt = clock.now() + (opens ? OPENED : TRY_AGAIN);
      return ready;
    } catch (error) {
      if (!(error instanceof Fault) || !ELSEWISE.includes(error.fault)) throw error;
      this.#tryAt = clock.now() + (error.retryAfterMs ?? TRY_AGAIN);
      report({ name: "no-channel", why: error.message });
      if (asked && error.fault === "unknown-channel") await this.lost(asked, status, payee);
      return undefined;
    }
  }

  /**
   * True where nothing is open here: an entry that its socket is closing keeps no other from being
   * opened, unless the owner wants the cable to leave.
   */
  private hasEnded(here: ChannelEntry | undefined): boolean {
    if (!here) return true;
    const { ledger, settings } = this.#parts;
    const isLeaving = settings.leaveChannels !== "" && settings.leaveChannels === ledger.record.channelsLeft;
    return !isLeaving && this.#pocket.at(here.payee ?? "")?.phase !== "open";
  }

  /** Another socket may answer from now on. */
  begin(): void {
    this.#tryAt = Number.NEGATIVE_INFINITY;
  }

  // ------------------------------------------------------------ visits

  private async visit({ txid, phase }: ChannelEntry, payee: Hex): Promise<ChannelReady | undefined> {
    const offer = await this.request(payee, { channel: txid, ...(phase === "open" ? {} : { close: true }) });
    if (!("paid" in offer) || offer.channel !== txid)
      throw new Hold("wrong-session", "It is no offer of this channel.");
    return this.taken(offer, payee);
  }

  /** Squares the accounts with what the socket says of the channel. */
  private taken(offer: VisitOffer, payee: Hex): ChannelReady | undefined {
    const { channel, price, pay, closing, credit } = offer;
    const entry = this.#pocket.find(channel);
    if (!entry) return undefined;
    const isTaken = offer.paid >= entry.paid;
    const news = isTaken ? this.#pocket.acknowledge(channel) : this.#pocket.unheard(channel, offer.paid);
    this.booked(news.pay);
    agreeByChannel(this.#parts, payee, credit, news.energy);
    this.#parts.visit?.met(payee);
    if (closing) this.#pocket.end(channel);
    const { settings } = this.#parts;
    if (closing || entry.phase !== "open") return undefined;
    // What was signed and not taken is said again; where the socket wants more for a first
    // increment, more is signed.
    const unheard = isTaken ? 0 : entry.paid - offer.paid;
    if (pay === 0 && unheard === 0) return undefined;
    const more = Math.max(0, pay - unheard);
    if (price > settings.maxPrice || price <= 0)
      throw new Hold("overpriced", `Expected at most ${settings.maxPrice} sat/kWh, came ${price}.`);
    if (more > settings.maxIncrement)
      throw new Hold("increment-too-large", `Expected at most ${settings.maxIncrement} sat, came ${more}.`);
    const isAgain = unheard > 0 && (more === 0 || offer.half !== undefined);
    return readyOf(channel, isAgain ? 0 : more, isAgain ? unheard : unheard + more, price);
  }

  private booked(pay: Satoshi): void {
    const { ledger } = this.#parts;
    if (pay !== 0) ledger.change({ totalPaid: ledger.record.totalPaid + pay });
  }

  /**
   * The socket knows nothing of the channel: closed and over, never heard of, or its journal is
   * lost.
   */
  private async lost(entry: ChannelEntry, status: Status, payee: Hex): Promise<void> {
    const { txid, phase, paid } = entry;
    if (phase === "open" && paid === 0) return void (await this.open(status, payee, entry));
    if (phase === "open") this.#pocket.end(txid);
    else {
      keepGone(entry, this.#parts.ledger);
      this.#pocket.saidOver(txid);
    }
    this.#parts.report({ name: phase === "open" ? "channel-lost" : "channel-over", channel: txid });
  }

  // ------------------------------------------------------------ openings

  /**
   * Funds a channel, over coins that pay nothing else. It pays once it is buried; until then
   * something else does. `instead`: a funding that the socket never heard of; one that spends a
   * coin of it takes its place, so that only one of them can be mined.
   */
  private async open(
    { channel: terms }: Status,
    payee: Hex,
    instead?: ChannelEntry,
  ): Promise<ChannelReady | undefined> {
    const { ledger, settings, report } = this.#parts;
    if (!terms || (this.#pocket.isFull && !instead)) return undefined;
    const deposit = Math.max(settings.deposit, terms.depositLeast);
    const locked = this.#pocket.locked + (ledger.record.gone?.locked ?? 0) - (instead?.deposit ?? 0);
    if (deposit > terms.depositMost || locked + deposit > settings.maxLocked) return undefined;
    const promised = promisedCoins(this.#parts).slice(-MAX_PROMISED);
    const offer = await this.request(payee, { deposit, ...(promised.length > 0 ? { promised } : {}) });
    if ("paid" in offer) return this.adopt(offer, payee);
    if (offer.deposit !== deposit)
      throw new Hold("terms-changed", `Expected a deposit of ${deposit} sat, came ${offer.deposit}.`);
    if (instead && !offer.inputs.some((coin) => instead.coins?.some((other) => isSameOutpoint(coin, other)))) {
      // Its coins are gone, so perhaps it is in a block: the deposit comes back by a refund then.
      this.#pocket.end(instead.txid);
      report({ name: "channel-lost", channel: instead.txid });
      return undefined;
    }
    const funding = this.fund(offer, payee, instead);
    const { channels } = this.#parts.socket;
    await this.#calls.answered(
      () => channels?.pay({ funding: funding.transaction, ticket: this.ticket(payee) }) ?? never(),
    );
    report({ name: "channel-opened", channel: funding.txid, deposit });
    return undefined;
  }

  /** Judges the proposal and signs it. Throws a Hold where it is not what the owner allows. */
  private fund(offer: FundingProposal, payee: Hex, instead: ChannelEntry | undefined): Funded {
    const { ledger, wallet, settings } = this.#parts;
    const { payeeKey, delay, inputs, deposit, fee } = offer;
    const promised = promisedCoins(this.#parts);
    if (inputs.some((coin) => promised.some((other) => isSameOutpoint(coin, other))))
      throw new Hold("coin-pledged", "The funding would spend a coin that was signed for already.");
    const left = totalOf(inputs) - deposit - fee;
    if (!(left >= 0)) throw new Hold("malformed-offer", "The funding's coins do not cover it.");
    const funding = { keys: { payeeKey, cableKey: bytesToHex(wallet.publicKey), delay }, inputs, deposit, fee };
    if (offer.transaction !== unsignedFunding(funding))
      throw new Hold("not-canonical", "It is the funding, which both sides build from the same facts.");
    if (fee * 1000 > settings.maxFeeRate * fundingVsize(inputs.length, left >= DUST))
      throw new Hold("fee-rate-too-high", `Expected at most ${settings.maxFeeRate} msat/vB.`);
    const isAgain = depositCoin(funding).txid === instead?.txid;
    // What is left over as dust is fee as well.
    const paidFee = isAgain ? 0 : fee + (left < DUST ? left : 0);
    mustAffordMore(0, paidFee, this.#parts);
    pin(inputs, this.#parts);
    spend(0, paidFee, this.#parts);
    const pinned = (coin: Coin): Satoshi | undefined => amountOf(ledger.record.pins, coin);
    const funded = this.#pocket.fund(offer, pinned, payee, isAgain ? undefined : instead);
    if (!funded.ok) throw refusedBy(funded);
    return funded;
  }

  /** A cable that has lost its journal believes a state with its own signature on it. */
  private async adopt(offer: VisitOffer, payee: Hex): Promise<ChannelReady | undefined> {
    const { ledger, wallet, report } = this.#parts;
    const { channel, paid, half, payeeKey, delay, version, deposit } = offer;
    if (half === undefined) return undefined;
    const keys = { payeeKey, cableKey: bytesToHex(wallet.publicKey), delay };
    const coin = { txid: channel, vout: 0, amount: deposit };
    const before = this.#pocket.find(channel);
    if (!this.#pocket.adopt({ keys, coin, version }, { channel, paid, half }, payee)) return undefined;
    if (before) backFromGone(before, ledger);
    report({ name: "channel-adopted", channel, paid });
    const adopted = this.#pocket.find(channel);
    return adopted && this.visit(adopted, payee);
  }

  // ------------------------------------------------------------ paying

  /** Signs the increment, hands it over, and books what it bought. */
  async pay(ready: ChannelReady): Promise<CableEvent> {
    const { inlet, socket, ledger, report } = this.#parts;
    const { channel, energy, step } = ready;
    try {
      const increment = this.signed(ready);
      const ticket = this.ticket(this.#pocket.find(channel)?.payee ?? "");
      let asked = 0;
      const result = await this.#calls.answered(() => {
        asked = inlet.meter();
        return socket.channels?.pay({ ...increment, ticket }) ?? never();
      });
      const { pay } = this.#pocket.acknowledge(channel);
      ledger.write({ ...inlet.agreed(result.remaining, energy, asked), totalPaid: ledger.record.totalPaid + pay });
      report({ name: "paid", channel, value: step.pay, fee: 0, remaining: inlet.remaining() });
      return { kind: "paid", next: undefined, ready: this.next(ready, result) };
    } catch (error) {
      this.unless(error);
      return {
        kind: "refused",
        hold: error instanceof Fault && ELSEWISE.includes(error.fault) ? undefined : holdOf(error),
      };
    }
  }

  /** The increment: durable before its half exists, and counted as spent before it leaves. */
  private signed({ channel, more, price, energy }: ChannelReady): { channel: Hex; paid: Satoshi; half: Hex } {
    const { inlet, settings } = this.#parts;
    if (more > 0) {
      mustAffordMore(more, 0, this.#parts);
      mustNotOwe(channel, this.#pocket.find(channel)?.payee ?? "", more, this.#parts);
      spend(more, 0, this.#parts);
      const slack = Math.ceil((energy * settings.renewAt) / 1000) + inlet.tolerance();
      const increment = this.#pocket.pay(channel, more, price, slack, inlet.remaining());
      if (!("half" in increment)) throw refusedBy(increment);
      return increment;
    }
    const again = this.#pocket.again(channel);
    if (!again) throw new Hold("refused", "The channel has no increment to say again.");
    return again;
  }

  private next({ channel, price }: ChannelReady, { pay }: ChannelResult): ChannelReady | undefined {
    return pay > 0 && pay <= this.#parts.settings.maxIncrement ? readyOf(channel, pay, pay, price) : undefined;
  }

  /** A channel that takes nothing more is no way to pay for a while. */
  private unless(error: unknown): void {
    if (error instanceof Fault && ELSEWISE.includes(error.fault))
      this.#tryAt = this.#parts.clock.now() + (error.retryAfterMs ?? TRY_AGAIN);
  }

  private request(
    payee: Hex,
    members: { deposit?: Satoshi; channel?: Hex; close?: boolean },
  ): Promise<VisitOffer | FundingProposal> {
    const { wallet, socket, questions } = this.#parts;
    const cableKey = bytesToHex(wallet.publicKey);
    const request = { scheme: CHANNEL, cableKey, ticket: this.ticket(payee), ...members } as const;
    return questions.withRelease(request, (each: ChannelRequest) => socket.channels?.request(each) ?? never());
  }

  private ticket(payee: Hex): Hex {
    return this.#parts.wallet.ticket(payee);
  }
}

function readyOf(channel: Hex, more: Satoshi, worth: Satoshi, price: MilliSatPerWh): ChannelReady {
  const energy: MilliwattHour = energyFor(worth, price);
  return { channel, more, price, energy, step: { pay: worth, fee: 0 } };
}

function refusedBy({ reason, detail }: ChannelRefusal): Hold {
  return new Hold(reason === "undelivered" ? "undelivered" : "refused", `(${reason}: ${detail})`);
}

function never(): Promise<never> {
  return Promise.reject(new Error("expected a link that carries channels"));
}
