// The referee of channels: what the honest socket's entries say, held against what blocks and
// mempools hold. It reads halves, fundings and spends by the model chain's own code
// (model/transaction.ts), not by shared/channel.

import type { ChannelEntry } from "../../shared/channel/record";
import { outpointKey } from "../../shared/kernel/outpoint";
import type { Satoshi } from "../../shared/kernel/units";
import { hash160, parse, sighashOf, type Transaction } from "../model/transaction";
import type { Stage } from "./stage";

/** The last satoshi of a deposit stay the cable's: nodes relay no less. */
const LEAST_CHANGE = 294;
/** A channel sells nothing so many blocks before its refund. */
const MARGIN = 1_008;
/** Blocks may come faster than the socket thinks. */
const QUICK_BLOCKS = 60;
/** Three questions to a slow chain, and the time until one is asked again. */
const LATENCY = 120_000;
/** A closing leaves, and is made dearer, once a day. */
const FREE_TIME = 1.2 * 86_400_000;
/** Parts of what an answer is good for, after which it is made new. */
const PARTS = 8;

/** A channel of the socket's, from its first record on. */
interface Known {
  readonly entry: ChannelEntry;
  readonly coins: readonly string[];
  /** The most that was credited. */
  paid: Satoshi;
  wasBuried: boolean;
  /** Since when the funding is not buried any more, or its deposit is spent by somebody else. */
  unfitSince: number | undefined;
  /** The socket's own closing that left last. */
  closing: Transaction | undefined;
  /** A block came after the socket was free to close for a day, in the week for it. */
  couldClose: boolean;
}

export class ChannelReferee {
  private readonly known = new Map<string, Known>();
  private seen = 0;
  private height = 0;
  private market = 0;
  private hinderedAt = 0;
  /** When the socket's view of the chain was wrong or slow last. */
  private troubledAt = Number.NEGATIVE_INFINITY;
  /** Branches that undid as many blocks as bury a funding. */
  private deepBranches = 0;

  constructor(private readonly stage: Stage) {
    stage.onIncrement = (channel, paid) => {
      this.stage.violation ??= this.credited(channel, paid);
    };
    stage.network.onChange(() => this.look());
  }

  /** What does not hold now. */
  check(): string | undefined {
    this.look();
    for (const entry of this.stage.socketChannels()) this.note(entry);
    return this.spends() ?? this.late();
  }

  /**
   * Satoshi that channels hold for the socket, or that miners got of its own share as it closed
   * them.
   */
  worth(): Satoshi {
    let sum = 0;
    for (const { entry, paid, coins } of this.known.values()) {
      const { blocks, seen } = this.stage.network;
      const spender = blocks.spenderOf(`${entry.txid}:0`);
      const spend = spender === undefined ? undefined : seen.get(spender);
      if (spend) sum += this.isOwn(spend) ? feeOf(spend, entry.deposit) : 0;
      else if (blocks.blockOf(entry.txid) || coins.every((coin) => blocks.spenderOf(coin) === undefined)) sum += paid;
    }
    return sum;
  }

  /**
   * What theft, a branch as deep as what buries a funding, or a chain that keeps closings out may
   * cost in all.
   */
  excused(): Satoshi {
    const { stage } = this;
    let refunded = 0;
    for (const { entry, paid } of this.known.values()) {
      const spend = this.spendOf(entry);
      if (spend && isRefund(spend)) refunded += paid;
    }
    return (stage.thefts + this.deepBranches) * stage.settings.maxUnclosed + refunded;
  }

  /** Satoshi that were ever paid by channel. */
  paid(): Satoshi {
    let sum = 0;
    for (const { paid } of this.known.values()) sum += paid;
    return sum;
  }

  /** At the end all that was paid is in a block, by the closing of the last state. */
  settle(): string | undefined {
    for (const { entry, paid } of this.known.values()) {
      if (paid === 0 || !this.stage.network.blocks.blockOf(entry.txid)) continue;
      if (!this.spendOf(entry)) return `a channel on which ${paid} sat were paid was never closed`;
    }
    return undefined;
  }

  // ------------------------------------------------------------ increments

  /** An increment was credited just now. */
  private credited(channel: string, paid: Satoshi): string | undefined {
    const { stage } = this;
    const entry = stage.socketChannels().find(({ txid }) => txid === channel);
    if (entry?.paid !== paid) return `${paid} sat of a channel were credited, and ${entry?.paid ?? 0} are written`;
    if (paid <= (this.known.get(channel)?.paid ?? 0))
      return "an increment was credited that a later one had superseded";
    const known = this.note(entry);
    const { settings, clock, view } = stage;
    if (entry.phase !== "open" || known.closing) return "an increment was credited on a channel that closes";
    if (entry.deposit - paid < LEAST_CHANGE) return `an increment leaves the cable ${entry.deposit - paid} sat`;
    if (!this.isSigned(entry)) return "an increment was credited that the cable did not sign";
    if (!known.wasBuried) return "an increment was credited on a funding that was never buried";
    if (view.fault !== "none" || view.delay > 1_000) this.troubledAt = clock.now();
    const age = this.troubledAt >= (known.unfitSince ?? 0) ? settings.fundingMaxAge : settings.fundingMaxAge / PARTS;
    const unfit = clock.now() - (known.unfitSince ?? clock.now());
    if (unfit > age + LATENCY) return `an increment was credited ${unfit / 1000} s after its deposit was gone`;
    const block = stage.network.blocks.blockOf(channel);
    if (clock.now() - this.troubledAt <= settings.fundingMaxAge + LATENCY) return this.unclosed();
    if (block && stage.network.blocks.height >= block.height + entry.delay - MARGIN + QUICK_BLOCKS)
      return "an increment was credited in the week in which its channel has to be closed";
    return this.unclosed();
  }

  private unclosed(): string | undefined {
    const { maxUnclosed } = this.stage.settings;
    let sum = 0;
    for (const { phase, paid } of this.stage.socketChannels()) if (phase !== "closed") sum += paid;
    return sum > maxUnclosed ? `${sum} sat stand unclosed; the limit is ${maxUnclosed}` : undefined;
  }

  /** The half, by the model's own reading of SINGLE|ANYONECANPAY. */
  private isSigned({ half = "", txid, deposit, paid, version, ...keys }: ChannelEntry): boolean {
    const signature = Buffer.from(half, "hex");
    const key = Buffer.from(keys.cableKey, "hex");
    const inputs = [{ txid, vout: 0, sequence: 0xfffffffd, scriptSig: Buffer.alloc(0), witness: [] }];
    const outputs = [{ script: `0014${hash160(key).toString("hex")}`, amount: deposit - paid }];
    const digest = sighashOf({ version, locktime: 0, inputs, outputs }, 0, scriptOf(keys), deposit, 0x83);
    return signature.at(-1) === 0x83 && this.stage.ecdsa.verify(signature.subarray(0, -1), digest, key);
  }

  // ------------------------------------------------------------ the chain

  private note(entry: ChannelEntry): Known {
    const before = this.known.get(entry.txid);
    if (before) {
      before.paid = Math.max(before.paid, entry.paid);
      return before;
    }
    const coins = entry.funding === undefined ? [] : parse(entry.funding).inputs.map(outpointKey);
    const state = { paid: entry.paid, wasBuried: false, unfitSince: undefined, closing: undefined, couldClose: false };
    const known = { entry, coins, ...state };
    this.known.set(entry.txid, known);
    return known;
  }

  /** Whenever a node takes something, or a block comes. */
  private look(): void {
    const { network, clock, settings, socket, view } = this.stage;
    const { height } = network.blocks;
    if (view.fault !== "none" || view.delay > 1_000) this.troubledAt = clock.now();
    const isOff = !socket || this.stage.socketStore.isFull || this.stage.socketStore.isBehind;
    if (isOff || this.troubledAt === clock.now() || network.market !== this.market || network.isCensoring)
      this.hinderedAt = clock.now();
    this.market = network.market;
    for (const known of this.known.values()) {
      const block = network.blocks.blockOf(known.entry.txid);
      const depth = block ? height - block.height + 1 : 0;
      const isBuried = depth >= settings.channelConfirmations;
      if (isBuried) known.wasBuried = true;
      if (isBuried && !this.isSpent(known)) known.unfitSince = undefined;
      else if (known.wasBuried) known.unfitSince ??= clock.now();
      const isFree = clock.now() - this.hinderedAt > FREE_TIME && this.canPay(known);
      if (block && height > this.height && height < block.height + known.entry.delay && isFree)
        known.couldClose ||= height > block.height + known.entry.delay - MARGIN + QUICK_BLOCKS;
    }
    this.height = height;
  }

  /** The share pays what the market asks of 170 vbytes, and dust is left. */
  private canPay({ paid }: Known): boolean {
    return paid - 330 > (Math.max(100, this.stage.network.market) * 182) / 1000;
  }

  private isSpent({ entry }: Known): boolean {
    const { network } = this.stage;
    const key = `${entry.txid}:0`;
    const { mempool } = network.nodes[1] ?? network.node;
    return network.blocks.spenderOf(key) !== undefined || mempool.spenderOf(key) !== undefined;
  }

  private spendOf({ txid }: ChannelEntry): Transaction | undefined {
    const { network } = this.stage;
    const spender = network.blocks.spenderOf(`${txid}:0`);
    return spender === undefined ? undefined : network.seen.get(spender);
  }

  /** Every spend of a deposit that any node ever took. */
  private spends(): string | undefined {
    const { accepted } = this.stage.network;
    for (; this.seen < accepted.length; this.seen++) {
      const tx = accepted[this.seen] as Transaction;
      const known = this.known.get(tx.inputs[0]?.txid ?? "");
      if (!known || tx.inputs[0]?.vout !== 0 || isRefund(tx) || !this.isOwn(tx)) continue;
      const { entry, paid } = known;
      known.closing = tx;
      const closed = entry.deposit - (tx.outputs[0]?.amount ?? 0);
      if (closed !== paid) return `a closing left for ${closed} sat of a channel on which ${paid} sat were paid`;
    }
    return undefined;
  }

  private isOwn(tx: Transaction): boolean {
    return tx.outputs[1]?.script === this.stage.payout.script;
  }

  private late(): string | undefined {
    for (const { entry, paid, couldClose } of this.known.values()) {
      const spend = couldClose && paid > 0 ? this.spendOf(entry) : undefined;
      if (spend && isRefund(spend)) return `a refund took ${paid} sat of the socket's, which had a week to close`;
    }
    return undefined;
  }

  /** A branch took the place of `depth` blocks. */
  reorganised(depth: number): void {
    if (depth >= this.stage.settings.channelConfirmations) this.deepBranches += 1;
  }
}

/** The payee's signature is the empty one. */
function isRefund(tx: Transaction): boolean {
  return tx.inputs[0]?.witness[1]?.length === 0;
}

function feeOf(tx: Transaction, deposit: Satoshi): Satoshi {
  return deposit - tx.outputs.reduce((sum, { amount }) => sum + amount, 0);
}

/** `<payee> CHECKSIG NOTIF <N> CHECKSEQUENCEVERIFY VERIFY ENDIF <cable> CHECKSIG`. */
function scriptOf({ payeeKey, cableKey, delay }: Pick<ChannelEntry, "payeeKey" | "cableKey" | "delay">): Buffer {
  const blocks = Buffer.from([2, delay & 255, delay >> 8]).toString("hex");
  return Buffer.from(`21${payeeKey}ac64${blocks}b2696821${cableKey}ac`, "hex");
}
