// The channels of a rogue socket: it states terms of its own, keeps fundings back, denies what it
// was paid, calls a channel gone that is not, and closes at whatever state it likes. It cannot sign
// for the cable.

import { bytesToHex } from "../../shared/bitcoin/bytes";
import { openWallet } from "../../shared/bitcoin/wallet";
import { changeAt, firstPayment } from "../../shared/channel/amounts";
import { type ChannelFrame, channelFrame, type Deposit, isHalf, signClosing } from "../../shared/channel/closing";
import { depositCoin, type Funding, unsignedFunding } from "../../shared/channel/funding";
import { outpointKey } from "../../shared/kernel/outpoint";
import {
  energyFor,
  type Hex,
  type MilliSatPerWh,
  type Millisecond,
  type MilliwattHour,
  type Satoshi,
} from "../../shared/kernel/units";
import type {
  ChannelCalls,
  ChannelOffer,
  ChannelPayment,
  ChannelRequest,
  ChannelResult,
  ChannelTerms,
  VisitOffer,
} from "../../shared/protocol/channel";
import { Fault } from "../../shared/protocol/faults";
import { CHANNEL } from "../../shared/protocol/words";
import { Purse, type Spendable } from "../model/purse";
import { parse, type Transaction } from "../model/transaction";
import type { Stage } from "./stage";

/** A funding that the cable signed, and every half over it. */
export interface Bought {
  readonly funding: Funding;
  readonly deposit: Deposit;
  readonly frame: ChannelFrame;
  readonly payee: Purse;
  readonly tx: Transaction;
  /** False where it was signed under amounts of the rogue's invention: no node takes it. */
  readonly isGood: boolean;
  /** The payee's script by which the cable knows the socket. */
  readonly face: Hex;
  readonly halves: { readonly paid: Satoshi; readonly half: Hex }[];
  /** What it admits. */
  paid: Satoshi;
  half: Hex | undefined;
}

/** What it is, beside its channels. */
export interface Shop {
  face(): Hex;
  remaining(): MilliwattHour;
  credit(energy: MilliwattHour): void;
  broadcast(hex: Hex): void;
  /** It has stated this price. */
  priced(price: MilliSatPerWh): void;
  /** It was given a signature, good or not. */
  taken(tx: Transaction): void;
  /** Would the network take it? */
  isGood(tx: Transaction): boolean;
  /** Coins of the cable's that it has signatures over. */
  signedFor(): readonly Spendable[];
}

const FEE: Satoshi = 150;
const DELAYS = [0, 1, 16, 144, 2_015, 4_033, 20_000, 32_767, 32_768, 65_535, 0x400000 + 2_016] as const;
const DEPOSITS = [15_000, 20_000, 20_001, 30_000, 500_000] as const;
const ASKS = [1, 500, 1_000, 1_001, 3_000, 9_000] as const;
/** It has a cable try again at once. */
const SOON: Millisecond = 1_000;
/** What it asks for where it does not lie about that. */
const STEP: Satoshi = 300;
/** The most that a cable signs at once. */
const MOST: Satoshi = 1_000;
const CLOSING_FEE: Satoshi = 17;

export class RogueSeller implements ChannelCalls {
  readonly bought: Bought[] = [];
  private readonly lies = new Map<string, number>();
  private proposed: { readonly funding: Funding; readonly version: number; readonly payee: Purse } | undefined;
  private keys = 0;
  private readonly payees = new Map<number, Purse>();

  constructor(
    private readonly stage: Stage,
    private readonly shop: Shop,
  ) {}

  /** What get_status says of channels. */
  terms(): ChannelTerms {
    const { depositMin, depositMax, channelConfirmations, channelMargin } = this.stage.settings;
    return {
      payeeKey: this.payeeKey(this.payee()),
      depositLeast: this.lied("channel-deposit", depositMin, DEPOSITS),
      depositMost: Math.max(depositMax, 1_000_000),
      delay: this.delay(),
      confirmations: channelConfirmations,
      margin: channelMargin,
      version: 3,
      first: this.first(),
      step: 1,
    };
  }

  do(trick: string, choice: number): void {
    const one = this.bought[choice % Math.max(1, this.bought.length)];
    switch (trick) {
      case "honest":
        this.lies.clear();
        return;
      case "channel-close":
        this.close(one, one?.halves.at(-1));
        return;
      case "channel-close-old":
        this.close(one, one?.halves[choice % Math.max(1, one.halves.length)]);
        return;
      case "channel-fund-later":
        for (const { tx } of this.bought) this.shop.broadcast(tx.hex);
        return;
      default:
        this.lies.set(trick, choice);
    }
  }

  /** All fundings, and closings at the states that pay most. */
  cashIn(): void {
    for (const one of this.bought) {
      this.shop.broadcast(one.tx.hex);
      this.close(one, [...one.halves].sort((a, b) => b.paid - a.paid)[0]);
    }
  }

  // ------------------------------------------------------------ calls

  async request(request: ChannelRequest): Promise<ChannelOffer> {
    if (this.lies.has("channel-not-ready")) throw new Fault("channel-not-ready", "", 5_000);
    if (request.deposit !== undefined) return this.propose(request, request.deposit);
    const one = this.find(request.channel);
    return this.offer(one, request.close === true);
  }

  async pay(payment: ChannelPayment): Promise<ChannelResult> {
    if (payment.funding !== undefined) return this.fund(payment.funding);
    const one = this.find(payment.channel);
    const { paid = 0, half = "" } = payment;
    const change = changeAt(one.deposit.coin.amount, paid);
    const isNew = !one.halves.some((each) => each.half === half);
    if (!isHalf(one.deposit, one.frame, change, half, this.stage.ecdsa)) throw new Fault("bad-increment");
    if (isNew) {
      one.halves.push({ paid, half });
      this.stage.counts.increments += 1;
      this.stage.note(`rogue: was signed ${paid} sat of a channel`);
    }
    if (this.lies.has("channel-silence")) return new Promise<never>(() => {});
    if (this.lies.has("channel-refuse") || this.lies.has("channel-deny")) throw new Fault("bad-increment", "", SOON);
    const more = Math.max(0, paid - one.paid);
    // As an imitator of the socket to which the channel belongs: the answer is good, and the socket
    // never hears of it.
    if (!this.lies.has("channel-forget")) {
      one.paid = Math.max(paid, one.paid);
      one.half = half;
    }
    if (!this.lies.has("channel-no-credit")) this.shop.credit(energyFor(more, this.stage.settings.price));
    return this.result(one);
  }

  private find(channel: Hex | undefined): Bought {
    const one = this.bought.find(({ deposit }) => deposit.coin.txid === channel);
    const { network, settings } = this.stage;
    if (!one || this.lies.has("channel-gone")) throw new Fault("unknown-channel", "", SOON);
    const block = network.blocks.blockOf(one.tx.txid);
    const isEager = this.lies.has("channel-hold");
    const depth = block ? network.blocks.height - block.height + 1 : 0;
    if (!isEager && depth < settings.channelConfirmations) throw new Fault("channel-not-ready", "", SOON);
    return one;
  }

  // ------------------------------------------------------------ fundings

  private propose({ cableKey }: ChannelRequest, deposit: Satoshi): ChannelOffer {
    const payee = this.payee(++this.keys);
    const keys = { payeeKey: this.payeeKey(payee, cableKey), cableKey, delay: this.delay() };
    const fee = this.lied("channel-fee", FEE, [9_000, 5_001, 6_000]);
    const inputs = this.coins(deposit + fee);
    const version = this.lied("channel-version", 3, [1, 2, 4]);
    const funding: Funding = { keys, inputs, deposit, fee };
    this.proposed = { funding, version, payee };
    return {
      ...{ scheme: CHANNEL, version, deposit, fee },
      payeeKey: keys.payeeKey,
      delay: keys.delay,
      inputs,
      transaction: bytesOf(funding),
    };
  }

  private coins(want: Satoshi): readonly Spendable[] {
    const { stage } = this;
    const taken = this.bought.flatMap(({ funding }) => funding.inputs);
    const excluded = new Set([...taken, ...this.shop.signedFor()].map(outpointKey));
    // Coins are in one thing only: this one says that they are in another, too.
    const isTwice = this.lies.has("channel-coins");
    const own = [...stage.network.blocks.unspent.values()].filter(({ script }) => script === stage.purse.script);
    const free = own.filter((coin) => isTwice || !excluded.has(outpointKey(coin)));
    const enough = free.filter(({ amount }) => amount >= want).sort((a, b) => a.amount - b.amount);
    const chosen = enough.length > 0 ? enough.slice(0, 1) : free.sort((a, b) => b.amount - a.amount).slice(0, 5);
    if (chosen.reduce((sum, { amount }) => sum + amount, 0) < want) throw new Fault("insufficient-funds");
    const less = this.lied("channel-amounts", 0, [2_000, 1, 5_000]);
    return chosen.map(({ txid, vout, amount }, i) => ({ txid, vout, amount: i === 0 ? amount - less : amount }));
  }

  private fund(signed: Hex): ChannelResult {
    const { proposed } = this;
    const known = this.bought.find(({ tx }) => tx.hex === signed);
    if (known) return this.result(known);
    const tx = parse(signed);
    if (!proposed || depositCoin(proposed.funding).txid !== tx.txid) throw new Fault("bad-funding");
    const { funding, version, payee } = proposed;
    if (this.isSignedFor(funding.inputs)) this.stage.violation = "a funding spends a coin that pays for a session";
    const deposit = { keys: funding.keys, coin: depositCoin(funding), version };
    this.shop.taken(tx);
    const bought: Bought = {
      isGood: this.shop.isGood(tx),
      ...{ funding, deposit, payee, tx, halves: [], paid: 0, half: undefined },
      frame: channelFrame(deposit),
      face: this.shop.face(),
    };
    this.bought.push(bought);
    this.stage.counts.sessions += 1;
    this.stage.note(`rogue: was given a funding of ${funding.deposit} sat`);
    if (!this.lies.has("channel-hold")) this.shop.broadcast(signed);
    if (this.lies.has("channel-silence")) throw new Fault("internal-error");
    return this.result(bought);
  }

  /** By the cable's own record: of a session that runs, or of one that may yet be mined. */
  private isSignedFor(inputs: Funding["inputs"]): boolean {
    const { session, pledges = [] } = this.stage.cableRecord() ?? {};
    const running = session && session.commitments.length > 0 ? session.inputs : [];
    const taken = new Set([...running, ...pledges.flatMap(({ outpoints }) => outpoints)].map(outpointKey));
    return inputs.some((input) => taken.has(outpointKey(input)));
  }

  /** A draft that the cable signed may spend no coin of a funding that it counts on. */
  isFunded(tx: Transaction): boolean {
    const coins = this.stage.cableChannels().flatMap((entry) => entry.coins ?? []);
    const taken = new Set(coins.map(outpointKey));
    return tx.inputs.some((input) => taken.has(outpointKey(input)));
  }

  private close(one: Bought | undefined, state: Bought["halves"][number] | undefined): void {
    if (!one || !state || state.paid < 294 + CLOSING_FEE) return;
    const wallet = openWallet(one.payee.secret, this.stage.ecdsa);
    if (bytesToHex(wallet.publicKey) !== one.deposit.keys.payeeKey) return;
    const terms = { payeeScript: this.stage.payout.script, fee: CLOSING_FEE, coins: [] };
    const change = changeAt(one.deposit.coin.amount, state.paid);
    this.shop.broadcast(signClosing(one.deposit, one.frame, { change, half: state.half }, terms, wallet));
  }

  // ------------------------------------------------------------ what it says

  private offer(one: Bought, isClose: boolean): VisitOffer {
    const { keys, coin, version } = one.deposit;
    const shown = this.shown(one);
    const pay = this.ask(one, shown.paid);
    const price = this.lied(
      "channel-price",
      this.stage.settings.price,
      [0, 2, 3].map((n) => n * 20_000),
    );
    this.shop.priced(price);
    return {
      ...{ scheme: CHANNEL, channel: coin.txid, payeeKey: keys.payeeKey, delay: keys.delay, version },
      ...{ deposit: coin.amount, pay, energy: energyFor(pay, this.stage.settings.price), price },
      paid: shown.paid,
      ...(shown.half === undefined ? {} : { half: shown.half }),
      credit: this.shop.remaining(),
      closing: isClose || this.lies.has("channel-closing"),
    };
  }

  /** The latest state that it admits, an earlier one, or none at all. */
  private shown(one: Bought): { readonly paid: Satoshi; readonly half: Hex | undefined } {
    const choice = this.lies.get("channel-deny");
    if (choice === undefined) return one;
    const earlier = one.halves.slice(0, -1);
    const state = choice % 2 === 0 ? undefined : earlier[choice % Math.max(1, earlier.length)];
    return state ?? { paid: 0, half: undefined };
  }

  private ask(one: Bought, paid: Satoshi): Satoshi {
    const { deposit, half } = one;
    const honest = half === undefined ? this.first() : STEP;
    const isDenied = this.lies.has("channel-deny");
    const pay = isDenied ? MOST + this.unheard(one, paid) : this.lied("channel-ask", honest, ASKS);
    return Math.max(0, Math.min(pay, deposit.coin.amount - 294 - paid));
  }

  /** What it was signed beyond the state that it shows: it asks for as much again. */
  private unheard({ halves }: Bought, paid: Satoshi): Satoshi {
    return Math.max(0, ...halves.map((each) => each.paid)) - paid;
  }

  private result(one: Bought): ChannelResult {
    const pay = this.ask(one, one.paid);
    const remaining = this.shop.remaining();
    const energy = energyFor(pay, this.stage.settings.price);
    return { channel: one.deposit.coin.txid, state: "paid", credited: 0, remaining, pay, energy };
  }

  private first(): Satoshi {
    return firstPayment(this.stage.payout.script, 100);
  }

  private payee(number = this.keys + 1): Purse {
    const payee = this.payees.get(number) ?? new Purse(`payee of channel ${number}`, this.stage.ecdsa);
    this.payees.set(number, payee);
    return payee;
  }

  /**
   * A point of its own; or the cable's, that with the other sign, none of the curve, or none at
   * all.
   */
  private payeeKey(payee: Purse, cableKey: Hex = bytesToHex(this.stage.purse.publicKey)): Hex {
    const other = cableKey.startsWith("02") ? "03" : "02";
    const wrong = [cableKey, other + cableKey.slice(2), `02${"ff".repeat(32)}`, `04${cableKey.slice(2)}`];
    return this.lied("channel-key", bytesToHex(payee.publicKey), wrong);
  }

  private delay(): number {
    return this.lied("channel-delay", this.stage.settings.channelDelay, DELAYS);
  }

  private lied<T>(name: string, honest: T, lies: readonly T[]): T {
    const choice = this.lies.get(name);
    return choice === undefined ? honest : (lies[choice % lies.length] as T);
  }
}

/** No transaction has every number that can be said. */
function bytesOf(funding: Funding): Hex {
  try {
    return unsignedFunding(funding);
  } catch {
    return "02";
  }
}
