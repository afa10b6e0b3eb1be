// The calls of the scheme `channel`, as they come from a host: whether it is its turn, and then
// what channels.ts answers.

import { scriptOfKey } from "../bitcoin/address";
import { hexToBytes } from "../bitcoin/bytes";
import type { ChannelCalls, ChannelOffer, ChannelPayment, ChannelRequest, ChannelResult } from "../protocol/channel";
import { Fault } from "../protocol/faults";
import { CHANNEL } from "../protocol/words";
import type { Channels } from "./channels";
import type { SocketParts } from "./parts";

export class ChannelDesk implements ChannelCalls {
  readonly #parts: SocketParts;
  readonly #channels: Channels;

  constructor(parts: SocketParts, channels: Channels) {
    this.#parts = parts;
    this.#channels = channels;
  }

  async request(request: ChannelRequest, peer: string): Promise<ChannelOffer> {
    this.mustSell();
    const { guests, releases } = this.#parts;
    this.#parts.mustRun();
    guests.called(peer);
    const payer = scriptOfKey(hexToBytes(request.cableKey));
    const goesOn = this.#channels.goesOn(request);
    const mustBeFree = () => guests.mustBeFree(payer, goesOn, request.ticket, peer);
    mustBeFree();
    if (request.release) releases.take(request.release, payer);
    try {
      const offer = await this.#channels.request(payer, request, mustBeFree);
      if (!this.#parts.isPaidOn()) guests.belongsTo(peer);
      return offer;
    } finally {
      guests.candidates.answered(peer);
    }
  }

  async pay(payment: ChannelPayment, peer: string): Promise<ChannelResult> {
    this.mustSell();
    const { guests } = this.#parts;
    this.#parts.mustRun();
    guests.called(peer);
    return this.#channels.pay(payment, () => guests.paid(peer));
  }

  /**
   * The owner may have stopped selling by channel; channels that were sold are closed all the same.
   */
  private mustSell(): void {
    const sold = this.#parts.sold();
    if (!sold.includes(CHANNEL)) throw new Fault("unknown-scheme", `Expected ${sold.join(" or ")}, came ${CHANNEL}.`);
  }
}
