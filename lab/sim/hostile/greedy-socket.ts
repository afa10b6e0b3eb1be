// A socket that takes more than its due, on the real wire, from the real cable. Each lie meets a
// cable that has not been cheated yet (it gets an empty journal): one that has waits longer each
// time, and risks no more.

import { type Draft, DUST, outputsOf, unsignedHex } from "../../../shared/bitcoin/draft";
import { quoteFee } from "../../../shared/bitcoin/fees";
import type { Coin } from "../../../shared/kernel/ports";
import { energyFor, type MilliwattHour, type Satoshi } from "../../../shared/kernel/units";
import { Fault } from "../../../shared/protocol/faults";
import {
  type DraftOffer,
  type PaymentRequest,
  type PaymentResult,
  type PowerRequest,
  PROTOCOL_VERSION,
  type SocketCalls,
  type Status,
} from "../../../shared/protocol/types";
import { RpcServer } from "../../../shared/rpc/server";
import type { Account } from "../account";
import { keysOf } from "../keys";
import type { Happening, Simulation } from "../simulation";
import { clockOf, listenerOf } from "./ports";

const PRICE = 250_000;
const INCREMENT: Satoshi = 10_000;
const SESSION_MAX: Satoshi = 30_000;
const LEASE = { upTo: Number.MAX_SAFE_INTEGER, time: 2 ** 31, current: 16_000 };
/** By then the cable has said what it thinks of a lie, or never will. */
const PATIENCE_MS = 45_000;

/** What a session is really about; a lie changes how it is told. */
interface Session {
  readonly id: string;
  readonly payee: string;
  readonly draft: Draft;
  readonly expiry: number;
  increment: number;
  /** The commitment's worth that the cable has signed. */
  value: Satoshi;
  remaining: MilliwattHour;
}

interface Lie {
  readonly tried: string;
  /** The reasons that are right answers. */
  readonly reasons: readonly string[];
  /** Told only after so many increments were paid honestly. */
  readonly after?: number;
  readonly status?: (status: Status) => Status;
  readonly draft?: (draft: Draft, others: readonly Coin[]) => Draft;
  readonly offer?: (offer: DraftOffer) => DraftOffer;
}

const LIES: readonly Lie[] = [
  { tried: "ten times the price", reasons: ["overpriced"], status: (status) => ({ ...status, price: 10 * PRICE }) },
  {
    tried: "increments of 100 000 sat",
    reasons: ["increment-too-large"],
    status: (status) => ({ ...status, increment: 100_000 }),
  },
  {
    tried: "a draft that takes two increments for one",
    reasons: ["overcharged"],
    draft: (draft) => ({ ...draft, value: draft.value + INCREMENT }),
  },
  {
    tried: "the change sent elsewhere",
    reasons: ["redirected-change"],
    offer: (offer) => ({ ...offer, outputs: offer.outputs.map((output, at) => (at === 1 ? mine(output) : output)) }),
  },
  {
    tried: "3 000 sat hidden in the fee",
    reasons: ["hidden-fee"],
    offer: (offer) => ({
      ...offer,
      outputs: offer.outputs.map((output, at) => (at === 1 ? less(output, 3000) : output)),
    }),
  },
  { tried: "a fee of 20 000 sat", reasons: ["fee-too-high"], draft: (draft) => ({ ...draft, fee: 20_000 }) },
  {
    tried: "half the energy for the price",
    reasons: ["energy-short"],
    offer: (offer) => ({ ...offer, energy: Math.floor(offer.energy / 2) }),
  },
  {
    tried: "other bytes than the fields say",
    reasons: ["not-canonical"],
    offer: (offer) => ({ ...offer, transaction: `01${offer.transaction.slice(2)}` }),
  },
  {
    tried: "arrears that nobody owes",
    reasons: ["arrears-refused"],
    draft: (draft) => ({ ...draft, value: draft.value + 5000 }),
    offer: (offer) => ({ ...offer, arrears: 5000 }),
  },
  {
    tried: "the session's end moved by a year",
    reasons: ["terms-changed"],
    after: 1,
    offer: (offer) => ({ ...offer, expiry: offer.expiry + 52_560 }),
  },
  {
    tried: "other inputs in the middle of a session",
    reasons: ["foreign-coin", "wrong-coins"],
    after: 1,
    draft: (draft, others) => ({ ...draft, inputs: others.slice(0, 1) }),
  },
  {
    tried: "another amount for the same coin",
    reasons: ["amount-changed"],
    after: 1,
    draft: (draft) => ({ ...draft, inputs: draft.inputs.map((coin) => ({ ...coin, amount: coin.amount + 20_000 })) }),
  },
  {
    tried: "another payee in the middle of a session",
    reasons: ["payee-changed"],
    after: 1,
    offer: (offer) => ({ ...offer, outputs: offer.outputs.map((output, at) => (at === 0 ? mine(output) : output)) }),
  },
  {
    tried: "energy claimed that never flowed",
    reasons: ["energy-claimed"],
    after: 1,
    status: (status) => ({ ...status, remaining: Math.floor(status.remaining / 4), renewalDue: true }),
  },
  {
    tried: "power stopped right after the payment",
    reasons: ["undelivered"],
    after: 1,
    status: (status) => ({ ...status, state: "standby", remaining: 0 }),
  },
];

export class GreedySocket implements SocketCalls {
  readonly #simulation: Simulation;
  readonly #account: Account;
  #lie = 0;
  #session: Session | undefined;
  #coins: readonly Coin[] = [];
  #used = 0;
  /** The cable paid on the lie itself. */
  #fooled = false;
  #toldAt: number | undefined;
  #done: () => void = () => {};

  constructor(simulation: Simulation, account: Account) {
    this.#simulation = simulation;
    this.#account = account;
  }

  /** Opens for business with the first lie; resolves when all have been told. */
  run(): Promise<void> {
    const { timeline, network, port, node, keys } = this.#simulation;
    this.#coins = node.utxos(keys.cable.script);
    const party = this.#simulation.hostileParty;
    new RpcServer({ listener: listenerOf(network, party), port, clock: clockOf(timeline), calls: this });
    return new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  /** Its relay is closed all the time: it wants the cable to stay. */
  async prepare(): Promise<void> {
    const { world } = this.#simulation;
    await world.boot("socket");
    await world.grant("socket", LEASE);
  }

  /** What the cable said is what the lie met. */
  heard({ from, event }: Happening): void {
    if (from !== "cable" || (event.name !== "held" && event.name !== "stopped")) return;
    const reason = String(event.reason);
    if (reason === "waiting" || this.#toldAt === undefined) return;
    this.#conclude(reason, String(event.why));
  }

  // ---------------------------------------------------------------- the three calls

  async getStatus(): Promise<Status> {
    const { timeline } = this.#simulation;
    if (this.#toldAt !== undefined && timeline.now - this.#toldAt > PATIENCE_MS) this.#conclude("nothing", "");
    const lie = LIES[this.#lie];
    if (!lie) throw new Fault("stopping", "", 60_000);
    const status = this.#honestStatus();
    if (!lie.status || !this.#isTime(lie)) return status;
    this.#toldAt ??= timeline.now;
    return lie.status(status);
  }

  async powerRequest({ address }: PowerRequest): Promise<DraftOffer> {
    const lie = LIES[this.#lie];
    if (!lie) throw new Fault("stopping", "", 60_000);
    if (address !== this.#simulation.keys.cable.address) throw new Fault("insufficient-funds");
    this.#session ??= this.#open();
    return this.#offer(this.#session, lie);
  }

  async payTransaction({ increment }: PaymentRequest): Promise<PaymentResult> {
    const session = this.#session;
    const lie = LIES[this.#lie];
    if (!session || !lie) throw new Fault("unknown-session");
    if (this.#toldAt !== undefined && !lie.status) {
      this.#fooled = true;
      this.#conclude("paid", "");
      throw new Fault("stopping", "", 1000);
    }
    session.increment = increment;
    session.value += INCREMENT;
    session.remaining += energyFor(INCREMENT, PRICE);
    return {
      state: "paid",
      credited: energyFor(INCREMENT, PRICE),
      remaining: session.remaining,
      next: this.#offer(session, lie),
    };
  }

  // ---------------------------------------------------------------- telling

  #honestStatus(): Status {
    const session = this.#session;
    return {
      version: PROTOCOL_VERSION,
      schemes: [this.#simulation.options.scheme],
      state: session && session.increment > 0 ? "paid" : "standby",
      used: 0,
      remaining: session?.remaining ?? 0,
      standbyRemaining: 50,
      price: PRICE,
      increment: INCREMENT,
      sessionMax: SESSION_MAX,
      renewalDue: session !== undefined,
      lockoutMs: 0,
    };
  }

  #isTime({ after = 0 }: Lie): boolean {
    return (this.#session?.increment ?? 0) >= after;
  }

  #open(): Session {
    const { options, keys, timeline, node } = this.#simulation;
    const payee = keysOf(options.seed, `greedy socket, lie ${this.#lie}`).script;
    const inputs = this.#coins.slice(this.#used, this.#used + 1);
    this.#used++;
    const payment = { inputs, payerScript: keys.cable.script, socketScript: payee, value: INCREMENT };
    const fee = quoteFee(payment, { rate: this.#simulation.feeRate });
    if (fee === undefined) throw new Error("expected a coin worth an increment for each lie");
    const id = keysOf(options.seed, `session ${this.#lie} at ${timeline.now}`).secretHex.slice(0, 32);
    return {
      id,
      payee,
      draft: { ...payment, fee },
      expiry: node.tip().height + 144,
      increment: 0,
      value: 0,
      remaining: 0,
    };
  }

  #offer(session: Session, lie: Lie): DraftOffer {
    const lying = this.#isTime(lie);
    if (lying && (lie.draft || lie.offer)) this.#toldAt ??= this.#simulation.timeline.now;
    const honest: Draft = { ...session.draft, value: session.value + INCREMENT };
    const draft = lying && lie.draft ? lie.draft(honest, this.#coins.slice(this.#used)) : honest;
    const offer: DraftOffer = {
      session: session.id,
      scheme: this.#simulation.options.scheme,
      increment: session.increment + 1,
      inputs: draft.inputs.map(({ txid, vout, amount }) => ({ txid, vout, amount })),
      outputs: outputsOf(draft),
      fee: draft.fee,
      transaction: unsignedHex(draft),
      energy: energyFor(INCREMENT, PRICE),
      sessionMax: SESSION_MAX,
      arrears: 0,
      credit: session.remaining,
      expiry: session.expiry,
    };
    return lying && lie.offer ? lie.offer(offer) : offer;
  }

  #conclude(met: string, why: string): void {
    const lie = LIES[this.#lie];
    if (!lie) return;
    const refused = !this.#fooled && lie.reasons.includes(met);
    this.#account.trials.push({ tried: lie.tried, met, refused, why });
    this.#simulation.tell("scene", { name: "tried", what: lie.tried, met });
    this.#lie++;
    this.#session = undefined;
    this.#toldAt = undefined;
    this.#fooled = false;
    if (this.#lie === LIES.length) this.#done();
    else this.#simulation.renewCable();
  }
}

function mine(output: { readonly script: string; readonly amount: Satoshi }) {
  return { ...output, script: `0014${"ee".repeat(20)}` };
}

function less(output: { readonly script: string; readonly amount: Satoshi }, by: Satoshi) {
  return { ...output, amount: Math.max(DUST, output.amount - by) };
}
