// The referee: knows the truth (the circuit's energy, the blocks' coins) and holds it against the bounds of the
// architecture's last section, "Loss is bounded, always, on both sides", after each step.

import type { Satoshi } from "../../shared/units";
import { outpointKey } from "../model/transaction";
import type { Stage } from "./stage";

/** Largest power that the plans let an appliance draw, in mW, for one half-wave of 10 ms. */
const HALF_WAVE_UWH = (3_600_000 * 10) / 3600;

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

  constructor(private readonly stage: Stage) {
    stage.network.onChange(() => this.lookForRivals());
  }

  /** Throws a Violation when a bound does not hold now. */
  check(): void {
    if (this.stage.violation) throw new Violation(this.stage.violation);
    this.checkSocket();
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
    return this.worth(circuit.delivered * (1 + terms.socketError / 1000)) - this.stage.received();
  }

  socketBound(): Satoshi {
    const { settings, clock, counts } = this.stage;
    const allowances = 1 + clock.now() / settings.standbyRefill;
    const free = settings.standbyAllowance * 1000 * allowances;
    // What flowed since the meter's last record is forgotten when the socket loses power; the docs name this term.
    const forgotten = settings.writeEvery * 1000 * counts.socketCuts;
    const perEnd = HALF_WAVE_UWH * (1 + counts.sessions + counts.socketCuts);
    return settings.exposureLimit + settings.increment + this.worth(free + forgotten + perEnd) + 1 + counts.increments;
  }

  private checkSocket(): void {
    const loss = this.socketLoss();
    const bound = this.socketBound();
    this.worst.socket = Math.max(this.worst.socket, loss);
    this.worst.socketOfBound = Math.max(this.worst.socketOfBound, loss / bound);
    if (loss > bound)
      throw new Violation(
        `the socket delivered ${loss.toFixed(0)} sat more than blocks pay it; its bound is ${bound.toFixed(0)}`,
      );
  }

  /** At the end of a run, when nothing disturbs any more: all that was acknowledged is paid, replaced or known as lost. */
  settle(): void {
    const { acks, network } = this.stage;
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

  /** No credit on a coin that the socket's own node has known as spent for longer than an answer may be old. */
  private checkFreshness(): void {
    const { acks, view, clock, settings } = this.stage;
    if (view.fault !== "none" || view.delay > 1_000) this.troubledAt = clock.now();
    for (; this.acks < acks.length; this.acks++) {
      const ack = acks[this.acks];
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
