// The settler: brings commitments into a block and stays with them until they are buried.
//
// It broadcasts what is held, rebroadcasts what the network forgot, and asks who else spent the
// inputs and whether a block still holds what it held. What follows from the answers:
// settlement.ts; what is owed in the end: write-off.ts. Every step starts from the record, so a
// restart simply goes on.

import { ChainError } from "../chain/error";
import { type Changes, merged } from "../journal/ledger";
import { messageOf } from "../kernel/message";
import type { Chain, Reporter, Spend } from "../kernel/ports";
import type { Hex, Satoshi } from "../kernel/units";
import type { CoinWatch } from "./coin-watch";
import type { SocketLedger } from "./ledger";
import { latest, type Settlement, type SocketRecord } from "./record";
import type { SocketSettings } from "./settings";
import { delivered, type Rival, type SettlementEffect, type SettlementEvent, settlementEffects } from "./settlement";
import { hangsOnUnmined, spenderOf } from "./spender";
import { same, writeOff } from "./write-off";

/** Each may spend the change of the one before, and nodes take 25 unconfirmed in a row. */
const MAX_SETTLEMENTS = 20;
/**
 * Beyond it nothing is sold: a save needs several times the record's size of a chip's heap
 * (docs/performance.md).
 */
const MAX_RECORD_BYTES = 8_192;

export interface SettlerOptions {
  readonly chain: Chain;
  readonly watch: CoinWatch;
  readonly ledger: SocketLedger;
  readonly settings: SocketSettings;
  readonly report: Reporter;
  readonly listener: SettlementListener;
}

/** Is told what the settler finds on the chain; what follows from it for a sale is its matter. */
export interface SettlementListener {
  /**
   * The network wants more than `fee` for the settlement's inputs before it lets its transaction
   * replace another.
   */
  tooLow(settlement: Settlement, fee: Satoshi): void;
  /** Something else spends the settlement's coins. */
  rival(settlement: Settlement, rival: Rival, spend: Spend): void;
  /** Its coins are spent for good, by `minedTxid`. */
  mined(settlement: Settlement): void;
  /**
   * The network has a payment whose credit waited for that. Gives the record's part with that
   * credit.
   */
  creditOnceSent(settlement: Settlement): Changes<SocketRecord>;
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

  /**
   * True while another settlement can be followed and written down: what cannot be must not be
   * sold.
   */
  hasRoom(): boolean {
    return this.settlements.length < MAX_SETTLEMENTS && this.#options.ledger.size < MAX_RECORD_BYTES;
  }

  /**
   * The record's part that hands a commitment over. It replaces the session's open settlement where
   * there is one.
   */
  withSettlement(settlement: Settlement): Pick<SocketRecord, "settlements"> {
    const before = this.settlements.find((other) => other.open && other.session === settlement.session);
    const sentTxid = before?.state === "sent" ? latest(before).txid : before?.sentTxid;
    const others = this.settlements.filter((other) => other !== before);
    return { settlements: [...others, sentTxid === undefined ? settlement : { ...settlement, sentTxid }] };
  }

  /**
   * Broadcasts a payment that is good only once the network has it. Rejects with a ChainError: one
   * that was refused is forgotten; one that may have arrived although nobody answered is tried
   * again with the next round. False where it was written off meanwhile, with what it spends: then
   * it got no credit.
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
    this.happen({ kind: "broadcast" }, settlement);
    return this.settlements.some((other) => same(other, settlement));
  }

  /**
   * Goes a round over all settlements. Rounds never overlap; a call during one resolves after
   * another round.
   */
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

  /**
   * A chain that is away is asked again next round; nothing that goes wrong with one settlement
   * stops the others.
   */
  private async tryStep(found: Settlement): Promise<void> {
    // As it stands now: steps before this one took their time.
    const settlement = this.settlements.find((other) => same(other, found));
    if (!settlement || (this.#underWay && same(settlement, this.#underWay))) return;
    try {
      if (settlement.state === "held") await this.send(settlement);
      else if (settlement.state === "sent") await this.follow(settlement);
      else await this.bury(settlement);
    } catch (error) {
      const why = messageOf(error);
      this.#options.report({ name: error instanceof ChainError ? "chain-trouble" : "settler-failed", why });
    }
  }

  /** Broadcasts; where the network refuses, finds out why. */
  private async send(settlement: Settlement): Promise<void> {
    const { chain, report, listener } = this.#options;
    const { txid, value, fee } = latest(settlement);
    try {
      await chain.broadcast(settlement.transaction);
      report({ name: "broadcast", txid, value, fee });
      this.happen({ kind: "broadcast" }, settlement);
    } catch (error) {
      if (!(error instanceof ChainError) || isAway(error)) throw error;
      if (error.kind === "already-known") return this.happen({ kind: "broadcast" }, settlement);
      report({ name: "broadcast-refused", txid, why: error.message });
      if (error.kind === "replacement-fee-too-low") listener.tooLow(settlement, fee + (error.missing ?? 0));
      await this.findRival(settlement);
    }
  }

  private async follow(settlement: Settlement): Promise<void> {
    const { txid } = latest(settlement);
    const status = await this.#options.chain.status(txid);
    if (status.state !== "unknown") this.countedFrom(settlement, undefined);
    if (status.state === "confirmed") this.happen({ kind: "mined", txid }, settlement);
    else if (status.state === "unknown" && !(await this.findRival(settlement))) await this.send(settlement);
  }

  /**
   * Waits until the block that holds it is deep enough, and notices when no block holds it any
   * longer.
   */
  private async bury(settlement: Settlement): Promise<void> {
    const { chain, settings } = this.#options;
    const txid = settlement.minedTxid ?? latest(settlement).txid;
    // The tip first: were it asked last, a branch that took over in between would lend its height
    // to a block that is gone.
    const tip = await chain.tip();
    const status = await chain.status(txid);
    const { height } = status;
    if (status.state !== "confirmed" || height === undefined) {
      this.happen({ kind: "reorganised", txid }, settlement);
      return;
    }
    if (tip - height + 1 < settings.confirmations || hangsOnUnmined(settlement, this.settlements)) return;
    this.happen({ kind: "buried", txid, height }, settlement);
  }

  /**
   * Asks who spent the inputs, and draws the consequences. Gives the spend where it was not the
   * latest commitment.
   */
  private async findRival(settlement: Settlement): Promise<Spend | undefined> {
    const tip = await this.#options.chain.tip();
    const spend = await this.rivalOf(settlement);
    const height = this.countedFrom(settlement, spend);
    // The tip from which the confirmations are counted was asked before the spend.
    const isDeep = height !== undefined && tip - height + 1 >= this.#options.settings.confirmations;
    if (spend) this.happen({ kind: "rival", spend, isDeep }, settlement);
    return spend;
  }

  private async rivalOf(settlement: Settlement): Promise<Spend | undefined> {
    const spend = await spenderOf(this.#options, settlement);
    if (!spend || spend.txid !== latest(settlement).txid) return spend;
    this.happen({ kind: "seen" }, settlement);
    return undefined;
  }

  /**
   * The height from which a rival's confirmations count; undefined while no block is known to hold
   * it. Where its height is only the latest that is possible, the lowest that was ever seen holds,
   * until the spend is gone from the blocks.
   */
  private countedFrom(known: Settlement, rival: Spend | undefined): number | undefined {
    const settlement = this.settlements.find((each) => same(each, known));
    const isExact = rival?.txid !== undefined;
    const height = rival?.height;
    const lowest = isExact || height === undefined ? undefined : Math.min(height, settlement?.rivalHeight ?? height);
    if (settlement && settlement.rivalHeight !== lowest) this.update(settlement, { rivalHeight: lowest });
    return lowest ?? height;
  }

  // ------------------------------------------------------------ what follows

  private happen(event: SettlementEvent, settlement: Settlement): void {
    for (const effect of settlementEffects(event, settlement)) this.apply(effect, settlement);
  }

  private apply(effect: SettlementEffect, settlement: Settlement): void {
    const { report, listener } = this.#options;
    switch (effect.do) {
      case "tell":
        report(effect.event);
        break;
      case "write":
        this.update(settlement, effect.changes, effect.givesCredit ? this.creditOf(settlement) : {});
        break;
      case "meet":
        listener.rival(settlement, effect.rival, effect.spend);
        break;
      case "close":
        listener.mined({ ...settlement, minedTxid: effect.txid });
        break;
      case "write-off":
        this.writeOff(settlement, effect.owed, effect.txid);
        break;
    }
  }

  /**
   * The record's part that gives the credit which waited; as the record has it now, so it is given
   * once.
   */
  private creditOf(settlement: Settlement): Changes<SocketRecord> {
    const waiting = this.settlements.find((other) => same(other, settlement))?.credit !== undefined;
    return waiting ? this.#options.listener.creditOnceSent(settlement) : {};
  }

  private writeOff(settlement: Settlement, owed: Satoshi, mined: Hex | undefined): void {
    const { ledger, watch, report } = this.#options;
    const { changes, lost, coins } = writeOff(ledger.record, settlement, owed, mined);
    for (const each of lost) report({ name: "lost", session: each.session, value: delivered(each) });
    ledger.write(changes);
    watch.forget(coins);
  }

  /**
   * A transaction that will never be: what settlements spend of it is lost. That is nobody's
   * cheating.
   */
  lose(txid: Hex): void {
    for (const settlement of this.settlements)
      if (settlement.inputs.some((input) => input.txid === txid))
        this.writeOff(settlement, delivered(settlement), undefined);
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
