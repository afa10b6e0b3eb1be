// How a rogue socket speaks and acts: each field of an offer and of an answer is honest, repeated,
// stale, swapped, invented or out of range, each independently of the others, until the next move
// says otherwise.

import fc from "fast-check";
import { type Draft, outputsOf, unsignedHex } from "../../shared/bitcoin/draft";
import { outpointKey } from "../../shared/kernel/outpoint";
import type { MilliSatPerWh, Satoshi } from "../../shared/kernel/units";
import type { FaultName } from "../../shared/protocol/faults";
import type { DraftOffer, PaymentResult } from "../../shared/protocol/types";
import { Purse } from "../model/purse";
import type { Transaction } from "../model/transaction";
import type { Stage } from "./stage";

type Number = "honest" | "repeated" | "stale" | "swapped" | "invented" | "out-of-range";

export interface Manner {
  readonly session: "honest" | "repeated" | "stale" | "invented";
  readonly payee: "honest" | "repeated" | "stale" | "swapped" | "invented";
  /**
   * "swapped" is their order, "change" what the last signature leaves, "other" another coin of the
   * cable's.
   */
  readonly coins: "honest" | "change" | "other" | "stale" | "swapped" | "invented";
  /** What it offers after a refusal: the same increment, or the first one again. */
  readonly after: "same" | "first";
  readonly scheme: "honest" | "swapped";
  readonly increment: Number;
  readonly value: Number;
  readonly fee: Number;
  readonly energy: Number;
  readonly sessionMax: Number;
  readonly arrears: Number;
  readonly credit: Number;
  readonly expiry: Number;
  /** The price in get_status. */
  readonly price: Number;
  readonly answer: "success" | "silence" | FaultName;
  readonly credited: Number;
  readonly remaining: Number;
  readonly next: "honest" | "none";
  readonly broadcast: "now" | "later" | "never";
}

const ANSWERS: readonly FaultName[] = [
  ...(["wrong-payee", "wrong-increment", "unknown-session", "session-ended", "bad-signature", "input-spent"] as const),
  ...(["already-superseded", "broadcast-refused", "chain-unavailable", "internal-error", "stopping"] as const),
];

/** Honest in most fields at a time: where all of them lie, a cable refuses at the first. */
function mostly<T>(honest: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 24, arbitrary: fc.constant(honest) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
}

function evenly<T>(honest: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 1, arbitrary: fc.constant(honest) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
}

const number: fc.Arbitrary<Number> = mostly<Number>(
  ...(["honest", "repeated", "stale", "swapped", "invented", "out-of-range"] as const),
);

const honest: fc.Arbitrary<Number> = fc.constant("honest");

export const manner: fc.Arbitrary<Manner> = fc.record<Manner>({
  session: evenly<Manner["session"]>("honest", "repeated", "stale", "invented"),
  payee: evenly<Manner["payee"]>("honest", "invented", "invented", "invented", "repeated", "stale", "swapped"),
  coins: evenly<Manner["coins"]>("honest", "change", "change", "other", "other", "stale", "swapped", "invented"),
  after: fc.constantFrom("same", "first"),
  scheme: mostly<Manner["scheme"]>("honest", "swapped"),
  ...{ increment: number, value: number, fee: number, energy: number, sessionMax: number, arrears: number },
  ...{ credit: number, expiry: number, price: number, credited: number, remaining: number },
  answer: evenly<Manner["answer"]>("success", "silence", ...ANSWERS),
  next: evenly<Manner["next"]>("honest", "none"),
  broadcast: fc.constantFrom("now", "later", "never"),
});

/**
 * Manners that pay: all that a cable looks at is as it should be, but for names, faces and coins,
 * and what it signs is refused and may be mined all the same. Held for a whole plan, since a cheat
 * gains by doing the same again.
 */
export const attack: fc.Arbitrary<Manner> = fc.record<Manner>({
  session: fc.constantFrom("honest", "repeated", "repeated", "stale", "invented"),
  payee: fc.constantFrom("invented", "invented", "honest", "repeated"),
  coins: fc.constantFrom("change", "other", "other", "honest"),
  after: fc.constantFrom("same", "first"),
  scheme: fc.constant("honest"),
  ...{ increment: honest, value: honest, fee: honest, energy: honest, sessionMax: honest, arrears: honest },
  ...{ credit: honest, expiry: honest, price: honest, credited: honest, remaining: honest },
  answer: fc.constantFrom(...ANSWERS),
  next: fc.constantFrom("honest", "none"),
  broadcast: fc.constantFrom("now", "now", "later", "never"),
});

/** Deforms what an honest socket would say; remembers what it said, to repeat it. */
export class Speech {
  private readonly said: DraftOffer[] = [];
  private readonly prices: MilliSatPerWh[] = [];
  private names = 0;

  constructor(
    private readonly stage: Stage,
    readonly manner: Manner,
    private readonly signed: readonly Transaction[],
  ) {}

  /** The draft that it proposes in place of the honest one. */
  draft(honest: Draft): Draft {
    const inputs = this.coins(honest);
    const value = this.number(this.manner.value, honest.value, ({ outputs }) => outputs[0]?.amount, honest.fee);
    const fee = this.number(this.manner.fee, honest.fee, (offer) => offer.fee, honest.value);
    const draft = { ...honest, inputs, socketScript: this.payee(honest), value, fee };
    const total = inputs.reduce((sum, coin) => sum + coin.amount, 0);
    // No transaction could say what is beyond its inputs.
    return total >= value + fee && value >= 294 && fee >= 0 ? draft : honest;
  }

  offer(honest: DraftOffer, draft: Draft): DraftOffer {
    const { manner } = this;
    const outputs = outputsOf(draft);
    const total = draft.inputs.reduce((sum, coin) => sum + coin.amount, 0);
    const offer: DraftOffer = {
      session: this.session(honest.session),
      scheme: manner.scheme === "honest" ? honest.scheme : honest.scheme === "basic" ? "single-fee" : "basic",
      increment: this.number(manner.increment, honest.increment, (each) => each.increment, honest.expiry),
      inputs: draft.inputs,
      outputs,
      fee: total - outputs.reduce((sum, output) => sum + output.amount, 0),
      transaction: unsignedHex(draft),
      energy: this.number(manner.energy, honest.energy, (each) => each.energy, honest.sessionMax),
      sessionMax: this.number(manner.sessionMax, honest.sessionMax, (each) => each.sessionMax, honest.energy),
      arrears: this.number(manner.arrears, honest.arrears, (each) => each.arrears, honest.fee),
      credit: this.number(manner.credit, honest.credit, (each) => each.credit, honest.energy),
      expiry: this.number(manner.expiry, honest.expiry, (each) => each.expiry, honest.increment),
    };
    this.said.push(offer);
    return offer;
  }

  /**
   * The price that it announces in place of the honest one; `increment` is what it could be taken
   * for.
   */
  price(honest: MilliSatPerWh, increment: Satoshi): MilliSatPerWh {
    const { prices, manner, stage } = this;
    const price = spoken(manner.price, honest, prices, increment, () => stage.random.integer(0, 2 * honest + 1));
    prices.push(price);
    return price;
  }

  result(honest: PaymentResult): PaymentResult {
    const { next, ...rest } = honest;
    const credited = this.number(this.manner.credited, honest.credited, (each) => each.energy, honest.remaining);
    const remaining = this.number(this.manner.remaining, honest.remaining, (each) => each.credit, honest.credited);
    return { ...rest, credited, remaining, ...(next && this.manner.next === "honest" ? { next } : {}) };
  }

  private number(how: Number, honest: number, of: (offer: DraftOffer) => number | undefined, other: number): number {
    const said = this.said.map(of).filter((value) => value !== undefined);
    return spoken(how, honest, said, other, () => this.stage.random.integer(0, 2 * honest + 1));
  }

  private latest<T>(of: (offer: DraftOffer) => T): T | undefined {
    const last = this.said.at(-1);
    return last && of(last);
  }

  private session(honest: string): string {
    switch (this.manner.session) {
      case "honest":
        return honest;
      case "repeated":
        return this.latest((offer) => offer.session) ?? honest;
      case "stale":
        return this.said[0]?.session ?? honest;
      case "invented":
        return Buffer.from(this.stage.random.bytes(16)).toString("hex");
    }
  }

  private payee(honest: Draft): string {
    switch (this.manner.payee) {
      case "honest":
        return honest.socketScript;
      case "repeated":
        return this.latest((offer) => offer.outputs[0]?.script) ?? honest.socketScript;
      case "stale":
        return this.said[0]?.outputs[0]?.script ?? honest.socketScript;
      case "swapped":
        return honest.payerScript;
      case "invented":
        return new Purse(`payee ${this.stage.counts.increments} ${++this.names}`, this.stage.ecdsa).script;
    }
  }

  private coins(honest: Draft): Draft["inputs"] {
    const { stage, signed } = this;
    const own = honest.payerScript;
    switch (this.manner.coins) {
      case "honest":
        return honest.inputs;
      case "swapped":
        return [...honest.inputs].reverse();
      case "invented":
        return honest.inputs.map((coin) => ({ ...coin, vout: coin.vout + 7 }));
      case "stale":
        return this.said[0]?.inputs ?? honest.inputs;
      case "change": {
        const last = signed.at(-1);
        const change = last?.outputs[1];
        return last && change?.script === own ? [{ txid: last.txid, vout: 1, amount: change.amount }] : honest.inputs;
      }
      case "other": {
        const spent = new Set(signed.flatMap((tx) => tx.inputs.map(outpointKey)));
        const mine = [...stage.network.blocks.unspent.values()].filter((coin) => coin.script === own);
        const free = mine.find((coin) => !spent.has(outpointKey(coin)));
        return free ? [{ txid: free.txid, vout: free.vout, amount: free.amount }] : honest.inputs;
      }
    }
  }
}

/** A number as it is spoken; `said` are those that were said before. */
function spoken(how: Number, honest: number, said: readonly number[], other: number, invent: () => number): number {
  switch (how) {
    case "honest":
      return honest;
    case "repeated":
      return said.at(-1) ?? honest;
    case "stale":
      return said[0] ?? honest;
    case "swapped":
      return other;
    case "invented":
      return invent();
    case "out-of-range":
      return 2 ** 53;
  }
}
