// A socket that cheats in every way its owner could program: it holds the relay, says what it
// likes, keeps every signature it was ever given and may bring any of them to the chain at any
// time, mixed or not. It cannot sign for the cable.

import { type Draft, outputsOf, unsignedHex } from "../../shared/bitcoin/draft";
import { ChainError } from "../../shared/chain/error";
import { outpointKey } from "../../shared/kernel/outpoint";
import { energyFor, type Satoshi } from "../../shared/kernel/units";
import { Fault } from "../../shared/protocol/faults";
import type {
  DraftOffer,
  PaymentRequest,
  PaymentResult,
  PowerRequest,
  SocketCalls,
  Status,
  StatusRequest,
} from "../../shared/protocol/types";
import { Purse, type Spendable } from "../model/purse";
import { inputFault, parse, serialise, type Transaction } from "../model/transaction";
import { type Manner, Speech } from "./manner";
import { RogueSeller } from "./rogue-seller";
import type { Stage } from "./stage";

const FOREVER = { upTo: 1e15, time: 1e12, current: 1e9 };
const FEE = 300;
/** After that many ms a signature is broadcast "later". */
const LATER = 45_000;

interface Open {
  readonly id: string;
  readonly scheme: "basic" | "single-fee";
  readonly max: Satoshi;
  readonly expiry: number;
  readonly arrears: Satoshi;
  coins: readonly Spendable[];
  script: string;
  increment: number;
  value: Satoshi;
  paid: Satoshi;
}

/** What it lies about, until told to be honest again. */
type Lie = string;

export class RogueSocket implements SocketCalls {
  /** All that the cable ever signed and sent here. */
  readonly signed: Transaction[] = [];
  /** Signings under amounts of its own invention too: no node takes one of those alone. */
  private readonly takenEver: Transaction[] = [];
  private readonly lies = new Set<Lie>();
  private speech: Speech | undefined;
  /**
   * The dearest price that the cable ever signed under, msat/Wh: within its owner's limit it has
   * lost nothing by that.
   */
  dearest: number;
  /** The dearest price within that limit that was announced since the last signature. */
  private announced = 0;
  private script: string;
  private open: Open | undefined;
  private offered: { readonly offer: DraftOffer; readonly draft: Draft; readonly pay: Satoshi } | undefined;
  /** Energy that it admits to owe, mWh, when its own meter stood at `mark`. */
  private credit = 0;
  private mark = 0;
  private drained = 0;
  private names = 0;
  /** Which coin's amount it lies about now. */
  private lieOn = 0;
  private fee: Satoshi = FEE;
  /** Where its owner sells by channel. */
  readonly channels: RogueSeller | undefined;

  constructor(private readonly stage: Stage) {
    this.script = stage.payout.script;
    if (stage.settings.schemes.includes("channel"))
      this.channels = new RogueSeller(stage, {
        face: () => this.script,
        remaining: () => this.remaining(),
        credit: (energy) => {
          this.settleCredit();
          if (!this.lies.has("no-credit")) this.credit += energy;
        },
        broadcast: (hex) => this.broadcast(hex),
        taken: (tx) => this.takenEver.push(tx),
        isGood: (tx) => this.isGood(tx),
        priced: (price) => {
          if (price <= stage.cableSettings.maxPrice) this.dearest = Math.max(this.dearest, price);
        },
        signedFor: () => this.signed.flatMap((tx) => tx.inputs.map((input) => ({ ...input, amount: 0 }))),
      });
    this.dearest = stage.settings.price;
    stage.circuit.socket.boot();
    this.power(true);
    stage.link.far = () => (stage.circuit.isPlugged ? this : undefined);
  }

  /** From now on it speaks and acts like this. */
  speak(manner: Manner): void {
    this.speech = new Speech(this.stage, manner, this.signed);
  }

  do(trick: string, choice: number): void {
    if (trick === "honest" || trick.startsWith("channel-")) this.channels?.do(trick, choice);
    switch (trick) {
      case "honest":
        this.lies.clear();
        this.speech = undefined;
        this.power(true);
        return;
      case "starve":
        this.power(false);
        return;
      case "power":
        this.power(true);
        return;
      case "cycle":
        this.cycle(3);
        return;
      case "new-script":
        this.script = new Purse(`another face ${++this.names}`, this.stage.ecdsa).script;
        this.open = undefined;
        this.credit = 0;
        return;
      case "new-session":
        this.open = undefined;
        return;
      case "forget":
        this.open = undefined;
        this.credit = 0;
        return;
      case "broadcast-now":
        this.broadcast(this.signed.at(-1)?.hex);
        return;
      case "broadcast-old":
        this.broadcast(this.signed[choice % Math.max(1, this.signed.length)]?.hex);
        return;
      case "halves":
        this.halves();
        return;
      default:
        if (!trick.startsWith("channel-")) this.lies.add(trick);
    }
  }

  /** Brings out what is worth most to it, as a cheat would at the end. */
  cashIn(): void {
    for (const tx of [...this.signed].sort((a, b) => worthTo(b) - worthTo(a))) this.broadcast(tx.hex);
    this.channels?.cashIn();
  }

  async getStatus(request: StatusRequest): Promise<Status> {
    const { settings } = this.stage;
    if (this.lies.has("refuse")) throw new Fault("chain-unavailable", "", 1_000);
    if (request.waitMs)
      await new Promise<void>((resolve) => this.stage.clock.after(Math.min(request.waitMs ?? 0, 2_000), resolve));
    const remaining = this.remaining();
    const plain = this.lies.has("lie-price") ? settings.price * 2 : settings.price;
    const price = this.speech?.price(plain, settings.increment) ?? plain;
    // Beyond the owner's limit no cable agrees to it.
    if (price <= this.stage.cableSettings.maxPrice) this.announced = Math.max(this.announced, price);
    return {
      version: 1,
      schemes: settings.schemes,
      state: remaining > 0 || this.lies.has("lie-due") ? "paid" : "standby",
      used: Math.floor(this.stage.circuit.socket.read().total / 1000),
      remaining,
      standbyRemaining: 50,
      price,
      increment: settings.increment,
      sessionMax: settings.sessionMax,
      renewalDue: remaining <= settings.renewalThreshold || this.lies.has("lie-due"),
      lockoutMs: 0,
      ...(this.channels ? { payee: this.script, channel: this.channels.terms() } : {}),
    };
  }

  async powerRequest(request: PowerRequest): Promise<DraftOffer> {
    if (this.lies.has("refuse")) throw new Fault("insufficient-funds");
    // It may bring a release out or keep it, and bring out what it excludes all the same.
    if (request.release && this.stage.random.oneIn(2)) this.broadcast(request.release);
    if (!this.open || this.open.scheme !== request.scheme || !this.canGoOn(this.open))
      this.open = this.begin(request.scheme);
    return this.propose(this.open);
  }

  async payTransaction(request: PaymentRequest): Promise<PaymentResult> {
    const tx = parse(request.transaction);
    const isNew = !this.takenEver.some((each) => each.hex === tx.hex);
    if (isNew) this.takenEver.push(tx);
    if (isNew && this.isGood(tx)) {
      this.signed.push(tx);
      if (this.channels?.isFunded(tx)) this.stage.violation = "a session spends a coin of a channel's funding";
      this.stage.counts.increments += 1;
      this.agree();
      this.stage.note(`rogue: was paid ${worthTo(tx)} sat, increment ${request.increment}`);
    }
    const offered = this.offered;
    const { open } = this;
    if (this.lies.has("lie-amount")) return this.takeAndDeny();
    if (this.speech) await this.deny(this.speech.manner, tx);
    if (open && offered && request.increment === offered.offer.increment) {
      open.increment += 1;
      open.value = offered.draft.value;
      open.paid += offered.pay;
      if (open.scheme === "basic")
        open.coins = tx.outputs[1] ? [{ txid: tx.txid, vout: 1, amount: tx.outputs[1].amount }] : [];
      this.settleCredit();
      if (!this.lies.has("no-credit")) this.credit += energyFor(offered.pay, this.stage.settings.price);
      this.offered = undefined;
    }
    if (this.lies.has("refuse")) throw new Fault("bad-signature");
    const next = open && this.canGoOn(open) ? this.propose(open) : undefined;
    const result: PaymentResult = {
      ...{ state: "paid", credited: this.credit, remaining: this.remaining() },
      ...(next ? { next } : {}),
    };
    return this.speech?.result(result) ?? result;
  }

  /**
   * The cable has signed under the price that was announced, or for the energy that was on offer:
   * that is a price too.
   */
  private agree(): void {
    const { pay, offer } = this.offered ?? {};
    const offered = pay && offer && offer.energy > 0 ? (pay * 1e6) / offer.energy : 0;
    this.dearest = Math.max(this.dearest, this.announced, offered);
    this.announced = 0;
  }

  /** Does with the signature what its manner says; returns only where it is to be acknowledged. */
  private async deny({ answer, after, broadcast }: Manner, tx: Transaction): Promise<void> {
    if (broadcast === "now") this.broadcast(tx.hex);
    if (broadcast === "later") this.stage.clock.after(LATER, () => this.broadcast(tx.hex));
    if (answer !== "success" && after === "first") this.open = undefined;
    if (answer === "silence") await new Promise<never>(() => {});
    else if (answer !== "success") throw new Fault(answer);
  }

  /**
   * It keeps the signature, says that it was no good, and asks for another after the cable has
   * restarted.
   */
  private takeAndDeny(): never {
    this.lieOn += 1;
    this.halves();
    this.cycle(1);
    throw new Fault("wrong-increment");
  }

  /** As much as the smaller coin allows: the most that a mixed pair of signings would burn. */
  private lieOf(open: Open): Satoshi {
    return Math.floor(Math.min(...open.coins.map((coin) => coin.amount)) / 2);
  }

  // ------------------------------------------------------------ what it offers

  private canGoOn(open: Open): boolean {
    const { increment } = this.stage.settings;
    const total = open.coins.reduce((sum, coin) => sum + coin.amount, 0);
    const value = open.scheme === "basic" ? increment : open.value + increment;
    return (
      open.paid + increment <= open.max &&
      open.increment < 30 &&
      total >= value + open.arrears + 1_000 &&
      !this.isSpent(open)
    );
  }

  private isSpent(open: Open): boolean {
    return open.coins.some((coin) => this.stage.network.blocks.spenderOf(outpointKey(coin)) !== undefined);
  }

  private begin(scheme: "basic" | "single-fee"): Open {
    const { stage } = this;
    const { increment, sessionMax } = stage.settings;
    // Now these coins, now those: payments over other coins do not exclude each other.
    const all = [...stage.network.blocks.unspent.values()].filter((coin) => coin.script === stage.purse.script);
    const from = stage.random.integer(0, Math.max(0, all.length - 2));
    const coins = all.sort((a, b) => b.amount - a.amount).slice(from, from + 2);
    const total = coins.reduce((sum, coin) => sum + coin.amount, 0);
    const max = Math.min(sessionMax, Math.floor((total - 2_000) / increment) * increment);
    if (max < increment) throw new Fault("insufficient-funds");
    stage.counts.sessions += 1;
    return {
      id: Buffer.from(stage.random.bytes(16)).toString("hex"),
      scheme,
      max,
      expiry: stage.network.blocks.height + 144,
      arrears: this.lies.has("more-arrears") ? increment : 0,
      coins: coins.map(({ txid, vout, amount }) => ({ txid, vout, amount })),
      script: this.script,
      increment: 0,
      value: 0,
      paid: 0,
    };
  }

  private propose(open: Open): DraftOffer {
    const { stage, lies } = this;
    const { increment } = stage.settings;
    const arrears = open.increment === 0 ? open.arrears : 0;
    const pay = lies.has("lie-value") ? increment * 2 : increment;
    const before = open.scheme === "single-fee" ? open.value : 0;
    const inputs = open.coins.map((coin, i) => {
      const lie = lies.has("lie-amount") && i === this.lieOn % open.coins.length;
      return { ...coin, amount: coin.amount - (lie ? this.lieOf(open) : 0) };
    });
    const honest: Draft = {
      inputs,
      payerScript: stage.purse.script,
      socketScript: lies.has("lie-payee") ? new Purse("an accomplice", stage.ecdsa).script : open.script,
      value: before + pay + arrears,
      fee: lies.has("lie-fee") ? 9_000 : this.fee,
    };
    const draft = this.speech?.draft(honest) ?? honest;
    const total = draft.inputs.reduce((sum, coin) => sum + coin.amount, 0);
    if (total < draft.value + draft.fee) throw new Fault("insufficient-funds");
    const outputs = outputsOf(draft);
    const plain: DraftOffer = {
      session: open.id,
      scheme: open.scheme,
      increment: open.increment + 1,
      inputs: draft.inputs,
      outputs:
        lies.has("lie-change") && outputs[1]
          ? [outputs[0] as (typeof outputs)[0], { ...outputs[1], script: stage.payout.script }]
          : outputs,
      fee: total - outputs.reduce((sum, output) => sum + output.amount, 0),
      transaction: unsignedHex(draft),
      energy: energyFor(pay, stage.settings.price),
      sessionMax: open.max,
      arrears,
      credit: this.remaining(),
      expiry: open.expiry,
    };
    const offer = this.speech?.offer(plain, draft) ?? plain;
    this.offered = { offer, draft, pay };
    return offer;
  }

  // ------------------------------------------------------------ what it says of energy

  /** What it admits to owe now, mWh. */
  private remaining(): number {
    this.settleCredit();
    // Small bites, each within what two meters may disagree by.
    if (this.lies.has("lie-used")) this.drained += 40;
    return Math.max(0, Math.floor(this.credit - this.drained));
  }

  private settleCredit(): void {
    const { total } = this.stage.circuit.socket.read();
    this.credit -= (total - this.mark) / 1000;
    this.mark = total;
    this.credit -= this.drained;
    this.drained = 0;
    if (this.credit < 0) this.credit = 0;
  }

  /** Takes the cable's supply away and gives it back: it forgets all but its journal. */
  private cycle(times: number): void {
    for (let i = 0; i < 2 * times; i++) this.stage.clock.after(200 + i * 4_000, () => this.power(i % 2 === 1));
  }

  private power(on: boolean): void {
    if (on) this.stage.circuit.socket.grant(FOREVER);
    else this.stage.circuit.socket.revoke();
  }

  // ------------------------------------------------------------ what it does with signatures

  /**
   * Two signings of one transaction under different stated amounts: the valid halves make one that
   * burns the rest.
   */
  private halves(): void {
    for (const one of this.takenEver)
      for (const other of this.takenEver) {
        if (one === other || one.txid !== other.txid || one.inputs.length < 2) continue;
        const inputs = one.inputs.map((input, i) => ({
          ...input,
          witness: (i === 0 ? one : other).inputs[i]?.witness ?? [],
        }));
        this.broadcast(serialise({ version: one.version, locktime: one.locktime, inputs, outputs: one.outputs }));
      }
  }

  /** Would the network take it, given the parents that are signed too? */
  private isGood(tx: Transaction): boolean {
    return tx.inputs.every((input, i) => {
      const coin =
        this.stage.network.blocks.coinEver(input) ??
        this.signed.find((each) => each.txid === input.txid)?.outputs[input.vout];
      return coin !== undefined && inputFault(tx, i, coin, this.stage.ecdsa.verify) === undefined;
    });
  }

  private broadcast(hex: string | undefined): void {
    if (hex === undefined) return;
    try {
      this.stage.network.node.submit(hex);
      this.stage.note(`rogue: broadcast ${parse(hex).txid.slice(0, 16)}`);
    } catch (error) {
      if (!(error instanceof ChainError)) throw error;
    }
  }
}

function worthTo(tx: Transaction): Satoshi {
  return tx.outputs[0]?.amount ?? 0;
}
