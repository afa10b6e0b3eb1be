// One node's mempool: the policy of Bitcoin Core 28 to 31 that matters to a payment session,
// written from doc/policy/ (mempool-replacements.md, packages.md, mempool-limits.md and
// mempool-design.md) and BIP431.
//
// `rules` chooses the generation: "28" judges a replacement by its feerate against each direct
// conflict, "31" by the feerate diagram, "both" refuses what either would. Not modelled: mempool
// size eviction (mempoolMin is set by hand), sigops, scripts other than P2WPKH and the deposits of
// channels.

import { ChainError } from "../../shared/chain/error";
import { outpointKey } from "../../shared/kernel/outpoint";
import type { Blocks } from "./blocks";
import { chunksOf, improves, type Weighed } from "./diagram";
import { finalAt, inputFault, Malformed, parse, type Transaction, type TxOutput, type Verify } from "./transaction";

export interface Policy {
  readonly rules: "28" | "31" | "both";
  /** Least feerate that is relayed (-minrelaytxfee), msat/vB. */
  readonly minRelay: number;
  /** -incrementalrelayfee, msat/vB. */
  readonly incremental: number;
  /** Feerate of the last eviction, msat/vB: packages may reach it together. */
  readonly mempoolMin: number;
  /** -dustrelayfee, msat/vB. */
  readonly dustRelay: number;
  /** -limitancestorcount and -limitdescendantcount. */
  readonly family: number;
  readonly familyVsize: number;
  /** Cluster limit of Core 31. */
  readonly cluster: number;
  readonly maxReplaced: number;
}

export const CORE_POLICY: Policy = {
  rules: "both",
  minRelay: 100,
  incremental: 100,
  mempoolMin: 0,
  dustRelay: 3000,
  family: 25,
  familyVsize: 101_000,
  cluster: 64,
  maxReplaced: 100,
};

export interface Entry {
  readonly tx: Transaction;
  /** Satoshi. */
  readonly fee: number;
}

/** Fee of `vsize` virtual bytes at `rate` msat/vB, in satoshi, rounded up as Core does. */
export function feeAtRate(rate: number, vsize: number): number {
  return Math.ceil((rate * vsize) / 1000);
}

/**
 * Rules 3 and 4 of mempool-replacements.md: undefined when paid, else why not and what is missing
 * (satoshi).
 */
export function paysForReplacement(
  original: number,
  replacement: number,
  vsize: number,
  incremental: number,
): { readonly reason: string; readonly missing: number } | undefined {
  const relay = feeAtRate(incremental, vsize);
  const missing = original + relay - replacement;
  if (replacement < original)
    return { reason: `less fees than conflicting txs; ${replacement} < ${original}`, missing };
  if (missing > 0)
    return { reason: `not enough additional fees to relay; ${replacement - original} < ${relay}`, missing };
  return undefined;
}

/**
 * Least amount of an output that is not dust, in satoshi, by its type (Core's GetDustThreshold).
 */
export function dustLimit(script: string, rate = CORE_POLICY.dustRelay): number {
  const length = script.length / 2;
  if (script.startsWith("6a")) return 0;
  const segwit =
    length >= 4 && length <= 42 && /^(00|5[1-9a-f]|60)/.test(script) && parseInt(script.slice(2, 4), 16) === length - 2;
  const spend = segwit ? 32 + 4 + 1 + Math.floor(107 / 4) + 4 : 32 + 4 + 1 + 107 + 4;
  return Math.floor(((8 + 1 + length + spend) * rate) / 1000);
}

export class Mempool {
  readonly entries = new Map<string, Entry>();
  private readonly spenders = new Map<string, string>();

  constructor(
    private readonly blocks: Blocks,
    public policy: Policy,
    private readonly verify: Verify,
  ) {}

  has(txid: string): boolean {
    return this.entries.has(txid);
  }

  /** Id of the mempool transaction that spends an outpoint. */
  spenderOf(key: string): string | undefined {
    return this.spenders.get(key);
  }

  /**
   * Takes one transaction, or throws a ChainError with Core's words. Gives the transactions that it
   * replaced.
   */
  accept(hex: string): { readonly tx: Transaction; readonly replaced: readonly Transaction[] } {
    const tx = decode(hex);
    if (this.entries.has(tx.txid)) return { tx, replaced: [] };
    return { tx, replaced: this.admit([this.checked(tx)]) };
  }

  /** As `accept`, but nothing changes (testmempoolaccept). */
  test(hex: string): void {
    const tx = decode(hex);
    if (!this.entries.has(tx.txid)) this.originalsOf([this.checked(tx)]);
  }

  private checked(tx: Transaction): Entry {
    const fee = this.check(tx, []);
    this.checkRate(tx.vsize, fee, tx.vsize, fee, false);
    return { tx, fee };
  }

  /**
   * One parent and its child (packages.md). Each is tried alone first; together they may pay for
   * each other.
   */
  acceptPackage(hexes: readonly string[]): { readonly replaced: readonly Transaction[] } {
    const [parent, child] = hexes.map(decode);
    if (hexes.length !== 2 || !parent || !child)
      throw malformed("package-not-child-with-unconfirmed-parents: send one parent and its child");
    if (parent.txid === child.txid) throw malformed("package-contains-duplicates");
    if (!child.inputs.some((input) => input.txid === parent.txid))
      throw malformed("package-not-child-with-unconfirmed-parents");
    const spent = new Set(parent.inputs.map(outpointKey));
    if (child.inputs.some((input) => spent.has(outpointKey(input)))) throw malformed("conflict-in-package");
    if (child.inputs.some((input) => input.txid !== parent.txid && this.entries.has(input.txid)))
      throw malformed("package-not-child-with-unconfirmed-parents: a parent is missing from the package");
    const replaced: Transaction[] = [];
    if (!this.entries.has(parent.txid)) {
      try {
        replaced.push(...this.accept(parent.hex).replaced);
      } catch (error) {
        if (
          !(error instanceof ChainError) ||
          (error.kind !== "fee-too-low" && error.kind !== "replacement-fee-too-low")
        )
          throw error;
        return { replaced: this.acceptTogether(parent, child) };
      }
    }
    replaced.push(...this.accept(child.hex).replaced);
    return { replaced };
  }

  private acceptTogether(parent: Transaction, child: Transaction): readonly Transaction[] {
    const parentFee = this.check(parent, []);
    const childFee = this.check(child, [parent]);
    const fee = parentFee + childFee;
    const vsize = parent.vsize + child.vsize;
    if (childFee * parent.vsize <= parentFee * child.vsize)
      throw new ChainError(
        "fee-too-low",
        "insufficient fee, package: package feerate is less than or equal to parent feerate",
      );
    const truc = parent.version === 3 && child.version === 3;
    this.checkRate(parent.vsize, parentFee, vsize, fee, truc || this.policy.rules === "31");
    return this.admit([
      { tx: parent, fee: parentFee },
      { tx: child, fee: childFee },
    ]);
  }

  /** Consensus and standardness, without fees. Gives the fee. */
  private check(tx: Transaction, beside: readonly Transaction[]): number {
    if (tx.version < 1 || tx.version > 3) throw malformed("version");
    if (tx.locktime !== 0 && tx.locktime > this.blocks.height) throw malformed("non-final");
    if (this.blocks.blockOf(tx.txid)) throw new ChainError("already-known", "Transaction outputs already in utxo set");
    const keys = tx.inputs.map(outpointKey);
    if (new Set(keys).size !== keys.length) throw malformed("bad-txns-inputs-duplicate");
    for (const output of tx.outputs)
      if (output.amount < dustLimit(output.script, this.policy.dustRelay))
        throw new ChainError(
          "dust",
          `dust: an output of ${output.amount} sat, expected ${dustLimit(output.script, this.policy.dustRelay)}`,
        );
    const coins = tx.inputs.map((input) => this.coin(input, beside));
    coins.forEach((coin, index) => {
      const fault = inputFault(tx, index, coin, this.verify);
      if (fault) throw malformed(fault);
    });
    for (const input of tx.inputs) {
      const height = this.blocks.unspent.get(outpointKey(input))?.height ?? this.blocks.height + 1;
      if (finalAt(tx, input, height) > this.blocks.height + 1) throw malformed("non-BIP68-final");
    }
    const fee = total(coins) - total(tx.outputs);
    if (fee < 0) throw malformed(`bad-txns-in-belowout: ${total(coins)} in, ${total(tx.outputs)} out`);
    return fee;
  }

  private coin(input: { readonly txid: string; readonly vout: number }, beside: readonly Transaction[]): TxOutput {
    const unconfirmed = this.entries.get(input.txid)?.tx ?? beside.find((tx) => tx.txid === input.txid);
    const coin = this.blocks.unspent.get(outpointKey(input)) ?? unconfirmed?.outputs[input.vout];
    if (!coin) throw new ChainError("conflict", `bad-txns-inputs-missingorspent: ${outpointKey(input)}`);
    const ripeIn = this.blocks.ripeIn(outpointKey(input));
    if (ripeIn > 0)
      throw new ChainError("refused", `bad-txns-premature-spend-of-coinbase: in ${ripeIn} blocks it may be spent`);
    return coin;
  }

  /** The static floor binds each transaction alone (unless exempt), the dynamic one the package. */
  private checkRate(vsize: number, fee: number, packageVsize: number, packageFee: number, exempt: boolean): void {
    const floor = feeAtRate(this.policy.minRelay, exempt ? packageVsize : vsize);
    const paid = exempt ? packageFee : fee;
    if (paid < floor)
      throw new ChainError("fee-too-low", `min relay fee not met, ${paid} < ${floor}`, { missing: floor - paid });
    const dynamic = feeAtRate(this.policy.mempoolMin, packageVsize);
    if (packageFee < dynamic)
      throw new ChainError("fee-too-low", `mempool min fee not met, ${packageFee} < ${dynamic}`, {
        missing: dynamic - packageFee,
      });
  }

  private admit(group: readonly Entry[]): readonly Transaction[] {
    const originals = this.originalsOf(group);
    for (const id of originals.keys()) this.remove(id);
    for (const entry of group) this.add(entry);
    return [...originals.values()].map((entry) => entry.tx);
  }

  /** What the group would replace, or why it may not. */
  private originalsOf(group: readonly Entry[]): ReadonlyMap<string, Entry> {
    const direct = this.directConflicts(group);
    const originals = this.withDescendants(direct);
    this.checkTruc(group, originals);
    this.checkReplacement(group, direct, originals);
    this.checkFamily(group, originals);
    return originals;
  }

  private directConflicts(group: readonly Entry[]): Map<string, Entry> {
    const found = new Map<string, Entry>();
    for (const { tx } of group)
      for (const input of tx.inputs) {
        const id = this.spenders.get(outpointKey(input));
        const entry = id && id !== tx.txid ? this.entries.get(id) : undefined;
        if (entry) found.set(entry.tx.txid, entry);
      }
    const sibling = this.trucSibling(group, found);
    if (sibling) found.set(sibling.tx.txid, sibling);
    return found;
  }

  private checkReplacement(
    group: readonly Entry[],
    direct: ReadonlyMap<string, Entry>,
    originals: ReadonlyMap<string, Entry>,
  ): void {
    if (direct.size === 0) return;
    const ancestors = this.ancestorsOf(group);
    for (const id of ancestors.keys())
      if (originals.has(id)) throw new ChainError("conflict", "bad-txns-spends-conflicting-tx");
    this.checkCount(direct, originals);
    const fee = sumFee(group);
    const vsize = group.reduce((sum, entry) => sum + entry.tx.vsize, 0);
    if (this.policy.rules !== "31") {
      if (group.length > 1) this.checkSmallClusters(originals, ancestors);
      this.checkNoNewUnconfirmed(group, direct);
      for (const old of direct.values())
        if (fee * old.tx.vsize <= old.fee * vsize) {
          const needed = Math.floor((old.fee * vsize) / old.tx.vsize) + 1;
          throw tooLittle(
            `new feerate ${rate(fee, vsize)} <= old feerate ${rate(old.fee, old.tx.vsize)}`,
            needed - fee,
          );
        }
    }
    const unpaid = paysForReplacement(sumFee([...originals.values()]), fee, vsize, this.policy.incremental);
    if (unpaid) throw tooLittle(unpaid.reason, unpaid.missing);
    if (this.policy.rules !== "28" || group.length > 1) this.checkDiagram(group, originals);
  }

  private checkCount(direct: ReadonlyMap<string, Entry>, originals: ReadonlyMap<string, Entry>): void {
    const many = `too many potential replacements; the limit is ${this.policy.maxReplaced}`;
    if (this.policy.rules !== "31") {
      let counted = 0;
      for (const entry of direct.values()) counted += this.withDescendants(new Map([[entry.tx.txid, entry]])).size;
      if (counted > this.policy.maxReplaced) throw new ChainError("conflict", many);
    }
    if (this.policy.rules !== "28") {
      const clusters = new Set([...originals.values()].map((entry) => [...this.clusterOf([entry]).keys()].sort()[0]));
      if (clusters.size > this.policy.maxReplaced) throw new ChainError("conflict", many);
    }
  }

  /**
   * Core 28's limited package RBF: what is replaced lies in clusters of at most two, the package
   * has no other ancestors.
   */
  private checkSmallClusters(originals: ReadonlyMap<string, Entry>, ancestors: ReadonlyMap<string, Entry>): void {
    if (ancestors.size > 0)
      throw new ChainError("conflict", "package RBF failed: new transaction cannot have mempool ancestors");
    for (const entry of originals.values())
      if (this.clusterOf([entry]).size > 2)
        throw new ChainError("conflict", "package RBF failed: a conflicting cluster is larger than two");
  }

  /** BIP125's second rule, in force until cluster mempool. */
  private checkNoNewUnconfirmed(group: readonly Entry[], direct: ReadonlyMap<string, Entry>): void {
    const own = new Set(group.map((entry) => entry.tx.txid));
    const old = new Set([...direct.values()].flatMap((entry) => entry.tx.inputs.map((input) => input.txid)));
    for (const { tx } of group)
      for (const input of tx.inputs)
        if (
          this.entries.has(input.txid) &&
          !own.has(input.txid) &&
          !old.has(input.txid) &&
          !this.isSiblingEviction(tx, direct)
        )
          throw new ChainError("conflict", `replacement-adds-unconfirmed: ${outpointKey(input)}`);
  }

  private isSiblingEviction(tx: Transaction, direct: ReadonlyMap<string, Entry>): boolean {
    return tx.version === 3 && [...direct.values()].every((entry) => entry.tx.version === 3);
  }

  private checkDiagram(group: readonly Entry[], originals: ReadonlyMap<string, Entry>): void {
    const before = this.clusterOf([...originals.values(), ...this.ancestorsOf(group).values()]);
    const after = new Map([...before].filter(([id]) => !originals.has(id)));
    for (const entry of group) after.set(entry.tx.txid, entry);
    if (!improves(weigh(before), weigh(after)))
      throw tooLittle("insufficient feerate: does not improve feerate diagram", 0);
  }

  /** Ancestor, descendant and cluster limits. What is about to be replaced does not count. */
  private checkFamily(group: readonly Entry[], originals: ReadonlyMap<string, Entry>): void {
    const ancestors = this.ancestorsOf(group);
    const { family, familyVsize, cluster, rules } = this.policy;
    const size = (entries: Iterable<Entry>): number => [...entries].reduce((sum, entry) => sum + entry.tx.vsize, 0);
    if (rules !== "31") {
      const up = [...ancestors.values(), ...group];
      if (up.length > family || size(up) > familyVsize)
        throw new ChainError("conflict", `too-long-mempool-chain, too many unconfirmed ancestors [limit: ${family}]`);
      for (const ancestor of ancestors.values()) {
        const down = [...this.withDescendants(new Map([[ancestor.tx.txid, ancestor]]))].filter(
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
      const all = [...this.clusterOf([...ancestors.values()])]
        .filter(([id]) => !originals.has(id))
        .map(([, entry]) => entry);
      if (all.length + group.length > cluster || size(all) + size(group) > familyVsize)
        throw new ChainError("conflict", `too-large-cluster [limit: ${cluster}]`);
    }
  }

  /** BIP431: version 3 keeps to families of two. */
  private checkTruc(group: readonly Entry[], originals: ReadonlyMap<string, Entry>): void {
    for (const entry of group) {
      const { tx } = entry;
      const parents = [
        ...this.ancestorsOf([entry]).values(),
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
      const children = this.childrenOf(parent.tx.txid).filter(
        (child) => child.tx.txid !== tx.txid && !originals.has(child.tx.txid),
      );
      if (children.length > 0) throw new ChainError("conflict", "TRUC-violation: the parent has another child");
    }
  }

  /** The only child of a version 3 parent makes way for a better one, conflict or not. */
  private trucSibling(group: readonly Entry[], direct: ReadonlyMap<string, Entry>): Entry | undefined {
    const [entry] = group;
    if (group.length !== 1 || !entry || entry.tx.version !== 3) return undefined;
    const parents = [...this.ancestorsOf(group).values()];
    const siblings = parents.length === 1 && parents[0] ? this.childrenOf(parents[0].tx.txid) : [];
    const sibling = siblings.length === 1 ? siblings[0] : undefined;
    return sibling && !direct.has(sibling.tx.txid) ? sibling : undefined;
  }

  private childrenOf(txid: string): Entry[] {
    const tx = this.entries.get(txid)?.tx;
    const children = new Set((tx?.outputs ?? []).map((_, vout) => this.spenders.get(outpointKey({ txid, vout }))));
    return [...children].map((id) => (id ? this.entries.get(id) : undefined)).filter((each) => each !== undefined);
  }

  private ancestorsOf(group: readonly Entry[]): Map<string, Entry> {
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

  private withDescendants(roots: ReadonlyMap<string, Entry>): Map<string, Entry> {
    const found = new Map(roots);
    for (const id of found.keys()) for (const child of this.childrenOf(id)) found.set(child.tx.txid, child);
    return found;
  }

  private clusterOf(seeds: readonly Entry[]): Map<string, Entry> {
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

  private add(entry: Entry): void {
    this.entries.set(entry.tx.txid, entry);
    for (const input of entry.tx.inputs) this.spenders.set(outpointKey(input), entry.tx.txid);
  }

  private remove(id: string): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.entries.delete(id);
    for (const input of entry.tx.inputs)
      if (this.spenders.get(outpointKey(input)) === id) this.spenders.delete(outpointKey(input));
  }

  /** Forgets a transaction and what spends it: eviction, or a node that restarted. */
  evict(txid: string): void {
    const entry = this.entries.get(txid);
    if (entry) for (const id of this.withDescendants(new Map([[txid, entry]])).keys()) this.remove(id);
  }

  /** After a block: drops what it holds and what conflicts with it. */
  afterBlock(transactions: readonly Transaction[]): void {
    for (const tx of transactions) {
      this.remove(tx.txid);
      for (const input of tx.inputs) {
        const rival = this.spenders.get(outpointKey(input));
        if (rival) this.evict(rival);
      }
    }
  }

  /** After a reorganisation: drops what no longer has its inputs. */
  afterDisconnect(): void {
    for (let changed = true; changed; ) {
      changed = false;
      for (const [id, { tx }] of this.entries)
        if (
          tx.inputs.some(
            (input) =>
              !this.blocks.unspent.has(outpointKey(input)) && !this.entries.get(input.txid)?.tx.outputs[input.vout],
          )
        ) {
          this.evict(id);
          changed = true;
        }
    }
  }

  /**
   * Transactions for a block, the best chunks first, each parent before its child; none below
   * `floor` msat/vB.
   */
  template(maxVsize: number, floor: number, refused: (tx: Transaction) => boolean): Transaction[] {
    const banned = new Map([...this.entries].filter(([, entry]) => refused(entry.tx)));
    const out = this.withDescendants(banned);
    const left = new Map([...this.entries].filter(([id]) => !out.has(id)));
    const chosen: Transaction[] = [];
    let room = maxVsize;
    for (const chunk of chunksOf(weigh(left))) {
      if (chunk.fee * 1000 < floor * chunk.vsize || chunk.vsize > room) continue;
      const ready = chunk.ids.every((id) => this.parentsReady(id, chosen, chunk.ids));
      if (!ready) continue;
      room -= chunk.vsize;
      for (const id of chunk.ids) chosen.push((left.get(id) as Entry).tx);
    }
    return chosen;
  }

  private parentsReady(id: string, chosen: readonly Transaction[], beside: readonly string[]): boolean {
    const tx = this.entries.get(id)?.tx;
    const there = (parent: string): boolean =>
      !this.entries.has(parent) || beside.includes(parent) || chosen.some((each) => each.txid === parent);
    return (tx?.inputs ?? []).every((input) => there(input.txid));
  }
}

function weigh(entries: ReadonlyMap<string, Entry>): Weighed[] {
  return [...entries].map(([id, { tx, fee }]) => ({
    id,
    fee,
    vsize: tx.vsize,
    parents: [...new Set(tx.inputs.map((input) => input.txid))].filter((parent) => entries.has(parent)),
  }));
}

function decode(hex: string): Transaction {
  try {
    return parse(hex);
  } catch (error) {
    if (error instanceof Malformed) throw malformed(`TX decode failed: ${error.message}`);
    throw error;
  }
}

function malformed(reason: string): ChainError {
  return new ChainError("malformed", reason);
}

function tooLittle(reason: string, missing: number): ChainError {
  return new ChainError("replacement-fee-too-low", `insufficient fee, rejecting replacement; ${reason}`, { missing });
}

function total(coins: readonly TxOutput[]): number {
  return coins.reduce((sum, coin) => sum + coin.amount, 0);
}

function sumFee(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entry.fee, 0);
}

function rate(fee: number, vsize: number): string {
  return `${(fee / vsize).toFixed(3)} sat/vB`;
}
