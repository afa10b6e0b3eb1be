// The inlet: the cable's own account of energy, and its lease on its own power gate.
//
// The cable believes its own meter: what its sensor counts and what its electronics draw. The
// socket's word moves the account only within what both meters together may be off, once an
// increment.

import { TripRetry } from "../board/trip-retry";
import type { Ledger } from "../journal/ledger";
import type { Clock, GateEvent, PowerGate, Reporter, TripCause } from "../kernel/ports";
import type { MicrowattHour, Millisecond, Milliwatt, MilliwattHour } from "../kernel/units";
import type { CableRecord } from "./record";
import type { CableSettings } from "./settings";

const MICRO = 1000;
/**
 * Share of all energy, in thousandths, that restarts may have made the cable forget: some 1 Wh each
 * time it is pulled out.
 */
const RESTART_SHARE = 100;

export interface InletOptions {
  readonly clock: Clock;
  readonly gate: PowerGate;
  readonly ledger: Ledger<CableRecord>;
  readonly settings: CableSettings;
  readonly report: Reporter;
}

export class Inlet {
  readonly #options: InletOptions;
  #bootedAt: Millisecond = 0;
  #uptimeBefore: Millisecond = 0;
  #supplying = false;
  /** Reading of the gate beyond which nothing is drawn for now, whatever is paid for. */
  #upTo: MicrowattHour = Number.POSITIVE_INFINITY;
  readonly #retry: TripRetry;
  /** What a power cut may have lost of either side's account, until they agree again. */
  #slack: MilliwattHour = 0;

  constructor(options: InletOptions) {
    this.#options = options;
    this.#retry = new TripRetry(options);
  }

  /** Goes on from the journal; the relay is open. */
  start(): void {
    const { clock, gate, ledger, settings } = this.#options;
    this.#bootedAt = clock.now();
    this.#uptimeBefore = ledger.record.uptime;
    this.#slack = ledger.isNew ? 0 : 2 * settings.writeEvery;
    this.takeUpOwnPower();
    gate.restore(ledger.record.total);
    gate.onEvent = (event) => this.onGate(event);
  }

  /**
   * Another `ownPower` than before moves the meter for all time; the account that refers to it
   * moves along.
   */
  private takeUpOwnPower(): void {
    const { ledger, settings } = this.#options;
    const { ownPower = settings.ownPower, uptime, paidUpTo, agreedAt } = ledger.record;
    if (ledger.record.ownPower === settings.ownPower) return;
    const moved = drawn(settings.ownPower, uptime) - drawn(ownPower, uptime);
    ledger.change({ ownPower: settings.ownPower, paidUpTo: paidUpTo + moved, agreedAt: agreedAt + moved });
  }

  stop(): void {
    this.#supplying = false;
    this.#options.gate.revoke();
  }

  /** Time that the cable was powered, over all restarts. */
  uptime(): Millisecond {
    return Math.floor(this.#uptimeBefore + this.#options.clock.now() - this.#bootedAt);
  }

  /** The cable's own meter: its sensor, and what its electronics draw ahead of it. */
  meter(): MicrowattHour {
    const { gate, settings } = this.#options;
    return gate.read().total + drawn(settings.ownPower, this.uptime());
  }

  /** Paid for and not yet received, by the cable's own account; negative where more came. */
  remaining(): MilliwattHour {
    return Math.floor((this.#options.ledger.record.paidUpTo - this.meter()) / MICRO);
  }

  /**
   * True where nothing is left to draw. A relay that is open is not closed for a rest that nobody
   * would argue about.
   */
  isSpent(): boolean {
    const { gate, settings } = this.#options;
    return this.remaining() <= (gate.read().closed ? 0 : settings.toleranceBase);
  }

  /** By how much the two accounts may differ now. */
  tolerance(): MilliwattHour {
    const { ledger, settings } = this.#options;
    const { agreedAt, agreedUptime } = ledger.record;
    const energy = Math.max(0, this.meter() - agreedAt) / MICRO;
    const time = this.uptime() - agreedUptime;
    const now = this.mayDiffer(energy, time) + this.#slack;
    // Over all time the account gives way by that share and another for restarts: small bites add
    // up to no more.
    const total = this.meter() / MICRO;
    const forgotten = 2 * settings.writeEvery + Math.ceil((total * RESTART_SHARE) / 1000);
    const ever = this.mayDiffer(total, this.uptime()) + forgotten;
    return Math.max(0, Math.min(now, ever - ledger.record.conceded));
  }

  /** By how much two meters may differ after `energy` and `time`. */
  mayDiffer(energy: MilliwattHour, time: Millisecond): MilliwattHour {
    const { tolerance, tolerancePower, toleranceBase } = this.#options.settings;
    return Math.ceil((energy * tolerance) / 1000 + (tolerancePower * time) / 3_600_000) + toleranceBase;
  }

  /** True where the socket says that less is left than both meters together can explain. */
  isShort(claimed: MilliwattHour): boolean {
    return claimed < this.remaining() - this.tolerance();
  }

  /**
   * The record's part in which the account meets the socket's, as far as the tolerance goes.
   * `asked` is the meter's reading when the call was made.
   */
  agreed(
    claimed: MilliwattHour,
    paid: MilliwattHour = 0,
    asked: MicrowattHour = this.meter(),
  ): Pick<CableRecord, "paidUpTo" | "agreedAt" | "agreedUptime" | "conceded" | "uptime"> {
    const own = this.remaining() + paid;
    const off = this.tolerance();
    const meter = this.meter();
    // The answer may have been on its way for long: what flowed since the question may be off it
    // already.
    const word = Math.min(claimed, Math.max(own, claimed - Math.ceil((meter - asked) / MICRO)));
    const left = Math.min(Math.max(word, own - off), own + off);
    const uptime = this.uptime();
    const conceded = Math.max(0, this.#options.ledger.record.conceded + own - left);
    this.#slack = 0;
    return { paidUpTo: meter + left * MICRO, agreedAt: meter, agreedUptime: uptime, conceded, uptime };
  }

  /**
   * Back at a socket that was left with a power cut: what that may have lost of the account was
   * never agreed since.
   */
  returned(): void {
    this.#slack = 2 * this.#options.settings.writeEvery;
  }

  /** Reading of the gate. */
  reading(): MicrowattHour {
    return this.#options.gate.read().total;
  }

  /** Holds the relay while credit lasts, or up to a reading of the gate. */
  supply(upTo: MicrowattHour = Number.POSITIVE_INFINITY): void {
    this.#supplying = true;
    this.#upTo = upTo;
    this.lease();
  }

  get trip(): TripCause | undefined {
    return this.#options.gate.read().trip;
  }

  /** A person has looked at what the gate tripped for. False where that does not help. */
  clear(): boolean {
    return this.#retry.looked();
  }

  /** Call about once a second. */
  tick(): void {
    const { ledger, settings } = this.#options;
    this.#retry.tick();
    if (this.#supplying) this.lease();
    if (ledger.unwritten() >= settings.writeEvery * MICRO) ledger.writeCounters(this.uptime());
  }

  private lease(): void {
    const { gate, settings } = this.#options;
    const { total, trip } = gate.read();
    const left = Math.min(this.remaining() * MICRO, this.#upTo - total);
    if (trip === undefined && left > 0)
      gate.grant({ upTo: total + left, time: settings.leaseTime, current: settings.maxCurrent });
  }

  private onGate(event: GateEvent): void {
    if (event.kind !== "trip") return;
    this.#options.report({ name: "trip", cause: event.cause });
    this.#retry.tripped(event.cause);
  }
}

function drawn(power: Milliwatt, time: Millisecond): MicrowattHour {
  return Math.floor((power * time) / 3600);
}
