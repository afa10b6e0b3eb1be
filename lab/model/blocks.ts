// Blocks and unspent coins: the part of the model chain on which every node agrees, with
// reorganisations.

import { outpointKey } from "../../shared/kernel/outpoint";
import { sha256d, type Transaction, type TxOutput } from "./transaction";

export interface Unspent extends TxOutput {
  readonly txid: string;
  readonly vout: number;
  readonly height: number;
}

export interface Block {
  readonly height: number;
  readonly hash: string;
  readonly transactions: readonly Transaction[];
  /** Coins that fell from the sky in this block: no rewards, unless `reward` made them. */
  readonly grants: readonly Unspent[];
}

interface Undo {
  readonly spent: readonly Unspent[];
}

/** A reward may be spent this many blocks after its own. */
const COINBASE_MATURITY = 100;

export class Blocks {
  readonly unspent = new Map<string, Unspent>();
  private readonly blocks: Block[] = [];
  private readonly undo: Undo[] = [];
  private readonly places = new Map<string, Block>();
  private readonly rewards = new Set<string>();
  private readonly spenders = new Map<string, string>();
  private branch = 0;
  private granted = 0;

  get height(): number {
    return this.blocks.length;
  }

  /** The block that holds a transaction, in the best chain. */
  blockOf(txid: string): Block | undefined {
    return this.places.get(txid);
  }

  /** Id of the confirmed transaction that spent an outpoint. */
  spenderOf(key: string): string | undefined {
    return this.spenders.get(key);
  }

  /** A coin of the best chain, spent by now or not. */
  coinEver(outpoint: { readonly txid: string; readonly vout: number }): TxOutput | undefined {
    const block = this.places.get(outpoint.txid);
    const grant = block?.grants.find((coin) => coin.txid === outpoint.txid);
    return grant ?? block?.transactions.find((tx) => tx.txid === outpoint.txid)?.outputs[outpoint.vout];
  }

  all(): readonly Block[] {
    return this.blocks;
  }

  /** A block with a new coin in it. */
  grant(script: string, amount: number): Unspent {
    this.granted += 1;
    const txid = sha256d(Buffer.from(`grant ${this.granted}`)).toString("hex");
    const coin: Unspent = { txid, vout: 0, amount, script, height: this.height + 1 };
    this.connect([], [coin]);
    return coin;
  }

  /** A block whose reward goes to `script`. */
  reward(script: string, amount: number): Unspent {
    const coin = this.grant(script, amount);
    this.rewards.add(coin.txid);
    return coin;
  }

  isReward(txid: string): boolean {
    return this.rewards.has(txid);
  }

  /**
   * How many blocks a block's reward still has to wait for before it may be spent; 0 for all other
   * coins.
   */
  ripeIn(key: string): number {
    const coin = this.unspent.get(key);
    if (!coin || !this.rewards.has(coin.txid)) return 0;
    return Math.max(0, coin.height + COINBASE_MATURITY - (this.height + 1));
  }

  /**
   * Adds a block. Every input must be unspent: callers choose transactions that fit (mempool.ts).
   */
  connect(transactions: readonly Transaction[], grants: readonly Unspent[] = []): Block {
    const height = this.height + 1;
    const hash = sha256d(Buffer.from(`block ${height} of branch ${this.branch}`)).toString("hex");
    const block: Block = { height, hash, transactions, grants };
    const spent: Unspent[] = [];
    for (const coin of grants) {
      this.unspent.set(outpointKey(coin), { ...coin, height });
      this.places.set(coin.txid, block);
    }
    for (const tx of transactions) {
      for (const input of tx.inputs) {
        const key = outpointKey(input);
        const coin = this.unspent.get(key);
        if (!coin) throw new Error(`block ${height}: ${tx.txid} spends ${key}, which is not unspent`);
        spent.push(coin);
        this.unspent.delete(key);
        this.spenders.set(key, tx.txid);
      }
      tx.outputs.forEach((output, vout) => {
        this.unspent.set(outpointKey({ txid: tx.txid, vout }), { ...output, txid: tx.txid, vout, height });
      });
      this.places.set(tx.txid, block);
    }
    this.blocks.push(block);
    this.undo.push({ spent });
    return block;
  }

  /** Takes the last block off again: a reorganisation begins. */
  disconnect(): Block {
    const block = this.blocks.pop();
    const undo = this.undo.pop();
    if (!block || !undo) throw new Error("there is no block to disconnect");
    for (const tx of [...block.transactions].reverse()) {
      tx.outputs.forEach((_, vout) => {
        this.unspent.delete(outpointKey({ txid: tx.txid, vout }));
      });
      for (const input of tx.inputs) this.spenders.delete(outpointKey(input));
      this.places.delete(tx.txid);
    }
    const own = new Set(block.transactions.map((tx) => tx.txid));
    for (const coin of undo.spent) if (!own.has(coin.txid)) this.unspent.set(outpointKey(coin), coin);
    for (const coin of block.grants) {
      this.unspent.delete(outpointKey(coin));
      this.places.delete(coin.txid);
    }
    this.branch += 1;
    return block;
  }
}
