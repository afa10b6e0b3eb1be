// Somebody with a key who deals with a socket by channel, by hand: signs what is asked, or what is
// not.

import { bytesToHex } from "../../shared/bitcoin/bytes";
import { changeAt } from "../../shared/channel/amounts";
import { channelFrame, type Deposit, signHalf } from "../../shared/channel/closing";
import { depositCoin, type Funding, signFunding } from "../../shared/channel/funding";
import { signRefund } from "../../shared/channel/refund";
import { constant } from "../../shared/kernel/constant";
import type { Outpoint } from "../../shared/kernel/ports";
import type { Hex, Satoshi } from "../../shared/kernel/units";
import type {
  ChannelCalls,
  ChannelOffer,
  ChannelPayment,
  ChannelRequest,
  ChannelResult,
  FundingProposal,
  VisitOffer,
} from "../../shared/protocol/channel";
import { CHANNEL } from "../../shared/protocol/words";
import { Customer } from "./bench";

export class ChannelCustomer extends Customer {
  deposit: Deposit | undefined;
  /** In all, by the increments that it signed. */
  owes: Satoshi = 0;

  get key(): Hex {
    return bytesToHex(this.wallet.publicKey);
  }

  /** The same each time, as a cable's. */
  get ticket(): Hex {
    return this.wallet.ticket(this.bench.payout.script);
  }

  get id(): Hex {
    if (!this.deposit) throw new Error("expected an open channel, found none");
    return this.deposit.coin.txid;
  }

  private get calls(): ChannelCalls {
    const { channels } = this.bench.socket;
    if (!channels) throw new Error("expected a socket that sells by channel");
    return channels;
  }

  propose(deposit: Satoshi, more: { readonly promised?: readonly Outpoint[] } = {}): Promise<FundingProposal> {
    return this.request({ deposit, ...more }) as Promise<FundingProposal>;
  }

  request(members: Partial<ChannelRequest>): Promise<ChannelOffer> {
    const request: ChannelRequest = { scheme: CHANNEL, cableKey: this.key, ticket: this.ticket, ...members };
    return this.bench.clock.finish(this.calls.request(request, this.host));
  }

  signFunding(offer: FundingProposal): Hex {
    const { payeeKey, delay, version, inputs, deposit, fee } = offer;
    const funding: Funding = { keys: { payeeKey, cableKey: this.key, delay }, inputs, deposit, fee };
    this.deposit = { keys: funding.keys, coin: depositCoin(funding), version };
    return signFunding(funding, this.wallet);
  }

  sendPayment(payment: Omit<ChannelPayment, "ticket"> & { readonly ticket?: Hex }): Promise<ChannelResult> {
    return this.bench.clock.finish(this.calls.pay({ ticket: this.ticket, ...payment }, this.host));
  }

  /** A channel whose funding is in the socket's hands. */
  async fund(deposit: Satoshi): Promise<ChannelResult> {
    return this.sendPayment({ funding: this.signFunding(await this.propose(deposit)) });
  }

  /** A channel that is buried, and that the socket knows to be. */
  async open(deposit: Satoshi, blocks = 6): Promise<void> {
    await this.fund(deposit);
    this.bench.network.mineMany(blocks);
    await this.bench.clock.run(120_000);
  }

  visit(): Promise<VisitOffer> {
    return this.request({ channel: this.id }) as Promise<VisitOffer>;
  }

  /** The increment after which it owes `owes` in all. */
  half(owes: Satoshi): Hex {
    if (!this.deposit) throw new Error("expected an open channel, found none");
    return signHalf(channelFrame(this.deposit), changeAt(this.deposit.coin.amount, owes), this.wallet);
  }

  async payMore(pay: Satoshi): Promise<ChannelResult> {
    this.owes += pay;
    return this.sendPayment({ channel: this.id, paid: this.owes, half: this.half(this.owes) });
  }

  refund(fee: Satoshi): Hex {
    if (!this.deposit) throw new Error("expected an open channel, found none");
    return signRefund(this.deposit, channelFrame(this.deposit), fee, this.wallet);
  }
}

/** What the owner of a socket decides that sells by channel at today's price. */
export const BY_CHANNEL = constant({
  schemes: ["channel", "single-fee"],
  price: 300,
  increment: 1_000,
  feeLimit: 5_000,
} as const);
