// Appliances and their load curves. A curve runs only while its appliance has power: a toaster that
// loses power stops toasting, and goes on where it was.

import type { Millisecond } from "../../shared/kernel/units";
import type { LoadSpec, World } from "../world/world";
import type { Timeline } from "./timeline";

interface Stage {
  readonly seconds: number;
  readonly load: LoadSpec;
}

const PAUSE: LoadSpec = { kind: "none" };
const TOAST: Stage = { seconds: 100, load: { kind: "resistive", watts: 1300 } };

export const APPLIANCES = {
  /** Two batches of 36 Wh each. */
  toaster: [TOAST, { seconds: 15, load: PAUSE }, TOAST],
  /** One batch of toast: 40 Wh. */
  batch: [{ seconds: 110, load: { kind: "resistive", watts: 1300 } }],
  /** One slice: 18 Wh. */
  slice: [{ seconds: 50, load: { kind: "resistive", watts: 1300 } }],
  /** A charger with a rectifier at its input: 10 W for an hour. */
  phone: [{ seconds: 3600, load: { kind: "charger", watts: 10 } }],
  /** A car's charger: it starts gently, holds 15 A, and tapers: 1.75 kWh in half an hour. */
  car: [
    { seconds: 20, load: { kind: "sine", watts: 1400, powerFactor: 0.98 } },
    {
      seconds: 1750,
      load: {
        kind: "sine",
        watts: 3450,
        powerFactor: 0.99,
        harmonics: [
          [3, 0.03],
          [5, 0.02],
        ],
      },
    },
    { seconds: 120, load: { kind: "sine", watts: 1400, powerFactor: 0.98 } },
  ],
  /** An evening: a heater at two settings, then a washing machine that heats and spins. */
  household: [
    { seconds: 1800, load: { kind: "resistive", watts: 2000 } },
    { seconds: 1800, load: { kind: "resistive", watts: 1000 } },
    { seconds: 900, load: { kind: "resistive", watts: 2100 } },
    { seconds: 1500, load: { kind: "motor", watts: 350, powerFactor: 0.75, inrush: 4 } },
  ],
  /** A saw: six times its current for a moment at the start. */
  motor: [
    { seconds: 20, load: { kind: "motor", watts: 500, powerFactor: 0.8, inrush: 6 } },
    { seconds: 5, load: PAUSE },
    { seconds: 20, load: { kind: "motor", watts: 500, powerFactor: 0.8, inrush: 6 } },
  ],
  /** A lamp, then its cord is cut. */
  short: [
    { seconds: 20, load: { kind: "resistive", watts: 60 } },
    { seconds: 30, load: { kind: "short" } },
  ],
  /** Nothing is switched on. */
  none: [],
} as const satisfies Record<string, readonly Stage[]>;

export type ApplianceName = keyof typeof APPLIANCES;

export class Appliance {
  readonly #stages: readonly Stage[];
  #stage = 0;
  /** Of the current stage. */
  #left: Millisecond;
  #poweredAt: Millisecond | undefined;
  #cancel: () => void = () => {};
  #switched = false;

  constructor(
    readonly name: ApplianceName,
    readonly timeline: Timeline,
    readonly world: World,
    readonly onDone: () => void,
  ) {
    this.#stages = APPLIANCES[name];
    this.#left = (this.#stages[0]?.seconds ?? 0) * 1000;
  }

  /** Puts it at the cable's end, switched on. */
  async start(): Promise<void> {
    this.#switched = true;
    await this.#connect();
  }

  /** Whether there is voltage at the cable's end. */
  power(on: boolean): void {
    if (!this.#switched || on === (this.#poweredAt !== undefined)) return;
    const { now } = this.timeline;
    if (on) {
      this.#poweredAt = now;
      if (this.#stage < this.#stages.length) this.#cancel = this.timeline.at(now + this.#left, () => this.#advance());
    } else {
      this.#left -= now - (this.#poweredAt ?? now);
      this.#poweredAt = undefined;
      this.#cancel();
    }
  }

  async #advance(): Promise<void> {
    this.#stage++;
    const stage = this.#stages[this.#stage];
    this.#left = (stage?.seconds ?? 0) * 1000;
    this.#poweredAt = this.timeline.now;
    await this.#connect();
    if (!stage) this.onDone();
    else this.#cancel = this.timeline.at(this.timeline.now + this.#left, () => this.#advance());
  }

  #connect(): Promise<void> {
    return this.world.setLoad(this.#stages[this.#stage]?.load ?? PAUSE);
  }
}
