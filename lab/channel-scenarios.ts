// Scenarios of payment channels, on a real node. cafe, channel-offline and channel-fees run on both simulated boards
// (channel-cafe.ts). channel-refund and channel-thief need blocks by the thousand, or a thief's own transactions: they run both
// devices' books of channels (shared/channel/book.ts and pocket.ts) without boards.

import { bytesToHex } from "../shared/bitcoin/bytes";
import { ecdsa } from "../shared/bitcoin/ecdsa";
import { openWallet, type Wallet } from "../shared/bitcoin/wallet";
import { readRawTx } from "../shared/chain/raw-tx";
import { changeAt } from "../shared/channel/amounts";
import { ChannelBook } from "../shared/channel/book";
import { deadline } from "../shared/channel/channel";
import { type ClosingTerms, channelFrame, signClosing, signHalf } from "../shared/channel/closing";
import { fundingVsize } from "../shared/channel/funding";
import { payeeWallet } from "../shared/channel/payee-key";
import { ChannelPocket, type FundingOffer } from "../shared/channel/pocket";
import { type ChannelEntry, channelOf, depositOf } from "../shared/channel/record";
import { REFUND_VSIZE } from "../shared/channel/refund";
import type { Store } from "../shared/kernel/ports";
import {
  feeFor,
  formatEnergy,
  formatSatoshi,
  type Hex,
  type MilliwattHour,
  type Satoshi,
} from "../shared/kernel/units";
import type { ChannelAccount, ChannelTransaction, Visit } from "./channel-account";
import { type CafeOptions, type CafeRun, playCafe, playFees, playOffline } from "./channel-cafe";
import { BitcoinNode } from "./node/bitcoin-node";

export interface ChannelScenarioOptions {
  readonly seed: number;
  readonly json: boolean;
  /** Where lines go; the console unless told otherwise. */
  readonly print?: (line: string) => void;
}

interface Act {
  readonly about: string;
  readonly play: (scene: Scene) => Promise<void>;
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
};

const ACTS: Readonly<Record<string, Act>> = {
  "channel-refund": {
    about: "A socket that took a deposit is never seen again; the cable takes its deposit back.",
    play: refund,
  },
  "channel-thief": { about: "Somebody has the cable's latest half, and later the payee's key as well.", play: thief },
};

export const CHANNEL_SCENARIOS: readonly string[] = Object.freeze([...Object.keys(ON_BOARDS), ...Object.keys(ACTS)]);

/** What a scenario of CHANNEL_SCENARIOS shows, in a sentence. */
export function aboutChannelScenario(name: string): string {
  return ON_BOARDS[name]?.about ?? ACTS[name]?.about ?? "";
}

/** 0.3 sat a watt-hour. */
const PRICE = 300;
/** Of a toaster, in milliwatts; one batch of toast takes 110 s, a little more or less. */
const TOASTER = 1_300_000;
/** 0.1 sat/vB, Bitcoin Core 30's least. */
const RATE = 100;
const DEPOSIT: Satoshi = 5_000;
const DELAY = 2_016;
const CONFIRMATIONS = 6;
const VISITS = 60;
/** An increment lasts half a minute at least. */
const STEP: Satoshi = Math.ceil((TOASTER * 30 * PRICE) / 3_600_000_000);
const HOUR = 3_600_000;
/** Of a single-fee session over one coin with change. */
const SESSION_VBYTES = 141;
const LEAST_OUTPUT: Satoshi = 294;

/** Plays one of CHANNEL_SCENARIOS and prints its story and account (with `json`, one object a line, the account last). */
export async function runChannelScenario(name: string, options: ChannelScenarioOptions): Promise<ChannelAccount> {
  const act = ACTS[name];
  const print = options.print ?? console.log;
  const tell = (text: string): void =>
    print(options.json ? JSON.stringify({ from: "story", name: text }) : `  ${text}`);
  const boards = ON_BOARDS[name];
  if (boards) {
    if (!options.json) print(`${boards.about} (two simulated boards and a real node)\n`);
    const account = accountOf(name, options.seed, await boards.play({ seed: options.seed, say: tell }));
    print(options.json ? JSON.stringify(account) : accountText(account));
    return account;
  }
  if (!act) throw new Error(`expected one of ${CHANNEL_SCENARIOS.join(", ")}, came ${name}`);
  if (!options.json) print(`${act.about} (both books of channels and a real node; no boards)\n`);
  const node = await BitcoinNode.start();
  try {
    const scene = new Scene(node, name, options.seed, tell);
    await act.play(scene);
    const account = scene.account();
    print(options.json ? JSON.stringify(account) : accountText(account));
    return account;
  } finally {
    await node.stop();
  }
}

/** A socket and a cable with their books, the node between them, and what happened. */
class Scene {
  readonly cable: Wallet;
  readonly payout: Wallet;
  readonly seedOfKeys: Uint8Array;
  readonly book: ChannelBook;
  readonly pocket: ChannelPocket;
  readonly visits: Visit[] = [];
  readonly transactions: ChannelTransaction[] = [];
  /** By the socket's clock, which no restart sets back here. */
  now = 0;
  private chance: number;

  constructor(
    readonly node: BitcoinNode,
    readonly name: string,
    readonly seed: number,
    readonly say: (text: string) => void,
  ) {
    this.chance = seed + 1;
    this.cable = openWallet(this.secret(1), ecdsa);
    this.payout = openWallet(this.secret(2), ecdsa);
    this.seedOfKeys = this.secret(3);
    const report = (): void => {};
    const terms = {
      delay: DELAY,
      version: 3,
      depositLeast: 1_000,
      depositMost: 100_000,
      confirmations: CONFIRMATIONS,
      margin: 1_008,
      maxUnclosed: 50_000,
      answerAge: 24 * HOUR,
      payeeScript: this.payout.script,
    };
    this.book = new ChannelBook({ store: memory(), report, ecdsa, seed: this.seedOfKeys, terms });
    const limits = { delay: DELAY, maxLocked: 20_000, fee: 1_000, increment: 100, first: 1_000 };
    this.pocket = new ChannelPocket({ store: memory(), report, wallet: this.cable, ecdsa, limits });
  }

  /** The channel's only one here. */
  get entry(): ChannelEntry {
    const [entry] = this.book.entries;
    if (!entry) throw new Error("expected an open channel, found none");
    return entry;
  }

  /** The cable funds a channel, and blocks bury it. */
  async open(): Promise<void> {
    const point = await this.node.fund(this.cable.script, 60_000);
    await this.node.mine(1);
    const inputs = [{ ...point, amount: 60_000 }];
    const fee = feeFor(fundingVsize(1, true), RATE);
    const offer: FundingOffer = {
      payeeKey: this.book.nextKey(),
      delay: DELAY,
      version: 3,
      inputs,
      deposit: DEPOSIT,
      fee,
    };
    const funded = this.pocket.fund(offer, ({ amount }) => amount);
    if (!funded.ok) throw new Error(funded.detail);
    const entry = this.book.open({
      cableKey: bytesToHex(this.cable.publicKey),
      inputs,
      deposit: DEPOSIT,
      fee,
      signed: funded.transaction,
    });
    if (!("txid" in entry)) throw new Error(entry.detail);
    await this.node.submit(funded.transaction);
    await this.node.mine(CONFIRMATIONS);
    this.took("funding", funded.transaction, 60_000);
    this.askChain();
    this.say(`the cable locks ${formatSatoshi(DEPOSIT)} for at most ${DELAY} blocks; ${CONFIRMATIONS} blocks bury it`);
  }

  /** What the socket asks in the background; no visit waits for it. */
  askChain(): void {
    const { txid } = this.entry;
    const height = this.node.transaction(txid)?.block?.height;
    this.book.sawTip(this.node.tip().height, this.now);
    this.book.sawFunding(txid, { height, unspent: this.node.spend({ txid, vout: 0 }) === undefined, at: this.now });
  }

  /** One visit that draws `energy`: increments are paid while credit lacks, and credit is left for the next one. */
  visit(energy: MilliwattHour): void {
    const { txid } = this.entry;
    let increments = 0;
    let paidSat = 0;
    let left = energy;
    while (left > 0) {
      if (this.entry.energy === 0) {
        paidSat += this.pay();
        increments += 1;
      }
      const drawn = Math.min(left, this.entry.energy);
      this.book.delivered(txid, drawn);
      this.pocket.flowed(txid, drawn);
      left -= drawn;
    }
    const drawnSat = Math.round((energy * PRICE) / 10_000) / 100;
    this.visits.push({ visit: this.visits.length + 1, energyWh: energy / 1000, drawnSat, paidSat, increments });
  }

  /** One increment, as the socket asks for it. */
  pay(): Satoshi {
    const { txid } = this.entry;
    const pay = this.book.ask(txid, STEP, RATE);
    const increment = this.pocket.pay(txid, pay, PRICE, 0);
    if (!("half" in increment)) throw new Error(increment.detail);
    const taken = this.book.take(increment, pay, PRICE, this.now);
    if (!taken.ok) throw new Error(taken.detail);
    return pay;
  }

  /** A transaction of ours that is in a block now; `spent` is what its inputs are worth. */
  took(kind: ChannelTransaction["kind"], hex: Hex, spent: Satoshi): void {
    const { txid, outputs } = readRawTx(hex);
    const known = this.node.transaction(txid);
    if (!known?.block) throw new Error(`expected the ${kind} in a block, it is in none`);
    const feeSat = spent - outputs.reduce((sum, { amount }) => sum + amount, 0);
    const vbytes = known.tx.getVirtualSize();
    this.transactions.push({ kind, txid, hex, vbytes, feeSat, height: known.block.height });
  }

  /** 0 to 1, the same for the same seed. */
  random(): number {
    this.chance = (Math.imul(this.chance, 1_103_515_245) + 12_345) >>> 0;
    return (this.chance >>> 8) / 0x1000000;
  }

  account(): ChannelAccount {
    const { visits, transactions } = this;
    const own = (script: Hex): Satoshi =>
      transactions.filter(({ kind }) => kind !== "funding").reduce((sum, { hex }) => sum + paidTo(hex, script), 0);
    return accountOf(this.name, this.seed, {
      visits,
      transactions,
      paidSat: this.pocket.entries[0]?.paid ?? 0,
      socketReceivedSat: own(this.payout.script),
      cableReceivedSat: own(this.cable.script),
    });
  }

  private secret(number: number): Uint8Array {
    const bytes = new Uint8Array(32).fill(number);
    new DataView(bytes.buffer).setUint32(28, this.seed);
    return bytes;
  }
}

// ---------------------------------------------------------------- the stories

async function refund(scene: Scene): Promise<void> {
  await scene.open();
  scene.visit(36_000);
  const end = deadline(channelOf(scene.entry)) ?? 0;
  const { txid } = scene.entry;
  const raw = scene.pocket.refund(txid, feeFor(REFUND_VSIZE, RATE)) ?? "";
  scene.say(`the socket is gone; its deposit is the cable's again from block ${end} on`);
  await scene.node.mine(end - scene.node.tip().height - 2);
  await scene.node.submit(raw).then(
    () => scene.say("expected a refusal one block early, it was taken"),
    (error: Error) => scene.say(`one block early a node says: ${error.message}`),
  );
  await scene.node.mine(1);
  await scene.node.submit(raw);
  await scene.node.mine(1);
  scene.took("refund", raw, DEPOSIT);
}

async function thief(scene: Scene): Promise<void> {
  await scene.open();
  for (let i = 0; i < 30; i++) scene.visit(36_000);
  const deposit = depositOf(scene.entry);
  const frame = channelFrame(deposit);
  const thiefs = openWallet(new Uint8Array(32).fill(0x77), ecdsa);
  const key = payeeWallet(scene.seedOfKeys, 0, ecdsa);
  const terms = { payeeScript: thiefs.script, fee: 17, coins: [] };
  const { half = "", paid } = scene.entry;
  const latest = changeAt(DEPOSIT, paid);
  const tries: readonly (readonly [string, Hex])[] = [
    ["with the half alone, signed by a key of the thief's", forged(scene, thiefs, terms)],
    [
      "with both, for less change than the cable's half says",
      signClosing(deposit, frame, { change: latest - 1, half }, terms, key),
    ],
    [
      "with the payee's key, and a half of the thief's own",
      signClosing(
        deposit,
        frame,
        {
          change: 294,
          half: signHalf(
            channelFrame({ ...deposit, keys: { ...deposit.keys, cableKey: bytesToHex(thiefs.publicKey) } }),
            294,
            thiefs,
          ),
        },
        terms,
        key,
      ),
    ],
  ];
  for (const [what, raw] of tries)
    await scene.node.submit(raw).then(
      () => scene.say(`${what}: taken, which it must not be`),
      (error: Error) => scene.say(`${what}: refused (${error.message})`),
    );
  const stolen = signClosing(deposit, frame, { change: latest, half }, terms, key);
  await scene.node.submit(stolen);
  await scene.node.mine(1);
  scene.took("closing", stolen, DEPOSIT);
  scene.say(
    `with key and half: ${formatSatoshi(paid - 17)} of the payee's unclosed share are gone; the cable has its change`,
  );
}

/** The right closing, but for the payee's signature. */
function forged({ entry }: Scene, thiefs: Wallet, terms: ClosingTerms): Hex {
  const deposit = depositOf(entry);
  const foreign = { ...deposit, keys: { ...deposit.keys, payeeKey: bytesToHex(thiefs.publicKey) } };
  const state = { change: changeAt(DEPOSIT, entry.paid), half: entry.half ?? "" };
  return signClosing(foreign, channelFrame(deposit), state, terms, thiefs);
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

/** The same visits by the other schemes: each payment is what nodes relay at least, and what is left of it is credit. */
function otherwiseOf(drawn: number): ChannelAccount["otherwise"] {
  const payments = Math.max(1, Math.ceil(drawn / LEAST_OUTPUT));
  const feeSat = payments * feeFor(SESSION_VBYTES, RATE);
  return { transactions: payments, vbytes: payments * SESSION_VBYTES, feeSat, paidSat: payments * LEAST_OUTPUT };
}

function paidTo(hex: Hex, script: Hex): Satoshi {
  return readRawTx(hex).outputs.reduce((sum, output) => sum + (output.script === script ? output.amount : 0), 0);
}

/** Lives as long as the scenario. */
function memory(): Store {
  const values = new Map<string, Uint8Array>();
  return {
    read: (key) => values.get(key),
    write: (key, value) => void values.set(key, value),
    remove: (key) => void values.delete(key),
  };
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
