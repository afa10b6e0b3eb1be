// How large a family of unconfirmed transactions may grow: ancestors, descendants, clusters
// (mempool-limits.md), and the families of two of version 3 (BIP431).

import { ChainError } from "../../shared/chain/error";
import type { Entry, EntryGraph } from "./entry-graph";
import { malformed, type Policy } from "./policy";

/** Ancestor, descendant and cluster limits. What is about to be replaced does not count. */
export function checkFamily(
  graph: EntryGraph,
  policy: Policy,
  group: readonly Entry[],
  originals: ReadonlyMap<string, Entry>,
): void {
  const ancestors = graph.ancestorsOf(group);
  const { family, familyVsize, cluster, rules } = policy;
  const size = (entries: Iterable<Entry>): number => [...entries].reduce((sum, entry) => sum + entry.tx.vsize, 0);
  if (rules !== "31") {
    const up = [...ancestors.values(), ...group];
    if (up.length > family || size(up) > familyVsize)
      throw new ChainError("conflict", `too-long-mempool-chain, too many unconfirmed ancestors [limit: ${family}]`);
    for (const ancestor of ancestors.values()) {
      const down = [...graph.withDescendants(new Map([[ancestor.tx.txid, ancestor]]))].filter(
        ([id]) => !originals.has(id),
      );
      if (down.length + group.length > family)
        throw new ChainError(
          "conflict",
          `too-long-mempool-chain, too many descendants for tx ${ancestor.tx.txid} [limit: ${family}]`,
        );
    }
  }
  if (rules !== "28") {
    const all = [...graph.clusterOf([...ancestors.values()])]
      .filter(([id]) => !originals.has(id))
      .map(([, entry]) => entry);
    if (all.length + group.length > cluster || size(all) + size(group) > familyVsize)
      throw new ChainError("conflict", `too-large-cluster [limit: ${cluster}]`);
  }
}

/** BIP431: version 3 keeps to families of two. */
export function checkTruc(graph: EntryGraph, group: readonly Entry[], originals: ReadonlyMap<string, Entry>): void {
  for (const entry of group) {
    const { tx } = entry;
    const parents = [
      ...graph.ancestorsOf([entry]).values(),
      ...group.filter((each) => each !== entry && tx.inputs.some((input) => input.txid === each.tx.txid)),
    ];
    if (parents.some((parent) => (parent.tx.version === 3) !== (tx.version === 3)))
      throw malformed("TRUC-violation: version 3 spends version 3 only, and the reverse");
    if (tx.version !== 3) continue;
    if (tx.vsize > 10_000) throw malformed("TRUC-violation: larger than 10 000 vB");
    if (parents.length > 1) throw malformed("TRUC-violation: more than one unconfirmed ancestor");
    if (parents.length === 1 && tx.vsize > 1000) throw malformed("TRUC-violation: a child larger than 1 000 vB");
    const parent = parents[0];
    if (!parent) continue;
    const children = graph
      .childrenOf(parent.tx.txid)
      .filter((child) => child.tx.txid !== tx.txid && !originals.has(child.tx.txid));
    if (children.length > 0) throw new ChainError("conflict", "TRUC-violation: the parent has another child");
  }
}

/** The only child of a version 3 parent makes way for a better one, conflict or not. */
export function trucSibling(
  graph: EntryGraph,
  group: readonly Entry[],
  direct: ReadonlyMap<string, Entry>,
): Entry | undefined {
  const [entry] = group;
  if (group.length !== 1 || !entry || entry.tx.version !== 3) return undefined;
  const parents = [...graph.ancestorsOf(group).values()];
  const siblings = parents.length === 1 && parents[0] ? graph.childrenOf(parents[0].tx.txid) : [];
  const sibling = siblings.length === 1 ? siblings[0] : undefined;
  return sibling && !direct.has(sibling.tx.txid) ? sibling : undefined;
}
