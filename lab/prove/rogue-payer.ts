// The channels of a rogue cable: it funds them and takes the funding back, signs too little, an old
// state or nonsense, closes and pays on, refunds before its time, pins, and, as a thief, has the
// payee's keys.

import { bytesToHex } from "../../shared/bitcoin/bytes";
import { openWallet, type Wallet } from "../../shared/bitcoin/wallet";
import { changeAt } from "../../shared/channel/amounts";
import { type ChannelFrame, channelFrame, type Deposit, signClosing, signHalf } from "../../shared/channel/closing";
import { depositCoin, type Funding, signFunding, unsignedFunding } from "../../shared/channel/funding";
import { payeeWallet } from "../../shared/channel/payee-key";
import { signRefund } from "../../shared/channel/refund";
import type { Hex, Satoshi } from "../../shared/kernel/units";
import type { ChannelCalls, ChannelPayment, ChannelRequest, VisitOffer } from "../../shared/protocol/channel";
import { CHANNEL } from "../../shared/protocol/words";
import { coinOf, type Purse, type Spendable } from "../model/purse";
import { parse, type Transaction } from "../model/transaction";
import { CHANNEL_SEED, type Stage } from "./stage";

/** A channel as the rogue has it: every half that it ever signed is worth keeping. */
interface Held {
  readonly purse: Purse;
  readonly wallet: Wallet;
  readonly ticket: Hex;
  readonly deposit: Deposit;
  readonly frame: ChannelFrame;
  readonly funding: Transaction;
  readonly coins: readonly Spendable[];
  readonly halves: { readonly paid: Satoshi; readonly half: Hex }[];
  offer: VisitOffer | undefined;
}

/** What its owner has besides, of the rogue cable itself. */
export interface Hands {
  purse(): Purse;
  peer(): string;
  broadcast(tx: Transaction | undefined, node: number): void;
  /** Closes the cable's own relay for good. */
  draw(): void;
  /** Opens a session over whatever coins are on offer, and pays on it. */
  session(): Promise<void>;
  sleep(time: number): Promise<void>;
}

/** Deposits that it asks for: the least, more, and what is beyond all terms. */
const DEPOSITS = [10_000, 10_000, 14_000, 20_000, 9_999, 200_000] as const;
const FEES = [150, 400, 2_000, 8_000] as const;

export class RoguePayer {
  readonly held: Held[] = [];
  private current = 0;

  constructor(
    private readonly stage: Stage,
    private readonly calls: ChannelCalls,
    private readonly hands: Hands,
  ) {}

  async try(trick: string, choice: number): Promise<void> {
    switch (trick) {
      case "channel-open":
        return this.open(choice);
      case "channel-visit":
        return this.visit();
      case "channel-pay":
        return this.pay(choice);
      case "channel-keep-paying":
        return this.keepPaying(15 + (choice % 15));
      case "channel-pay-wrong":
        return this.payWrong(choice);
      case "channel-replay":
        return this.replay(choice);
      case "channel-switch":
        this.current = choice;
        return;
      case "channel-close":
        return this.close();
      case "channel-close-pay":
        await this.close();
        return this.pay(choice);
      case "channel-replace":
        return this.hands.broadcast(this.doubleSpend(choice), choice % 2);
      case "channel-unbury":
        return this.unbury(choice);
      case "channel-refund":
        return this.hands.broadcast(this.refund(choice), choice % 2);
      case "channel-pin":
        return this.hands.broadcast(this.pin(choice), 0);
      case "channel-steal":
        return this.steal(choice);
      default:
        throw new Error(`there is no trick ${trick}`);
    }
  }

  private get here(): Held | undefined {
    return this.held[this.current % Math.max(1, this.held.length)];
  }

  // ------------------------------------------------------------ what it says

  private request(purse: Purse, members: Partial<ChannelRequest>): ReturnType<ChannelCalls["request"]> {
    const wallet = openWallet(purse.secret, this.stage.ecdsa);
    const ticket = wallet.ticket(this.stage.payout.script);
    const cableKey = bytesToHex(wallet.publicKey);
    return this.calls.request({ scheme: CHANNEL, cableKey, ticket, ...members }, this.hands.peer());
  }

  /**
   * As it should be; or its coins go elsewhere before the funding comes: into a session here, or
   * back to itself.
   */
  private async open(choice: number): Promise<void> {
    const purse = this.hands.purse();
    const deposit = DEPOSITS[choice % DEPOSITS.length] as Satoshi;
    const offer = await this.request(purse, { deposit });
    if (!("inputs" in offer)) return;
    const { payeeKey, delay, version, inputs, fee } = offer;
    const wallet = openWallet(purse.secret, this.stage.ecdsa);
    const keys = { payeeKey, cableKey: bytesToHex(wallet.publicKey), delay };
    const funding: Funding = { keys, inputs, deposit, fee };
    const signed = signFunding(funding, wallet);
    const coin = depositCoin(funding);
    const held: Held = {
      ...{ purse, wallet, coins: inputs, halves: [], offer: undefined },
      ticket: wallet.ticket(this.stage.payout.script),
      deposit: { keys, coin, version },
      frame: channelFrame({ keys, coin, version }),
      funding: parse(signed),
    };
    if (choice % 5 === 0) await this.hands.session().catch(() => {});
    if (choice % 7 === 0) this.hands.broadcast(purse.spend(inputs, FEES[choice % 4] as Satoshi), 0);
    this.held.push(held);
    this.current = this.held.length - 1;
    const transaction = choice % 11 === 0 ? unsignedFunding(funding) : signed;
    await this.calls.pay({ funding: transaction, ticket: held.ticket }, this.hands.peer());
    if (transaction !== signed) this.stage.violation = "the socket accepted a funding that nobody signed";
  }

  private async visit(): Promise<void> {
    const { here } = this;
    if (!here) return;
    const offer = await this.request(here.purse, { channel: here.deposit.coin.txid });
    if ("paid" in offer) here.offer = offer;
  }

  private async pay(choice: number): Promise<void> {
    const { here } = this;
    if (here && !here.offer) await this.visit();
    if (!here?.offer) return;
    // As asked, or all at once, or for one satoshi.
    const room = here.deposit.coin.amount - 294 - this.owed(here);
    const asked = Math.max(1, here.offer.pay);
    const pay = choice % 9 === 0 ? room : choice % 9 === 1 ? 1 : asked;
    if (pay < 1 || pay > room) return;
    await this.send(here, this.owed(here) + pay);
    this.hands.draw();
  }

  /** By the socket's own account. */
  private owed({ offer }: Held): Satoshi {
    return offer?.paid ?? 0;
  }

  private async send(held: Held, paid: Satoshi): Promise<void> {
    const increment = this.signed(held, paid);
    const { offer } = held;
    held.halves.push({ paid, half: increment.half });
    held.offer = undefined;
    const result = await this.calls.pay(increment, this.hands.peer());
    held.offer = offer && { ...offer, paid, pay: result.pay };
  }

  private signed({ deposit, frame, wallet, ticket }: Held, paid: Satoshi): ChannelPayment & { readonly half: Hex } {
    const half = signHalf(frame, changeAt(deposit.coin.amount, paid), wallet);
    return { channel: deposit.coin.txid, paid, half, ticket };
  }

  /** Plays the honest customer for a while, so that there is more to take. */
  private async keepPaying(looks: number): Promise<void> {
    await this.visit();
    for (let i = 0; i < looks; i++) {
      await this.pay(5);
      await this.hands.sleep(2_500);
    }
  }

  /** Each is one bit from being good. Whatever is taken must not have been. */
  private async payWrong(choice: number): Promise<void> {
    const { here } = this;
    if (here && !here.offer) await this.visit();
    if (!here?.offer) return;
    const owed = this.owed(here);
    const good = this.signed(here, owed + Math.max(1, here.offer.pay));
    const other = this.held.find((each) => each !== here);
    const { coin } = here.deposit;
    const stranger = openWallet(new Uint8Array(32).fill(0x31), this.stage.ecdsa);
    const otherType = (type: string): Hex => good.half.slice(0, -2) + type;
    const wrong: (() => ChannelPayment)[] = [
      () => ({ ...good, paid: (good.paid ?? 0) + 1 }),
      () => ({ ...good, half: otherType("01") }),
      () => ({ ...good, half: otherType("81") }),
      () => ({ ...good, half: otherType("03") }),
      () => ({ ...good, half: `${bytesToHex(stranger.sign(new Uint8Array(32).fill(7)))}83` }),
      () => this.signed(here, Math.max(0, owed - 1)),
      () => this.signed(here, coin.amount - 293),
      () => this.signed(here, coin.amount),
      () => ({ ...good, channel: other?.deposit.coin.txid ?? "00".repeat(32) }),
      () => ({ ...good, ticket: "00".repeat(16) }),
      () => ({ ...good, paid: -5 }),
      () => ({ ...good, half: good.half.replace(/^30(..)02/, "31$102") }),
    ];
    const payment = (wrong[choice % wrong.length] as () => ChannelPayment)();
    await this.calls.pay(payment, this.hands.peer());
    this.stage.violation = `the socket accepted a wrong increment (kind ${choice % wrong.length})`;
  }

  /** An older state, once there is a later one. */
  private async replay(choice: number): Promise<void> {
    const { here } = this;
    const entry = this.stage.socketChannels().find(({ txid }) => txid === here?.deposit.coin.txid);
    const older = here?.halves.filter(({ paid }) => paid < (entry?.paid ?? 0)) ?? [];
    const state = older[choice % Math.max(1, older.length)];
    if (!here || !state) return;
    await this.calls.pay({ channel: here.deposit.coin.txid, ...state, ticket: here.ticket }, this.hands.peer());
    this.stage.violation = "the socket accepted an increment that a later one had taken the place of";
  }

  private async close(): Promise<void> {
    const { here } = this;
    if (here) await this.request(here.purse, { channel: here.deposit.coin.txid, close: true });
  }

  // ------------------------------------------------------------ what it brings to the chain

  /** The funding's coins back to itself, before a block has it. */
  private doubleSpend(choice: number): Transaction | undefined {
    const { here } = this;
    const total = here?.coins.reduce((sum, { amount }) => sum + amount, 0) ?? 0;
    const fee = FEES[choice % FEES.length] as Satoshi;
    return here && total > fee + 1_000 ? here.purse.spend(here.coins, fee) : undefined;
  }

  /** A branch in which the funding's coins went elsewhere. */
  private unbury(choice: number): void {
    const { here, stage } = this;
    const { blocks } = stage.network;
    const block = here && blocks.blockOf(here.funding.txid);
    if (!here || !block) return;
    const depth = blocks.height - block.height + 1;
    // A branch as long as what the socket waits for is dear, and beyond its trust but for what it
    // lets stand unclosed.
    if (depth > stage.settings.channelConfirmations || depth > 2 || stage.settings.confirmations <= depth) return;
    const rival = choice % 2 === 0 ? this.doubleSpend(choice) : undefined;
    stage.network.reorganise(depth, rival ? [rival.hex] : []);
  }

  refundAll(): void {
    for (let i = 0; i < this.held.length; i++) {
      this.current = i;
      this.hands.broadcast(this.refund(i), 0);
    }
  }

  private refund(choice: number): Transaction | undefined {
    const { here } = this;
    const fee = FEES[choice % FEES.length] as Satoshi;
    return here && parse(signRefund(here.deposit, here.frame, fee, here.wallet));
  }

  /** A child of whatever spends the deposit now, on the change. */
  private pin(choice: number): Transaction | undefined {
    const { here, stage } = this;
    const { mempool } = stage.network.node;
    const spender = here && mempool.spenderOf(`${here.deposit.coin.txid}:0`);
    const tx = spender === undefined ? undefined : mempool.entries.get(spender)?.tx;
    const change = tx?.outputs[0];
    if (!here || !tx || change?.script !== here.purse.script || change.amount < 4_000) return undefined;
    const outputs = choice % 2 === 0 ? 1 : 12;
    return here.purse.spend([coinOf(tx)], Math.min(change.amount - 300 * outputs, 100 + (choice % 3_000)), {
      ...{ outputs, version: tx.version },
    });
  }

  /**
   * With the payee's seed: closes at a state of its choice, and the payee's share goes to itself.
   * Once: a key is stolen once.
   */
  private steal(choice: number): void {
    const { here, stage } = this;
    const entry = stage.socketChannels().find(({ txid }) => txid === here?.deposit.coin.txid);
    if (!here || !entry || here.halves.length === 0 || stage.thefts > 0) return;
    stage.thefts += 1;
    const state = here.halves[choice % here.halves.length] as Held["halves"][number];
    const payee = payeeWallet(CHANNEL_SEED, entry.index ?? 0, stage.ecdsa);
    const fee = Math.min(state.paid - 294, FEES[choice % FEES.length] as Satoshi);
    const change = changeAt(here.deposit.coin.amount, state.paid);
    const terms = { payeeScript: here.purse.script, fee, coins: [] };
    const raw = signClosing(here.deposit, here.frame, { change, half: state.half }, terms, payee);
    this.hands.broadcast(parse(raw), choice % 2);
  }
}
