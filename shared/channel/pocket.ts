// The cable's channels: what it funds, what it signs, and how it gets its deposit back. It records
// what it is about to sign before the key is used, and signs no increment while the last one has
// not been delivered by its own meter.

import { bytesToHex } from "../bitcoin/bytes";
import { DUST, dustOf, MAX_INPUTS, totalOf, txidOfUnsigned } from "../bitcoin/draft";
import type { Wallet } from "../bitcoin/wallet";
import { isSameOutpoint, outpointKey } from "../kernel/outpoint";
import type { Coin, Ecdsa, Outpoint, Reporter, Store } from "../kernel/ports";
import {
  energyFor,
  type Hex,
  isSatoshi,
  type MilliSatPerWh,
  type MilliwattHour,
  priceOf,
  type Satoshi,
} from "../kernel/units";
import { changeAt } from "./amounts";
import { adopted, type Increment, room, startClosing } from "./channel";
import { channelFrame, type Deposit, signHalf, TRUC_VERSION } from "./closing";
import { depositCoin, type Funding, fundingOutputs, signFunding } from "./funding";
import { ChannelLedger } from "./ledger";
import { type ChannelRefusal, refuse } from "./reasons";
import { type ChannelEntry, channelOf, depositOf, MAX_CABLE_CHANNELS } from "./record";
import { REFUND_VERSION, signRefund, unsignedRefund } from "./refund";
import { keysFault } from "./script";

/** The owner's limits. */
export interface PocketLimits {
  /** Longest that a deposit may be locked, in blocks. */
  readonly delay: number;
  /** Deposits of all channels together. */
  readonly maxLocked: Satoshi;
  /** Miner's fee of one funding, change too small for an output included. */
  readonly fee: Satoshi;
  /** What one increment may pay beyond the first of a channel, and the first. */
  readonly increment: Satoshi;
  readonly first: Satoshi;
}

export interface PocketOptions {
  readonly store: Store;
  readonly report: Reporter;
  readonly wallet: Wallet;
  readonly ecdsa: Ecdsa;
  readonly limits: PocketLimits;
}

/** A script of the deposit's length. */
const P2WSH_FORM = "00".repeat(34);

/** What a socket proposes as a channel. */
export interface FundingOffer {
  readonly payeeKey: Hex;
  readonly delay: number;
  readonly version: number;
  readonly inputs: readonly Coin[];
  readonly deposit: Satoshi;
  readonly fee: Satoshi;
}

export interface Funded {
  readonly ok: true;
  readonly txid: Hex;
  /** Signed; the socket broadcasts it. */
  readonly transaction: Hex;
}

export class ChannelPocket {
  readonly #options: PocketOptions;
  readonly #ledger: ChannelLedger;

  constructor(options: PocketOptions) {
    this.#options = options;
    this.#ledger = new ChannelLedger(options.store, MAX_CABLE_CHANNELS, options.report);
  }

  get entries(): readonly ChannelEntry[] {
    return this.#ledger.entries;
  }

  /** What of deposits is not back and not paid, as far as a cable can tell. */
  get locked(): Satoshi {
    let total = 0;
    for (const { deposit, paid, phase } of this.entries) if (phase !== "closed") total += deposit - paid;
    return total;
  }

  get isFull(): boolean {
    return this.#ledger.isFull && !this.entries.some(({ phase }) => phase === "closed");
  }

  find(txid: Hex): ChannelEntry | undefined {
    return this.#ledger.find(txid);
  }

  /**
   * The channel with the socket of this payee: one that still pays before one that has ended. None
   * that is over by the socket's word.
   */
  at(payee: Hex): ChannelEntry | undefined {
    const here = this.entries.filter((entry) => entry.payee === payee && entry.phase !== "closed");
    return here.find(({ phase }) => phase === "open") ?? here[0];
  }

  /** Another one with that socket that is ending. */
  otherAt(payee: Hex, one: ChannelEntry | undefined): ChannelEntry | undefined {
    return this.entries.find((entry) => entry.payee === payee && entry.phase === "closing" && entry.txid !== one?.txid);
  }

  /** What energy last cost by channel at this payee's socket. */
  priceAt(payee: Hex): MilliSatPerWh | undefined {
    return this.at(payee)?.price;
  }

  /**
   * The refund of one of the channels that have ended, each in its turn, at `fee`; whoever
   * broadcasts it too early is refused. Signed once: it goes with questions on the way to power.
   * `mine` are coins that the cable has: where a refund made one, that deposit is back, and
   * `forgotten` is called before the entry goes.
   */
  refundOfTurn(
    turn: number,
    fee: Satoshi,
    mine: readonly Outpoint[],
    forgotten: (entry: ChannelEntry) => void = () => {},
  ): Hex | undefined {
    const { ended } = this;
    const entry = ended[turn % Math.max(1, ended.length)];
    const kept = entry && this.keptRefund(entry, fee);
    if (!kept || !mine.some(({ txid }) => txid === kept.txid)) return kept?.hex;
    forgotten(entry);
    this.over(entry.txid);
    return undefined;
  }

  /** Channels that sell nothing more, whose deposits may not be back. */
  get ended(): readonly ChannelEntry[] {
    return this.entries.filter(({ phase }) => phase !== "open");
  }

  private keptRefund(entry: ChannelEntry, fee: Satoshi): ChannelEntry["refund"] {
    if (entry.refund?.fee === fee) return entry.refund;
    const frame = this.#ledger.frame(entry.txid);
    const hex = entry.deposit - fee < DUST ? undefined : this.refund(entry.txid, fee);
    if (!frame || hex === undefined) return undefined;
    const refund = { fee, txid: txidOfUnsigned(unsignedRefund(depositOf(entry), frame, fee)), hex };
    this.#ledger.save({ ...entry, refund });
    return refund;
  }

  /**
   * What sockets took, or may have taken, and never acknowledged, `channel` left out: what is said
   * again there is no more.
   */
  unacknowledged(channel?: Hex): Satoshi {
    let total = 0;
    for (const { txid, phase, paid, acknowledged = 0 } of this.entries)
      if (txid !== channel && phase !== "closed") total += paid - acknowledged;
    return total;
  }

  /** True for a coin that a funding spends: it pays nothing else. */
  spends(outpoint: Outpoint): boolean {
    return this.entries.some(({ coins = [] }) => coins.some((coin) => isSameOutpoint(coin, outpoint)));
  }

  /**
   * Signs a funding that it builds itself, of coins that it knows; `pinned` are the amounts as they
   * were first seen, `payee` whom the socket pays. The entry is durable before the key is used. The
   * same funding again gets the same signatures: its answer was lost. `instead` is one that the
   * caller knows to be excluded by this one, whose place it takes.
   */
  fund(
    offer: FundingOffer,
    pinned: (coin: Coin) => Satoshi | undefined,
    payee?: Hex,
    instead?: ChannelEntry,
  ): Funded | ChannelRefusal {
    const { wallet, limits } = this.#options;
    const { payeeKey, delay, version, inputs, deposit, fee } = offer;
    const funding: Funding = {
      keys: { payeeKey, cableKey: bytesToHex(wallet.publicKey), delay },
      inputs,
      deposit,
      fee,
    };
    const fault = keysFault(funding.keys) ?? coinsFault(offer);
    if (fault) return refuse("bad-terms", `${fault}.`);
    const { txid } = depositCoin(funding);
    const known = this.#ledger.find(txid);
    if (known?.paid === 0) return { ok: true, txid, transaction: signFunding(funding, wallet) };
    const locked = this.locked - (instead ? instead.deposit - instead.paid : 0);
    const beyond = limitFault(offer, limits, locked);
    if (beyond) return refuse("bad-terms", `${beyond}.`);
    if (this.isFull && !instead) return refuse("too-many-channels", `Expected fewer than ${MAX_CABLE_CHANNELS}.`);
    for (const coin of inputs)
      if (pinned(coin) !== coin.amount)
        return refuse("bad-funding", `Expected ${pinned(coin)} sat in ${outpointKey(coin)}, got ${coin.amount}.`);
    let paidOut = 0;
    for (const { amount } of fundingOutputs(funding)) paidOut += amount;
    if (totalOf(inputs) - paidOut > limits.fee)
      return refuse("bad-funding", `Expected a fee of at most ${limits.fee} sat.`);
    if (known) return refuse("bad-funding", "This channel is open already.");
    if (!instead) this.makeRoom();
    const coins = inputs.map((coin) => ({ txid: coin.txid, vout: coin.vout }));
    const entry = {
      ...funding.keys,
      version,
      txid,
      deposit,
      phase: "open",
      paid: 0,
      energy: 0,
      metered: 0,
      coins,
    } as const;
    this.#ledger.save(payee === undefined ? entry : { ...entry, payee }, instead?.txid);
    return { ok: true, txid, transaction: signFunding(funding, wallet) };
  }

  /**
   * The next increment, worth `pay` at `price`, recorded before its half exists. Refused while more
   * than `slack` of what was bought has not flowed by the cable's own meter: so a socket that
   * delivers nothing gets one increment and no more. `left` is what has not, where the caller keeps
   * that account.
   */
  pay(
    txid: Hex,
    pay: Satoshi,
    price: MilliSatPerWh,
    slack: MilliwattHour,
    left?: MilliwattHour,
  ): Increment | ChannelRefusal {
    const entry = this.#ledger.find(txid);
    const frame = this.#ledger.frame(txid);
    if (!entry || !frame) return refuse("other-channel", "This cable has no such channel.");
    const { limits } = this.#options;
    const most = entry.paid === 0 ? limits.first : limits.increment;
    if (!isSatoshi(pay) || pay < 1 || pay > most)
      return refuse("bad-terms", `Expected an increment of 1 to ${most} sat, got ${pay}.`);
    const channel = channelOf(entry);
    if (entry.phase !== "open") return refuse("closing", `The channel is ${entry.phase}.`);
    if (pay > room(channel)) return refuse("used-up", `Expected at most ${room(channel)} sat, got ${pay}.`);
    const undelivered = left ?? entry.energy - (entry.metered ?? 0);
    if (undelivered > slack)
      return refuse("undelivered", `Expected at most ${slack} mWh undelivered, got ${undelivered}.`);
    const energy = entry.energy + energyFor(pay, price);
    this.#ledger.save({
      ...entry,
      paid: entry.paid + pay,
      energy,
      metered: Math.max(0, entry.energy - Math.max(0, undelivered)),
      earned: earnedOf(entry, undelivered),
      price,
    });
    return this.again(txid) ?? refuse("closing", "The channel is over.");
  }

  /**
   * The latest increment once more: what a lost answer, a restart, or a socket that remembers less
   * calls for. The same digest gives the same signature, so nothing but the sum is kept.
   */
  again(txid: Hex): Increment | undefined {
    const entry = this.#ledger.find(txid);
    const frame = this.#ledger.frame(txid);
    if (!entry || !frame || entry.paid === 0) return undefined;
    const half = signHalf(frame, changeAt(entry.deposit, entry.paid), this.#options.wallet);
    return { channel: txid, paid: entry.paid, half };
  }

  /**
   * The socket has shown that it took what was signed: what of it was new, in money and in energy.
   */
  acknowledge(txid: Hex): { readonly pay: Satoshi; readonly energy: MilliwattHour } {
    const entry = this.#ledger.find(txid);
    const pay = entry ? entry.paid - (entry.acknowledged ?? 0) : 0;
    if (!entry || pay === 0) return { pay: 0, energy: 0 };
    this.#ledger.save({ ...entry, acknowledged: entry.paid });
    return { pay, energy: entry.price === undefined ? 0 : energyFor(pay, entry.price) };
  }

  /**
   * The socket shows that it was paid `paid` sat and no more, though somebody acknowledged more in
   * its name: that is to be said again, and bought nothing here. What it takes from the account, as
   * `acknowledge` adds to it.
   */
  unheard(txid: Hex, paid: Satoshi): { readonly pay: Satoshi; readonly energy: MilliwattHour } {
    const entry = this.#ledger.find(txid);
    const before = entry?.acknowledged ?? 0;
    if (!entry || paid >= before) return { pay: 0, energy: 0 };
    this.#ledger.save({ ...entry, acknowledged: Math.max(0, paid) });
    const pay = Math.max(0, paid) - before;
    return { pay, energy: entry.price === undefined ? 0 : -energyFor(-pay, entry.price) };
  }

  /**
   * Energy that flowed on the channel's increments, by the cable's own meter, since the last call.
   */
  flowed(txid: Hex, energy: MilliwattHour): void {
    const entry = this.#ledger.find(txid);
    if (entry && energy > 0) this.#ledger.save({ ...entry, metered: (entry.metered ?? 0) + energy });
  }

  /**
   * A channel as a socket shows it after the cable has lost its journal; false where the cable
   * signed no such state.
   */
  adopt(deposit: Deposit, shown: Increment, payee?: Hex): boolean {
    const { wallet, ecdsa } = this.#options;
    if (deposit.keys.cableKey !== bytesToHex(wallet.publicKey) || keysFault(deposit.keys)) return false;
    const { txid, amount } = deposit.coin;
    const known = this.#ledger.find(txid);
    if (known ? known.phase !== "closed" : this.isFull) return false;
    const state = adopted(deposit, channelFrame(deposit), shown, ecdsa);
    if (!state) return false;
    // Somebody else had said that it is over: what the cable signed since counts as well.
    if (known) {
      this.#ledger.save({ ...known, phase: "open", paid: Math.max(known.paid, state.paid) });
      return true;
    }
    this.makeRoom();
    const { version, keys } = deposit;
    this.#ledger.save({
      ...keys,
      version,
      txid,
      deposit: amount,
      phase: "open",
      paid: state.paid,
      acknowledged: state.paid,
      energy: 0,
      metered: 0,
      ...(payee === undefined ? {} : { payee }),
    });
    return true;
  }

  /** Signs nothing more on this channel: the cable asked for its end, or the socket told of it. */
  end(txid: Hex): void {
    const entry = this.#ledger.find(txid);
    if (entry?.phase === "open") this.#ledger.save({ ...entry, phase: startClosing(channelOf(entry)).phase });
  }

  /**
   * Its socket says that the channel is over: it keeps no place that another one needs, and no
   * money. A cable sees no chain, so the refund still goes with its questions.
   */
  saidOver(txid: Hex): void {
    const entry = this.#ledger.find(txid);
    if (entry) this.#ledger.save({ ...entry, phase: "closed" });
  }

  /**
   * Takes the deposit back, N blocks after the funding confirmed. Signs nothing more on this
   * channel from then on.
   */
  refund(txid: Hex, fee: Satoshi): Hex | undefined {
    const entry = this.#ledger.find(txid);
    const frame = this.#ledger.frame(txid);
    if (!entry || !frame || fee > this.#options.limits.fee) return undefined;
    this.end(txid);
    return signRefund(depositOf(entry), frame, fee, this.#options.wallet);
  }

  /** The deposit is back, or its funding never came: nothing is left to remember. */
  over(txid: Hex): void {
    this.#ledger.drop(txid);
  }

  /** A channel that is over by its socket's word is forgotten for one that opens. */
  private makeRoom(): void {
    const closed = this.#ledger.isFull ? this.entries.find(({ phase }) => phase === "closed") : undefined;
    if (closed) this.over(closed.txid);
  }
}

/**
 * What the socket has earned of the channel: acknowledged, and delivered by the cable's own meter.
 * `undelivered` is what has not flowed at the price of the last increment.
 */
function earnedOf({ earned = 0, acknowledged = 0, price = 0 }: ChannelEntry, undelivered: MilliwattHour): Satoshi {
  return Math.max(earned, acknowledged - priceOf(Math.max(0, undelivered), price));
}

function coinsFault({ inputs, deposit, fee }: FundingOffer): string | undefined {
  const total = totalOf(inputs);
  const isCovered = isSatoshi(deposit) && isSatoshi(fee) && deposit >= dustOf(P2WSH_FORM) && total >= deposit + fee;
  if (!isCovered || inputs.length < 1 || inputs.length > MAX_INPUTS)
    return `expected 1 to ${MAX_INPUTS} coins worth ${deposit + fee} sat, got ${inputs.length} worth ${total}`;
  return undefined;
}

function limitFault(offer: FundingOffer, limits: PocketLimits, locked: Satoshi): string | undefined {
  const { delay, version, deposit } = offer;
  if (delay > limits.delay) return `expected a delay of at most ${limits.delay} blocks, got ${delay}`;
  if (version !== REFUND_VERSION && version !== TRUC_VERSION)
    return `expected a closing of version 2 or 3, got ${version}`;
  if (locked + deposit > limits.maxLocked)
    return `expected a deposit of at most ${limits.maxLocked - locked} sat, got ${deposit}`;
  return undefined;
}
