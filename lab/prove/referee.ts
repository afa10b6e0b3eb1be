// The referee: knows the truth (the circuit's energy, the blocks' coins) and holds it against the
// bounds of the architecture's last section, "Loss is bounded, always, on both sides", after each
// step.

import { outpointKey } from "../../shared/kernel/outpoint";
import { energyFor, type Satoshi } from "../../shared/kernel/units";
import { latest } from "../../shared/socket/record";
import { dearestTogether, type Rivals } from "../model/together";
import type { Transaction } from "../model/transaction";
import { hash160 } from "../model/transaction";
import { ChannelReferee } from "./channel-referee";
import { DepositReferee } from "./deposit-referee";
import { type Estimate, estimateOf } from "./overestimate";
import type { RogueSocket } from "./rogue-socket";
import type { Ack, Stage } from "./stage";

/** Largest power that the plans let an appliance draw, in mW, for one half-wave of 10 ms. */
const HALF_WAVE_UWH = (3_600_000 * 10) / 3600;
/** The same for the second between two looks at whether the meter's total is to be written. */
const SECOND_UWH = (3_600_000 * 1000) / 3600;

export interface Losses {
  /** Worth of what was delivered less what is confirmed, and the bound on it. */
  readonly socket: Satoshi;
  readonly socketBound: Satoshi;
  /** Worth of what was signed away less what was delivered, and the bound on it. */
  readonly cable: Satoshi;
  readonly cableBound: Satoshi;
}

export class Violation extends Error {}

export class Referee {
  worst = { socket: 0, socketOfBound: 0, cable: 0, cableOfBound: 0 };
  /** When each outpoint was first seen spent by somebody else at the socket's own node. */
  private readonly rivalSince = new Map<string, number>();
  private readonly coins = new Set<string>();
  private troubledAt = Number.NEGATIVE_INFINITY;
  private acks = 0;
  private seen = 0;
  /** Kept for as many signatures as it was made of: they only become more. */
  private dearest = { value: 0, fees: 0 };
  private dearestOf = 0;
  /** One for each signature that a rogue socket got. */
  readonly estimates: Estimate[] = [];
  /** Of the socket's channels. */
  private readonly channels: ChannelReferee;
  /** The most that the cable ever signed in each channel, by its entry. */
  private readonly signedByChannel = new Map<string, Satoshi>();
  rogueSocket: RogueSocket | undefined;
  private deposits: DepositReferee | undefined;

  constructor(private readonly stage: Stage) {
    stage.network.onChange(() => this.lookForRivals());
    this.channels = new ChannelReferee(stage);
    stage.network.onBranch = (depth) => this.channels.reorganised(depth);
  }

  /** Throws a Violation when a bound does not hold now. */
  check(): void {
    if (this.stage.violation) throw new Violation(this.stage.violation);
    const broken = this.rogueSocket ? undefined : this.channels.check();
    if (broken) throw new Violation(broken);
    if (!this.rogueSocket) this.checkSocket();
    if (this.stage.cable) this.checkCable();
    this.checkFreshness();
  }

  // ------------------------------------------------------------ the socket

  /** Satoshi that a reading of the socket's meter is worth. */
  private worth(energy: number): Satoshi {
    return (energy * this.stage.settings.price) / 1e9;
  }

  socketLoss(): Satoshi {
    const { circuit, terms } = this.stage;
    circuit.advance();
    const delivered = this.worth(circuit.delivered * (1 + terms.socketError / 1000));
    return delivered - this.stage.received() - this.channels.worth();
  }

  socketBound(): Satoshi {
    const { settings, counts } = this.stage;
    const allowances = 1 + this.stage.awake() / settings.standbyRefill;
    const free = settings.standbyAllowance * 1000 * allowances;
    const forgotten = this.forgotten();
    const perEnd = HALF_WAVE_UWH * (1 + counts.sessions + counts.socketCuts);
    const held = settings.exposureLimit + this.channels.excused();
    return held + settings.increment + this.worth(free + forgotten + perEnd) + 1 + counts.increments;
  }

  /**
   * Energy that flowed since the meter's last record, in microwatt-hours: forgotten when the socket
   * loses power; the docs name this term. Where flash takes nothing that is all that was paid for,
   * since nothing more is sold then.
   */
  private forgotten(): number {
    const { settings, counts } = this.stage;
    const paid = (energyFor(settings.increment, settings.price) + settings.renewalThreshold) * 1000;
    return (settings.writeEvery * 1000 + SECOND_UWH) * counts.socketCuts + paid * counts.fullCuts;
  }

  /** No unpaid power ever flows: what flowed was paid for, or is what standby gives. */
  private checkPaid(): void {
    this.socketLoss();
    const { settings, circuit, terms, counts, payout, paid } = this.stage;
    const awake = this.stage.awake();
    const payments = paid.filter((tx) => tx.outputs[0]?.script === payout.script).length;
    const bought =
      payments * energyFor(settings.increment, settings.price) + energyFor(this.channels.paid(), settings.price);
    // A payment makes the allowance whole, because what standby gave is paid with it.
    const given = settings.standbyAllowance * (1 + payments + counts.byChannel + awake / settings.standbyRefill);
    const forgotten = this.forgotten() / 1000;
    const ends = 1 + payments + counts.sessions + counts.socketCuts + awake / settings.lockout;
    const flowed = (circuit.delivered * (1 + terms.socketError / 1000)) / 1000;
    const most = bought + given + forgotten + (HALF_WAVE_UWH / 1000) * ends;
    if (flowed > most)
      throw new Violation(
        `${flowed.toFixed(0)} mWh flowed; ${bought} were paid for, and ${most.toFixed(0)} is the most with all that is given`,
      );
  }

  private checkSocket(): void {
    this.checkPaid();
    const loss = this.socketLoss();
    const bound = this.socketBound();
    this.worst.socket = Math.max(this.worst.socket, loss);
    this.worst.socketOfBound = Math.max(this.worst.socketOfBound, loss / bound);
    if (loss > bound)
      throw new Violation(
        `the socket delivered ${loss.toFixed(0)} sat more than the ${this.stage.received()} sat that blocks pay it; its bound is ${bound.toFixed(0)}`,
      );
  }

  // ------------------------------------------------------------ the cable

  /**
   * What the cable's signatures can cost it, were the dearest that fit together brought to the
   * chain: value and fees.
   */
  pledged(): { readonly value: Satoshi; readonly fees: Satoshi } {
    const { paid, releases } = this.stage;
    const signed = [...(this.rogueSocket ? this.rogueSocket.signed : paid), ...releases];
    if (this.dearestOf !== signed.length) {
      const { worth, txids, exact } = dearestTogether(rivalsOf(signed, releases));
      if (!exact) this.stage.note("referee: gave up looking for a dearer set of signatures");
      const unique = new Map(signed.map((tx) => [tx.txid, tx]));
      const fees = [...txids].reduce((sum, txid) => sum + this.feeOf(unique.get(txid) as Transaction), 0);
      this.dearestOf = signed.length;
      if (this.rogueSocket) this.estimate();
      this.dearest = { value: worth, fees };
    }
    return this.dearest;
  }

  /** The cable's own count of what is out of hand, which may never be too low. */
  private estimate(): void {
    const record = this.stage.cableRecord();
    const estimate = record && estimateOf(record);
    if (!estimate) return;
    this.estimates.push(estimate);
    const { device, exact } = estimate;
    if (device < exact) throw new Violation(`the cable counts ${device} sat as out of hand, and ${exact} sat are`);
  }

  /** What the miner really gets, by the chain's own amounts. */
  private feeOf(tx: Transaction): Satoshi {
    const { seen, blocks } = this.stage.network;
    const made = [...this.stage.paid, ...this.stage.releases, ...(this.rogueSocket?.signed ?? [])];
    const amount = (input: { readonly txid: string; readonly vout: number }): Satoshi => {
      const parent = seen.get(input.txid) ?? made.find((each) => each.txid === input.txid);
      return (blocks.coinEver(input) ?? parent?.outputs[input.vout])?.amount ?? 0;
    };
    const fee =
      tx.inputs.reduce((sum, input) => sum + amount(input), 0) -
      tx.outputs.reduce((sum, output) => sum + output.amount, 0);
    return Math.max(0, fee);
  }

  cableLoss(): Satoshi {
    this.stage.circuit.advance();
    return this.pledged().value + this.byChannel() - this.agreedWorth(this.stage.circuit.delivered);
  }

  /** Satoshi that the cable ever signed away by channel. */
  private byChannel(): Satoshi {
    const deposits = this.depositsAt();
    if (deposits) return deposits.signed();
    for (const { txid, paid } of this.stage.cableChannels())
      this.signedByChannel.set(txid, Math.max(paid, this.signedByChannel.get(txid) ?? 0));
    let signed = 0;
    for (const paid of this.signedByChannel.values()) signed += paid;
    return signed;
  }

  /** Of a cable at a rogue socket that sells by channel. */
  private depositsAt(): DepositReferee | undefined {
    const bought = this.rogueSocket?.channels?.bought;
    const delivered = () => this.agreedWorth(this.stage.circuit.delivered);
    if (bought) this.deposits ??= new DepositReferee(this.stage, bought, delivered);
    return this.deposits;
  }

  /** Satoshi that energy is worth at the price that the cable agreed to. */
  private agreedWorth(energy: number): Satoshi {
    return (energy * (this.rogueSocket?.dearest ?? this.stage.settings.price)) / 1e9;
  }

  /** One increment, the renewal threshold, and what both meters and a restart may be off by. */
  cableBound(): Satoshi {
    const { settings, cableSettings, counts, clock, circuit } = this.stage;
    const increments = 1 + counts.increments;
    const value = this.pledged().value + this.byChannel();
    const energy = value > 0 ? (value * 1e6) / settings.price : 0;
    // The meters' tolerance, and what restarts may have made the cable forget (RESTART_SHARE in
    // cable/inlet.ts).
    const share = ((cableSettings.tolerance + 100) / 1000) * Math.max(energy, circuit.delivered / 1000);
    const standing = (cableSettings.tolerancePower * clock.now()) / 3_600_000;
    // The base and what a restart may forget are conceded once and not once a session.
    const tolerance = share + standing + 2 * cableSettings.toleranceBase + 4 * cableSettings.writeEvery;
    const threshold = (settings.increment * cableSettings.renewAt) / 1000;
    return settings.increment + cableSettings.maxClaims + threshold + this.agreedWorth(tolerance * 1000) + increments;
  }

  private checkCable(): void {
    const loss = this.cableLoss();
    const bound = this.cableBound();
    this.worst.cable = Math.max(this.worst.cable, loss);
    this.worst.cableOfBound = Math.max(this.worst.cableOfBound, loss / bound);
    if (loss > bound)
      throw new Violation(
        `the cable signed away ${loss.toFixed(0)} sat more than the ${this.agreedWorth(this.stage.circuit.delivered).toFixed(0)} sat it was delivered; its bound is ${bound.toFixed(0)}`,
      );
    this.checkMinedFees();
    const broken = this.depositsAt()?.check();
    if (broken) throw new Violation(broken);
    const value = this.pledged().value + this.byChannel();
    const fees = this.pledged().fees + (this.depositsAt()?.fees() ?? 0);
    const { cableSettings } = this.stage;
    const most = cableSettings.maxFee + (value * cableSettings.maxFeeShare) / 1000;
    if (fees > most) throw new Violation(`the cable's fees come to ${fees} sat; its limit is ${most}`);
  }

  /**
   * Whatever a node took that spends the cable's coins leaves the miner no more than the owner's
   * limit.
   */
  private checkMinedFees(): void {
    const { network, purse, cableSettings } = this.stage;
    for (; this.seen < network.accepted.length; this.seen++) {
      const tx = network.accepted[this.seen];
      if (!tx || hash160(tx.inputs[0]?.witness[1] ?? Buffer.alloc(0)).toString("hex") !== purse.script.slice(4))
        continue;
      const fee = this.feeOf(tx);
      if (fee > cableSettings.maxFee)
        throw new Violation(
          `a transaction burns ${fee} sat of the cable's as fee; its limit is ${cableSettings.maxFee}`,
        );
    }
  }

  /**
   * Every satoshi for which energy was credited is in a block, on its way there, or written down as
   * owed.
   */
  private account(): void {
    const { stage } = this;
    const record = stage.socketRecord();
    const owed = (record?.debts ?? []).reduce((sum, debt) => sum + debt.amount, 0);
    const underWay = (record?.settlements ?? []).filter((each) => !stage.network.blocks.blockOf(latest(each).txid));
    const known = stage.received() + owed + underWay.reduce((sum, each) => sum + latest(each).value, 0);
    if (known < stage.earned)
      throw new Violation(
        `${stage.earned} sat were credited, but only ${known} are accounted for: ${stage.received()} received, ${owed} known as owed`,
      );
  }

  /**
   * At the end of a run, when nothing disturbs any more: all that was acknowledged is paid,
   * replaced or known as lost.
   */
  settle(): void {
    const { acks, network } = this.stage;
    if (!this.rogueSocket) this.account();
    const broken = this.rogueSocket ? this.depositsAt()?.settle() : this.channels.settle();
    if (broken) throw new Violation(broken);
    const sessions = new Map(acks.map((ack) => [ack.session + ack.inputs.map(outpointKey).join(), ack]));
    for (const ack of sessions.values()) {
      if (network.blocks.blockOf(ack.txid)) continue;
      const spent = ack.inputs.some((input) => !network.blocks.unspent.has(outpointKey(input)));
      if (!spent)
        throw new Violation(
          `${ack.value} sat that the socket acknowledged were never settled, though nobody spent the coins`,
        );
    }
  }

  // ------------------------------------------------------------ double spends

  /** Coins whose spends are worth a look: those that were ever offered to the socket. */
  watch(inputs: readonly { readonly txid: string; readonly vout: number }[]): void {
    for (const input of inputs) this.coins.add(outpointKey(input));
    this.lookForRivals();
  }

  private lookForRivals(): void {
    const { network, clock, acks } = this.stage;
    const node = network.nodes[1] ?? network.node;
    for (const key of this.coins) {
      const spender = network.blocks.spenderOf(key) ?? node.mempool.spenderOf(key);
      const own = spender === undefined || acks.some((ack) => ack.txid === spender);
      if (own) this.rivalSince.delete(key);
      else if (!this.rivalSince.has(key)) this.rivalSince.set(key, clock.now());
    }
  }

  /**
   * Whatever backends say: a coin with which a block paid the socket in another session pays
   * nothing again.
   */
  private mustNotBeSettled({ session, inputs, increment }: Ack): void {
    if (this.coins.size > REMEMBERED) return;
    const { acks, network } = this.stage;
    for (const input of inputs) {
      const spender = network.blocks.spenderOf(outpointKey(input));
      if (spender !== undefined && acks.some((other) => other.txid === spender && other.session !== session))
        throw new Violation(`increment ${increment} was credited over a coin that was settled here`);
    }
  }

  /**
   * No credit on a coin that the socket's own node has known as spent for longer than an answer may
   * be old.
   */
  private checkFreshness(): void {
    const { acks, view, clock, settings } = this.stage;
    if (view.fault !== "none" || view.delay > 1_000) this.troubledAt = clock.now();
    for (; this.acks < acks.length; this.acks++) {
      const ack = acks[this.acks];
      if (ack) this.mustNotBeSettled(ack);
      if (!ack || this.troubledAt > ack.at - settings.unspentMaxAge - 30_000) continue;
      for (const input of ack.inputs) {
        const since = this.rivalSince.get(outpointKey(input));
        if (since !== undefined && ack.at - since > settings.unspentMaxAge + 3_000)
          throw new Violation(
            `increment ${ack.increment} was credited ${(ack.at - since) / 1000} s after its coin was spent by somebody else`,
          );
      }
    }
  }
}

/** So many coins that were settled a socket remembers. */
const REMEMBERED = 20;

function worthOf(tx: Transaction): Satoshi {
  return tx.outputs[0]?.amount ?? 0;
}

/**
 * Those over the very same coins stand together; a transaction that was signed twice counts once. A
 * release pays nobody, and may be the first that anybody knows of over its coins: parents are put
 * before their children.
 */
function rivalsOf(signed: readonly Transaction[], releases: readonly Transaction[]): readonly Rivals[] {
  const free = new Set(releases.map(({ txid }) => txid));
  const byCoins = new Map<string, Map<string, Transaction>>();
  for (const tx of signed) {
    const coins = tx.inputs.map(outpointKey).sort().join();
    const rivals = byCoins.get(coins) ?? new Map<string, Transaction>();
    byCoins.set(coins, rivals.set(tx.txid, tx));
  }
  const groups = [...byCoins.values()].map((rivals) => {
    const all = [...rivals.values()];
    const transactions = all.map((tx) => ({ txid: tx.txid, worth: free.has(tx.txid) ? 0 : worthOf(tx) }));
    return { outpoints: all[0]?.inputs ?? [], transactions };
  });
  return parentsFirst(groups);
}

function parentsFirst(groups: readonly Rivals[]): readonly Rivals[] {
  const makes = new Map(groups.flatMap((group) => group.transactions.map(({ txid }) => [txid, group] as const)));
  const sorted = new Set<Rivals>();
  const add = (group: Rivals): void => {
    if (sorted.has(group)) return;
    for (const { txid } of group.outpoints) {
      const parent = makes.get(txid);
      if (parent) add(parent);
    }
    sorted.add(group);
  };
  for (const group of groups) add(group);
  return [...sorted];
}
