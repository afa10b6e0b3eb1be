// The scenarios of channels that run on the two simulated boards, with the firmware as it is, the
// wire and a real node: a cable that comes to a cafe again and again, and what may befall it there.

import type { Hex, Satoshi } from "../shared/kernel/units";
import type { ChannelTransaction, Visit } from "./channel-account";
import type { EngineName } from "./sim/engine";
import type { Step } from "./sim/scenario";
import { type Happening, Simulation } from "./sim/simulation";

/** 0.3 sat a watt-hour. */
const PRICE = 300;
const DEPOSIT: Satoshi = 5_000;
/** From one visit to the next. */
const EVERY_S = 190;
/** A batch takes 110 s. */
const STAYS_S = 130;
const FIRST_S = 200;
/** Blocks that bury a funding. */
const BURIED = 6;

export interface CafeOptions {
  readonly seed: number;
  readonly visits: number;
  readonly engine?: EngineName;
  /** What else happens, in seconds from the start. */
  readonly more?: readonly Step[];
  readonly socket?: Readonly<Record<string, unknown>>;
  readonly cable?: Readonly<Record<string, unknown>>;
  /** Of the chain's server; may change while it runs. */
  readonly feeEstimates?: Record<string, number>;
  readonly at?: readonly { readonly s: number; readonly run: (simulation: Simulation) => void | Promise<void> }[];
  /** Mean time between blocks; 0: only the scenario's own. */
  readonly blockIntervalS?: number;
  readonly say: (text: string) => void;
}

export interface CafeRun {
  readonly visits: readonly Visit[];
  readonly transactions: readonly ChannelTransaction[];
  /** By the cable's increments. */
  readonly paidSat: Satoshi;
  readonly socketReceivedSat: Satoshi;
  readonly cableReceivedSat: Satoshi;
  readonly happenings: readonly Happening[];
}

/** When visit `number`, from 1, begins. */
export function visitAt(number: number): number {
  return FIRST_S + (number - 1) * EVERY_S;
}

/** The owner has the socket close its channels after so many visits. */
export function closingAt(visits: number): number {
  return visitAt(visits + 1) + 60;
}

/**
 * A first visit funds the channel and draws nothing; blocks bury it; then come the visits, and the
 * owner's word at the end.
 */
export async function playCafe(options: CafeOptions): Promise<CafeRun> {
  const { seed, visits, say, more = [], engine = "node" } = options;
  const steps: Step[] = [
    { atS: 5, plug: "in", appliance: "none" },
    { atS: 20, plug: "out" },
    { atS: 30, mine: BURIED },
    ...more,
  ];
  for (let i = 1; i <= visits; i++)
    steps.push({ atS: visitAt(i), plug: "in", appliance: "batch" }, { atS: visitAt(i) + STAYS_S, plug: "out" });
  const end = closingAt(visits);
  steps.push(
    { atS: end, owner: { device: "socket", settings: { closeChannels: "closing time" } } },
    { atS: end + 1, cut: { device: "socket", forS: 2 } },
    { atS: end + 60, mine: 1 },
  );
  const simulation = await Simulation.start({
    scheme: "single-fee",
    engine,
    seed,
    scenario: {
      name: "cafe",
      about: "",
      socket: { schemes: ["channel", "single-fee"], price: PRICE, depositMin: DEPOSIT, ...options.socket },
      cable: { schemes: ["channel"], maxPrice: 2 * PRICE, deposit: DEPOSIT, ...options.cable },
      coins: [60_000],
      linkDelayMs: 2,
      chainDelayMs: 60,
      blockIntervalS: options.blockIntervalS ?? 600,
      feeEstimates: options.feeEstimates ?? quiet(),
      steps,
      endS: end + 120,
    },
  });
  for (const { s, run } of options.at ?? []) simulation.timeline.at(s * 1000, async () => run(simulation));
  const happenings: Happening[] = [];
  simulation.onHappening = (happening) => {
    happenings.push(happening);
    const { from, event } = happening;
    if (/^(no-channel|channel-|channels-|closing-|funding-|release-)/.test(event.name))
      say(`${from}: ${event.name} ${Object.values(event).slice(1).join(" ")}`);
    if (event.name === "stopped" || event.name === "held" || event.name === "crash")
      say(`${from}: ${event.name}: ${String(event.why)}`);
  };
  try {
    // Nothing ends it early: between two visits there is nothing to do either.
    await simulation.run(() => false);
    return told(simulation, happenings);
  } finally {
    await simulation.close();
  }
}

/** At ten times the price each visit pays something. */
const DEARER = { socket: { price: 10 * PRICE }, cable: { maxPrice: 20 * PRICE } };

/**
 * Six visits: from before the third the chain's server is away; after the fourth the socket's power
 * goes; before the sixth the server is back.
 */
export function playOffline(options: Pick<CafeOptions, "seed" | "say">): Promise<CafeRun> {
  const more: Step[] = [
    { atS: visitAt(3) - 20, backend: { kind: "refused" } },
    { atS: visitAt(5) - 20, cut: { device: "socket", forS: 2 } },
    { atS: visitAt(6) - 20, backend: { kind: "none" } },
  ];
  return playCafe({ ...options, ...DEARER, visits: 6, more });
}

/** Ten visits; before the channel closes fees rise to fifty times. */
export function playFees(options: Pick<CafeOptions, "seed" | "say">): Promise<CafeRun> {
  const feeEstimates = quiet();
  const rise = (): void => {
    for (const target in feeEstimates) feeEstimates[target] = 5;
  };
  return playCafe({ ...options, ...DEARER, visits: 10, feeEstimates, at: [{ s: closingAt(10) - 5, run: rise }] });
}

function quiet(): Record<string, number> {
  return { "1": 0.1, "3": 0.1, "6": 0.1 };
}

function told(simulation: Simulation, happenings: readonly Happening[]): CafeRun {
  const channel = happenings.find(({ event }) => event.name === "channel-opened")?.event.channel;
  const { node, keys } = simulation;
  const transactions: ChannelTransaction[] = [];
  let [socketReceivedSat, cableReceivedSat] = [0, 0];
  if (typeof channel === "string") {
    add(transactions, simulation, "funding", channel);
    const closing = node.spend({ txid: channel, vout: 0 })?.txid;
    if (closing) {
      // The cable alone takes all of it back; with the payee there are two outputs.
      const isRefund = node.transaction(closing)?.tx.outputs.length === 1;
      add(transactions, simulation, isRefund ? "refund" : "closing", closing);
      for (const { amount, txid } of node.utxos(keys.socket.script)) if (txid === closing) socketReceivedSat += amount;
      for (const { amount, txid } of node.utxos(keys.cable.script)) if (txid === closing) cableReceivedSat += amount;
    }
  }
  const visits = visitsOf(happenings, simulation.price);
  const paidSat = visits.reduce((sum, visit) => sum + visit.paidSat, 0);
  return { visits, transactions, paidSat, socketReceivedSat, cableReceivedSat, happenings };
}

function add(list: ChannelTransaction[], { node }: Simulation, kind: ChannelTransaction["kind"], txid: Hex): void {
  const known = node.transaction(txid);
  if (!known?.block) throw new Error(`expected the ${kind} in a block, it is in none`);
  const { tx, block, fee = 0 } = known;
  list.push({
    kind,
    txid,
    hex: tx.toRaw().toString("hex"),
    vbytes: tx.getVirtualSize(),
    feeSat: fee,
    height: block.height,
  });
}

/** What each visit with an appliance paid, and for how much power. */
function visitsOf(happenings: readonly Happening[], price: number): readonly Visit[] {
  const visits: { visit: number; energyWh: number; drawnSat: number; paidSat: number; increments: number }[] = [];
  let isHere = false;
  for (const { from, event } of happenings) {
    if (event.name === "appliance" && event.appliance === "batch") {
      isHere = true;
      visits.push({ visit: visits.length + 1, energyWh: 0, drawnSat: 0, paidSat: 0, increments: 0 });
    }
    const visit = visits.at(-1);
    if (event.name === "plug out") isHere = false;
    if (!visit || !isHere) continue;
    if (from === "cable" && event.name === "paid" && event.channel !== undefined) {
      visit.paidSat += Number(event.value);
      visit.increments += 1;
    }
    if (event.name === "appliance done") {
      // 110 s of 1300 W.
      visit.energyWh = 39.7;
      visit.drawnSat = Math.round(visit.energyWh * price) / 1000;
    }
  }
  return visits;
}
