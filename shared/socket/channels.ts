// What a socket answers to the scheme `channel`: fundings, visits, increments. The book
// (shared/channel/book.ts) judges and keeps; here is whose turn it is, what is asked for, and what
// follows for the power.
//
// Nothing is awaited between the last check and the book: an increment is in the store before it is
// credited or answered.

import { scriptOfKey } from "../bitcoin/address";
import { hexToBytes } from "../bitcoin/bytes";
import { selectCoins } from "../bitcoin/coins";
import { DUST, MAX_INPUTS, totalOf } from "../bitcoin/draft";
import { ChainError } from "../chain/error";
import { readRawTx } from "../chain/raw-tx";
import type { ChannelBook } from "../channel/book";
import { type Funding, fundingVsize, unsignedFunding } from "../channel/funding";
import type { ChannelReason, ChannelRefusal } from "../channel/reasons";
import type { ChannelEntry } from "../channel/record";
import { constant } from "../kernel/constant";
import { isSameOutpoint } from "../kernel/outpoint";
import type { Chain, Clock, Coin, Outpoint, Reporter } from "../kernel/ports";
import { energyFor, feeFor, type Hex, type MilliSatPerWh, type Millisecond, type Satoshi } from "../kernel/units";
import type { ChannelOffer, ChannelPayment, ChannelRequest, ChannelResult, VisitOffer } from "../protocol/channel";
import { Fault, type FaultName } from "../protocol/faults";
import { CHANNEL } from "../protocol/words";
import type { ChannelKeeper } from "./channel-keeper";
import { stepAt } from "./channel-terms";
import { isCheatCoin } from "./cheats";
import { type CoinWatch, nameOf } from "./coin-watch";
import type { SocketLedger } from "./ledger";
import { isPaidWithAny, isPromised, pledgedIn } from "./opening";
import type { Outlet } from "./outlet";
import { coinsOf } from "./payer-coins";
import type { SocketSettings } from "./settings";
import { isAway } from "./settler";

/** When a funding that waits for blocks is asked about again. */
const WAIT_FOR_BLOCKS: Millisecond = 60_000;
const WAIT: Millisecond = 10_000;

/** What a refusal of the book is on the wire. */
const FAULT_OF: Partial<Record<ChannelReason, FaultName>> = constant({
  "bad-terms": "bad-deposit",
  "bad-funding": "bad-funding",
  "too-many-channels": "too-many-channels",
  "chain-unasked": "channel-not-ready",
  "not-buried": "channel-not-ready",
  "unclosed-limit": "unclosed-limit",
  "other-channel": "unknown-channel",
  closing: "channel-closing",
  "near-deadline": "channel-closing",
  "used-up": "channel-closing",
  superseded: "already-superseded",
});

export interface ChannelsOptions {
  readonly book: ChannelBook;
  readonly keeper: ChannelKeeper;
  readonly chain: Chain;
  readonly clock: Clock;
  readonly watch: CoinWatch;
  readonly ledger: SocketLedger;
  readonly outlet: Outlet;
  readonly settings: SocketSettings;
  readonly report: Reporter;
  /** Ends the session that is open: its cable, or another one, goes on by channel. */
  readonly endSession: () => void;
}

/** A cable that is here: the terms of its channel until it asks again. */
interface Visit {
  readonly channel: Hex;
  readonly price: MilliSatPerWh;
  /** What the next increment pays at least. */
  ask: Satoshi;
  /** True once it was paid on in this visit. */
  isPaidOn: boolean;
}

interface Proposed {
  readonly funding: Funding;
  readonly unsigned: Hex;
}

export class Channels {
  readonly #options: ChannelsOptions;
  #visit: Visit | undefined;
  /** The funding that was proposed last: only that one can be paid. */
  #proposed: Proposed | undefined;

  constructor(options: ChannelsOptions) {
    this.#options = options;
  }

  get keeper(): ChannelKeeper {
    return this.#options.keeper;
  }

  /** True while a cable that has paid is here by channel. */
  get isPaidOn(): boolean {
    return this.#visit?.isPaidOn === true;
  }

  /** True where `request` goes on with the visit that is open. */
  goesOn({ channel }: ChannelRequest): boolean {
    return channel !== undefined && this.#visit?.channel === channel;
  }

  /** The visit is over; the channel is not. */
  end(why: string): void {
    if (!this.#visit) return;
    this.#options.report({ name: "visit-ended", channel: this.#visit.channel, why });
    this.#visit = undefined;
  }

  /** What a later increment pays at least, by the power that flows now. */
  step(): Satoshi {
    return stepAt(this.#options.outlet.power(), this.#options.settings);
  }

  // ------------------------------------------------------------ power_request

  async request(payer: Hex, request: ChannelRequest, mustBeFree: () => void): Promise<ChannelOffer> {
    const { outlet } = this.#options;
    if (outlet.state === "lockout") throw new Fault("locked-out", "", outlet.lockoutLeft());
    if (outlet.trip !== undefined) throw new Fault("power-fault", `(${outlet.trip})`, WAIT);
    const { deposit, channel } = request;
    if ((deposit === undefined) === (channel === undefined))
      throw new Fault("invalid-parameters", "Expected deposit_sat or channel, and not both.");
    return deposit === undefined ? this.visit(payer, request, mustBeFree) : this.propose(payer, request, deposit);
  }

  private async visit(payer: Hex, request: ChannelRequest, mustBeFree: () => void): Promise<VisitOffer> {
    const { outlet, settings, endSession } = this.#options;
    const found = this.mustFind(request.channel ?? "", request.ticket, request.cableKey);
    outlet.resume(payer, request.ticket);
    if (request.close) return this.closeFor(found, payer, request);
    if (found.phase === "open") await this.mustBeReady(found);
    mustBeFree();
    const entry = this.mustFind(found.txid, request.ticket, request.cableKey);
    const ask = await this.askOf(entry);
    endSession();
    this.#visit = { channel: entry.txid, price: settings.price, ask, isPaidOn: this.goesOn(request) && this.isPaidOn };
    return this.offer(entry, payer, ask);
  }

  private offer(entry: ChannelEntry, payer: Hex, ask: Satoshi): VisitOffer {
    const { outlet, settings } = this.#options;
    const { txid, payeeKey, delay, version, deposit, paid, half, phase, ticket } = entry;
    return {
      scheme: CHANNEL,
      channel: txid,
      payeeKey,
      delay,
      version,
      deposit,
      paid,
      ...(half === undefined ? {} : { half }),
      pay: ask,
      energy: energyFor(ask, settings.price),
      price: settings.price,
      credit: outlet.creditOf(payer, ticket),
      closing: phase !== "open",
    };
  }

  /**
   * Whoever does not show the channel's ticket is told as little of it as of one that is not here.
   */
  private mustFind(channel: Hex, ticket: Hex, cableKey?: Hex): ChannelEntry {
    const entry = this.#options.book.find(channel);
    if (!entry || !this.isOf(entry, { ticket, cableKey })) throw new Fault("unknown-channel");
    return entry;
  }

  private isOf(
    entry: ChannelEntry,
    { ticket, cableKey }: { readonly ticket: Hex; readonly cableKey?: Hex | undefined },
  ): boolean {
    return entry.ticket === ticket && (cableKey === undefined || entry.cableKey === cableKey);
  }

  /**
   * Buried, in a block and unspent, by an answer since the start. Asks for one only where there is
   * none that counts.
   */
  private async mustBeReady(entry: ChannelEntry): Promise<void> {
    const { book, keeper, clock } = this.#options;
    if (book.mustAsk(entry.txid, clock.now()))
      await keeper.ask(entry).catch((error: unknown) => {
        if (!(error instanceof ChainError)) throw error;
        throw new Fault("channel-not-ready", `(${error.kind})`, error.retryAfter ?? WAIT);
      });
    const now = book.find(entry.txid);
    const depth = now ? book.depthOf(now) : 0;
    const { confirmations } = book.terms;
    if (depth < confirmations)
      throw new Fault("channel-not-ready", `Expected ${confirmations} blocks, came ${depth}.`, WAIT_FOR_BLOCKS);
    if (book.answerTo(entry.txid)?.unspent === false) throw new Fault("channel-closing", "Its deposit is spent.");
  }

  /** What the next increment pays at least; 0 where the channel sells nothing more. */
  private async askOf(entry: ChannelEntry): Promise<Satoshi> {
    const { book, watch, keeper, clock } = this.#options;
    if (entry.phase !== "open") return 0;
    // Only a first increment has to pay for the closing as well.
    const rate = entry.half === undefined ? (await watch.ratesToGoOn()).target : 0;
    const step = this.step();
    const ask = book.ask(entry.txid, step, rate);
    if (ask > 0) return ask;
    keeper.hurry();
    if (!book.due(clock.now(), step).includes(entry.txid) && book.unclosed + step > book.terms.maxUnclosed)
      throw new Fault("unclosed-limit", "", WAIT_FOR_BLOCKS);
    return 0;
  }

  /**
   * The cable leaves for good. What nothing was paid on has nothing to close: its deposit is the
   * cable's again after N blocks.
   */
  private closeFor(entry: ChannelEntry, payer: Hex, { ticket }: ChannelRequest): VisitOffer {
    const { book, keeper } = this.#options;
    if (this.#visit?.channel === entry.txid) this.end("closing");
    if (entry.half === undefined) keeper.drop(entry, "unpaid");
    else book.startClosing(entry.txid);
    keeper.hurry();
    return this.offer({ ...entry, ticket, phase: "closing" }, payer, 0);
  }

  // ------------------------------------------------------------ fundings

  private async propose(payer: Hex, request: ChannelRequest, deposit: Satoshi): Promise<ChannelOffer> {
    const { book, watch, settings } = this.#options;
    // A cable that has lost its journal has one perhaps.
    const open = book.entries.find((each) => each.phase === "open" && each.half && this.isOf(each, request));
    if (open) return this.offer(open, payer, 0);
    const refusal = book.openingFault(request.cableKey, deposit);
    if (refusal) throw faultOf(refusal);
    const { coins, asked } = await coinsOf(this.#options, payer, true);
    await watch.tip();
    const rates = await watch.rates();
    const feeOf = (inputs: number, change: boolean): Satoshi =>
      feeFor(fundingVsize(inputs, change), Math.max(rates.target, rates.floor));
    const inputs = this.choose(coins, request, deposit + feeOf(MAX_INPUTS, true));
    const left = totalOf(inputs) - deposit;
    const withChange = feeOf(inputs.length, true);
    const fee = left - withChange >= DUST ? withChange : left;
    if (inputs.length === 0 || fee < feeOf(inputs.length, false))
      throw new Fault("insufficient-funds", `Expected ${deposit + withChange} sat in at most ${MAX_INPUTS} coins.`);
    if (fee > settings.feeLimit)
      throw new Fault("fees-too-high", `Expected at most ${settings.feeLimit} sat.`, WAIT_FOR_BLOCKS);
    if (asked !== undefined) watch.listed(inputs, asked);
    await watch.mustBeUnspent(inputs, payer, settings.unspentMaxAge);
    const keys = { payeeKey: book.nextKey(), cableKey: request.cableKey, delay: book.terms.delay };
    const funding = { keys, inputs, deposit, fee };
    const unsigned = unsignedFunding(funding);
    this.#proposed = { funding, unsigned };
    return {
      scheme: CHANNEL,
      payeeKey: keys.payeeKey,
      delay: keys.delay,
      version: book.terms.version,
      inputs: inputs.map(({ txid, vout, amount }) => ({ txid, vout, amount })),
      deposit,
      fee,
      transaction: unsigned,
    };
  }

  /**
   * Confirmed coins that nothing here is paid with, the smallest one that is enough before several
   * larger ones.
   */
  private choose(coins: readonly Coin[], request: ChannelRequest, want: Satoshi): readonly Coin[] {
    const { record } = this.#options.ledger;
    const pledged = new Set(pledgedIn(record));
    for (const input of record.session?.inputs ?? []) pledged.add(nameOf(input));
    const free = coins.filter((coin) => !isCheatCoin(record, coin) && !isPromised(coin, request));
    const excluded = (coin: Coin): boolean => pledged.has(nameOf(coin));
    const enough = free.filter((coin) => coin.height !== undefined && coin.amount >= want && !excluded(coin));
    const [least] = enough.sort((a, b) => a.amount - b.amount);
    return least ? [least] : selectCoins(free, { want, excluded });
  }

  private async takeFunding({ funding: signed = "", ticket }: ChannelPayment): Promise<ChannelResult> {
    const { book, keeper, ledger, watch, report } = this.#options;
    const known = book.find(idOf(signed));
    if (known?.ticket === ticket) return this.result(known, 0, 0);
    const proposed = this.#proposed;
    if (!proposed) throw new Fault("unknown-session", "Nothing was proposed since the start.");
    const { keys, ...rest } = proposed.funding;
    // Since it was proposed a session may have been paid with a coin of it.
    if (isPaidWithAny(ledger.record, rest.inputs))
      throw new Fault("insufficient-funds", "A coin of it pays for a session by now.");
    const entry = book.open({ ...rest, cableKey: keys.cableKey, signed, ticket });
    if (!("txid" in entry)) throw faultOf(entry);
    this.#proposed = undefined;
    // A session over its coins asks about them anew.
    watch.forget(rest.inputs);
    report({ name: "channel-opened", channel: entry.txid, deposit: entry.deposit, delay: entry.delay });
    // One that may have arrived although nobody answered is sent again by the keeper.
    const isTaken = await keeper.send(entry).catch((error: unknown) => {
      if (!isAway(error)) throw error;
      return true;
    });
    if (!isTaken) {
      keeper.drop(entry, "refused");
      throw new Fault("broadcast-refused", "It is the funding.", WAIT);
    }
    return this.result(entry, 0, 0);
  }

  // ------------------------------------------------------------ pay_transaction

  /** Takes a funding or an increment. `accepted` is called for an increment that is new. */
  async pay(payment: ChannelPayment, accepted: () => void): Promise<ChannelResult> {
    if (payment.funding !== undefined && payment.channel === undefined) return this.takeFunding(payment);
    const { channel, paid, half, ticket } = payment;
    if (channel === undefined || paid === undefined || half === undefined)
      throw new Fault("invalid-parameters", "Expected channel, paid_sat and half, or funding.");
    const entry = this.mustFind(channel, ticket);
    if (entry.paid === paid && entry.half === half) return this.result(entry, 0, await this.next(entry));
    const { outlet, book, clock, report } = this.#options;
    const visit = this.#visit;
    if (visit?.channel !== channel) throw new Fault("unknown-session", "The visit is over, or never began.");
    if (outlet.state === "lockout") throw new Fault("locked-out", "", outlet.lockoutLeft());
    if (outlet.trip !== undefined) throw new Fault("power-fault", `(${outlet.trip})`, WAIT);
    // Less than covers its closing would be worth nothing to the owner.
    if (entry.half === undefined && visit.ask === 0)
      throw new Fault("unclosed-limit", "Nothing is sold on this channel now.", WAIT_FOR_BLOCKS);
    // A cable that was not heard may owe another sum than was asked for since: any whole increment
    // is one.
    const least = entry.half === undefined ? visit.ask : Math.min(visit.ask, this.#options.settings.channelIncrement);
    const taken = book.take({ channel, paid, half }, least, visit.price, clock.now());
    if (!taken.ok) throw faultOf(taken);
    const after = this.mustFind(channel, ticket);
    outlet.draw(scriptOfKey(hexToBytes(entry.cableKey)), ticket, after, taken.credited);
    visit.isPaidOn = true;
    accepted();
    report({ name: "credited", channel, value: paid - entry.paid, energy: taken.credited, paid });
    return this.result(after, taken.credited, await this.next(after));
  }

  /** What comes after an increment; nothing where that cannot be told now. */
  private async next(entry: ChannelEntry): Promise<Satoshi> {
    const ask = await this.askOf(entry).catch((error: unknown) => {
      if (error instanceof Fault) return 0;
      throw error;
    });
    if (this.#visit?.channel === entry.txid) this.#visit.ask = ask;
    return ask;
  }

  private result({ txid }: ChannelEntry, credited: number, pay: Satoshi): ChannelResult {
    const { outlet, settings } = this.#options;
    const price = this.#visit?.channel === txid ? this.#visit.price : settings.price;
    return {
      channel: txid,
      state: outlet.state,
      credited,
      remaining: outlet.credit(),
      pay,
      energy: energyFor(pay, price),
    };
  }
}

/** True for a coin that a funding spends which waits for blocks. */
export function isFunded(book: ChannelBook, coin: Outpoint): boolean {
  return book.entries.some(
    ({ funding }) => funding !== undefined && readRawTx(funding).inputs.some((input) => isSameOutpoint(input, coin)),
  );
}

/** Id of what was sent as a funding; none where that is no transaction. */
function idOf(transaction: Hex): Hex {
  try {
    return readRawTx(transaction).txid;
  } catch {
    return "";
  }
}

function faultOf({ reason, detail }: ChannelRefusal): Fault {
  const name = FAULT_OF[reason] ?? "bad-increment";
  const wait = name === "channel-not-ready" || name === "unclosed-limit" ? WAIT_FOR_BLOCKS : undefined;
  return new Fault(name, detail, wait);
}
