// The selling side: owns money and power of one outlet. It answers the three calls, and does once a
// second what nobody asks for. parts.ts says what it is made of.

import { attempt } from "../kernel/attempt";
import type { Hex, Millisecond } from "../kernel/units";
import type { ChannelCalls } from "../protocol/channel";
import { Fault } from "../protocol/faults";
import type {
  DraftOffer,
  PaymentRequest,
  PaymentResult,
  PowerRequest,
  SocketCalls,
  Status,
  StatusRequest,
} from "../protocol/types";
import { ChannelDesk } from "./channel-desk";
import { settleLeftover } from "./findings";
import { payerOf } from "./opening";
import { closeChannelsByWord, forgive, forgiveByWord } from "./owner-words";
import { SELLS_NOTHING, type SocketOptions, SocketParts } from "./parts";
import type { SocketRecord } from "./record";
import { NOT_CALIBRATED, statusOf } from "./status";
import { type SocketView, viewOf } from "./view";

/** get_status may be held back this long at the most. */
const MAX_WAIT: Millisecond = 25_000;
/** So often it is told again: somebody may have opened the console meanwhile. */
const TELL_AGAIN: Millisecond = 10_000;
/** The session is settled this many blocks before it would expire. */
const EXPIRY_MARGIN = 6;

export class SocketController implements SocketCalls {
  readonly #parts: SocketParts;
  /** power_request and pay_transaction of the scheme `channel`. */
  readonly channels: ChannelCalls | undefined;
  #cancelTick: () => void = () => {};

  constructor(options: SocketOptions) {
    const parts = new SocketParts(options);
    this.#parts = parts;
    this.channels = parts.channels && new ChannelDesk(parts, parts.channels);
  }

  /** Reads the journal, settles what it holds first of all, and opens for business in standby. */
  start(): void {
    const { report, ledger, payments, outlet, settler, ids } = this.#parts;
    ledger.load();
    const { session, transaction } = ledger.record;
    report({ name: "start", total: ledger.record.total, unsettled: session?.paid ?? 0 });
    attempt(report, () => payments.takeUp());
    settleLeftover(ledger, session, transaction);
    attempt(report, () => outlet.start());
    attempt(report, () => forgiveByWord(this.#parts));
    attempt(report, () => closeChannelsByWord(this.#parts));
    void settler.run();
    ids.start();
    this.tellIfGuessing();
    this.tick();
  }

  /** Settles and lets go of the relay. Resolves when the chain has been told, or could not be. */
  async stop(): Promise<void> {
    const { rounds, outlet, waiters, settler } = this.#parts;
    this.#parts.isStopping = true;
    this.#cancelTick();
    this.#parts.end("stopping");
    rounds.stop();
    outlet.stop();
    waiters.answer(true);
    await settler.run();
  }

  // ------------------------------------------------------------ calls

  async getStatus(request: StatusRequest, peer: string): Promise<Status> {
    const { settings, guests, waiters } = this.#parts;
    guests.called(peer);
    this.askAhead(request, peer);
    // A cable that waits for an answer has not left.
    const wait = Math.min(request.waitMs ?? 0, MAX_WAIT, Math.floor(settings.leaveAfter / 2));
    // A flag that is up already is news that may have been missed.
    if (wait > 0 && !this.#parts.renewalDue() && !waiters.isFull && !this.#parts.isStopping) await waiters.wait(wait);
    return statusOf(this.#parts);
  }

  /**
   * A cable that tells its address asks for power next: the chain is asked for its coins meanwhile,
   * if it were its turn.
   */
  private askAhead({ address, scheme }: StatusRequest, peer: string): void {
    const { ahead, settings, till, payments, guests } = this.#parts;
    const { candidates } = guests;
    if (address === undefined || scheme === undefined || !ahead.mayAsk) return;
    try {
      this.#parts.mustRun();
      const payer = payerOf({ address }, settings);
      if (payments.isPaying || !till.mayOpen(payer, scheme) || candidates.wait(peer) > 0) return;
      candidates.announced(peer);
      void ahead.ask(payer).then(() => candidates.learned(peer));
    } catch (error) {
      // Status is told to everybody; power_request says by name what is wrong.
      if (!(error instanceof Fault)) throw error;
    }
  }

  async powerRequest(request: PowerRequest, peer: string): Promise<DraftOffer> {
    const { settings, till, guests, releases, channels } = this.#parts;
    this.#parts.mustRun();
    guests.called(peer);
    const payer = payerOf(request, settings);
    const mustBeFree = () => this.mustBeFree(payer, request, peer);
    mustBeFree();
    if (request.release) releases.take(request.release, payer);
    try {
      const offer = await till.request(payer, request, mustBeFree);
      channels?.end("by-session");
      // Anybody may name an address; a payment shows whose it is.
      if (till.session?.commitments.length === 0) guests.belongsTo(peer);
      return offer;
    } finally {
      guests.candidates.answered(peer);
    }
  }

  private mustBeFree(payer: Hex, { scheme, ticket }: PowerRequest, peer: string): void {
    const { till, guests } = this.#parts;
    guests.mustBeFree(payer, till.goesOn(payer, scheme), ticket, peer);
  }

  async payTransaction(request: PaymentRequest, peer: string): Promise<PaymentResult> {
    const { till, payments, guests, report } = this.#parts;
    this.#parts.mustRun();
    guests.called(peer);
    try {
      return await payments.pay(request, () => guests.paid(peer));
    } catch (error) {
      if (error instanceof Fault && error.fault === "input-spent")
        attempt(report, () => till.checkpoint("input-spent"));
      throw error;
    }
  }

  // ------------------------------------------------------------ the owner

  /** The host that pays, or draws on what was paid; undefined while nobody does. */
  get payer(): string | undefined {
    return this.#parts.guests.payer;
  }

  /** Writes off what cables owe, and deals with those again that cheated. */
  forgive(): void {
    forgive(this.#parts);
  }

  /** The owner has looked at what the gate tripped for. False where that does not help. */
  clear(): boolean {
    return this.#parts.outlet.clear();
  }

  get record(): SocketRecord {
    return this.#parts.ledger.record;
  }

  /** What the owner is shown. */
  view(): SocketView {
    return viewOf(this.#parts);
  }

  private tellIfGuessing(): void {
    const { clock, report, isStopping } = this.#parts;
    if (!this.#parts.isGuessing() || isStopping) return;
    attempt(report, () => report({ name: NOT_CALIBRATED, why: SELLS_NOTHING }));
    clock.after(TELL_AGAIN, () => this.tellIfGuessing());
  }

  // ------------------------------------------------------------ once a second

  private tick(): void {
    const { clock, settings, report } = this.#parts;
    this.#cancelTick = clock.after(Math.floor(settings.leaseTime / 4), () => this.tick());
    // Each names its part by itself: a variable that a closure takes along costs a slot of the
    // heap.
    for (const part of [
      () => this.#parts.outlet.tick(),
      () => this.endIfDue(),
      () => this.#parts.keeper?.tick(),
      () => this.#parts.rounds.awaitPushes(),
      () => this.#parts.watch.keepFresh(this.#parts.guests.calledAt, this.#parts.report),
    ])
      attempt(report, part);
    this.#parts.rounds.tick();
  }

  private endIfDue(): void {
    const { settings, till, watch, guests, channels } = this.#parts;
    const { session } = till;
    if (guests.payerIsGone()) channels?.end("left");
    if (!session) return;
    const tip = watch.lastTip();
    if (guests.payerIsGone()) till.end("left");
    else if (tip !== undefined && tip >= session.expiry - EXPIRY_MARGIN) till.end("expiry");
    // At the limit only a confirmation helps, and nothing confirms what was not broadcast.
    else if (this.#parts.exposure() >= settings.checkpoint || !till.canSell()) till.checkpoint("exposure");
  }
}
