// Who is here: which host pays, and whose turn it is next.
//
// A cable that paid, or draws on credit, keeps the socket until its host has been silent for a
// while, and as long as it draws more than standby would carry: a request takes no power from what
// runs on it. The next one that asks has some seconds to pay (candidates.ts).

import type { Clock } from "../kernel/ports";
import type { Hex, Millisecond } from "../kernel/units";
import { Fault } from "../protocol/faults";
import { Candidates } from "./candidates";
import type { SocketLedger } from "./ledger";
import type { Outlet } from "./outlet";
import type { Payments } from "./payments";
import type { SocketSettings } from "./settings";

export interface GuestsOptions {
  readonly clock: Clock;
  readonly settings: SocketSettings;
  readonly ledger: SocketLedger;
  readonly outlet: Outlet;
  readonly payments: Payments;
  /** True where the open session, or visit, was paid on or is being paid on. */
  isPaidOn(): boolean;
}

export class Guests {
  readonly #options: GuestsOptions;
  readonly candidates: Candidates;
  /** Address of the cable whose session is open, without the port, and when it last called. */
  #payerHost: string | undefined;
  #payerCalledAt: Millisecond = 0;
  /** When anybody called, or the start. */
  #calledAt: Millisecond;

  constructor(options: GuestsOptions) {
    this.#options = options;
    this.candidates = new Candidates(options.clock);
    this.#calledAt = options.clock.now();
  }

  get calledAt(): Millisecond {
    return this.#calledAt;
  }

  /** The host that pays, or draws on what was paid; undefined while nobody does. */
  get payer(): string | undefined {
    const { outlet, payments } = this.#options;
    const pays = outlet.state === "paid" || payments.isPaying || this.#options.isPaidOn();
    return pays ? this.#payerHost : undefined;
  }

  /** `peer` called. */
  called(peer: string): void {
    const { outlet, clock } = this.#options;
    outlet.seen();
    this.#calledAt = clock.now();
    if (peer === this.#payerHost) this.#payerCalledAt = this.#calledAt;
  }

  /** The session, or visit, that is open is that of `peer`. */
  belongsTo(peer: string): void {
    this.#payerHost = peer;
    this.#payerCalledAt = this.#options.clock.now();
  }

  /** A payment of `peer` was found good. */
  paid(peer: string): void {
    this.belongsTo(peer);
    this.candidates.paid(peer);
  }

  payerIsGone(): boolean {
    const { clock, settings } = this.#options;
    return clock.now() - this.#payerCalledAt >= settings.leaveAfter;
  }

  /**
   * Throws the Fault `socket-busy` where it is not the turn of `peer`, which asks for `payer`;
   * `goesOn`: with the session, or visit, that is open.
   */
  mustBeFree(payer: Hex, goesOn: boolean, ticket: Hex | undefined, peer: string): void {
    const { outlet, ledger, settings } = this.#options;
    const { leaveAfter } = settings;
    const draws = outlet.state === "paid" && ledger.record.payer !== payer;
    if (draws && outlet.isLoaded()) throw new Fault("socket-busy", "", leaveAfter);
    if (goesOn && !draws) return;
    if ((draws || this.#options.isPaidOn()) && peer !== this.#payerHost && !this.payerIsGone())
      throw new Fault("socket-busy", "", leaveAfter);
    // A cable that has paid does not queue behind those that have not.
    if (outlet.creditOf(payer, ticket) > 0) return;
    const wait = this.candidates.wait(peer);
    if (wait > 0) throw new Fault("socket-busy", "", wait);
    this.candidates.admit(peer);
  }
}
