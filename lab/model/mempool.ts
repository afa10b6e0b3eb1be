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
import { chunksOf } from "./diagram";
import { type Entry, EntryGraph, weigh } from "./entry-graph";
import { checkFamily, checkTruc, trucSibling } from "./family";
import { dustLimit, feeAtRate, malformed, type Policy } from "./policy";
import { checkReplacement } from "./replacement";
import { finalAt, inputFault, Malformed, parse, type Transaction, type TxOutput, type Verify } from "./transaction";

export class Mempool {
  private readonly graph = new EntryGraph();

  constructor(
    private readonly blocks: Blocks,
    public policy: Policy,
    private readonly verify: Verify,
  ) {}

  get entries(): Map<string, Entry> {
    return this.graph.entries;
  }

  has(txid: string): boolean {
    return this.entries.has(txid);
  }

  /** Id of the mempool transaction that spends an outpoint. */
  spenderOf(key: string): string | undefined {
    return this.graph.spenders.get(key);
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
    for (const id of originals.keys()) this.graph.remove(id);
    for (const entry of group) this.graph.add(entry);
    return [...originals.values()].map((entry) => entry.tx);
  }

  /** What the group would replace, or why it may not. */
  private originalsOf(group: readonly Entry[]): ReadonlyMap<string, Entry> {
    const direct = this.directConflicts(group);
    const originals = this.graph.withDescendants(direct);
    checkTruc(this.graph, group, originals);
    checkReplacement(this.graph, this.policy, group, direct, originals);
    checkFamily(this.graph, this.policy, group, originals);
    return originals;
  }

  private directConflicts(group: readonly Entry[]): Map<string, Entry> {
    const found = new Map<string, Entry>();
    for (const { tx } of group)
      for (const input of tx.inputs) {
        const id = this.graph.spenders.get(outpointKey(input));
        const entry = id && id !== tx.txid ? this.entries.get(id) : undefined;
        if (entry) found.set(entry.tx.txid, entry);
      }
    const sibling = trucSibling(this.graph, group, found);
    if (sibling) found.set(sibling.tx.txid, sibling);
    return found;
  }

  /** Forgets a transaction and what spends it: eviction, or a node that restarted. */
  evict(txid: string): void {
    const entry = this.entries.get(txid);
    if (entry) for (const id of this.graph.withDescendants(new Map([[txid, entry]])).keys()) this.graph.remove(id);
  }

  /** After a block: drops what it holds and what conflicts with it. */
  afterBlock(transactions: readonly Transaction[]): void {
    for (const tx of transactions) {
      this.graph.remove(tx.txid);
      for (const input of tx.inputs) {
        const rival = this.graph.spenders.get(outpointKey(input));
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
    const out = this.graph.withDescendants(banned);
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

function decode(hex: string): Transaction {
  try {
    return parse(hex);
  } catch (error) {
    if (error instanceof Malformed) throw malformed(`TX decode failed: ${error.message}`);
    throw error;
  }
}

function total(coins: readonly TxOutput[]): number {
  return coins.reduce((sum, coin) => sum + coin.amount, 0);
}
