// The module "plugpay/power-gate" on a device: the native gate (power-gate-esp32.c) behind the
// PowerGate port.

import type { GateOptions, GateSensor } from "../../shared/board/gate-options";
import type { GateEvent, GateReading, Lease, PowerGate, TripCause } from "../../shared/kernel/ports";
import type { MicrowattHour } from "../../shared/kernel/units";

export interface DeviceGateOptions extends GateOptions {
  /** Default "adc". */
  readonly sensor?: GateSensor;
  /** Called about five times a second, when there is a new reading: `sample()` gives it. */
  readonly onSample?: (this: NativePowerGate) => void;
}

/** A reading, and what calibration needs of it. */
export interface DeviceReading extends GateReading {
  /** Reactive power in mvar, lagging positive. */
  readonly reactive: number;
  /** What the current channel shows while nothing flows, mA RMS. */
  readonly noise: number;
  readonly samples: number;
}

/** How regularly the sensor spoke, since the start or the last time that it was asked. */
export interface Cadence {
  /**
   * How often the time from one block of samples (or a chip's report) to the next was under 2, 4,
   * 8, ... 512 ms, and longer.
   */
  readonly gaps: string;
  /** The longest of them, ms. */
  readonly longest: number;
  /**
   * As `gaps` and `longest`, of those that a signature touched which JavaScript made or verified.
   */
  readonly signatureGaps: string;
  readonly signatureLongest: number;
  /**
   * For so long at most neither the sensor's task nor the gate's timer ran meanwhile, ms; the timer
   * comes each 20 ms.
   */
  readonly signatureAsleep: number;
  /** Of them, while no task at all ran (flash was erased) and the gate bore it. */
  readonly standstills: number;
  /** Samples a second as measured; 0 while unknown, and with a metering chip. */
  readonly rate: number;
}

/**
 * One a device. Throws a RangeError that names the first option that is wrong, before anything is
 * acquired.
 */
export default class NativePowerGate extends Native("plugpay_gate_destructor") implements PowerGate {
  declare onEvent: (event: GateEvent) => void;
  declare onSample?: () => void;

  // The forms that xsc turns into bare native functions: nothing else may stand in them.
  constructor(options?: DeviceGateOptions) {
    super();
    native("plugpay_gate").call(this, options);
  }

  grant(lease: Lease): void {
    native("plugpay_gate_grant").call(this, lease);
  }

  revoke(): void {
    native("plugpay_gate_revoke").call(this);
  }

  clear(): void {
    native("plugpay_gate_clear").call(this);
  }

  restore(total: MicrowattHour): void {
    native("plugpay_gate_restore").call(this, total);
  }

  read(): DeviceReading {
    return native("plugpay_gate_read").call(this) as DeviceReading;
  }

  /** Something begins, or ends, that must not hold the gate up. */
  watch(on: boolean): void {
    native("plugpay_gate_watch").call(this, on);
  }

  cadence(): Cadence & Readonly<Record<string, number | string>> {
    return native("plugpay_gate_cadence").call(this) as Cadence & Readonly<Record<string, number | string>>;
  }

  /** The newest reading, as `read`; the name that ECMA-419 gives it. */
  sample(): DeviceReading {
    return this.read();
  }

  /**
   * Called from C, once an event: 1 energy used, 2 time used, 3 a trip with its cause, 4 a new
   * reading.
   */
  deliver(kind: number, cause: string): void {
    if (kind === 4) this.onSample?.();
    else if (kind === 3) this.onEvent?.({ kind: "trip", cause: cause as TripCause });
    else this.onEvent?.({ kind: kind === 1 ? "energy-used" : "time-used" });
  }
}
