// A device's hold on its native power gate in the simulated world. The gate does not wait for JavaScript and is not
// waited for: what the device asks takes effect at the moment it asked, and what it reads is the gate's state at the
// start of the event, with what it asked since.

import type { Lease } from "../../shared/ports";
import type { MicrowattHour, Millisecond } from "../../shared/units";
import type { GateName, World, WorldReading } from "../world/world";
import type { Timeline } from "./timeline";

/** When a relay's contacts have opened, and closed, after the gate said so: moments to look at who has power. */
const CONTACTS_FOLLOW: readonly Millisecond[] = [4.5, 8.5];

export class GateLink {
  #reading: WorldReading | undefined;
  /** Counts starts: what an earlier life of the device asked is void. */
  #life = 0;

  constructor(
    readonly world: World,
    readonly name: GateName,
    readonly timeline: Timeline,
  ) {}

  /** Starts the gate's core with the device: relay open, total 0. */
  async boot(): Promise<void> {
    this.#life++;
    await this.world.boot(this.name);
  }

  async cut(): Promise<void> {
    this.#life++;
    await this.world.cutPower(this.name);
  }

  /** Takes the reading that the next event will see. */
  async look(): Promise<void> {
    this.#reading = await this.world.read(this.name);
  }

  read(): WorldReading {
    if (!this.#reading) throw new Error("expected look() before read()");
    return this.#reading;
  }

  grant(lease: Lease, at: Millisecond): void {
    const { trip, total } = this.read();
    this.#expect({ closed: trip === undefined && lease.upTo > total });
    this.#later(at, () => this.world.grant(this.name, lease));
  }

  revoke(at: Millisecond): void {
    this.#expect({ closed: false });
    this.#later(at, () => this.world.revoke(this.name));
  }

  clear(at: Millisecond): void {
    this.#expect({ trip: undefined });
    this.#later(at, () => this.world.clear(this.name));
  }

  restore(total: MicrowattHour, at: Millisecond): void {
    this.#expect({ total });
    this.#later(at, () => this.world.restore(this.name, total));
  }

  #expect(change: Partial<WorldReading>): void {
    this.#reading = { ...this.read(), ...change };
  }

  #later(at: Millisecond, action: () => Promise<void>): void {
    const life = this.#life;
    this.timeline.at(at, async () => {
      if (life !== this.#life) return;
      await action();
      for (const delay of CONTACTS_FOLLOW) this.timeline.at(at + delay, () => {});
    });
  }
}
