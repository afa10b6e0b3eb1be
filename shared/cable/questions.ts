// What the cable asks a socket: the first question, and for a draft. Under which address, with
// which ticket, and what it prepares while the answer is on its way.

import type { Wallet } from "../bitcoin/wallet";
import type { ChannelPocket } from "../channel/pocket";
import { REFUND_VSIZE } from "../channel/refund";
import type { Ledger } from "../journal/ledger";
import { attempt } from "../kernel/attempt";
import { constant } from "../kernel/constant";
import type { Clock, Reporter, Store } from "../kernel/ports";
import { feeFor, type Hex, type Millisecond, type Satoshi } from "../kernel/units";
import type { ChannelOffer, ChannelPayment, ChannelRequest, ChannelResult } from "../protocol/channel";
import { Fault, type FaultName } from "../protocol/faults";
import type { DraftOffer, PaymentRequest, PaymentResult, PowerRequest, Status, StatusRequest } from "../protocol/types";
import { CHANNEL, type Scheme } from "../protocol/words";
import { OwnAddress } from "./address";
import { keepGone } from "./gone";
import type { Purse } from "./purse";
import type { CableRecord } from "./record";
import type { CableSettings } from "./settings";
import { payeeOf } from "./terms";
import { ticketsFor } from "./tickets";

/** A cable knows no fee rate: one satoshi a vbyte. */
const REFUND_FEE: Satoshi = feeFor(REFUND_VSIZE, 1_000);
const REFUND_EVERY: Millisecond = 3_600_000;
/** For a question to leave the device before the key is derived. */
const ON_ITS_WAY: Millisecond = 1;
/** For a first question to leave, which has to connect before. */
const CONNECTED: Millisecond = 6;
/** Calls for one draft, each with another ticket. */
const MAX_TRIES = 3;
/** Faults after which the first question is asked as version 1 has it. */
const INSTEAD: readonly FaultName[] = constant(["invalid-parameters", "unknown-scheme", "bad-address"]);

/**
 * The socket's three calls, as rpc/client.ts makes them. They reject with a Fault, or another Error
 * where nobody answers.
 */
export interface SocketLink {
  getStatus(request: StatusRequest): Promise<Status>;
  powerRequest(request: PowerRequest): Promise<DraftOffer>;
  payTransaction(request: PaymentRequest): Promise<PaymentResult>;
  /** The same two of the scheme `channel`, where the link carries it. */
  readonly channels?: {
    request(request: ChannelRequest): Promise<ChannelOffer>;
    pay(payment: ChannelPayment): Promise<ChannelResult>;
  };
}

export interface QuestionsOptions {
  readonly clock: Clock;
  readonly store: Store;
  readonly wallet: Wallet;
  readonly socket: SocketLink;
  readonly report: Reporter;
  readonly settings: CableSettings;
  readonly ledger: Ledger<CableRecord>;
  readonly purse: Purse;
  readonly pocket?: ChannelPocket | undefined;
}

/** An offer, and the question to which it is the answer. */
export interface Asked {
  readonly request: PowerRequest;
  readonly offer: DraftOffer;
}

export class Questions {
  readonly #options: QuestionsOptions;
  readonly #own: OwnAddress;
  /** Which of the releases that wait goes with the next request. */
  #releaseTurn = 0;
  /** Which refund goes along next, and when the first one does again. */
  #refundTurn = 0;
  #refundAt: Millisecond = 0;

  constructor(options: QuestionsOptions) {
    this.#options = options;
    this.#own = new OwnAddress({ ...options, network: options.settings.network });
  }

  /**
   * The first question tells which address will ask for power, so that the socket can ask the chain
   * meanwhile.
   */
  async first(): Promise<Status> {
    const { socket, settings } = this.#options;
    const address = this.#own.kept();
    const [preferred] = settings.schemes;
    // A channel is in the socket's books: of that the chain is not asked.
    const scheme = preferred === CHANNEL ? undefined : preferred;
    if (address === undefined || scheme === undefined) return this.firstOfAll();
    return socket.getStatus({ address, scheme }).catch((refusal: unknown) => {
      // A socket of version 1 knows no such members, and power_request will tell what is wrong with
      // them.
      if (refusal instanceof Fault && INSTEAD.includes(refusal.fault)) return socket.getStatus({});
      throw refusal;
    });
  }

  /** A cable that has no address yet derives it while the answer is on its way. */
  private async firstOfAll(): Promise<Status> {
    const { clock, socket, report } = this.#options;
    const cancel = clock.after(CONNECTED, () => attempt(report, () => this.prepare(undefined)));
    try {
      return await socket.getStatus({});
    } finally {
      cancel();
    }
  }

  /**
   * Asks for a draft; `session` is the one that the cable believes to be running, `payee` the one
   * that the socket names.
   */
  draft(scheme: Scheme, session: Hex | undefined, payee: Hex | undefined): Promise<Asked> {
    return this.asOwn(payee, (address) => this.withTickets({ address, scheme }, session, payee));
  }

  /**
   * Asks under the address that the store has, and derives the key's own while the question is on
   * its way. Where that is another the answer is for somebody else: nothing of it is signed, and
   * the question is asked again.
   */
  private async asOwn<T>(payee: Hex | undefined, ask: (address: string) => Promise<T>): Promise<T> {
    const { clock, report } = this.#options;
    // A release is signed with the question, so the key comes first.
    const releases = this.#options.ledger.record.pledges.some(({ release }) => release);
    const kept = releases ? undefined : this.#own.kept();
    const address = kept ?? this.#own.sure();
    const cancel = clock.after(ON_ITS_WAY, () => attempt(report, () => this.prepare(payee)));
    try {
      const answer = await ask(address);
      if (this.#own.sure() === address) return answer;
    } catch (refusal) {
      if (this.#own.sure() === address) throw refusal;
    } finally {
      cancel();
    }
    return ask(this.#own.sure());
  }

  /** What a payment needs and no answer changes. */
  private prepare(payee: Hex | undefined): void {
    this.#own.sure();
    if (payee !== undefined) this.#options.wallet.ticket(payee);
  }

  /**
   * Asks with the ticket of the payee that the socket names, or else of the last one. Where the
   * offer is another's, or shows no credit and there is another ticket with which it may wait, it
   * is asked again with that.
   */
  private async withTickets(request: PowerRequest, session: Hex | undefined, named: Hex | undefined): Promise<Asked> {
    const { wallet } = this.#options;
    const shown: Hex[] = [];
    let payee = named ?? this.#options.purse.session?.socketScript;
    for (let tries = 1; ; tries++) {
      const { record } = this.#options.ledger;
      const left = payee === undefined ? [] : ticketsFor(record, wallet, payee).filter((each) => !shown.includes(each));
      const [ticket] = left;
      if (ticket !== undefined) shown.push(ticket);
      const asked = ticket === undefined ? request : { ...request, ticket };
      try {
        const offer = await this.withRelease(session === undefined ? asked : { ...asked, session }, (each) =>
          this.#options.socket.powerRequest(each),
        );
        payee = payeeOf(offer);
        if (offer.credit > 0 || tries === MAX_TRIES || this.isShown(payee, shown)) return { request: asked, offer };
      } catch (refusal) {
        // Credit is honoured also where the call is refused.
        if (!(refusal instanceof Fault) || tries === MAX_TRIES || left.length <= 1) throw refusal;
      }
    }
  }

  private isShown(payee: Hex, shown: readonly Hex[]): boolean {
    return ticketsFor(this.#options.ledger.record, this.#options.wallet, payee).every((each) => shown.includes(each));
  }

  /** Each once an hour: it is a question to the socket's chain, and most come too early. */
  private refund(): Hex | undefined {
    const { pocket, settings, ledger, clock } = this.#options;
    const ended = pocket?.ended.length ?? 0;
    if (!pocket || ended === 0 || clock.now() < this.#refundAt) return undefined;
    const fee = Math.min(settings.maxFee, REFUND_FEE);
    // That its coin is there is a socket's word, too.
    const refund = pocket.refundOfTurn(this.#refundTurn++, fee, ledger.record.pins, (entry) => keepGone(entry, ledger));
    if (this.#refundTurn % ended === 0) this.#refundAt = clock.now() + REFUND_EVERY;
    return refund;
  }

  /**
   * Asks, and gives the socket one of the releases to broadcast that wait for it, or the refund of
   * a channel that has ended.
   */
  async withRelease<Request extends PowerRequest | ChannelRequest, Answer>(
    request: Request,
    ask: (request: Request) => Promise<Answer>,
  ): Promise<Answer> {
    const { purse } = this.#options;
    const turn = this.#releaseTurn++;
    const release = purse.release(turn) ?? this.refund();
    if (!release) return ask(request);
    return ask({ ...request, release }).catch((refusal: unknown) => {
      // A socket of version 1 knows no such member.
      if (refusal instanceof Fault && refusal.fault === "invalid-parameters") return ask(request);
      throw refusal;
    });
  }
}
