// The payments: asks for a draft, has it signed ahead, and hands it over when it is due.

import type { DeviceEvent, Outpoint } from "../kernel/ports";
import { Fault } from "../protocol/faults";
import type { DraftOffer, Status } from "../protocol/types";
import { CHANNEL } from "../protocol/words";
import type { Calls } from "./calls";
import { ChannelPayer } from "./channel-payer";
import type { CableEvent, Offered } from "./effects";
import type { CableParts } from "./parts";
import type { ChannelReady, Ready } from "./purse";
import { agree } from "./reckoning";
import type { CableRecord } from "./record";
import { holdOf } from "./refusals";
import type { CableSettings } from "./settings";
import { Hold } from "./stop";
import { mustAccept, payeeOf, type Terms, termsOf } from "./terms";
import { ticketed } from "./tickets";

export class Payments {
  readonly #parts: CableParts;
  readonly #calls: Calls;
  readonly #channels: ChannelPayer | undefined;

  constructor(parts: CableParts, calls: Calls) {
    this.#parts = parts;
    this.#calls = calls;
    this.#channels = parts.pocket && new ChannelPayer(parts, calls, parts.pocket);
  }

  /** Another deal begins. */
  begin(): void {
    this.#channels?.begin();
  }

  /**
   * Asks for a draft, makes the accounts agree, and signs it ahead; where credit is left to draw,
   * that comes first. What the socket cannot sell now is asked for later.
   */
  async ask(status: Status): Promise<CableEvent> {
    const { socket, purse, inlet, questions, settings, ledger } = this.#parts;
    const known = purse.session?.id;
    try {
      const byChannel = await this.#channels?.ready(status);
      if (byChannel) return { kind: "signed", ready: byChannel };
      if (isByChannelOnly(status, settings))
        throw new Hold("waiting", "No channel is ready, and it pays by no other scheme.");
      const announced = termsOf(status, settings);
      // Whatever the terms are now, credit was paid for under earlier ones.
      if (inlet.isSpent()) mustAccept(announced, settings);
      const asked = await questions.draft(announced.scheme, known, status.payee);
      const another = (promised: readonly Outpoint[]) => socket.powerRequest({ ...asked.request, promised });
      const offered = { offer: asked.offer, terms: this.agreedTerms(asked.offer, announced), announced, another };
      if (asked.offer.credit === 0 || inlet.isSpent()) return await this.finish(offered);
      // Written before power flows on it: a cut must not turn it into credit of another socket.
      ledger.write({});
      return { kind: "agreed", offered };
    } catch (error) {
      return { kind: "refused", hold: holdOf(error) };
    }
  }

  /** Signs an offer by which the accounts agree. */
  async finish(offered: Offered): Promise<CableEvent> {
    try {
      return { kind: "signed", ready: await this.acceptOr(offered) };
    } catch (error) {
      return { kind: "refused", hold: holdOf(error) };
    }
  }

  /**
   * Signs the draft that came with the answer to a payment; or goes on by a channel that is buried
   * by now.
   */
  async sign(offer: DraftOffer, status: Status): Promise<CableEvent> {
    const { purse, settings } = this.#parts;
    try {
      const byChannel = await this.#channels?.ready(status);
      if (byChannel) return { kind: "signed", ready: byChannel };
      return { kind: "signed", ready: purse.sign(offer, purse.termsFor(offer, termsOf(status, settings))) };
    } catch (error) {
      return { kind: "refused", hold: holdOf(error) };
    }
  }

  /** Hands the signature over, and books what it bought. */
  async pay(ready: Ready | ChannelReady): Promise<CableEvent> {
    if ("channel" in ready) return this.#channels?.pay(ready) ?? { kind: "refused", hold: undefined };
    const { inlet, purse, socket } = this.#parts;
    try {
      purse.sending();
      let asked = 0;
      const result = await this.#calls.answered(() => {
        asked = inlet.meter();
        return socket.payTransaction(ready.request);
      });
      return {
        kind: "paid",
        next: result.next,
        news: this.book(ready, inlet.agreed(result.remaining, ready.energy, asked)),
      };
    } catch (error) {
      return { kind: "refused", hold: holdOf(error) };
    }
  }

  /** Gives what is to be told of it, once power flows. */
  private book(ready: Ready, agreed: Partial<CableRecord>): DeviceEvent {
    const { ledger, purse, inlet } = this.#parts;
    ledger.write({ ...purse.acknowledged(), ...agreed, ...trusted(ledger.record, ready), ...ticketed(ledger.record) });
    const { request, step } = ready;
    const { pay: value, fee } = step;
    return { name: "paid", increment: request.increment, value, fee, remaining: inlet.remaining() };
  }

  /**
   * Signs the offer. Where it spends coins that will not do, one over other coins is asked for,
   * once.
   */
  private async acceptOr({ offer, terms, announced, another }: Offered): Promise<Ready> {
    try {
      return this.accept(offer, terms);
    } catch (error) {
      const unfit = error instanceof Hold ? this.#parts.purse.unfitCoins(offer, error.reason) : [];
      if (unfit.length === 0) throw error;
      const other = await another(unfit).catch((refusal: unknown) => {
        // A socket of version 1 knows no such member.
        throw refusal instanceof Fault && refusal.fault === "invalid-parameters" ? error : refusal;
      });
      return this.accept(other, this.agreedTerms(other, announced));
    }
  }

  /**
   * The terms of an offer by which both accounts agree from now on. Throws a Hold where they
   * cannot.
   */
  private agreedTerms(offer: DraftOffer, announced: Terms): Terms {
    const { purse, visit } = this.#parts;
    const terms = purse.termsFor(offer, announced);
    agree(this.#parts, offer, terms);
    visit?.met(payeeOf(offer));
    return terms;
  }

  private accept(offer: DraftOffer, terms: Terms): Ready {
    const { purse, settings } = this.#parts;
    mustAccept(terms, settings);
    return purse.sign(offer, terms);
  }
}

/** True where a channel is all that both have in common. */
function isByChannelOnly({ schemes }: Status, settings: CableSettings): boolean {
  const common = settings.schemes.filter((name) => schemes.includes(name));
  return common.length === 1 && common[0] === CHANNEL;
}

/**
 * An increment that came as it was paid makes good one that did not: the pauses after stops grow
 * shorter again.
 */
function trusted({ losses }: CableRecord, { request, step }: Ready): Pick<CableRecord, "losses"> {
  return { losses: request.increment > 1 && step.pay > 0 ? Math.max(0, losses - 1) : losses };
}
