// The outlet: who may draw how much, as leases on the power gate. states.ts says what follows from
// what; here it happens, and here is told what there is.

import { TripRetry } from "../board/trip-retry";
import type { ChannelCredit } from "../channel/credit";
import type { ChannelEntry } from "../channel/record";
import type { Changes } from "../journal/ledger";
import { attempt } from "../kernel/attempt";
import { constant } from "../kernel/constant";
import type { Clock, PowerGate, Reporter, TripCause } from "../kernel/ports";
import type { Hex, MicrowattHour, Millisecond, Milliwatt, MilliwattHour } from "../kernel/units";
import type { SocketState } from "../protocol/words";
import { allowanceLeft, credited, creditedAside, creditLeft, fullAllowance, MICRO, waitingFor } from "./credit";
import type { Effect, Memory, SocketEvent } from "./effects";
import type { SocketLedger } from "./ledger";
import type { SocketRecord } from "./record";
import type { SocketSettings } from "./settings";
import { effectsOf, lockoutLeft } from "./states";

/** Power under this, over the time after which a cable has left, is nobody. */
const IDLE_ENERGY: MicrowattHour = 2_000;
const TICK: SocketEvent = constant({ kind: "tick" });
const CALL: SocketEvent = constant({ kind: "call" });
const STOP: SocketEvent = constant({ kind: "stop" });
const CREDITED: SocketEvent = constant({ kind: "credited" });

export interface OutletOptions {
  readonly clock: Clock;
  readonly gate: PowerGate;
  readonly ledger: SocketLedger;
  readonly settings: SocketSettings;
  readonly report: Reporter;
  /** State or renewal flag may have changed. */
  readonly onChange: () => void;
  /**
   * Nobody paid in time, or credit was used up and nobody renewed: a session that is open is over.
   */
  readonly onLockout: () => void;
  /** Credit that channels hold, where the socket sells by them. */
  readonly channels?: ChannelCredit | undefined;
  /** Credit of a channel under which its next increment is due. */
  readonly channelThreshold?: () => MilliwattHour;
}

export class Outlet {
  readonly #options: OutletOptions;
  readonly #retry: TripRetry;
  readonly #memory: { -readonly [K in keyof Memory]: Memory[K] } = {
    since: undefined,
    lastCall: Number.NEGATIVE_INFINITY,
    lastFlow: Number.NEGATIVE_INFINITY,
    flowMark: 0,
    refilledAt: 0,
    isWritten: true,
  };

  constructor(options: OutletOptions) {
    this.#options = options;
    this.#retry = new TripRetry(options);
  }

  /**
   * Goes on from the journal: the relay is open, a lockout begins anew, credit waits for its cable.
   */
  start(): void {
    const { gate, ledger, clock, report } = this.#options;
    const { total } = ledger.record;
    gate.restore(total);
    this.#options.channels?.restAll(total, ledger.record.channel, ledger.record.paidUpTo);
    gate.onEvent = (event) => attempt(report, () => this.happen(event));
    this.#memory.flowMark = total;
    this.#memory.refilledAt = clock.now();
    this.happen({ kind: "start", isNew: ledger.isNew });
  }

  stop(): void {
    this.happen(STOP);
  }

  // ------------------------------------------------------------ what happens

  /** A call came over the link: somebody is there. */
  seen(): void {
    this.happen(CALL);
  }

  /**
   * Writes a payment's `energy` to the payer's credit, together with `besides`, and closes the
   * relay on it.
   */
  pay(payer: Hex, energy: MilliwattHour, ticket: Hex | undefined, besides: Changes<SocketRecord>): void {
    this.happen({ kind: "payment", payer, energy, ticket, besides });
  }

  /** Closes the relay on what the record says is paid. */
  supply(): void {
    this.happen(CREDITED);
  }

  /**
   * Closes the relay on what a channel's entry holds; `added` is what an increment has just put
   * there.
   */
  draw(payer: Hex, ticket: Hex, { txid, energy }: ChannelEntry, added: MilliwattHour): void {
    this.happen({ kind: "channel", payer, ticket, channel: txid, energy, added });
  }

  /**
   * Gives a cable that comes back, and shows its ticket, the credit it left here; without it the
   * credit waits for its next payment. What another one left is put aside for its return.
   */
  resume(payer: Hex, ticket: Hex | undefined): void {
    this.happen({ kind: "request", payer });
    this.happen({ kind: "return", payer, ticket });
    if (ticket === undefined) return;
    for (const entry of this.#options.channels?.waiting(payer, ticket) ?? []) this.draw(payer, ticket, entry, 0);
  }

  /**
   * Stops selling while something about the payment is open; credit waits, standby keeps the cable
   * awake.
   */
  suspend(why: string): void {
    this.happen({ kind: "doubt", why });
  }

  /** Credit that was paid with coins that somebody else has now is none. */
  forfeit(payer: Hex): void {
    this.happen({ kind: "double-spend", payer });
  }

  /**
   * A person has looked at what the gate tripped for; the relay follows with the next tick. False
   * where that does not help.
   */
  clear(): boolean {
    return this.#retry.looked();
  }

  /** Call about once a second. */
  tick(): void {
    const total = this.total();
    this.noticeFlow(total);
    if (this.#retry.tick()) this.lease();
    this.refill(total);
    this.happen(TICK, total);
    this.writeTotal();
  }

  private happen(event: SocketEvent, total = this.total()): void {
    const { ledger, settings, clock } = this.#options;
    const { record } = ledger;
    const effects = effectsOf(event, { record, memory: this.#memory, settings, now: clock.now(), total });
    for (const effect of effects) this.run(effect);
  }

  private run(effect: Effect): void {
    const { gate, ledger, report, onChange, onLockout } = this.#options;
    switch (effect.do) {
      case "lease":
        this.lease();
        break;
      case "answer":
        onChange();
        break;
      case "remember":
        Object.assign(this.#memory, effect.memory);
        break;
      case "change":
        ledger.change(effect.changes);
        break;
      case "write":
        ledger.write(effect.changes);
        break;
      case "follow":
        ledger.follow(effect.changes);
        break;
      case "tell":
        report(effect.event);
        break;
      case "tell-standby":
        report({ name: "standby", allowance: this.standbyRemaining(), trip: this.trip });
        break;
      case "revoke":
        gate.revoke();
        break;
      case "forgive":
        this.#retry.forgive();
        break;
      case "retry":
        this.#retry.tripped(effect.cause);
        break;
      case "engage":
      case "rest":
      case "empty":
        this.keep(effect.do);
        break;
      case "end-session":
        onLockout();
        break;
    }
  }

  /** What becomes of the credit of the channel that is drawn now. */
  private keep(how: "engage" | "rest" | "empty"): void {
    const { channels, ledger } = this.#options;
    const { channel, paidUpTo } = ledger.record;
    if (channel === undefined || !channels) return;
    if (how === "empty") channels.empty(channel);
    else channels[how](channel, paidUpTo, this.total());
  }

  // ------------------------------------------------------------ what there is

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
    if (this.state !== "paid") return 0;
    return Math.max(0, Math.floor(creditLeft(this.#options.ledger.record, this.total()) / MICRO));
  }

  /** What standby still gives; nothing while the gate has tripped. */
  standbyRemaining(): MilliwattHour {
    const { gate, ledger } = this.#options;
    return this.state === "standby" && this.trip === undefined && this.#memory.isWritten
      ? Math.max(0, Math.floor((ledger.record.standbyUpTo - gate.read().total) / MICRO))
      : 0;
  }

  lockoutLeft(): Millisecond {
    const { settings, clock } = this.#options;
    return this.state === "lockout" ? lockoutLeft(this.#memory, settings, clock.now()) : 0;
  }

  /** True where somebody has credit and it runs low. */
  renewalDue(): boolean {
    return this.state === "paid" && this.credit() <= this.threshold();
  }

  private threshold(): MilliwattHour {
    const { settings, ledger, channelThreshold } = this.#options;
    return ledger.record.channel !== undefined && channelThreshold ? channelThreshold() : settings.renewalThreshold;
  }

  /** Power that flows now. */
  power(): Milliwatt {
    return this.#options.gate.read().power;
  }

  /** True while more current flows than standby would carry. */
  isLoaded(): boolean {
    const { gate, settings } = this.#options;
    return gate.read().current > settings.standbyCurrent;
  }

  /** The record's part that credits `energy` to `payer`, whether that cable is here or not. */
  creditFor(payer: Hex, energy: MilliwattHour, ticket: Hex | undefined): Changes<SocketRecord> {
    const { ledger, settings } = this.#options;
    const { record } = ledger;
    if (record.session?.payerScript === payer) return credited(record, settings, payer, energy, ticket);
    return creditedAside(record, payer, energy, ticket);
  }

  /**
   * Credit that `payer` is drawing on, or that waits for it: 0 for a caller that does not show the
   * `ticket` that it came with.
   */
  creditOf(payer: Hex, ticket: Hex | undefined): MilliwattHour {
    const { record } = this.#options.ledger;
    if (record.payer === payer && this.state === "paid")
      return record.ticket === undefined || record.ticket === ticket ? this.credit() : 0;
    let waits = waitingFor(record, payer, ticket)?.energy ?? 0;
    for (const { energy } of this.#options.channels?.waiting(payer, ticket) ?? []) waits += energy;
    return waits;
  }

  // ------------------------------------------------------------ power

  private lease(): void {
    const { gate, ledger, settings } = this.#options;
    const { trip, closed, total } = gate.read();
    if (trip !== undefined) return;
    if (this.state === "paid")
      gate.grant({ upTo: ledger.record.paidUpTo, time: settings.leaseTime, current: settings.maxCurrent });
    else if (this.state === "standby" && this.standbyIsWorthIt(closed, total))
      gate.grant({ upTo: ledger.record.standbyUpTo, time: settings.leaseTime, current: settings.standbyCurrent });
  }

  /**
   * A relay that is open is not closed for a rest of the allowance on which no cable could boot and
   * pay.
   */
  private standbyIsWorthIt(closed: boolean, total: MicrowattHour): boolean {
    const { ledger, settings } = this.#options;
    const left = allowanceLeft(ledger.record, total);
    return this.#memory.isWritten && left > 0 && (closed || left >= fullAllowance(settings) / 10);
  }

  /** Time, and nothing else, fills up what standby may give. */
  private refill(total: MicrowattHour): void {
    const { clock, ledger, settings } = this.#options;
    if (!this.#memory.isWritten) return;
    const now = clock.now();
    const full = fullAllowance(settings);
    const gained = Math.floor((full * (now - this.#memory.refilledAt)) / settings.standbyRefill);
    if (gained <= 0) return;
    this.#memory.refilledAt = now;
    const left = allowanceLeft(ledger.record, total);
    const allowance = Math.min(left + gained, full);
    if (allowance === left) return;
    ledger.change({ allowance, standbyUpTo: total + allowance });
  }

  private noticeFlow(total: MicrowattHour): void {
    if (total - this.#memory.flowMark < IDLE_ENERGY) return;
    this.#memory.flowMark = total;
    this.#memory.lastFlow = this.#options.clock.now();
  }

  private writeTotal(): void {
    const { ledger, settings } = this.#options;
    if (ledger.unwritten() >= settings.writeEvery * MICRO) ledger.writeCounters();
  }
}
