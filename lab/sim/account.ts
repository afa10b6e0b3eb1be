// What a run comes to: followed while it goes on (for the live view) and summed up at its end.

import { DUST, vsizeOf } from "../../shared/bitcoin/draft";
import { closingVsize } from "../../shared/channel/closing";
import { fundingVsize } from "../../shared/channel/funding";
import {
  energyFor,
  feeFor,
  type Hex,
  type MicrowattHour,
  type Millisecond,
  priceOf,
  type Satoshi,
} from "../../shared/kernel/units";
import type { CableState } from "../../shared/protocol/types";
import type { Scheme, SocketState } from "../../shared/protocol/words";
import type { DeviceName } from "./bundle";
import type { EngineName } from "./engine";
import { type PathStep, pathTo } from "./path";
import type { Happening, Simulation } from "./simulation";
import type { CutMode } from "./store-file";

/** What became of one session with a cut. */
export interface Cut {
  readonly device: DeviceName;
  /** Counted from the session's first. */
  readonly write: number;
  readonly mode: CutMode;
  /** The appliance got all its energy in spite of it. */
  readonly delivered: boolean;
  /** What the run has given unpaid until then, once the session was settled. */
  readonly unpaidWh: number;
}

export interface SettledTx {
  readonly txid: Hex;
  readonly hex: Hex;
  readonly vbytes: number;
  readonly feeSat: Satoshi;
  /** Null while no block holds it. */
  readonly height: number | null;
}

/** What a cheating peer tried, and what it met. */
export interface Trial {
  readonly tried: string;
  /** The fault's name, or the cable's reason. */
  readonly met: string;
  /** Whether that is what the protocol asks for. */
  readonly refused: boolean;
  readonly why?: string;
}

export interface Summary {
  readonly scenario: string;
  readonly scheme: Scheme;
  readonly engine: EngineName;
  readonly seed: number;
  /** From the plug to voltage at the appliance; null where none came. */
  readonly plugToPowerMs: Millisecond | null;
  /** What that time went to, one after the other; empty where a device is not ours. */
  readonly plugToPower: readonly PathStep[];
  readonly increments: number;
  /** What the settlements pay the socket. */
  readonly paidSat: Satoshi;
  /** What really flowed through the socket, measured by the simulated world. */
  readonly energyWh: number;
  readonly settlements: readonly SettledTx[];
  readonly vbytes: number;
  readonly feeSat: Satoshi;
  /** Fee for each satoshi that the socket got. */
  readonly feeShare: number;
  /** What the same increments cost where each is a transaction of its own, at the same fee rate. */
  readonly basic: { readonly transactions: number; readonly vbytes: number; readonly feeSat: Satoshi };
  /**
   * What a payment channel costs for the same payments, at the same fee rate: a funding and a
   * closing; and what it locks at least.
   */
  readonly channel: {
    readonly transactions: number;
    readonly vbytes: number;
    readonly feeSat: Satoshi;
    readonly lockedSat: Satoshi;
  };
  /** By what the transactions pay: energy that is still owed, or energy that nobody paid for. */
  readonly creditWh: number;
  readonly unpaidWh: number;
  readonly states: Readonly<Record<DeviceName, readonly string[]>>;
  /** Why a device stopped, refused or tripped, in order of appearance, without repetitions. */
  readonly faults: readonly string[];
  readonly crashes: number;
  readonly trials?: readonly Trial[];
  readonly cuts?: readonly Cut[];
}

const CABLE_STATES: readonly string[] = ["connecting", "negotiating", "powered", "stopped"] satisfies CableState[];

export class Account {
  increments = 0;
  paid: Satoshi = 0;
  /** Energy bought so far. */
  bought: MicrowattHour = 0;
  crashes = 0;
  readonly states: Record<DeviceName, string[]> = { socket: [], cable: [] };
  readonly faults: string[] = [];
  readonly trials: Trial[] = [];
  readonly cuts: Cut[] = [];
  /** The socket holds a commitment that is not broadcast yet. */
  sessionOpen = false;
  #pluggedAt: Millisecond | undefined;
  #plugs = 0;
  #plugToPower: Millisecond | undefined;
  #path: readonly PathStep[] = [];

  constructor(readonly simulation: Simulation) {}

  take({ at, from, event }: Happening): void {
    if (from === "scene") this.#scene(at, event.name);
    else if (from === "socket") this.#socket(event);
    else if (CABLE_STATES.includes(event.name)) this.#enter("cable", event.name);
    if (event.name === "crash") this.crashes++;
    if (event.name === "trip") this.#fault(String(event.cause));
    if (event.name === "held" || event.name === "stopped") this.#fault(String(event.reason));
  }

  get state(): { readonly socket: SocketState | "off"; readonly cable: CableState | "off" } {
    const { boards } = this.simulation;
    return {
      socket: boards.socket?.alive ? ((this.states.socket.at(-1) ?? "standby") as SocketState) : "off",
      cable: boards.cable?.alive ? ((this.states.cable.at(-1) ?? "connecting") as CableState) : "off",
    };
  }

  settlements(): readonly SettledTx[] {
    const { node, keys } = this.simulation;
    return node.utxos(keys.socket.script).flatMap(({ txid }) => {
      const known = node.transaction(txid);
      if (!known) return [];
      const { tx, block, fee = 0 } = known;
      return [
        {
          txid,
          hex: tx.toRaw().toString("hex"),
          vbytes: tx.getVirtualSize(),
          feeSat: fee,
          height: block?.height ?? null,
        },
      ];
    });
  }

  /** Satoshi that transactions pay the socket, and how many of them a block holds. */
  received(): { readonly confirmed: Satoshi; readonly all: Satoshi } {
    const coins = this.simulation.node.utxos(this.simulation.keys.socket.script);
    const sum = (some: typeof coins) => some.reduce((total, { amount }) => total + amount, 0);
    return { confirmed: sum(coins.filter(({ height }) => height !== undefined)), all: sum(coins) };
  }

  /** Value of delivered energy that no confirmed transaction pays. */
  exposure(): Satoshi {
    const delivered = Math.min(this.delivered(), this.bought) / 1000;
    return Math.max(0, priceOf(delivered, this.simulation.price) - this.received().confirmed);
  }

  delivered(): MicrowattHour {
    return this.simulation.readings?.socket.truth ?? 0;
  }

  summary(): Summary {
    const { options, keys } = this.simulation;
    const settlements = this.settlements();
    const vbytes = settlements.reduce((sum, tx) => sum + tx.vbytes, 0);
    const feeSat = settlements.reduce((sum, tx) => sum + tx.feeSat, 0);
    const paidSat = this.received().all;
    // A payment of its own: one input, the socket's output, change.
    const alone = vsizeOf(1, [keys.socket.script, keys.cable.script]);
    const inChannel = fundingVsize(1, true) + closingVsize(keys.socket.script);
    const rate = this.simulation.feeRate;
    return {
      scenario: options.scenario.name,
      scheme: options.scheme,
      engine: options.engine,
      seed: options.seed,
      plugToPowerMs: this.#plugToPower === undefined ? null : Math.round(this.#plugToPower),
      plugToPower: this.#path,
      increments: this.increments,
      paidSat,
      energyWh: round(this.delivered() / 1e6),
      settlements,
      vbytes,
      feeSat,
      feeShare: paidSat > 0 ? round(feeSat / paidSat) : 0,
      basic: {
        transactions: this.increments,
        vbytes: this.increments * alone,
        feeSat: this.increments * feeFor(alone, rate),
      },
      channel: {
        transactions: 2,
        vbytes: inChannel,
        feeSat: feeFor(inChannel, rate),
        // What is paid, and the cable's change, which is an output at every state.
        lockedSat: paidSat + DUST,
      },
      creditWh: round(Math.max(0, this.#settled() - this.delivered()) / 1e6),
      unpaidWh: this.unpaidWh,
      states: this.states,
      faults: this.faults,
      crashes: this.crashes,
      ...(this.trials.length > 0 ? { trials: this.trials } : {}),
      ...(this.cuts.length > 0 ? { cuts: this.cuts } : {}),
    };
  }

  /** Energy that no transaction has paid for until now; what a running session owes is in it. */
  get unpaidWh(): number {
    return round(Math.max(0, this.delivered() - this.#settled()) / 1e6);
  }

  /** Energy that the transactions pay for. */
  #settled(): MicrowattHour {
    return energyFor(this.received().all, this.simulation.price) * 1000;
  }

  #scene(at: Millisecond, name: string): void {
    const { visit = 1 } = this.simulation.options.scenario;
    if (name === "plug in" && ++this.#plugs === visit) this.#pluggedAt = at;
    if (name !== "appliance powered" || this.#pluggedAt === undefined || this.#plugToPower !== undefined) return;
    this.#plugToPower = at - this.#pluggedAt;
    this.#path = this.#pathTo(at, this.#pluggedAt);
  }

  /** The relay that closed last let power through. */
  #pathTo(at: Millisecond, pluggedAt: Millisecond): readonly PathStep[] {
    const closings = Object.values(this.simulation.boards).flatMap((board) => board.closedBy ?? []);
    const [last] = closings.sort((a, b) => b.at - a.at);
    if (!last) return [];
    const relay = { who: "relay", what: "closes", since: last.at, after: last.turn };
    const powered = { device: "relay", start: at, came: at, cause: relay, before: undefined };
    return pathTo(powered, at, pluggedAt);
  }

  #socket(event: Happening["event"]): void {
    if (event.name === "standby" || event.name === "lockout") this.#enter("socket", event.name);
    if (event.name === "credit-honoured") this.#enter("socket", "paid");
    if (event.name === "session-ended") this.sessionOpen = false;
    if (event.name !== "credited") return;
    this.sessionOpen = true;
    this.#enter("socket", "paid");
    if (Number(event.value) > 0) this.increments++;
    this.paid += Number(event.value);
    this.bought += Number(event.energy) * 1000;
  }

  #enter(device: DeviceName, state: string): void {
    const states = this.states[device];
    if (states.at(-1) !== state) states.push(state);
  }

  #fault(name: string): void {
    if (!this.faults.includes(name)) this.faults.push(name);
  }
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
