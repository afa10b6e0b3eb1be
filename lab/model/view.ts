// What one client sees of the model chain (the Chain port), which may be slow, away, stale or
// wrong.

import { ChainError } from "../../shared/chain/error";
import { KnownCoins } from "../../shared/chain/known-coins";
import { readRawTx } from "../../shared/chain/raw-tx";
import { outpointKey } from "../../shared/kernel/outpoint";
import type { Chain, Coin, FeeRates, Listing, Outpoint, Spend, TxStatus } from "../../shared/kernel/ports";
import type { Hex, Millisecond } from "../../shared/kernel/units";
import type { Blocks } from "./blocks";
import type { ModelNode } from "./network";
import { parse } from "./transaction";

export type ViewFault =
  | "none"
  /** Every call fails. */
  | "away"
  /**
   * Gives again what it answered last to the same question; but does not call confirmed what a
   * reorganisation has undone (docs/trust.md, "Beyond the bounds").
   */
  | "stale"
  /** Says unspent of everything that no block has spent. */
  | "mempool-hidden"
  /** Takes a broadcast, answers the txid and drops it. */
  | "swallows"
  /** Knows no transaction that is unconfirmed. */
  | "forgetful"
  /** Names feerates a hundred times too high, or of the floor only. */
  | "rates-high"
  | "rates-low"
  | "rate-limits";

const DELAY: Millisecond = 50;
const AWAY_AFTER: Millisecond = 5_000;

export interface ViewOptions {
  /** The backend can ask its node whether it would take a transaction. */
  readonly tests?: boolean;
  /** It can tell a block's reward from other coins. */
  readonly rewards?: boolean;
  /** Its list of coins says that they are unspent, in blocks and mempool. */
  readonly lists?: boolean;
  /** It remembers coins, as Bitcoin Core's client does, and says so. */
  readonly keeps?: boolean;
  /** What it says the relay floor is, whatever its node's is; msat/vB. */
  readonly floor?: number;
}

/** One client's view through one node. */
export class View implements Chain {
  readonly wouldTake?: (transaction: Hex) => Promise<boolean>;
  readonly isReward?: (coin: Coin) => Promise<boolean>;
  readonly listing?: (script: Hex, limit: number, anew?: boolean) => Promise<Listing>;
  private readonly known = new KnownCoins();
  readonly canTest?: boolean;
  /** Questions asked, by name. */
  readonly asked = new Map<string, number>();
  fault: ViewFault = "none";
  delay: Millisecond = DELAY;
  /** Calls answered while a fault was on, for the record. */
  faults = 0;
  private readonly last = new Map<string, unknown>();
  private reorganisations = 0;

  constructor(
    private readonly node: ModelNode,
    private readonly options: ViewOptions = {},
  ) {
    if (options.lists)
      this.listing = async (script, limit) => ({ coins: await this.utxos(script, limit), unspent: true });
    if (options.keeps) this.listing = (script, limit, anew = false) => this.remembered(script, limit, anew);
    if (options.tests) this.canTest = true;
    if (options.tests)
      this.wouldTake = (transaction) =>
        this.answer("wouldTake", undefined, () => {
          node.mempool.test(transaction);
          return true;
        });
    if (options.rewards)
      this.isReward = ({ txid }) => this.answer("isReward", undefined, () => this.blocks.isReward(txid));
  }

  utxos(script: Hex, limit: number): Promise<readonly Coin[]> {
    return this.answer("utxos", `utxos ${script} ${limit}`, () => this.coins(script).slice(0, limit));
  }

  outspend(outpoint: Outpoint): Promise<Spend | undefined> {
    const key = outpointKey(outpoint);
    return this.answer("outspend", `outspend ${key}`, () => {
      const spend = this.spend(outpoint);
      if (spend) this.known.forget(outpoint);
      return spend;
    });
  }

  async broadcast(transaction: Hex): Promise<Hex> {
    const txid = await this.answer("broadcast", undefined, () =>
      this.fault === "swallows" ? parse(transaction).txid : this.send(transaction),
    );
    this.known.broadcast(readRawTx(transaction));
    return txid;
  }

  /** As `listing` of shared/chain/core.ts: what is not known is looked for in blocks alone. */
  private async remembered(script: Hex, limit: number, anew: boolean): Promise<Listing> {
    for (const coin of this.known.of(script) ?? []) {
      const { height } = this.blocks.unspent.get(outpointKey(coin)) ?? {};
      if (coin.height === undefined && height !== undefined) this.known.confirmed(coin, height);
    }
    const known = anew ? undefined : this.known.of(script);
    if (known) return { coins: known.slice(0, limit), unspent: false, kept: true };
    const coins = await this.utxos(script, limit);
    this.known.found(
      script,
      coins.filter(({ height }) => height !== undefined),
    );
    return { coins: (this.known.of(script) ?? []).slice(0, limit), unspent: false };
  }

  status(txid: Hex): Promise<TxStatus> {
    return this.answer("status", `status ${txid}`, () => {
      const block = this.blocks.blockOf(txid);
      if (block) return { state: "confirmed", height: block.height, blockHash: block.hash };
      return { state: this.fault !== "forgetful" && this.node.mempool.has(txid) ? "mempool" : "unknown" };
    });
  }

  feeRates(): Promise<FeeRates> {
    return this.answer("feeRates", "feeRates", () => {
      const { minRelay, mempoolMin, incremental } = this.node.mempool.policy;
      const floor = this.options.floor ?? Math.max(minRelay, mempoolMin);
      const target = Math.max(floor, this.node.network.market);
      if (this.fault === "rates-high") return { floor, incremental, target: target * 100 };
      return { floor, incremental, target: this.fault === "rates-low" ? floor : target };
    });
  }

  tip(): Promise<number> {
    return this.answer("tip", "tip", () => this.blocks.height);
  }

  watch(_script: Hex, onChange: () => void): () => void {
    return this.node.network.onChange(() => {
      if (this.fault === "none") this.node.network.clock.after(this.delay, onChange);
    });
  }

  private get blocks(): Blocks {
    return this.node.network.blocks;
  }

  private coins(script: Hex): Coin[] {
    const { mempool } = this.node;
    const confirmed = [...this.blocks.unspent.values()].filter((coin) => coin.script === script);
    const coins: Coin[] = confirmed.map(({ txid, vout, amount, height }) => ({ txid, vout, amount, height }));
    for (const { tx } of mempool.entries.values())
      tx.outputs.forEach((output, vout) => {
        if (output.script === script) coins.push({ txid: tx.txid, vout, amount: output.amount });
      });
    return coins
      .filter((coin) => this.fault === "mempool-hidden" || mempool.spenderOf(outpointKey(coin)) === undefined)
      .sort((a, b) => b.amount - a.amount || (outpointKey(a) < outpointKey(b) ? -1 : 1));
  }

  private spend(outpoint: Outpoint): Spend | undefined {
    const key = outpointKey(outpoint);
    const txid = this.blocks.spenderOf(key);
    const block = txid ? this.blocks.blockOf(txid) : undefined;
    if (txid && block) return { txid, height: block.height };
    const rival = this.fault === "mempool-hidden" ? undefined : this.node.mempool.spenderOf(key);
    return rival ? { txid: rival } : undefined;
  }

  private send(transaction: Hex): Hex {
    try {
      return this.node.submit(transaction);
    } catch (error) {
      if (error instanceof ChainError && error.kind === "already-known") return parse(transaction).txid;
      throw error;
    }
  }

  /**
   * Answers after the delay with what is true then; `question` is undefined for what may not be
   * repeated stale.
   */
  private answer<T>(name: string, question: string | undefined, look: () => T): Promise<T> {
    this.asked.set(name, (this.asked.get(name) ?? 0) + 1);
    const { clock } = this.node.network;
    const away = this.fault === "away";
    return new Promise((resolve, reject) => {
      clock.after(away ? AWAY_AFTER : this.delay, () => {
        try {
          resolve(this.look(question, look, away));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  private forgetUndone(): void {
    const { reorganisations } = this.node.network;
    if (reorganisations === this.reorganisations) return;
    this.reorganisations = reorganisations;
    for (const question of this.last.keys()) if (question.startsWith("status ")) this.last.delete(question);
  }

  private look<T>(question: string | undefined, look: () => T, wasAway: boolean): T {
    if (this.fault !== "none") this.faults += 1;
    if (wasAway || this.fault === "away") throw new ChainError("away", "the model chain's view is away");
    if (this.fault === "rate-limits") throw new ChainError("rate-limited", "429", { retryAfter: 2_000 });
    this.forgetUndone();
    if (question !== undefined && this.fault === "stale" && this.last.has(question))
      return this.last.get(question) as T;
    const answer = look();
    if (question !== undefined) this.last.set(question, answer);
    return answer;
  }
}
