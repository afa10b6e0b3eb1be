// Scenarios of payment channels: both simulated boards with the firmware as it is, the wire, and a
// real node (channel-cafe.ts, channel-losses.ts). Here is what each shows, and its account.

import { feeFor, formatEnergy, formatSatoshi, type Satoshi } from "../shared/kernel/units";
import type { ChannelAccount } from "./channel-account";
import { type CafeOptions, type CafeRun, playCafe, playFees, playOffline } from "./channel-cafe";
import { playRefund, playThief } from "./channel-losses";

export interface ChannelScenarioOptions {
  readonly seed: number;
  readonly json: boolean;
  /** Where lines go; the console unless told otherwise. */
  readonly print?: (line: string) => void;
}

interface BoardsAct {
  readonly about: string;
  readonly play: (options: Pick<CafeOptions, "seed" | "say">) => Promise<CafeRun>;
}

const ON_BOARDS: Readonly<Record<string, BoardsAct>> = {
  cafe: {
    about: "A toaster comes to the same socket sixty times and pays some 12 sat each time, over one channel.",
    play: (options) => playCafe({ ...options, visits: VISITS }),
  },
  "channel-offline": {
    about: "The chain's server is away: a known channel is sold on, until the socket's power goes as well.",
    play: playOffline,
  },
  "channel-fees": {
    about: "Fees are fifty times as high when the channel closes: the socket raises the fee out of its own share.",
    play: playFees,
  },
  "channel-refund": {
    about:
      "A socket that took a deposit is gone; another one broadcasts the refund, after N blocks and not one earlier.",
    play: playRefund,
  },
  "channel-thief": {
    about: "Somebody has the cable's latest half, and later the socket's flash with the payee's seed as well.",
    play: playThief,
  },
};

export const CHANNEL_SCENARIOS: readonly string[] = Object.freeze(Object.keys(ON_BOARDS));

/** What a scenario of CHANNEL_SCENARIOS shows, in a sentence. */
export function aboutChannelScenario(name: string): string {
  return ON_BOARDS[name]?.about ?? "";
}

/** 0.1 sat/vB, Bitcoin Core 30's least. */
const RATE = 100;
const DEPOSIT: Satoshi = 5_000;
const VISITS = 60;
/** Of a single-fee session over one coin with change. */
const SESSION_VBYTES = 141;
const LEAST_OUTPUT: Satoshi = 294;

/**
 * Plays one of CHANNEL_SCENARIOS and prints its story and account (with `json`, one object a line,
 * the account last).
 */
export async function runChannelScenario(name: string, options: ChannelScenarioOptions): Promise<ChannelAccount> {
  const print = options.print ?? console.log;
  const tell = (text: string): void =>
    print(options.json ? JSON.stringify({ from: "story", name: text }) : `  ${text}`);
  const act = ON_BOARDS[name];
  if (!act) throw new Error(`expected one of ${CHANNEL_SCENARIOS.join(", ")}, came ${name}`);
  if (!options.json) print(`${act.about} (two simulated boards and a real node)\n`);
  const account = accountOf(name, options.seed, await act.play({ seed: options.seed, say: tell }));
  print(options.json ? JSON.stringify(account) : accountText(account));
  return account;
}

// ---------------------------------------------------------------- telling

function accountOf(scenario: string, seed: number, run: Omit<CafeRun, "happenings">): ChannelAccount {
  const { visits, transactions, paidSat, socketReceivedSat, cableReceivedSat } = run;
  const drawn = visits.reduce((sum, { drawnSat }) => sum + drawnSat, 0);
  return {
    scenario,
    seed,
    visits: visits.length,
    each: visits,
    increments: visits.reduce((sum, { increments }) => sum + increments, 0),
    deliveredWh: Math.round(visits.reduce((sum, { energyWh }) => sum + energyWh, 0) * 1000) / 1000,
    paidSat,
    depositSat: DEPOSIT,
    socketReceivedSat,
    cableReceivedSat,
    transactions,
    lockedSat: DEPOSIT,
    otherwise: otherwiseOf(drawn),
  };
}

/**
 * The same visits by the other schemes: each payment is what nodes relay at least, and what is left
 * of it is credit.
 */
function otherwiseOf(drawn: number): ChannelAccount["otherwise"] {
  const payments = Math.max(1, Math.ceil(drawn / LEAST_OUTPUT));
  const feeSat = payments * feeFor(SESSION_VBYTES, RATE);
  return { transactions: payments, vbytes: payments * SESSION_VBYTES, feeSat, paidSat: payments * LEAST_OUTPUT };
}

function accountText(account: ChannelAccount): string {
  const row = (label: string, text: string): string => `  ${label.padEnd(22)}${text}`;
  const { visits, otherwise, transactions } = account;
  const fees = transactions.reduce((sum, { feeSat }) => sum + feeSat, 0);
  const vbytes = transactions.reduce((sum, each) => sum + each.vbytes, 0);
  return [
    "",
    `Account of ${account.scenario}, seed ${account.seed}`,
    row("visits", `${visits}, ${formatEnergy(account.deliveredWh * 1000)} in all`),
    row(
      "paid",
      `${formatSatoshi(account.paidSat)} in ${account.increments} increments, of a deposit of ${formatSatoshi(account.depositSat)}`,
    ),
    row(
      "socket received",
      `${formatSatoshi(account.socketReceivedSat)}, the cable ${formatSatoshi(account.cableReceivedSat)} back`,
    ),
    ...transactions.map(({ kind, txid, vbytes, feeSat, height }) =>
      row(kind, `${txid.slice(0, 16)}...  ${vbytes} vB, fee ${formatSatoshi(feeSat)}, block ${height}`),
    ),
    row("on the chain", `${transactions.length} transactions, ${vbytes} vB, ${formatSatoshi(fees)} to miners`),
    row(
      "by the other schemes",
      `${otherwise.transactions} transactions, ${otherwise.vbytes} vB, ${formatSatoshi(otherwise.feeSat)} to miners, ${formatSatoshi(otherwise.paidSat)} paid, nothing locked`,
    ),
  ].join("\n");
}
