// The settler: brings commitments into a block and stays with them until they are buried.
//
// It broadcasts what is held, rebroadcasts what the network forgot, notices who else spent the inputs and a
// reorganisation, and works out what is still owed where an earlier commitment was mined than the last.
// Every step starts from the record, so a restart simply goes on.

import { ChainError } from "../chain/error";
import { type Changes, merged } from "../journal/ledger";
import type { Chain, Reporter, Spend } from "../ports";
import type { Hex, Satoshi } from "../units";
import { type Cheats, withCheat } from "./cheats";
import { type CoinWatch, settledName } from "./coin-watch";
import type { SocketLedger } from "./ledger";
import { type Debt, latest, type Settlement, type SocketRecord } from "./record";
import type { SocketSettings } from "./settings";

/** Each may spend the change of the one before, and nodes take 25 unconfirmed in a row. */
const MAX_SETTLEMENTS = 20;
/** Beyond it nothing is sold: a save needs several times the record's size of a chip's heap (docs/performance.md). */
const MAX_RECORD_BYTES = 8_192;
/** A backend is not behind by more sessions than this. */
const MAX_SETTLED = 20;
const MAX_DEBTS = 16;

/** Who spends the inputs of a settlement, where it is not its latest commitment. */
export type Rival = "earlier-commitment" | "foreign";

export interface SettlerOptions {
  readonly chain: Chain;
  readonly watch: CoinWatch;
  readonly ledger: SocketLedger;
  readonly settings: SocketSettings;
  readonly report: Reporter;
  /** The network wants more than `fee` for the settlement's inputs before it lets its transaction replace another. */
  readonly onTooLow: (settlement: Settlement, fee: Satoshi) => void;
  readonly onRival: (settlement: Settlement, rival: Rival, spend: Spend) => void;
  readonly onMined: (settlement: Settlement) => void;
  /** The network has a payment whose credit waited for that. The record's part that gives it, and what to do once it is written. */
  readonly onSent: (settlement: Settlement) => Changes<SocketRecord>;
}

export class Settler {
  readonly #options: SettlerOptions;
  #round: Promise<void> | undefined;
  #again = false;
  /** A payment that a call is waiting to see broadcast; rounds leave it alone. */
  #underWay: Settlement | undefined;

  constructor(options: SettlerOptions) {
    this.#options = options;
  }

  get settlements(): readonly Settlement[] {
    return this.#options.ledger.record.settlements;
  }

  /** True while another settlement can be followed and written down: what cannot be must not be sold. */
  hasRoom(): boolean {
    return this.settlements.length < MAX_SETTLEMENTS && this.#options.ledger.size < MAX_RECORD_BYTES;
  }

  /** The record's part that hands a commitment over. It replaces the session's open settlement where there is one. */
  taken(settlement: Settlement): Pick<SocketRecord, "settlements"> {
    const before = this.settlements.find((other) => other.open && other.session === settlement.session);
    const sentTxid = before?.state === "sent" ? latest(before).txid : before?.sentTxid;
    const others = this.settlements.filter((other) => other !== before);
    return { settlements: [...others, sentTxid === undefined ? settlement : { ...settlement, sentTxid }] };
  }

  /**
   * Broadcasts a payment that is good only once the network has it. Rejects with a ChainError: one that was refused is
   * forgotten; one that may have arrived although nobody answered is tried again with the next round. False where it was
   * written off meanwhile, with what it spends: then it got no credit.
   */
  async sendOrForget(settlement: Settlement): Promise<boolean> {
    this.#underWay = settlement;
    try {
      await this.#options.chain.broadcast(settlement.transaction);
    } catch (error) {
      if (isAway(error)) throw error;
      if (!(error instanceof ChainError && error.kind === "already-known")) {
        this.#options.ledger.write({ settlements: this.settlements.filter((other) => !same(other, settlement)) });
        throw error;
      }
    } finally {
      this.#underWay = undefined;
    }
    const { txid, value, fee } = latest(settlement);
    this.#options.report({ name: "broadcast", txid, value, fee });
    this.sent(settlement);
    return this.settlements.some((other) => same(other, settlement));
  }

  /** Goes a round over all settlements. Rounds never overlap; a call during one resolves after another round. */
  run(): Promise<void> {
    this.#again = true;
    this.#round ??= this.rounds().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  private async rounds(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      for (const settlement of this.settlements) await this.tryStep(settlement);
    }
  }

  /** A chain that is away is asked again next round; nothing that goes wrong with one settlement stops the others. */
  private async tryStep(found: Settlement): Promise<void> {
    // As it stands now: steps before this one took their time.
    const settlement = this.settlements.find((other) => same(other, found));
    if (!settlement || (this.#underWay && same(settlement, this.#underWay))) return;
    try {
      if (settlement.state === "held") await this.send(settlement);
      else if (settlement.state === "sent") await this.follow(settlement);
      else await this.bury(settlement);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#options.report({ name: error instanceof ChainError ? "chain-trouble" : "settler-failed", why });
    }
  }

  /** Broadcasts; where the network refuses, finds out why. */
  private async send(settlement: Settlement): Promise<void> {
    const { chain, report } = this.#options;
    const { txid, value, fee } = latest(settlement);
    try {
      await chain.broadcast(settlement.transaction);
      report({ name: "broadcast", txid, value, fee });
      this.sent(settlement);
    } catch (error) {
      if (!(error instanceof ChainError) || isAway(error)) throw error;
      if (error.kind === "already-known") return this.sent(settlement);
      report({ name: "broadcast-refused", txid, why: error.message });
      if (error.kind === "replacement-fee-too-low") this.#options.onTooLow(settlement, fee + (error.missing ?? 0));
      await this.findRival(settlement);
    }
  }

  private sent(settlement: Settlement): void {
    // As the record has it now: credit is given once, however often the network is told.
    const waiting = this.settlements.find((other) => same(other, settlement))?.credit !== undefined;
    const credited = waiting ? this.#options.onSent(settlement) : {};
    const changes = { state: "sent", sentTxid: undefined, credit: undefined, ticket: undefined } as const;
    this.update(settlement, { ...changes, rivalHeight: undefined }, credited);
  }

  private async follow(settlement: Settlement): Promise<void> {
    const { txid } = latest(settlement);
    const status = await this.#options.chain.status(txid);
    if (status.state !== "unknown") this.countedFrom(settlement, undefined);
    if (status.state === "confirmed") this.mined(settlement, txid);
    else if (status.state === "unknown" && !(await this.findRival(settlement))) await this.send(settlement);
  }

  /** Waits until the block that holds it is deep enough, and notices when no block holds it any longer. */
  private async bury(settlement: Settlement): Promise<void> {
    const { chain, settings, report } = this.#options;
    const txid = settlement.minedTxid ?? latest(settlement).txid;
    // The tip first: were it asked last, a branch that took over in between would lend its height to a block that is gone.
    const tip = await chain.tip();
    const status = await chain.status(txid);
    if (status.state !== "confirmed" || status.height === undefined) {
      report({ name: "reorganised", txid });
      this.update(settlement, { state: "held", minedTxid: undefined });
      return;
    }
    if (tip - status.height + 1 < settings.confirmations || this.hangsOnUnmined(settlement)) return;
    const value = settlement.commitments.find((commitment) => commitment.txid === txid)?.value ?? 0;
    const owed = latest(settlement).value - value;
    report({ name: "buried", txid, value, height: status.height, owed });
    this.conclude(settlement, owed, txid);
  }

  /** Nothing is in a block before its parent: a backend that says so mixes old answers with new ones. */
  private hangsOnUnmined({ inputs }: Settlement): boolean {
    const unmined = this.settlements.filter(({ state }) => state !== "mined").map((each) => latest(each).txid);
    return inputs.some(({ txid }) => unmined.includes(txid));
  }

  /** Asks who spent the inputs, and draws the consequences. Gives the spend where it was not the latest commitment. */
  private async findRival(settlement: Settlement): Promise<Spend | undefined> {
    const tip = await this.#options.chain.tip();
    const spend = await this.rivalOf(settlement);
    const height = this.countedFrom(settlement, spend);
    if (spend) this.judge(settlement, spend, height === undefined ? 0 : tip - height + 1);
    return spend;
  }

  private async rivalOf(settlement: Settlement): Promise<Spend | undefined> {
    const { txid } = latest(settlement);
    const rivals = (await this.spendsOf(settlement)).filter((each) => each.txid !== txid);
    // One that is in a block has decided; others may wait without end.
    const found = rivals.find((each) => each.height !== undefined) ?? rivals[0];
    // Some backends only say that a coin is spent: then it may as well be one of the commitments that did it.
    const spend = found?.txid === undefined ? ((found && (await this.ownSpend(settlement))) ?? found) : found;
    if (!spend) return undefined;
    // Nor do they tell a coin that is spent from one that is not there yet: its parent was forgotten, and goes out first.
    if (spend.txid === undefined && this.hangsOnUnmined(settlement)) return undefined;
    if (spend.txid === txid) {
      if (settlement.state === "held") this.sent(settlement);
      return undefined;
    }
    return spend;
  }

  /** One input after the other: a question that waits takes kilobytes of a microcontroller's heap. */
  private async spendsOf({ inputs, payerScript }: Settlement): Promise<Spend[]> {
    const spends: Spend[] = [];
    for (const input of inputs) {
      const spend = await this.#options.watch.spendOf(input, payerScript);
      if (spend) spends.push(spend);
    }
    return spends;
  }

  /**
   * The height from which a rival's confirmations count; undefined while no block is known to hold it. Where its height
   * is only the latest that is possible, the lowest that was ever seen holds, until the spend is gone from the blocks.
   */
  private countedFrom(known: Settlement, rival: Spend | undefined): number | undefined {
    const settlement = this.settlements.find((each) => same(each, known));
    const isExact = rival?.txid !== undefined;
    const height = rival?.height;
    const lowest = isExact || height === undefined ? undefined : Math.min(height, settlement?.rivalHeight ?? height);
    if (settlement && settlement.rivalHeight !== lowest) this.update(settlement, { rivalHeight: lowest });
    return lowest ?? height;
  }

  /** Which of the commitments the network knows, the latest first. */
  private async ownSpend({ commitments }: Settlement): Promise<Spend | undefined> {
    for (const { txid } of [...commitments].reverse()) {
      const { state, height } = await this.#options.chain.status(txid);
      if (state !== "unknown") return height === undefined ? { txid } : { txid, height };
    }
    return undefined;
  }

  /** The tip from which `confirmations` were counted was asked before `spend`. */
  private judge(settlement: Settlement, spend: Spend, confirmations: number): void {
    const earlier = settlement.commitments.some((commitment) => commitment.txid === spend.txid);
    this.#options.onRival(settlement, earlier ? "earlier-commitment" : "foreign", spend);
    if (spend.height === undefined) return;
    if (earlier && spend.txid !== undefined) this.mined(settlement, spend.txid);
    // Somebody else's transaction has the inputs for good: what was delivered on them is owed.
    else if (confirmations >= this.#options.settings.confirmations)
      this.conclude(settlement, delivered(settlement), undefined);
  }

  private mined(settlement: Settlement, txid: Hex): void {
    this.#options.report({ name: "mined", txid });
    this.update(settlement, { state: "mined", open: false, minedTxid: txid, rivalHeight: undefined });
    this.#options.onMined({ ...settlement, minedTxid: txid });
  }

  /** Writes off a settlement, of which `mined` is buried or nothing ever will be, and all that spends what is gone with it. */
  private conclude(settlement: Settlement, owed: Satoshi, mined: Hex | undefined): void {
    const { ledger, watch, report } = this.#options;
    const { record } = ledger;
    const lost = this.spending(gone(settlement, mined));
    if (mined === undefined) lost.unshift(settlement);
    const debt = { script: settlement.payerScript, amount: owed, ...(mined === undefined ? {} : { txid: mined }) };
    let debts = withDebt(record.debts, debt);
    let cheats: Cheats = record;
    for (const each of lost) {
      report({ name: "lost", session: each.session, value: delivered(each) });
      if (each !== settlement) debts = withDebt(debts, { script: each.payerScript, amount: delivered(each) });
      // A commitment that the socket itself sent early may be the one that was mined: nobody's fault.
      if (mined === undefined) cheats = withCheat(cheats, each);
    }
    const over = [settlement, ...lost];
    const settlements = record.settlements.filter((other) => !over.some((each) => same(each, other)));
    const coins = over.flatMap((each) => each.inputs);
    const settled = [...record.settled, ...coins.map(settledName)].slice(-MAX_SETTLED);
    const { cheats: scripts, cheatCoins } = cheats;
    ledger.write({ settlements, debts, cheats: scripts, cheatCoins, settled });
    watch.forget(coins);
  }

  /** Settlements over outputs of transactions that will never be mined, and those over their outputs in turn. */
  private spending(txids: readonly Hex[]): Settlement[] {
    const children = this.settlements.filter((each) => each.inputs.some((input) => txids.includes(input.txid)));
    return children.flatMap((child) => [child, ...this.spending(gone(child, undefined))]);
  }

  private update(settlement: Settlement, changes: Changes<Settlement>, others: Changes<SocketRecord> = {}): void {
    const { ledger } = this.#options;
    const changed = merged(settlement, changes);
    const settlements = ledger.record.settlements.map((other) => (same(other, settlement) ? changed : other));
    ledger.write({ ...others, settlements });
  }
}

/** True where nobody can say whether the network heard it. */
export function isAway(error: unknown): boolean {
  return error instanceof ChainError && (error.kind === "away" || error.kind === "rate-limited");
}

/** Transactions of a settlement other than the one that was mined. */
function gone(settlement: Settlement, mined: Hex | undefined): Hex[] {
  return settlement.commitments.map(({ txid }) => txid).filter((txid) => txid !== mined);
}

/** What was given for it: nothing yet for a payment that the network never took. */
function delivered(settlement: Settlement): Satoshi {
  return settlement.credit === undefined ? latest(settlement).value : 0;
}

/** `debts` and one more. They bound what is sold, so none is forgotten: beyond the list's end the oldest are kept as one sum. */
function withDebt(debts: readonly Debt[], debt: Debt): readonly Debt[] {
  if (debt.amount <= 0) return debts;
  const list = [...debts, debt];
  if (list.length <= MAX_DEBTS) return list;
  const [first, second, ...rest] = list as [Debt, Debt, ...Debt[]];
  return [{ script: "", amount: first.amount + second.amount }, ...rest];
}

/** A settlement is known by its latest commitment; one that was superseded meanwhile is another. */
function same(a: Settlement, b: Settlement): boolean {
  return a.session === b.session && latest(a).txid === latest(b).txid;
}
