// The transactions of a mempool, and who spends whom: parents, children, clusters.

import { outpointKey } from "../../shared/kernel/outpoint";
import type { Weighed } from "./diagram";
import type { Transaction } from "./transaction";

export interface Entry {
  readonly tx: Transaction;
  /** Satoshi. */
  readonly fee: number;
}

export class EntryGraph {
  readonly entries = new Map<string, Entry>();
  /** By outpoint, the id of the transaction that spends it. */
  readonly spenders = new Map<string, string>();

  add(entry: Entry): void {
    this.entries.set(entry.tx.txid, entry);
    for (const input of entry.tx.inputs) this.spenders.set(outpointKey(input), entry.tx.txid);
  }

  remove(id: string): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.entries.delete(id);
    for (const input of entry.tx.inputs)
      if (this.spenders.get(outpointKey(input)) === id) this.spenders.delete(outpointKey(input));
  }

  childrenOf(txid: string): Entry[] {
    const tx = this.entries.get(txid)?.tx;
    const children = new Set((tx?.outputs ?? []).map((_, vout) => this.spenders.get(outpointKey({ txid, vout }))));
    return [...children].map((id) => (id ? this.entries.get(id) : undefined)).filter((each) => each !== undefined);
  }

  ancestorsOf(group: readonly Entry[]): Map<string, Entry> {
    const found = new Map<string, Entry>();
    const walk = (tx: Transaction): void => {
      for (const input of tx.inputs) {
        const parent = this.entries.get(input.txid);
        if (parent && !found.has(input.txid)) {
          found.set(input.txid, parent);
          walk(parent.tx);
        }
      }
    };
    for (const entry of group) walk(entry.tx);
    return found;
  }

  withDescendants(roots: ReadonlyMap<string, Entry>): Map<string, Entry> {
    const found = new Map(roots);
    for (const id of found.keys()) for (const child of this.childrenOf(id)) found.set(child.tx.txid, child);
    return found;
  }

  clusterOf(seeds: readonly Entry[]): Map<string, Entry> {
    const found = new Map(
      seeds.filter((entry) => this.entries.has(entry.tx.txid)).map((entry) => [entry.tx.txid, entry]),
    );
    for (const [id, entry] of found) {
      for (const child of this.childrenOf(id)) found.set(child.tx.txid, child);
      for (const input of entry.tx.inputs) {
        const parent = this.entries.get(input.txid);
        if (parent) found.set(input.txid, parent);
      }
    }
    return found;
  }
}

/** As the feerate diagram is drawn. */
export function weigh(entries: ReadonlyMap<string, Entry>): Weighed[] {
  return [...entries].map(([id, { tx, fee }]) => ({
    id,
    fee,
    vsize: tx.vsize,
    parents: [...new Set(tx.inputs.map((input) => input.txid))].filter((parent) => entries.has(parent)),
  }));
}
