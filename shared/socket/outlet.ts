// The outlet: who may draw how much, as leases on the power gate. It owns the states standby, paid and lockout.
//
// Credit is one number: the gate's reading up to which energy is paid for (`paidUpTo`). What standby gives runs ahead
// of it, so the first payment pays for that too, and a lease that is granted twice gives nothing twice.

import { attempt } from "../attempt";
import { appended, type Changes } from "../journal/ledger";
import type { Clock, GateEvent, PowerGate, Reporter, TripCause } from "../ports";
import type { SocketState } from "../rpc/types";
import { TripRetry } from "../trip-retry";
import type { Hex, MicrowattHour, Millisecond, MilliwattHour } from "../units";
import type { SocketLedger } from "./ledger";
import type { Credit, SocketRecord } from "./record";
import type { SocketSettings } from "./settings";

const MICRO = 1000;
const MAX_PARKED = 16;
/** Power under this, over the time after which a cable has left, is nobody. */
const IDLE_ENERGY: MicrowattHour = 2_000;

export interface OutletOptions {
  readonly clock: Clock;
  readonly gate: PowerGate;
  readonly ledger: SocketLedger;
  readonly settings: SocketSettings;
  readonly report: Reporter;
  /** State or renewal flag may have changed. */
  readonly onChange: () => void;
  /** Nobody paid in time, or credit was used up and nobody renewed: a session that is open is over. */
  readonly onLockout: () => void;
}

export class Outlet {
  readonly #options: OutletOptions;
  /** When the first sign of a visitor that has not paid was seen. */
  #unpaidSince: Millisecond | undefined;
  #lockoutEnds: Millisecond = 0;
  #lastCall: Millisecond = Number.NEGATIVE_INFINITY;
  /** Last time and reading at which energy was seen to flow. */
  #lastFlow: Millisecond = Number.NEGATIVE_INFINITY;
  #flowMark: MicrowattHour = 0;
  #refilledAt: Millisecond = 0;
  readonly #retry: TripRetry;
  /** True from the start until the journal has taken the standby that it begins with: nothing is given before. */
  #isUnwritten = false;

  constructor(options: OutletOptions) {
    this.#options = options;
    this.#retry = new TripRetry(options);
  }

  /** Goes on from the journal: the relay is open, a lockout begins anew, credit waits for its cable. */
  start(): void {
    const { gate, ledger, clock, report } = this.#options;
    const { state, total } = ledger.record;
    gate.restore(total);
    gate.onEvent = (event) => attempt(report, () => this.onGate(event));
    this.#flowMark = total;
    this.#refilledAt = clock.now();
    if (ledger.isNew) ledger.change({ allowance: this.fullAllowance() });
    else if (state === "standby") ledger.change({ allowance: this.allowanceLeft() });
    if (state === "lockout") this.lock("restart");
    else {
      this.park();
      if (state === "paid") ledger.change({ state: "standby", payer: undefined, paidUpTo: total, standbyUpTo: 0 });
      this.#isUnwritten = true;
      this.standby();
    }
  }

  stop(): void {
    this.#options.gate.revoke();
  }

  get state(): SocketState {
    return this.#options.ledger.record.state;
  }

  get trip(): TripCause | undefined {
    return this.#options.gate.read().trip;
  }

  /** Energy that ever flowed through. */
  total(): MicrowattHour {
    return this.#options.gate.read().total;
  }

  /** Paid for and not yet delivered. */
  credit(): MilliwattHour {
    return this.state === "paid" ? Math.max(0, Math.floor(this.creditLeft() / MICRO)) : 0;
  }

  /** What standby still gives; nothing while the gate has tripped. */
  standbyRemaining(): MilliwattHour {
    const { gate, ledger } = this.#options;
    return this.state === "standby" && this.trip === undefined && !this.#isUnwritten
      ? Math.max(0, Math.floor((ledger.record.standbyUpTo - gate.read().total) / MICRO))
      : 0;
  }

  lockoutLeft(): Millisecond {
    return this.state === "lockout" ? Math.max(0, this.#lockoutEnds - this.#options.clock.now()) : 0;
  }

  /** True where somebody has credit and it runs low. */
  renewalDue(): boolean {
    return this.state === "paid" && this.credit() <= this.#options.settings.renewalThreshold;
  }

  /** True when no call came for a while. */
  hasLeft(): boolean {
    return this.#options.clock.now() - this.#lastCall >= this.#options.settings.leaveAfter;
  }

  /** True while more current flows than standby would carry. */
  isLoaded(): boolean {
    const { gate, settings } = this.#options;
    return gate.read().current > settings.standbyCurrent;
  }

  /** A call came over the link: somebody is there. */
  seen(): void {
    const now = this.#options.clock.now();
    this.#lastCall = now;
    if (this.state === "standby") this.#unpaidSince ??= now;
  }

  /**
   * The record's part that adds a payment's `energy` to the payer's credit, and what was put aside of it; the caller
   * writes it together with the commitment. What standby gave is paid with it, so the allowance is whole again. Only
   * with `ticket` can the payer draw it after it was away.
   */
  creditAfter(payer: Hex, energy: MilliwattHour, ticket: Hex | undefined): Changes<SocketRecord> {
    const { paidUpTo, parked } = this.#options.ledger.record;
    const waiting = parked.find((credit) => credit.script === payer)?.energy ?? 0;
    return {
      state: "paid",
      payer,
      ticket,
      paidUpTo: paidUpTo + (energy + waiting) * MICRO,
      allowance: this.fullAllowance(),
      parked: parked.filter((credit) => credit.script !== payer),
    };
  }

  /** The record's part that credits `energy` to `payer`, who may be here or not. */
  creditFor(payer: Hex, energy: MilliwattHour, ticket: Hex | undefined): Changes<SocketRecord> {
    const { record } = this.#options.ledger;
    if (record.session?.payerScript === payer) return this.creditAfter(payer, energy, ticket);
    const before = record.parked.find((credit) => credit.script === payer)?.energy ?? 0;
    return { parked: parkedWith(record.parked, payer, before + energy, ticket) };
  }

  /** Stops selling while something about the payment is open; credit waits, standby keeps the cable awake. */
  suspend(why: string): void {
    if (this.state !== "paid") return;
    this.#options.report({ name: "suspended", why });
    this.park();
    this.standby();
    this.#unpaidSince = this.#options.clock.now();
  }

  /** Credit that was paid with coins that somebody else has now is none. */
  forfeit(payer: Hex): void {
    const { ledger } = this.#options;
    const { record } = ledger;
    const drawing = record.payer === payer && this.state === "paid";
    const parked = record.parked.filter((credit) => credit.script !== payer);
    if (!drawing && parked.length === record.parked.length) return;
    ledger.write({ parked });
    if (!drawing) return;
    ledger.change({ payer: undefined });
    this.lock("double-spend");
  }

  /** Closes the relay on what the record says is paid. */
  supply(): void {
    this.#isUnwritten = false;
    this.#unpaidSince = undefined;
    this.#lastFlow = this.#options.clock.now();
    this.lease();
    this.#options.onChange();
  }

  /**
   * Gives a cable that comes back, and shows its ticket, the credit it left here; without it the credit waits for its next
   * payment. What another one left is put aside for its return.
   */
  resume(payer: Hex, ticket: Hex | undefined): void {
    const { ledger, report } = this.#options;
    const before = ledger.record.payer;
    if (before === payer && this.state === "paid") return;
    if (before !== undefined && before !== payer) {
      this.park();
      this.standby();
    }
    const parked = this.parkedFor(payer, ticket);
    if (!parked) return;
    const allowance = this.allowanceLeft();
    ledger.write({ ...this.creditAfter(payer, 0, parked.ticket ?? ticket), allowance });
    report({ name: "credit-honoured", energy: parked.energy });
    this.supply();
  }

  /** Credit that `payer` is drawing on, or that waits for it: 0 for a caller that does not show the `ticket` that it came with. */
  creditOf(payer: Hex, ticket: Hex | undefined): MilliwattHour {
    const { record } = this.#options.ledger;
    if (record.payer === payer && this.state === "paid")
      return record.ticket === undefined || record.ticket === ticket ? this.credit() : 0;
    return this.parkedFor(payer, ticket)?.energy ?? 0;
  }

  private parkedFor(payer: Hex, ticket: Hex | undefined): Credit | undefined {
    const credit = this.#options.ledger.record.parked.find(({ script }) => script === payer);
    return credit?.ticket === undefined || credit.ticket === ticket ? credit : undefined;
  }

  /** Call about once a second. */
  tick(): void {
    this.noticeFlow();
    if (this.#retry.tick()) this.lease();
    this.refill();
    if (this.state === "standby") this.tickStandby();
    else if (this.state === "paid") this.tickPaid();
    else if (this.lockoutLeft() === 0) this.standby();
    this.writeTotal();
  }

  // ------------------------------------------------------------ states

  private standby(): void {
    const { ledger, gate, report, clock } = this.#options;
    this.#retry.forgive();
    const { total } = gate.read();
    const allowance = this.allowanceLeft();
    // Energy that a visitor drew and never paid for is written off here; the allowance bounds it.
    ledger.write({ state: "standby", payer: undefined, paidUpTo: total, allowance, standbyUpTo: total + allowance });
    this.#isUnwritten = false;
    this.#unpaidSince = undefined;
    this.#refilledAt = clock.now();
    report({ name: "standby", allowance: this.standbyRemaining(), trip: this.trip });
    this.lease();
    this.#options.onChange();
  }

  private tickStandby(): void {
    const { clock, settings } = this.#options;
    if (this.#isUnwritten) {
      this.standby();
      return;
    }
    const now = clock.now();
    if (now - this.#lastFlow < settings.leaveAfter) this.#unpaidSince ??= now;
    const gone = this.hasLeft() && now - this.#lastFlow >= settings.leaveAfter;
    if (this.#unpaidSince !== undefined && gone) this.standby();
    else if (this.#unpaidSince !== undefined && now - this.#unpaidSince >= settings.grace) this.lock("unpaid");
    else this.lease();
  }

  private tickPaid(): void {
    const { clock, settings } = this.#options;
    if (this.creditLeft() <= 0) this.creditUsed();
    else if (this.hasLeft() && clock.now() - this.#lastFlow >= settings.leaveAfter) {
      this.park();
      this.standby();
    } else {
      this.lease();
      this.#options.onChange();
    }
  }

  /** Credit is used up: the cable keeps what standby gives, and has the same time as at first to pay. */
  private creditUsed(): void {
    const { ledger, gate, report, clock } = this.#options;
    const allowance = this.allowanceLeft();
    ledger.write({ state: "standby", allowance, standbyUpTo: gate.read().total + allowance });
    report({ name: "credit-used" });
    this.#unpaidSince = clock.now();
    this.lease();
    this.#options.onChange();
  }

  private lock(why: string): void {
    const { gate, ledger, report, clock, settings } = this.#options;
    gate.revoke();
    const allowance = this.allowanceLeft();
    this.park();
    ledger.write({ state: "lockout", payer: undefined, allowance });
    this.#lockoutEnds = clock.now() + settings.lockout;
    this.#refilledAt = clock.now();
    report({ name: "lockout", why, time: settings.lockout });
    this.#options.onLockout();
    this.#options.onChange();
  }

  /** Puts the running credit aside for when its cable comes back. */
  private park(): void {
    const { ledger } = this.#options;
    const { payer, ticket, parked, state } = ledger.record;
    const energy = Math.floor(this.creditLeft() / MICRO);
    if (state !== "paid" || payer === undefined || energy <= 0) return;
    ledger.change({
      parked: parkedWith(parked, payer, energy, ticket),
      payer: undefined,
      ticket: undefined,
      paidUpTo: 0,
    });
  }

  // ------------------------------------------------------------ power

  private lease(): void {
    const { gate, ledger, settings } = this.#options;
    if (gate.read().trip !== undefined) return;
    if (this.state === "paid")
      gate.grant({ upTo: ledger.record.paidUpTo, time: settings.leaseTime, current: settings.maxCurrent });
    else if (this.state === "standby" && this.standbyIsWorthIt())
      gate.grant({ upTo: ledger.record.standbyUpTo, time: settings.leaseTime, current: settings.standbyCurrent });
  }

  /** A relay that is open is not closed for a rest of the allowance on which no cable could boot and pay. */
  private standbyIsWorthIt(): boolean {
    const left = this.allowanceLeft();
    return !this.#isUnwritten && left > 0 && (this.#options.gate.read().closed || left >= this.fullAllowance() / 10);
  }

  private onGate(event: GateEvent): void {
    const { report } = this.#options;
    if (event.kind === "trip") {
      report({ name: "trip", cause: event.cause });
      if (this.state === "standby") this.lock(event.cause);
      else this.#retry.tripped(event.cause);
    } else if (event.kind === "energy-used") this.energyUsed();
    this.#options.onChange();
  }

  /** The event may tell of a lease that was replaced while it was on its way: what the record says is left counts. */
  private energyUsed(): void {
    if (this.state === "paid" && this.creditLeft() <= 0) this.creditUsed();
    else if (this.state === "standby" && this.allowanceLeft() <= 0) this.lock("allowance-used");
    else this.lease();
  }

  /** Time, and nothing else, fills up what standby may give. */
  private refill(): void {
    const { clock, gate, ledger, settings } = this.#options;
    if (this.#isUnwritten) return;
    const now = clock.now();
    const gained = Math.floor((this.fullAllowance() * (now - this.#refilledAt)) / settings.standbyRefill);
    if (gained <= 0) return;
    this.#refilledAt = now;
    const left = this.allowanceLeft();
    const allowance = Math.min(left + gained, this.fullAllowance());
    if (allowance === left) return;
    ledger.change({ allowance, standbyUpTo: gate.read().total + allowance });
  }

  /**
   * In standby the allowance shrinks with what flows; else it stands still. It may be negative: the half-wave in which the
   * relay opens is charged too, or a heavy appliance would get one for each lockout that ends.
   */
  private allowanceLeft(): MicrowattHour {
    const { ledger, gate } = this.#options;
    const { state, allowance, standbyUpTo } = ledger.record;
    return state === "standby" && standbyUpTo > 0 ? standbyUpTo - gate.read().total : allowance;
  }

  private noticeFlow(): void {
    const { total } = this.#options.gate.read();
    if (total - this.#flowMark < IDLE_ENERGY) return;
    this.#flowMark = total;
    this.#lastFlow = this.#options.clock.now();
  }

  private writeTotal(): void {
    const { ledger, settings } = this.#options;
    if (ledger.unwritten() >= settings.writeEvery * MICRO) ledger.writeCounters();
  }

  private creditLeft(): MicrowattHour {
    const { gate, ledger } = this.#options;
    return ledger.record.paidUpTo - gate.read().total;
  }

  private fullAllowance(): MicrowattHour {
    return this.#options.settings.standbyAllowance * MICRO;
  }
}

/** `parked` with what one payer has there now; the oldest make room. */
function parkedWith(parked: readonly Credit[], script: Hex, energy: MilliwattHour, ticket?: Hex): readonly Credit[] {
  const others = parked.filter((credit) => credit.script !== script);
  return appended(others, { script, energy, ...(ticket === undefined ? {} : { ticket }) }, MAX_PARKED);
}
