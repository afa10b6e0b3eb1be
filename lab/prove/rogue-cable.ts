// A cable that cheats in every way its owner could program: it has keys, coins, a node, the best
// place beside the miner, and it draws whatever the relay lets through. It cannot forge signatures
// of keys that it does not have.

import { addressOf } from "../../shared/bitcoin/address";
import { ChainError } from "../../shared/chain/error";
import { messageOf } from "../../shared/kernel/message";
import type { DraftOffer, PaymentRequest, SocketCalls } from "../../shared/protocol/types";
import { SCHEMES } from "../../shared/protocol/words";
import { coinOf, Purse, type Spendable } from "../model/purse";
import type { Transaction } from "../model/transaction";
import { type CableManner, CableSpeech, type Props } from "./cable-manner";
import type { Referee } from "./referee";
import { RoguePayer } from "./rogue-payer";
import { NETWORK, type Stage } from "./stage";

interface Paid extends PaymentRequest {
  readonly tx: Transaction;
  readonly coins: readonly Spendable[];
  readonly purse: Purse;
}

/** After that many ms a commitment is broadcast "later". */
const LATER = 45_000;
const FOREVER = { upTo: 1e15, time: 1e12, current: 1e9 };

export class RogueCable implements Props {
  readonly purses: readonly Purse[];
  private readonly calls: SocketCalls;
  purse: Purse;
  private host = 1;
  offer: DraftOffer | undefined;
  readonly paid: Paid[] = [];
  /** Transactions that pay what was on offer: no other may ever be accepted. */
  private readonly honest = new Set<string>();
  private speech: CableSpeech | undefined;
  /** Where the socket sells by channel. */
  private readonly byChannel: RoguePayer | undefined;

  constructor(
    private readonly stage: Stage,
    private readonly referee: Referee,
  ) {
    this.purses = [stage.purse, ...[1, 2, 3].map((i) => new Purse(`rogue ${i}`, stage.ecdsa))];
    this.purse = stage.purse;
    for (const purse of this.purses.slice(1))
      for (const amount of stage.terms.coins) stage.network.grant(purse.script, amount);
    this.calls = stage.link.calls();
    if (this.calls.channels)
      this.byChannel = new RoguePayer(stage, this.calls.channels, {
        purse: () => this.purse,
        peer: () => this.peer(),
        broadcast: (tx, node) => this.broadcast(tx, node),
        draw: () => stage.circuit.cable.grant(FOREVER),
        session: () => this.pay(),
        sleep: (time) => this.sleep(time),
      });
    stage.circuit.cable.boot();
    // Drawing before it has paid only trips the socket; it may try (trick "draw").
    stage.circuit.onSupply = (on) => {
      if (!on) stage.circuit.cable.revoke();
    };
  }

  /** From now on it calls like this. */
  speak(manner: CableManner): void {
    this.speech = new CableSpeech(this.stage, manner, (purse) => addressOf(purse.script, NETWORK));
  }

  /** Starts a trick and does not wait for its end: calls overlap as they like. */
  do(trick: string, choice: number): void {
    this.try(trick, choice).catch((error: unknown) => {
      this.stage.note(`rogue: ${trick} met ${messageOf(error).slice(0, 120)}`);
    });
  }

  private async try(trick: string, choice: number): Promise<void> {
    const { stage } = this;
    switch (trick) {
      case "draw":
        stage.circuit.cable.grant(FOREVER);
        return;
      case "status":
        await this.calls.getStatus({ waitMs: choice % 2 === 0 ? 0 : 20_000 }, this.peer());
        return;
      case "request":
        return this.request(choice);
      case "pay":
        return this.pay();
      case "pay-fast":
        for (let i = 0; i < 4; i++) await this.pay();
        return;
      case "pay-wrong":
        return this.payWrong(choice);
      case "replay": {
        const old = this.paid[choice % Math.max(1, this.paid.length)];
        if (old) await this.calls.payTransaction(plain(old), this.peer());
        return;
      }
      case "flood":
        for (let i = 0; i < 10; i++) this.do(["request", "pay", "status", "replay"][i % 4] as string, choice + i);
        return;
      case "double-spend":
        this.broadcast(this.doubleSpend(choice), 1);
        return;
      case "double-spend-miner":
        this.broadcast(this.doubleSpend(choice), 0);
        return;
      case "keep-paying":
        return this.keepPaying(20 + (choice % 20));
      case "spend-then-pay":
        return this.spendThenPay(choice);
      case "old-commitment": {
        const old = this.paid[choice % Math.max(1, this.paid.length)];
        this.broadcast(old?.tx, choice % 2);
        return;
      }
      case "pin":
        this.broadcast(this.pin(choice), 0);
        return;
      case "rival-reorg": {
        // A reorganisation deeper than what the socket waits for is beyond its trust
        // (docs/trust.md).
        const tx = stage.settings.confirmations > 1 ? this.rivalOfLastBlock() : undefined;
        if (tx) stage.network.reorganise(1, [tx.hex]);
        return;
      }
      case "switch-purse":
        this.purse = this.purses[choice % this.purses.length] as Purse;
        return;
      case "move-host":
        this.host = 1 + (choice % 5);
        return;
      default:
        return this.byChannel?.try(trick, choice);
    }
  }

  /** All deposits, once their time has come. */
  refund(): void {
    this.byChannel?.refundAll();
  }

  /** Plays the honest customer for a while, so that there is more to take. */
  private async keepPaying(looks: number): Promise<void> {
    for (let i = 0; i < looks; i++) {
      const status = await this.calls.getStatus({}, this.peer());
      if (status.renewalDue || status.remaining === 0) await this.pay();
      await this.sleep(2_500);
    }
  }

  /**
   * Spends the coins, stays in touch until an old "unspent" would do no more, and pays with them.
   */
  private async spendThenPay(choice: number): Promise<void> {
    if (!this.offer) await this.request();
    this.broadcast(this.doubleSpend(choice), 1);
    for (let i = 0; i < 5; i++) {
      await this.sleep(8_500);
      await this.calls.getStatus({}, this.peer());
    }
    await this.pay();
  }

  private sleep(time: number): Promise<void> {
    return new Promise((resolve) => {
      this.stage.clock.after(time, resolve);
    });
  }

  private peer(): string {
    return `169.254.1.${this.host}:50000`;
  }

  private async request(choice = 1): Promise<void> {
    const schemes = SCHEMES.filter((each) => this.stage.settings.schemes.includes(each));
    const scheme = schemes[choice % 5 === 0 ? schemes.length - 1 : 0] ?? "single-fee";
    const honest = { address: addressOf(this.purse.script, NETWORK), scheme };
    const request = this.speech?.request(honest, this) ?? honest;
    const { address } = request;
    if (choice % 3 === 0) await this.calls.getStatus({ address, scheme: request.scheme }, this.peer());
    this.offer = await this.calls.powerRequest(request, this.peer());
    this.referee.watch(this.offer.inputs);
  }

  private async pay(): Promise<void> {
    const { offer } = this;
    if (!offer) {
      await this.request();
      return this.pay();
    }
    this.offer = undefined;
    const payment = this.sign(offer);
    const sent = this.speech?.payment(plain(payment), this, () => this.altered(offer)) ?? plain(payment);
    this.bringOut(payment.tx);
    this.paid.push(payment);
    this.honest.add(payment.transaction);
    const result = await this.calls.payTransaction(sent, this.peer());
    if (!this.honest.has(sent.transaction))
      this.stage.violation = "the socket accepted a transaction that it never offered";
    this.offer = result.next;
    this.stage.circuit.cable.grant(FOREVER);
  }

  /** The commitment itself goes to the chain, as its manner has it. */
  private bringOut(tx: Transaction): void {
    const { broadcast } = this.speech?.manner ?? { broadcast: "never" };
    if (broadcast === "now") this.broadcast(tx, 1);
    if (broadcast === "later") this.stage.clock.after(LATER, () => this.broadcast(tx, 0));
  }

  /** The draft with a satoshi less for the socket, signed. */
  private altered(offer: DraftOffer): string {
    const [socket, ...others] = offer.outputs;
    if (!socket) return "";
    return this.sign({ ...offer, outputs: [{ ...socket, amount: socket.amount - 1 }, ...others] }).transaction;
  }

  private sign(offer: DraftOffer, type = 1): Paid {
    const purse = this.ownerOf(offer) ?? this.purse;
    const tx = purse.sign({ outputs: offer.outputs }, offer.inputs, { type });
    return { session: offer.session, increment: offer.increment, transaction: tx.hex, tx, coins: offer.inputs, purse };
  }

  private ownerOf(offer: DraftOffer): Purse | undefined {
    const change = offer.outputs[1]?.script;
    return this.purses.find((purse) => purse.script === change);
  }

  private async payWrong(choice: number): Promise<void> {
    const { offer } = this;
    if (!offer) return;
    const good = this.sign(offer);
    const [socket, change] = offer.outputs;
    if (!socket) return;
    const outputs = (value: number): DraftOffer["outputs"] => [
      { ...socket, amount: value },
      ...(change ? [{ ...change, amount: change.amount + socket.amount - value }] : []),
    ];
    const alone = (signed: Paid): Paid => ({ ...good, transaction: signed.transaction });
    const wrong: (() => Paid)[] = [
      () => alone(this.sign({ ...offer, outputs: outputs(socket.amount - 1) })),
      () =>
        alone(this.sign({ ...offer, outputs: [{ ...socket, script: this.purse.script }, ...offer.outputs.slice(1)] })),
      () => alone(this.sign(offer, 2)),
      () => alone(this.sign(offer, 3)),
      () => alone(this.sign(offer, 0x81)),
      () => ({ ...good, transaction: good.transaction.replace(/..$/, "01") }),
      () => ({ ...good, transaction: good.transaction.slice(0, 60) }),
      () => ({ ...good, transaction: good.transaction.replace(/30(4.)02/, "31$102") }),
      () => ({ ...good, increment: good.increment + 1 }),
      () => ({ ...good, session: "00".repeat(16) }),
      () =>
        alone({ ...good, transaction: (this.purses[3] as Purse).sign({ outputs: offer.outputs }, offer.inputs).hex }),
      () => alone(this.sign({ ...offer, inputs: offer.inputs.slice(0, 1) })),
    ];
    const bad = (wrong[choice % wrong.length] as () => Paid)();
    if (JSON.stringify(plain(bad)) === JSON.stringify(plain(good))) return;
    await this.calls.payTransaction(plain(bad), this.peer());
    this.stage.violation = `the socket accepted a wrong payment (kind ${choice % wrong.length})`;
  }

  /** Back to itself what was promised, at a fee that may be too low or crushing. */
  private doubleSpend(choice: number): Transaction | undefined {
    const last = this.paid[this.paid.length - 1 - (choice % Math.min(3, Math.max(1, this.paid.length)))];
    const coins = last?.coins ?? this.offer?.inputs;
    if (!coins) return undefined;
    const total = coins.reduce((sum, coin) => sum + coin.amount, 0);
    const fee = [100, 1_000, 5_000, 20_000][choice % 4] as number;
    const purse = last?.purse ?? this.purse;
    return total > fee + 1000 ? purse.spend(coins, fee) : undefined;
  }

  /** A big, poor child of the last commitment's change, to make replacing it dear. */
  private pin(choice: number): Transaction | undefined {
    const last = this.paid.at(-1);
    const change = last?.tx.outputs[1];
    if (!last || !change || change.amount < 30 * 400) return undefined;
    return last.purse.spend([coinOf(last.tx, 1)], Math.min(change.amount - 30 * 300, 200 + (choice % 5_000)), {
      outputs: 30,
    });
  }

  private rivalOfLastBlock(): Transaction | undefined {
    const block = this.stage.network.blocks.all().at(-1);
    const mined = block?.transactions.find((tx) => this.paid.some((each) => each.tx.txid === tx.txid));
    const paid = this.paid.find((each) => each.tx.txid === mined?.txid);
    return paid?.purse.spend(paid.coins, 500, { outputs: 2 });
  }

  private broadcast(tx: Transaction | undefined, node: number): void {
    if (!tx) return;
    try {
      this.stage.network.nodes[node]?.submit(tx.hex);
      this.stage.note(`rogue: broadcast ${tx.txid.slice(0, 16)} at node ${node}`);
    } catch (error) {
      if (!(error instanceof ChainError)) throw error;
      this.stage.note(`rogue: broadcast refused, ${error.message.slice(0, 90)}`);
    }
  }
}

/** What travels: the request alone. */
function plain({ session, increment, transaction }: Paid): PaymentRequest {
  return { session, increment, transaction };
}
