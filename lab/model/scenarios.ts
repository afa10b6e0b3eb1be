// The scenarios that need a chain with replacements: double-spend, old-commitment, reorg,
// fee-spike. They run on the model chain (lab/model/), as bcoin refuses every replacement, with the
// devices' own controllers and real signatures, and end with the account of who lost what.

import { formatEnergy, formatSatoshi, type Satoshi } from "../../shared/kernel/units";
import { Referee } from "../prove/referee";
import { RogueCable } from "../prove/rogue-cable";
import { Stage, type Terms } from "../prove/stage";

export interface ModelScenarioOptions {
  readonly seed: number;
  readonly json: boolean;
  /** Where lines go; the console unless told otherwise. */
  readonly print?: (line: string) => void;
}

export interface Account {
  readonly scenario: string;
  readonly seed: number;
  /** Energy that flowed through the socket's relay, and its worth at the socket's price. */
  readonly deliveredWh: number;
  readonly deliveredSat: Satoshi;
  /** What blocks pay the socket's owner. */
  readonly socketReceivedSat: Satoshi;
  /** What the socket has written down as owed. */
  readonly socketOwedSat: Satoshi;
  /** Delivered and not received; negative where credit is left. */
  readonly socketLossSat: Satoshi;
  /** Least that the loss may ever have been, by its settings. */
  readonly socketBoundSat: Satoshi;
  readonly socketWorstSat: Satoshi;
  /** Worth of credit that waits at the socket. */
  readonly creditSat: Satoshi;
  readonly cableBeforeSat: Satoshi;
  readonly cableAfterSat: Satoshi;
  /**
   * What the cable gave away beyond energy, credit and the miners' fees; negative where it got some
   * for nothing.
   */
  readonly cableLossSat: Satoshi;
  readonly minerFeesSat: Satoshi;
  readonly transactions: readonly { readonly txid: string; readonly feeSat: Satoshi; readonly toSocketSat: Satoshi }[];
}

interface Scene {
  readonly stage: Stage;
  readonly referee: Referee;
  readonly say: (text: string) => void;
}

interface Act {
  readonly about: string;
  readonly terms?: Partial<Terms["socket"]>;
  readonly play: (scene: Scene) => Promise<void>;
}

const ACTS: Readonly<Record<string, Act>> = {
  "double-spend": {
    about: "A cable pays with coins that it spends a second time, at a higher fee, while it draws power.",
    play: doubleSpend,
  },
  "old-commitment": {
    about: "A cable brings its first commitment to the chain itself, to pay less than it drew; later it comes back.",
    play: oldCommitment,
  },
  reorg: {
    about: "The block that holds a settlement is taken back by a longer branch, twice.",
    play: reorganised,
  },
  "fee-spike": {
    about: "Block space becomes forty times dearer in the middle of a session.",
    terms: { checkpoint: 20_000 },
    play: feeSpike,
  },
};

export const MODEL_SCENARIOS: readonly string[] = Object.freeze(Object.keys(ACTS));

/** What a scenario of MODEL_SCENARIOS shows, in a sentence. */
export function aboutModelScenario(name: string): string {
  return ACTS[name]?.about ?? "";
}

const COINS = [160_000, 90_000];
const TOASTER = 1_300_000;
const SECOND = 1000;

/**
 * Plays one of MODEL_SCENARIOS and prints its story and account (with `json`, one object a line,
 * the account last).
 */
export async function runModelScenario(name: string, options: ModelScenarioOptions): Promise<Account> {
  const act = ACTS[name];
  if (!act) throw new Error(`expected one of ${MODEL_SCENARIOS.join(", ")}, came ${name}`);
  const print = options.print ?? console.log;
  const stage = new Stage(termsOf(options.seed, act));
  const scene: Scene = { stage, referee: new Referee(stage), say: sayer(stage, options.json, print) };
  if (!options.json) print(`${act.about} (model chain, real signatures)\n`);
  listen(stage, options.json, print);
  await act.play(scene);
  const account = accountOf(name, options.seed, scene);
  print(options.json ? JSON.stringify(account) : accountText(account));
  return account;
}

function termsOf(seed: number, act: Act): Terms {
  return {
    seed,
    realSigner: true,
    coins: COINS,
    socketError: 3,
    cableError: -4,
    electronics: 1_000,
    socket: act.terms ?? {},
    cable: { maxFeeShare: 500 },
  };
}

// ---------------------------------------------------------------- the four stories

async function doubleSpend(scene: Scene): Promise<void> {
  const { stage, say } = scene;
  const rogue = await thiefAt(scene);
  await drawAndPay(scene, rogue, 3);
  say("the cable spends its coins back to itself, beside the miner, at a fee that nobody will outbid");
  rogue.do("double-spend-miner", 3);
  await pass(scene, 90);
  say("a block comes");
  await mineAndPass(scene, 4);
  say("the thief comes back for more");
  await payAgain(scene, rogue);
  stage.circuit.isPlugged = false;
  await mineAndPass(scene, 2);
}

async function oldCommitment(scene: Scene): Promise<void> {
  const { stage, say } = scene;
  const rogue = await thiefAt(scene);
  await drawAndPay(scene, rogue, 4);
  say("the cable broadcasts its first commitment, which pays a quarter of what it drew");
  rogue.do("old-commitment", 0);
  await pass(scene, 60);
  await mineAndPass(scene, 4);
  say("it wants power again: a new session opens with what the old one still owes");
  await payAgain(scene, rogue);
  await pass(scene, 10);
  stage.circuit.load = 0;
  stage.circuit.isPlugged = false;
  await pass(scene, 60);
  await mineAndPass(scene, 5);
}

async function reorganised(scene: Scene): Promise<void> {
  const { stage, say } = scene;
  await honestToast(scene);
  const settle = (): void => {
    stage.network.mine();
  };
  settle();
  await pass(scene, 15);
  for (const time of ["first", "second"]) {
    say(`a longer branch without the settlement takes over (the ${time} time)`);
    stage.network.censored = () => true;
    stage.network.reorganise(1);
    await pass(scene, 25);
    stage.network.censored = () => false;
    settle();
    await pass(scene, 15);
  }
  await mineAndPass(scene, 3);
}

async function feeSpike(scene: Scene): Promise<void> {
  const { stage, say } = scene;
  stage.network.market = 500;
  stage.circuit.load = TOASTER;
  stage.startSocket();
  stage.plugCable();
  await pass(scene, 250);
  say("others pay 20 sat/vB for block space from now on");
  stage.network.market = 20_000;
  await pass(scene, 120);
  stage.network.mine();
  await pass(scene, 200);
  stage.circuit.load = 0;
  stage.circuit.isPlugged = false;
  await pass(scene, 40);
  await mineAndPass(scene, 4);
}

async function honestToast({ stage, ...scene }: Scene): Promise<void> {
  stage.circuit.load = TOASTER;
  stage.startSocket();
  stage.plugCable();
  await pass({ stage, ...scene }, 230);
  stage.circuit.load = 0;
  stage.circuit.isPlugged = false;
  await pass({ stage, ...scene }, 60);
}

/** A cable of the thief's own making, whose electronics live on a battery. */
async function thiefAt(scene: Scene): Promise<RogueCable> {
  const { stage, referee } = scene;
  stage.circuit.load = TOASTER;
  stage.startSocket();
  await pass(scene, 1);
  return new RogueCable(stage, referee);
}

/** Pays as an honest cable would, whenever credit runs low, and draws all the time. */
async function drawAndPay(scene: Scene, rogue: RogueCable, increments: number): Promise<void> {
  const { stage } = scene;
  for (let left = increments; left > 0; ) {
    const status = await stage.clock.finish(stage.link.calls().getStatus({}, "169.254.1.1:50000"));
    if (status.renewalDue || status.remaining === 0) {
      rogue.do("pay", 0);
      left -= 1;
    }
    await pass(scene, 3);
  }
  await pass(scene, 20);
}

/** Comes back as soon as the socket deals again. */
async function payAgain(scene: Scene, rogue: RogueCable): Promise<void> {
  const before = scene.stage.counts.increments;
  for (let tries = 0; tries < 40 && scene.stage.counts.increments === before; tries++) {
    rogue.do("pay", 0);
    await pass(scene, 5);
  }
}

async function pass({ stage, referee }: Scene, seconds: number): Promise<void> {
  for (let left = seconds; left > 0; left -= 5) {
    await stage.clock.run(Math.min(left, 5) * SECOND);
    referee.check();
  }
}

async function mineAndPass(scene: Scene, blocks: number): Promise<void> {
  for (let i = 0; i < blocks; i++) {
    scene.stage.network.mine();
    await pass(scene, 20);
  }
}

// ---------------------------------------------------------------- telling

function sayer(stage: Stage, json: boolean, print: (line: string) => void): (text: string) => void {
  return (text) =>
    print(
      json ? JSON.stringify({ atMs: stage.clock.now(), from: "story", name: text }) : `${timeOf(stage)}  ** ${text}`,
    );
}

function listen(stage: Stage, json: boolean, print: (line: string) => void): void {
  const told = new Set<string>();
  stage.onEvent = (from, event) => {
    const { name, ...facts } = event;
    const text = `${from.padEnd(7)} ${name}  ${Object.entries(facts).map(shown).join("  ")}`;
    // A socket tries again and again; once is enough to read.
    if (!json && told.has(text)) return;
    told.add(text);
    print(json ? JSON.stringify({ atMs: stage.clock.now(), from, ...event }) : `${timeOf(stage)}  ${text}`);
  };
}

function shown([key, value]: readonly [string, unknown]): string {
  const text = String(value);
  return `${key} ${/^[0-9a-f]{32,}$/.test(text) ? `${text.slice(0, 12)}...` : text}`;
}

function timeOf(stage: Stage): string {
  return `${(stage.clock.now() / SECOND).toFixed(1).padStart(7)} s`;
}

function accountOf(scenario: string, seed: number, { stage, referee }: Scene): Account {
  const { network, circuit, purse, settings } = stage;
  circuit.advance();
  const mined = network.blocks.all().flatMap((block) => block.transactions);
  const transactions = mined.map((tx) => ({
    txid: tx.txid,
    feeSat: feeOf(stage, tx),
    toSocketSat: tx.outputs.reduce(
      (sum, output) => sum + (output.script === stage.payout.script ? output.amount : 0),
      0,
    ),
  }));
  const minerFeesSat = transactions.reduce((sum, tx) => sum + tx.feeSat, 0);
  const deliveredSat = Math.ceil((circuit.delivered * settings.price) / 1e9);
  const socketReceivedSat = stage.received();
  const cableBeforeSat = COINS.reduce((sum, coin) => sum + coin, 0);
  const cableAfterSat = stage.owned(purse.script);
  const record = stage.socketRecord();
  const owed = record?.debts ?? [];
  const parked = (record?.parked ?? []).reduce((sum, credit) => sum + credit.energy, 0);
  const creditSat = Math.floor((parked * settings.price) / 1e6);
  return {
    scenario,
    seed,
    deliveredWh: circuit.delivered / 1e6,
    deliveredSat,
    socketReceivedSat,
    socketOwedSat: owed.reduce((sum, debt) => sum + debt.amount, 0),
    socketLossSat: deliveredSat - socketReceivedSat,
    socketBoundSat: Math.ceil(referee.socketBound()),
    socketWorstSat: Math.ceil(referee.worst.socket),
    creditSat,
    cableBeforeSat,
    cableAfterSat,
    cableLossSat: cableBeforeSat - cableAfterSat - minerFeesSat - deliveredSat - creditSat,
    minerFeesSat,
    transactions,
  };
}

function feeOf(
  stage: Stage,
  tx: { readonly inputs: readonly { txid: string; vout: number }[]; readonly outputs: readonly { amount: number }[] },
): Satoshi {
  const spent = tx.inputs.reduce((sum, input) => sum + (stage.network.blocks.coinEver(input)?.amount ?? 0), 0);
  return spent - tx.outputs.reduce((sum, output) => sum + output.amount, 0);
}

function accountText(account: Account): string {
  const row = (label: string, text: string): string => `  ${label.padEnd(22)}${text}`;
  const lost = (sat: Satoshi, credit: string): string =>
    sat > 0 ? `lost ${formatSatoshi(sat)}` : `lost nothing${sat < 0 ? ` (${formatSatoshi(-sat)} ${credit})` : ""}`;
  return [
    "",
    `Account of ${account.scenario}, seed ${account.seed}`,
    row("delivered", `${formatEnergy(account.deliveredWh * 1000)}, worth ${formatSatoshi(account.deliveredSat)}`),
    row(
      "socket received",
      `${formatSatoshi(account.socketReceivedSat)}, ${formatSatoshi(account.socketOwedSat)} written down as owed`,
    ),
    row(
      "socket",
      `${lost(account.socketLossSat, "ahead")}; at worst ${formatSatoshi(account.socketWorstSat)} out, bound ${formatSatoshi(account.socketBoundSat)}`,
    ),
    row(
      "cable",
      `${formatSatoshi(account.cableBeforeSat)} before, ${formatSatoshi(account.cableAfterSat)} after; ${lost(account.cableLossSat, "gained")}`,
    ),
    row("credit", `${formatSatoshi(account.creditSat)} wait at the socket for the cable`),
    row("miners", formatSatoshi(account.minerFeesSat)),
    ...account.transactions.map((tx) =>
      row(
        "in a block",
        `${tx.txid.slice(0, 16)}...  ${formatSatoshi(tx.toSocketSat)} to the socket, fee ${formatSatoshi(tx.feeSat)}`,
      ),
    ),
  ].join("\n");
}
