// The model chain: nodes with a mempool each, relay between them, a miner, reorganisations and
// censorship. view.ts is what one client sees of it.
//
// Blocks reach every node at once; transactions take `relayDelay`, so that two nodes can hold rival
// transactions for a while, which is where double spends live. There is no proof of work and no
// calendar: tests mine.

import { ChainError } from "../../shared/chain/error";
import type { Clock } from "../../shared/kernel/ports";
import type { Hex, Millisecond } from "../../shared/kernel/units";
import { type Block, Blocks, type Unspent } from "./blocks";
import { Mempool } from "./mempool";
import { CORE_POLICY, type Policy } from "./policy";
import { realVerify } from "./signers";
import { parse, type Transaction, type Verify } from "./transaction";

export interface NetworkOptions {
  readonly clock: Clock;
  readonly policy?: Partial<Policy>;
  /** The real curve unless a stand-in signer is in use. */
  readonly verify?: Verify;
  readonly nodes?: number;
  readonly relayDelay?: Millisecond;
}

const BLOCK_VSIZE = 1_000_000;

export class ModelNetwork {
  readonly blocks = new Blocks();
  readonly nodes: ModelNode[] = [];
  /**
   * Feerate that other people's transactions leave in the next block, msat/vB: below it nothing of
   * ours is mined.
   */
  market = 0;
  /** What the miner leaves out. */
  censored: (tx: Transaction) => boolean = () => false;
  /** True while the miner leaves anything out. */
  isCensoring = false;
  /** Called with the blocks that a longer branch undoes. */
  onBranch: (depth: number) => void = () => {};
  relayDelay: Millisecond;
  /** Every transaction that any node ever accepted, by id: the referee's memory. */
  readonly seen = new Map<string, Transaction>();
  /** The same in the order in which they came. */
  readonly accepted: Transaction[] = [];
  readonly clock: Clock;
  /** How often a branch took another's place. */
  reorganisations = 0;
  private readonly listeners = new Set<() => void>();

  constructor(options: NetworkOptions) {
    this.clock = options.clock;
    this.relayDelay = options.relayDelay ?? 0;
    const policy = { ...CORE_POLICY, ...options.policy };
    const verify = options.verify ?? realVerify();
    for (let i = 0; i < (options.nodes ?? 1); i++) this.nodes.push(new ModelNode(this, policy, verify));
  }

  get node(): ModelNode {
    return this.nodes[0] as ModelNode;
  }

  /** A block that pays its reward of `amount` satoshi to `script`. */
  reward(script: Hex, amount: number): Unspent {
    const coin = this.blocks.reward(script, amount);
    this.changed();
    return coin;
  }

  /** A new confirmed coin of `amount` satoshi, in a block of its own. */
  grant(script: Hex, amount: number): Unspent {
    const coin = this.blocks.grant(script, amount);
    this.changed();
    return coin;
  }

  /** Mines one block from the miner's mempool, best feerates first. */
  mine(miner: ModelNode = this.node): Block {
    return this.connect(miner.mempool.template(BLOCK_VSIZE, this.market, this.censored));
  }

  mineMany(count: number): void {
    for (let i = 0; i < count; i++) this.mine();
  }

  /**
   * A longer branch takes over: the last `depth` blocks go, `depth + 1` come. Their transactions
   * return to the mempools (as in Core), and the first new block holds `instead` before anything
   * else, rivals of what was undone.
   */
  reorganise(depth: number, instead: readonly Hex[] = []): void {
    this.reorganisations += 1;
    this.onBranch(depth);
    const undone: Block[] = [];
    for (let i = 0; i < depth && this.blocks.height > 0; i++) undone.unshift(this.blocks.disconnect());
    for (const { mempool } of this.nodes) mempool.afterDisconnect();
    const returning = undone.flatMap((block) => block.transactions);
    this.connect(
      instead.map(parse),
      undone.flatMap((block) => block.grants),
    );
    for (const node of this.nodes) for (const tx of returning) node.hear([tx.hex]);
    for (let i = 0; i < depth; i++) this.mine();
  }

  private connect(transactions: readonly Transaction[], grants: readonly Unspent[] = []): Block {
    for (const tx of transactions) this.remember(tx);
    const block = this.blocks.connect(transactions, grants);
    for (const { mempool } of this.nodes) mempool.afterBlock(transactions);
    this.changed();
    return block;
  }

  remember(tx: Transaction): void {
    if (this.seen.has(tx.txid)) return;
    this.seen.set(tx.txid, tx);
    this.accepted.push(tx);
  }

  changed(): void {
    for (const listener of [...this.listeners]) listener();
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

export class ModelNode {
  readonly mempool: Mempool;
  /** False while cut off from the other nodes: it neither sends nor hears transactions. */
  connected = true;

  constructor(
    readonly network: ModelNetwork,
    policy: Policy,
    verify: Verify,
  ) {
    this.mempool = new Mempool(network.blocks, policy, verify);
  }

  /**
   * Takes a transaction and tells the others, also when it was known (as sendrawtransaction does).
   */
  submit(hex: Hex): Hex {
    const { tx } = this.mempool.accept(hex);
    this.tell([tx]);
    return tx.txid;
  }

  submitPackage(hexes: readonly Hex[]): void {
    this.mempool.acceptPackage(hexes);
    this.tell(hexes.map(parse));
  }

  /** What another node told: taken if policy allows, together where one alone pays too little. */
  hear(hexes: readonly Hex[]): void {
    if (hexes.length === 2 && this.takes(() => this.mempool.acceptPackage(hexes))) return;
    for (const hex of hexes) this.takes(() => this.mempool.accept(hex));
  }

  private takes(accept: () => unknown): boolean {
    try {
      accept();
      this.network.changed();
      return true;
    } catch (error) {
      if (error instanceof ChainError) return false;
      throw error;
    }
  }

  private tell(transactions: readonly Transaction[]): void {
    const { network } = this;
    for (const tx of transactions) network.remember(tx);
    network.changed();
    if (!this.connected) return;
    const child = transactions[transactions.length - 1];
    const parent = child?.inputs
      .map((input) => this.mempool.entries.get(input.txid)?.tx)
      .find((tx) => tx !== undefined);
    const message = transactions.length === 1 && parent ? [parent, ...transactions] : transactions;
    for (const other of network.nodes) {
      if (other === this) continue;
      const deliver = (): void => {
        if (other.connected) other.hear(message.map((tx) => tx.hex));
      };
      if (network.relayDelay === 0) deliver();
      else network.clock.after(network.relayDelay, deliver);
    }
  }
}
