// A bench in the simulated world: one socket's gate, a cable without electronics, and any load
// behind it.

import {
  type LoadSpec,
  type MainsSpec,
  type SensorSpec,
  startWorld,
  type World,
  type WorldOptions,
} from "../../lab/world/world";
import type { GateCalibration, GateOptions } from "../../shared/board/gate-options";
import { type CalibrationPoint, fitCalibration } from "./fit";

export interface RigOptions {
  readonly seed: number;
  readonly sensor?: SensorSpec;
  readonly gate?: GateOptions;
  /** Another build of the helper, for tests. */
  readonly executable?: string;
}

const RANGE_A = 35;
export const FOREVER = { upTo: 9e15, time: 4e9, current: 16_000 };

export class Rig {
  readonly world: World;
  #now = 0;

  constructor({ seed, sensor, gate, executable }: RigOptions) {
    const options: WorldOptions = {
      seed,
      electronics: 0,
      gates: [
        {
          name: "socket",
          relay: { closeDelay: 0, openDelay: 0 },
          ...(sensor ? { sensor } : {}),
          ...(gate ? { options: gate } : {}),
        },
        // Only contacts: the cable's gate measures nothing that is looked at, but it must close.
        { name: "cable", relay: { closeDelay: 0, openDelay: 0 }, options: { instantaneous: 35_000 } },
      ],
    };
    this.world = executable ? startWorld(options, executable) : startWorld(options);
  }

  get now(): number {
    return this.#now;
  }

  /** Both gates up, relays closed, no load. */
  async start(): Promise<void> {
    await this.world.boot("socket");
    await this.world.plug("in");
    await this.run(1500); // learns its noise while open
    await this.world.grant("socket", FOREVER);
    await this.run(100);
    await this.world.fault("cable", { weldRelay: true });
    await this.world.boot("cable");
    await this.world.grant("cable", FOREVER);
    await this.run(500);
    await this.world.cutPower("cable"); // its contacts stay closed: from here on it is a wire
  }

  /** Throws when the gate did something by itself meanwhile. */
  async run(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      const { atMs, events } = await this.world.advance(until);
      this.#now = atMs;
      const event = events.find(({ gate }) => gate === "socket");
      if (event) throw new Error(`expected nothing to happen, got ${JSON.stringify(event)} at ${atMs} ms`);
      if (atMs >= until) return;
    }
  }

  /** Runs until the socket's gate does something, at most `ms`. */
  async event(ms: number): Promise<{ after: number; what: string } | undefined> {
    const since = this.#now;
    const until = since + ms;
    for (;;) {
      const { atMs, events } = await this.world.advance(until);
      this.#now = atMs;
      const found = events.find(({ gate }) => gate === "socket")?.event;
      if (found) return { after: atMs - since, what: found.kind === "trip" ? found.cause : found.kind };
      if (atMs >= until) return undefined;
    }
  }

  /** Energy read and true, in uWh, over `ms`, from the same load, after it has settled. */
  async energy(load: LoadSpec, ms: number, mains: MainsSpec = { volts: 230, hz: 50 }): Promise<Energy> {
    await this.world.setMains(mains);
    await this.world.setLoad(load);
    await this.run(2000);
    const before = await this.world.read("socket");
    await this.run(ms);
    const after = await this.world.read("socket");
    return { read: after.total - before.total, truth: after.truth - before.truth, hours: ms / 3.6e6 };
  }

  /** Mean of readings over `seconds`, against the truth. */
  async point(watts: number, seconds: number): Promise<CalibrationPoint> {
    await this.world.setLoad({ kind: "resistive", watts });
    await this.run(1000);
    const sum = { volts: 0, amperes: 0, watts: 0, vars: 0 };
    const count = seconds * 5;
    let hz = 0;
    let truth = 0;
    for (let k = 0; k < count; k++) {
      await this.run(200);
      const reading = await this.world.read("socket");
      sum.volts += reading.voltage / 1000 / count;
      sum.amperes += reading.current / 1000 / count;
      sum.watts += reading.power / 1000 / count;
      sum.vars += reading.reactive / 1000 / count;
      hz += reading.frequency / 1000 / count;
      truth += reading.truePower / 1000 / count;
    }
    return { read: sum, hz, reference: { volts: 230, watts: truth } };
  }

  close(): void {
    this.world.close();
  }
}

export interface Energy {
  /** uWh. */
  readonly read: number;
  readonly truth: number;
  readonly hours: number;
}

/**
 * What `npm run calibrate` does, on a simulated board: two resistive loads, 5 % and 90 % of 16 A.
 */
export async function calibrateRig(options: RigOptions, seconds = 10): Promise<Calibrated> {
  const rig = new Rig(options);
  try {
    await rig.start();
    const low = await rig.point(184, seconds);
    const high = await rig.point(3312, seconds);
    return { low, high, calibration: fitCalibration(low, high, RANGE_A) };
  } finally {
    rig.close();
  }
}

export interface Calibrated {
  readonly low: CalibrationPoint;
  readonly high: CalibrationPoint;
  readonly calibration: Required<GateCalibration>;
}
