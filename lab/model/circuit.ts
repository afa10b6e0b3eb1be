// A quick model of the electric side, in energy and not in waveforms (those are the native gate's
// own tests):
//
//   mains -> [socket: meter, relay] -> plug -> [cable: electronics, meter, relay] -> load
//
// Each gate keeps its relay by a lease, exactly as shared/kernel/ports.ts says; each meter is wrong
// by a factor of its own within its tolerance. The cable's electronics live on what the socket lets
// through.

import type { Clock, GateEvent, GateReading, Lease, PowerGate, TripCause } from "../../shared/kernel/ports";
import type { MicrowattHour, Milliampere, Millisecond, Milliwatt } from "../../shared/kernel/units";

const NOMINAL = 230_000;
/** A relay opens at the end of the half-wave in which its lease ended (50 Hz). */
const HALF_WAVE: Millisecond = 10;
/** A message from the gate to JavaScript. */
const POST: Millisecond = 1;
/** From an over-current to its trip. */
const TRIP_TIME: Millisecond = 100;
/** 1 mW for 1 ms is 1/3600 uWh. */
const MICROWATTHOURS = 1 / 3600;

export interface CircuitOptions {
  readonly clock: Clock;
  /** Power of the cable's electronics while it is supplied. */
  readonly electronics: Milliwatt;
  /** Errors of the meters, as a share: 0.005 shows half a percent too much. */
  readonly socketError?: number;
  readonly cableError?: number;
}

export class Circuit {
  readonly socket: ModelGate;
  readonly cable: ModelGate;
  /** True energy through the socket's relay since the beginning, microwatt-hours. */
  delivered = 0;
  /** True energy that reached the load. */
  consumed = 0;
  /** Called when supply of the cable's electronics comes or goes. */
  onSupply: (on: boolean) => void = () => {};
  private loadPower: Milliwatt = 0;
  private plugged = true;
  private since: Millisecond;

  constructor(private readonly options: CircuitOptions) {
    this.since = options.clock.now();
    const error = (share: number | undefined): number => 1 + (share ?? 0);
    this.socket = new ModelGate(options.clock, this, error(options.socketError), () => this.flow);
    this.cable = new ModelGate(options.clock, this, error(options.cableError), () => this.loadFlow);
  }

  /** What the appliance would draw now. */
  set load(power: Milliwatt) {
    this.change(() => {
      this.loadPower = power;
    });
  }

  get load(): Milliwatt {
    return this.loadPower;
  }

  /** Pulls the plug out, or pushes it in. */
  set isPlugged(value: boolean) {
    this.change(() => {
      this.plugged = value;
    });
  }

  get isPlugged(): boolean {
    return this.plugged;
  }

  /** Power that flows through the plug. */
  get flow(): Milliwatt {
    if (!this.supplied) return 0;
    return this.options.electronics + this.loadFlow;
  }

  /** Power that flows through the cable's own meter. */
  get loadFlow(): Milliwatt {
    return this.supplied && this.cable.closed ? this.loadPower : 0;
  }

  get supplied(): boolean {
    return this.plugged && this.socket.closed;
  }

  /**
   * Counts what flowed until now, then lets something change, then looks anew when the next lease
   * ends.
   */
  change(action: () => void): void {
    this.advance();
    const before = this.supplied;
    action();
    this.socket.plan();
    this.cable.plan();
    if (this.supplied !== before) this.onSupply(this.supplied);
  }

  advance(): void {
    const now = this.options.clock.now();
    const time = now - this.since;
    this.since = now;
    if (time <= 0) return;
    const energy = this.flow * time * MICROWATTHOURS;
    this.delivered += energy;
    this.socket.count(energy);
    const used = this.loadFlow * time * MICROWATTHOURS;
    this.cable.count(used);
    this.consumed += used;
  }
}

export class ModelGate implements PowerGate {
  onEvent: (event: GateEvent) => void = () => {};
  closed = false;
  /** Set where the device that owns the gate has no power: it neither counts nor closes. */
  private running = true;
  private total = 0;
  private granted = false;
  private trip: TripCause | undefined;
  private lease: Lease | undefined;
  private ends: Millisecond = 0;
  private cancel: (() => void)[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly circuit: Circuit,
    private readonly gain: number,
    private readonly flow: () => Milliwatt,
  ) {}

  grant(lease: Lease): void {
    if (!this.running || this.trip !== undefined) return;
    this.circuit.change(() => {
      this.granted = true;
      this.lease = lease;
      this.ends = this.clock.now() + lease.time;
      if (this.total >= lease.upTo) this.end({ kind: "energy-used" });
      else this.closed = true;
    });
  }

  revoke(): void {
    this.circuit.change(() => this.open());
  }

  clear(): void {
    this.trip = undefined;
  }

  restore(total: MicrowattHour): void {
    if (this.granted) throw new Error("expected restore before the first grant");
    this.total = total;
  }

  read(): GateReading {
    this.circuit.advance();
    const power = this.running ? Math.round(this.flow() * this.gain) : 0;
    return {
      total: Math.floor(this.total),
      closed: this.closed,
      trip: this.trip,
      current: Math.round((power * 1000) / NOMINAL),
      voltage: NOMINAL,
      voltageMeasured: true,
      power,
      apparent: power,
      powerFactor: 1000,
      frequency: 50_000,
    };
  }

  /** The device lost its power: the relay falls open and everything volatile is gone. */
  cut(): void {
    this.circuit.change(() => {
      this.open();
      this.running = false;
      this.onEvent = () => {};
    });
  }

  /** The device boots: a gate that knows nothing. */
  boot(): void {
    this.running = true;
    this.total = 0;
    this.granted = false;
    this.trip = undefined;
  }

  // ------------------------------------------------------------ the circuit's side

  count(energy: MicrowattHour): void {
    if (this.running) this.total += energy * this.gain;
  }

  /** Sets timers for what ends the lease next. */
  plan(): void {
    for (const cancel of this.cancel.splice(0)) cancel();
    if (!this.closed || !this.lease) return;
    const now = this.clock.now();
    const { lease } = this;
    this.at(this.ends - now, () => this.end({ kind: "time-used" }));
    const power = this.flow();
    if (power <= 0) return;
    const left = Math.max(0, lease.upTo - this.total) / (power * this.gain * MICROWATTHOURS);
    this.at(Math.ceil(left) + HALF_WAVE, () => this.end({ kind: "energy-used" }));
    if (current(power) > lease.current) this.at(TRIP_TIME, () => this.tripOn("over-current"));
  }

  private at(delay: Millisecond, action: () => void): void {
    this.cancel.push(this.clock.after(delay, () => this.circuit.change(action)));
  }

  /** Trips, as for a fault that there is in the world. */
  tripOn(cause: TripCause): void {
    this.trip = cause;
    this.end({ kind: "trip", cause });
  }

  private end(event: GateEvent): void {
    this.open();
    this.clock.after(POST, () => this.onEvent(event));
  }

  private open(): void {
    this.closed = false;
    this.lease = undefined;
  }
}

function current(power: Milliwatt): Milliampere {
  return (power * 1000) / NOMINAL;
}
