// The electrical world of the simulator: mains, plug, relays, sensors, appliances - and the native
// power gates.
//
// A helper process (world.c) simulates the circuit
//
//   mains -> [socket: sensors, relay] -> plug -> [cable: sensors, electronics, relay] -> appliance
//
// sample by sample and feeds each gate's sensors to the very C core that runs on the devices
// (firmware/native/power-gate.c). Nothing is metered in TypeScript. Requests are answered in order;
// the same options and requests give the same answers on every run.

import type { GateOptions } from "../../shared/board/gate-options";
import type { GateEvent, GateReading, Lease, TripCause } from "../../shared/kernel/ports";
import type { MicrowattHour, Millisecond, Milliwatt } from "../../shared/kernel/units";
import { buildHelper } from "./build";
import { type Answer, Helper } from "./helper";

export type GateName = "socket" | "cable";

/**
 * What is wrong with a gate's sensors. LSB are those of the ADC. All optional; what is absent is
 * ideal or as said.
 */
export interface SensorSpec {
  /** Gaussian, LSB rms, on both channels; default 2. */
  readonly noise?: number;
  /** Largest integral non-linearity, LSB, a smooth curve drawn from the seed; default 2. */
  readonly nonlinearity?: number;
  /** Offset from the middle of the scale, LSB; default 0. */
  readonly offset?: number;
  /** Amplitude of a slow wander of the offset (period 20 minutes), LSB; default 8. */
  readonly drift?: number;
  /** Errors of scale, in millionths; default 0. */
  readonly currentGainError?: number;
  readonly voltageGainError?: number;
  /** By how much the current channel lags, ns; default 0. */
  readonly delay?: number;
}

export interface RelaySpec {
  /** Default 8 ms to close, 4 ms to open. */
  readonly closeDelay?: Millisecond;
  readonly openDelay?: Millisecond;
}

export interface GateSpec {
  readonly name: GateName;
  /**
   * Options of the C core, `firmware/native/power-gate.h`. `voltageSensor: 0` leaves the sensor
   * out.
   */
  readonly options?: GateOptions;
  readonly sensor?: SensorSpec;
  readonly relay?: RelaySpec;
}

/** Sine of `volts` RMS. `volts: 0` is an outage. */
export interface MainsSpec {
  readonly volts: number;
  readonly hz: number;
}

export interface WorldOptions {
  readonly seed: number;
  /** Gates start without power: call `boot`. */
  readonly gates: readonly GateSpec[];
  /** Default 230 V, 50 Hz. */
  readonly mains?: MainsSpec;
  /** Real power of the cable's own electronics while it is supplied, W; default 1.5. */
  readonly electronics?: number;
  /** How long the cable's supply bridges a loss of mains; default 40 ms. */
  readonly holdUp?: Millisecond;
}

/**
 * An appliance. `watts` is the real power at 230 V, `hz` does not matter. Power over time is the
 * caller's: one `setLoad` for each step.
 */
export type LoadSpec =
  | { readonly kind: "none" }
  /** A heater: the current follows the voltage. */
  | { readonly kind: "resistive"; readonly watts: number }
  /**
   * `powerFactor` is the fundamental's cosine, lagging; harmonics are
   * [order, share of the fundamental].
   */
  | {
      readonly kind: "sine";
      readonly watts: number;
      readonly powerFactor?: number;
      readonly harmonics?: readonly (readonly [number, number])[];
    }
  /**
   * A heater behind a phase-cut dimmer that conducts from `angle` degrees (0..180) of each
   * half-wave on. `watts` is what is left.
   */
  | { readonly kind: "dimmer"; readonly watts: number; readonly angle: number }
  /**
   * Starts with `inrush` (default 6) times its current, falling with a time constant of
   * `inrushTime` (default 150 ms).
   */
  | {
      readonly kind: "motor";
      readonly watts: number;
      readonly powerFactor?: number;
      readonly inrush?: number;
      readonly inrushTime?: Millisecond;
    }
  /**
   * Rectifier and capacitor: short pulses of current at the crest, `width` degrees wide (default
   * 60).
   */
  | { readonly kind: "charger"; readonly watts: number; readonly width?: number }
  /** A short circuit of this resistance, the wiring included; default 0.5 ohm. */
  | { readonly kind: "short"; readonly ohms?: number };

export interface Fault {
  /** The current sensor's plug is pulled: its input falls to 0. */
  readonly sensorTornOff?: boolean;
  /** Its burden is off: the input shows no current and sits at a fifth of the scale. */
  readonly sensorAdrift?: boolean;
  /** The voltage sensor likewise. */
  readonly voltageTornOff?: boolean;
  /** The contacts stay closed from the next time they are closed on. */
  readonly weldRelay?: boolean;
  /** The contacts do not close any more. */
  readonly stuckRelay?: boolean;
  /** No more samples reach the core. */
  readonly feedStopped?: boolean;
}

export interface WorldEvent {
  readonly gate: GateName;
  readonly event: GateEvent;
}

export interface Advance {
  /** Where the world stands: `until`, or earlier when something happened. */
  readonly atMs: Millisecond;
  readonly events: readonly WorldEvent[];
  /**
   * Whether the cable's electronics have supply. Without it the cable's gate is off and its relay
   * open; `boot` starts it anew.
   */
  readonly powered: { readonly cable: boolean };
  /** The relays' contacts. */
  readonly contacts: { readonly socket: boolean; readonly cable: boolean };
}

export interface WorldReading extends GateReading {
  /** False after `cutPower`: the figures are then all zero, but `truth` goes on. */
  readonly running: boolean;
  /** Energy that really flowed through this gate's sensor since the start, in double precision. */
  readonly truth: MicrowattHour;
  /** Real power over the last 20 ms, the same way. */
  readonly truePower: Milliwatt;
  /** Reactive power of the fundamental in mvar, lagging positive; for calibration. */
  readonly reactive: number;
  /** Samples fed since boot. */
  readonly samples: number;
}

export interface World {
  /**
   * Runs until `untilMs`, or until the first event of a gate, or until the cable gains or loses its
   * supply.
   */
  advance(untilMs: Millisecond): Promise<Advance>;
  /** Starts the gate's core from nothing: relay open, total 0. */
  boot(gate: GateName): Promise<void>;
  /** Stops the gate's core; its relay opens. */
  cutPower(gate: GateName): Promise<void>;
  grant(gate: GateName, lease: Lease): Promise<void>;
  revoke(gate: GateName): Promise<void>;
  clear(gate: GateName): Promise<void>;
  restore(gate: GateName, total: MicrowattHour): Promise<void>;
  read(gate: GateName): Promise<WorldReading>;
  plug(where: "in" | "out"): Promise<void>;
  setLoad(load: LoadSpec): Promise<void>;
  setMains(mains: MainsSpec): Promise<void>;
  /** Temperature at the gate's relay, thousandths of a degree Celsius. */
  setTemperature(gate: GateName, temperature: number): Promise<void>;
  /** Sets (true) or heals (false) faults; those not named stay as they are. */
  fault(gate: GateName, fault: Fault): Promise<void>;
  /** Ends the helper process. May be called twice. */
  close(): void;
}

/**
 * Builds the helper where needed and starts it. Throws when there is no C compiler, naming the
 * package that brings one.
 */
export function startWorld(options: WorldOptions, executable = buildHelper()): World {
  const helper = new Helper(executable);
  const setUp = Promise.all(
    [
      `world seed=${options.seed} electronics=${options.electronics ?? 1.5} holdUp=${options.holdUp ?? 40}`,
      ...(options.mains ? [mainsLine(options.mains)] : []),
      ...options.gates.map(gateLine),
    ].map((line) => helper.request(line)),
  );
  setUp.catch(() => {}); // each request tells
  const ask = async (line: string): Promise<Answer> => {
    const answer = helper.request(line);
    answer.catch(() => {});
    await setUp;
    return answer;
  };
  const tell = async (line: string): Promise<void> => void (await ask(line));
  return {
    advance: async (untilMs) => parseAdvance(await ask(`advance ${untilMs}`)),
    boot: (gate) => tell(`boot ${gate}`),
    cutPower: (gate) => tell(`cut ${gate}`),
    grant: (gate, lease) => tell(`grant ${gate} ${lease.upTo} ${lease.time} ${lease.current}`),
    revoke: (gate) => tell(`revoke ${gate}`),
    clear: (gate) => tell(`clear ${gate}`),
    restore: (gate, total) => tell(`restore ${gate} ${total}`),
    read: async (gate) => parseReading(await ask(`read ${gate}`)),
    plug: (where) => tell(`plug ${where}`),
    setLoad: (load) => tell(loadLine(load)),
    setMains: (mains) => tell(mainsLine(mains)),
    setTemperature: (gate, temperature) => tell(`temperature ${gate} ${temperature}`),
    fault: (gate, fault) => tell(`fault ${gate} ${pairs(fault)}`),
    close: () => helper.close(),
  };
}

/** Names, ranges and defaults of the C core's options, as the core itself lists them. */
export async function gateOptionTable(): Promise<Record<string, { least: number; most: number; byDefault: number }>> {
  const helper = new Helper(buildHelper());
  try {
    const words = await helper.request("options");
    const rows = words.map((word) => word.split(":"));
    return Object.fromEntries(
      rows.map(([name, least, most, byDefault]) => [
        name,
        { least: Number(least), most: Number(most), byDefault: Number(byDefault) },
      ]),
    );
  } finally {
    helper.close();
  }
}

function pairs(values: object): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${Number(value)}`)
    .join(" ");
}

function gateLine(gate: GateSpec): string {
  return `gate ${gate.name} ${pairs({ ...gate.sensor, ...gate.relay, ...gate.options })}`;
}

function mainsLine(mains: MainsSpec): string {
  return `mains ${mains.volts} ${mains.hz}`;
}

function loadLine(load: LoadSpec): string {
  const { kind, ...rest } = load;
  const { harmonics, ...numbers } = rest as { harmonics?: readonly (readonly [number, number])[] };
  const overtones = (harmonics ?? []).map(([order, share]) => `h${order}=${share}`);
  return [`load ${kind}`, pairs(numbers), ...overtones].join(" ");
}

function parseAdvance(words: Answer): Advance {
  const [at, cablePowered, socketContact, cableContact, ...events] = words;
  return {
    atMs: Number(at),
    powered: { cable: cablePowered === "1" },
    contacts: { socket: socketContact === "1", cable: cableContact === "1" },
    events: events.filter((word) => word !== "").map(parseEvent),
  };
}

function parseEvent(word: string): WorldEvent {
  const [gate, kind, cause] = word.split(":") as [GateName, GateEvent["kind"], TripCause];
  return { gate, event: kind === "trip" ? { kind, cause } : { kind } };
}

const READING = [
  "running",
  "total",
  "closed",
  "current",
  "voltage",
  "voltageMeasured",
  "power",
  "apparent",
  "powerFactor",
  "frequency",
  "truth",
  "truePower",
  "reactive",
  "samples",
] as const;

function parseReading(words: Answer): WorldReading {
  const value = (name: (typeof READING)[number]): number => Number(words[READING.indexOf(name)]);
  const trip = words[READING.length];
  return {
    running: value("running") === 1,
    total: value("total"),
    closed: value("closed") === 1,
    trip: trip === "-" ? undefined : (trip as TripCause),
    current: value("current"),
    voltage: value("voltage"),
    voltageMeasured: value("voltageMeasured") === 1,
    power: value("power"),
    apparent: value("apparent"),
    powerFactor: value("powerFactor"),
    frequency: value("frequency"),
    truth: value("truth"),
    truePower: value("truePower"),
    reactive: value("reactive"),
    samples: value("samples"),
  };
}
