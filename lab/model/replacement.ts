// Whether a group of transactions may replace others: the rules of mempool-replacements.md and
// packages.md. Core 28 judges by feerates, Core 31 by the feerate diagram (policy `rules`).

import { ChainError } from "../../shared/chain/error";
import { outpointKey } from "../../shared/kernel/outpoint";
import { improves } from "./diagram";
import { type Entry, type EntryGraph, weigh } from "./entry-graph";
import { type Policy, paysForReplacement, tooLittle } from "./policy";
import type { Transaction } from "./transaction";

/** Throws a ChainError where `group` may not replace `direct`, which takes `originals` along. */
export function checkReplacement(
  graph: EntryGraph,
  policy: Policy,
  group: readonly Entry[],
  direct: ReadonlyMap<string, Entry>,
  originals: ReadonlyMap<string, Entry>,
): void {
  if (direct.size === 0) return;
  const ancestors = graph.ancestorsOf(group);
  for (const id of ancestors.keys())
    if (originals.has(id)) throw new ChainError("conflict", "bad-txns-spends-conflicting-tx");
  checkCount(graph, policy, direct, originals);
  const fee = sumFee(group);
  const vsize = group.reduce((sum, entry) => sum + entry.tx.vsize, 0);
  if (policy.rules !== "31") {
    if (group.length > 1) checkSmallClusters(graph, originals, ancestors);
    checkNoNewUnconfirmed(graph, group, direct);
    for (const old of direct.values())
      if (fee * old.tx.vsize <= old.fee * vsize) {
        const needed = Math.floor((old.fee * vsize) / old.tx.vsize) + 1;
        throw tooLittle(`new feerate ${rate(fee, vsize)} <= old feerate ${rate(old.fee, old.tx.vsize)}`, needed - fee);
      }
  }
  const unpaid = paysForReplacement(sumFee([...originals.values()]), fee, vsize, policy.incremental);
  if (unpaid) throw tooLittle(unpaid.reason, unpaid.missing);
  if (policy.rules !== "28" || group.length > 1) checkDiagram(graph, group, originals);
}

function checkCount(
  graph: EntryGraph,
  policy: Policy,
  direct: ReadonlyMap<string, Entry>,
  originals: ReadonlyMap<string, Entry>,
): void {
  const many = `too many potential replacements; the limit is ${policy.maxReplaced}`;
  if (policy.rules !== "31") {
    let counted = 0;
    for (const entry of direct.values()) counted += graph.withDescendants(new Map([[entry.tx.txid, entry]])).size;
    if (counted > policy.maxReplaced) throw new ChainError("conflict", many);
  }
  if (policy.rules !== "28") {
    const clusters = new Set([...originals.values()].map((entry) => [...graph.clusterOf([entry]).keys()].sort()[0]));
    if (clusters.size > policy.maxReplaced) throw new ChainError("conflict", many);
  }
}

/**
 * Core 28's limited package RBF: what is replaced lies in clusters of at most two, the package
 * has no other ancestors.
 */
function checkSmallClusters(
  graph: EntryGraph,
  originals: ReadonlyMap<string, Entry>,
  ancestors: ReadonlyMap<string, Entry>,
): void {
  if (ancestors.size > 0)
    throw new ChainError("conflict", "package RBF failed: new transaction cannot have mempool ancestors");
  for (const entry of originals.values())
    if (graph.clusterOf([entry]).size > 2)
      throw new ChainError("conflict", "package RBF failed: a conflicting cluster is larger than two");
}

/** BIP125's second rule, in force until cluster mempool. */
function checkNoNewUnconfirmed(graph: EntryGraph, group: readonly Entry[], direct: ReadonlyMap<string, Entry>): void {
  const own = new Set(group.map((entry) => entry.tx.txid));
  const old = new Set([...direct.values()].flatMap((entry) => entry.tx.inputs.map((input) => input.txid)));
  for (const { tx } of group)
    for (const input of tx.inputs)
      if (
        graph.entries.has(input.txid) &&
        !own.has(input.txid) &&
        !old.has(input.txid) &&
        !isSiblingEviction(tx, direct)
      )
        throw new ChainError("conflict", `replacement-adds-unconfirmed: ${outpointKey(input)}`);
}

function isSiblingEviction(tx: Transaction, direct: ReadonlyMap<string, Entry>): boolean {
  return tx.version === 3 && [...direct.values()].every((entry) => entry.tx.version === 3);
}

function checkDiagram(graph: EntryGraph, group: readonly Entry[], originals: ReadonlyMap<string, Entry>): void {
  const before = graph.clusterOf([...originals.values(), ...graph.ancestorsOf(group).values()]);
  const after = new Map([...before].filter(([id]) => !originals.has(id)));
  for (const entry of group) after.set(entry.tx.txid, entry);
  if (!improves(weigh(before), weigh(after)))
    throw tooLittle("insufficient feerate: does not improve feerate diagram", 0);
}

function sumFee(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entry.fee, 0);
}

function rate(fee: number, vsize: number): string {
  return `${(fee / vsize).toFixed(3)} sat/vB`;
}
