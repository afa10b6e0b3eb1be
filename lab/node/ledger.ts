// The node's own index: which coins a script has, who spends an outpoint, where a transaction is.
//
// bcoin finds coins by address only and does not say who spent one; Esplora answers both. The index
// follows the node's events, so it is right at once after each of them, and every look-up is
// synchronous.

import { createHash } from "node:crypto";
import type { BcoinEntry, BcoinMempoolEntry, BcoinOutput, BcoinTx } from "bcoin";
import { outpointKey } from "../../shared/kernel/outpoint";
import type { Coin, Outpoint } from "../../shared/kernel/ports";
import type { Hex, Satoshi } from "../../shared/kernel/units";

export interface Block {
  readonly height: number;
  readonly hash: Hex;
  /** Seconds since 1970. */
  readonly time: number;
}

export interface KnownTx {
  readonly tx: BcoinTx;
  /** Absent while in the mempool. */
  readonly block?: Block;
  /** Absent for a coinbase. */
  readonly fee?: Satoshi;
}

export interface KnownSpend {
  readonly txid: Hex;
  readonly vin: number;
  readonly block?: Block;
}

/** Byte order as bcoin keeps it, turned into the one that explorers show, and back. */
export function reversed(hash: Hex): Hex {
  return Buffer.from(hash, "hex").reverse().toString("hex");
}

/** Esplora's script hash: SHA-256 of the scriptPubKey, not reversed. */
export function scriptHash(script: Hex): Hex {
  return createHash("sha256").update(Buffer.from(script, "hex")).digest("hex");
}

export class Ledger {
  readonly #txs = new Map<Hex, KnownTx>();
  readonly #spenders = new Map<string, { txid: Hex; vin: number }>();
  readonly #outputs = new Map<Hex, Map<string, Outpoint & { amount: Satoshi }>>();

  transaction(txid: Hex): KnownTx | undefined {
    return this.#txs.get(txid);
  }

  spend(outpoint: Outpoint): KnownSpend | undefined {
    const spender = this.#spenders.get(key(outpoint.txid, outpoint.vout));
    if (!spender) return undefined;
    const block = this.#txs.get(spender.txid)?.block;
    return block ? { ...spender, block } : spender;
  }

  /**
   * Unspent outputs of the script with this hash, those that the mempool spends left out, oldest
   * first.
   */
  coins(hash: Hex): readonly Coin[] {
    const coins: Coin[] = [];
    for (const [name, output] of this.#outputs.get(hash) ?? []) {
      if (this.#spenders.has(name)) continue;
      const height = this.#txs.get(output.txid)?.block?.height;
      coins.push(height === undefined ? output : { ...output, height });
    }
    return coins;
  }

  /** Unspent as far as blocks go, whatever the mempool does. */
  confirmedCoins(hash: Hex): readonly Coin[] {
    const coins: Coin[] = [];
    for (const [name, output] of this.#outputs.get(hash) ?? []) {
      const spender = this.#spenders.get(name);
      const isSpent = spender !== undefined && this.#txs.get(spender.txid)?.block !== undefined;
      const height = this.#txs.get(output.txid)?.block?.height;
      if (height !== undefined && !isSpent) coins.push({ ...output, height });
    }
    return coins;
  }

  /** Without the coinbases. */
  confirmedAfter(height: number): readonly KnownTx[] {
    return [...this.#txs.values()].filter(({ tx, block }) => block && block.height > height && !tx.isCoinbase());
  }

  mempool(): readonly KnownTx[] {
    return [...this.#txs.values()].filter((known) => !known.block);
  }

  transactions(): readonly KnownTx[] {
    return [...this.#txs.values()];
  }

  /** Outputs that the inputs spend, as far as they are known: none for a coinbase. */
  spentOutputs(tx: BcoinTx): readonly BcoinOutput[] {
    const outputs: BcoinOutput[] = [];
    for (const { prevout } of tx.inputs) {
      const output = this.#txs.get(reversed(prevout.hash))?.tx.outputs[prevout.index];
      if (output) outputs.push(output);
    }
    return outputs;
  }

  /** Sum of what the inputs spend; undefined where an input is not known. */
  inputValue(tx: BcoinTx): Satoshi | undefined {
    const outputs = this.spentOutputs(tx);
    return outputs.length === tx.inputs.length ? outputs.reduce((sum, { value }) => sum + value, 0) : undefined;
  }

  entered(entry: BcoinMempoolEntry): void {
    this.#add(entry.tx, undefined, entry.fee);
  }

  left(entry: BcoinMempoolEntry): void {
    if (!this.#txs.get(entry.tx.txid())?.block) this.#remove(entry.tx);
  }

  connected(entry: BcoinEntry, txs: readonly BcoinTx[]): void {
    const block = { height: entry.height, hash: entry.rhash(), time: entry.time };
    for (const tx of txs) {
      const paid = tx.isCoinbase() ? undefined : this.inputValue(tx);
      const fee = paid === undefined ? undefined : paid - tx.outputs.reduce((sum, { value }) => sum + value, 0);
      this.#add(tx, block, fee);
    }
  }

  /** bcoin may have put some back into its mempool by now; those stay. */
  disconnected(txs: readonly BcoinTx[]): void {
    for (const tx of [...txs].reverse()) if (this.#txs.get(tx.txid())?.block) this.#remove(tx);
  }

  #add(tx: BcoinTx, block: Block | undefined, fee: Satoshi | undefined): void {
    const txid = tx.txid();
    this.#txs.set(txid, { tx, ...(block && { block }), ...(fee !== undefined && { fee }) });
    if (!tx.isCoinbase()) {
      tx.inputs.forEach(({ prevout }, vin) => {
        this.#spenders.set(key(reversed(prevout.hash), prevout.index), { txid, vin });
      });
    }
    tx.outputs.forEach(({ script, value }, vout) => {
      const hash = scriptHash(script.toJSON());
      const outputs = this.#outputs.get(hash) ?? new Map();
      outputs.set(key(txid, vout), { txid, vout, amount: value });
      this.#outputs.set(hash, outputs);
    });
  }

  #remove(tx: BcoinTx): void {
    const txid = tx.txid();
    this.#txs.delete(txid);
    for (const { prevout } of tx.inputs) {
      const name = key(reversed(prevout.hash), prevout.index);
      if (this.#spenders.get(name)?.txid === txid) this.#spenders.delete(name);
    }
    tx.outputs.forEach(({ script }, vout) => {
      this.#outputs.get(scriptHash(script.toJSON()))?.delete(key(txid, vout));
    });
  }
}

function key(txid: Hex, vout: number): string {
  return outpointKey({ txid, vout });
}
