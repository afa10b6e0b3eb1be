// A device's hold on its native power gate in the simulated world. The gate does not wait for
// JavaScript and is not waited for: what the device asks takes effect at the moment it asked. What
// it reads in the middle of a long event is the gate's state at the start of the event, carried
// forward with the power that flowed then.

import type { Lease } from "../../shared/kernel/ports";
import type { MicrowattHour, Millisecond } from "../../shared/kernel/units";
import type { GateName, World, WorldReading } from "../world/world";
import type { Timeline } from "./timeline";

/** After a relay was switched: moments to look whether its contacts have followed. */
const CONTACTS_FOLLOW: readonly Millisecond[] = [2.5, 5, 7.5, 10, 12.5, 15, 17.5, 20, 22.5, 25, 27.5, 30];

export class GateLink {
  #reading: WorldReading | undefined;
  #lookedAt: Millisecond = 0;
  /** The largest total that the device has read: one never sees it decrease. */
  #told: MicrowattHour = 0;
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
    this.#told = 0;
    await this.world.boot(this.name);
  }

  async cut(): Promise<void> {
    this.#life++;
    await this.world.cutPower(this.name);
  }

  /** Takes the reading that the next event goes on from. */
  async takeReading(): Promise<void> {
    this.#reading = await this.world.read(this.name);
    this.#lookedAt = this.timeline.now;
  }

  read(at: Millisecond): WorldReading {
    const reading = this.#state();
    const flowed = reading.closed ? Math.floor((reading.power * (at - this.#lookedAt)) / 3600) : 0;
    this.#told = Math.max(this.#told, reading.total + flowed);
    return { ...reading, total: this.#told };
  }

  /** True where the relay closes by it. */
  grant(lease: Lease, at: Millisecond): boolean {
    const { trip, closed } = this.#state();
    const { total } = this.read(at);
    const closes = trip === undefined && lease.upTo > total;
    this.#later(at, () => this.world.grant(this.name, lease), closes !== closed);
    this.#expect({ closed: closes });
    return closes && !closed;
  }

  revoke(at: Millisecond): void {
    this.#later(at, () => this.world.revoke(this.name), this.#state().closed);
    this.#expect({ closed: false });
  }

  clear(at: Millisecond): void {
    this.#expect({ trip: undefined });
    this.#later(at, () => this.world.clear(this.name), false);
  }

  restore(total: MicrowattHour, at: Millisecond): void {
    this.#expect({ total });
    this.#later(at, () => this.world.restore(this.name, total), false);
  }

  #state(): WorldReading {
    if (!this.#reading) throw new Error("expected takeReading() before read()");
    return this.#reading;
  }

  #expect(change: Partial<WorldReading>): void {
    this.#reading = { ...this.#state(), ...change };
  }

  #later(at: Millisecond, action: () => Promise<void>, switches: boolean): void {
    const life = this.#life;
    this.timeline.at(at, async () => {
      if (life !== this.#life) return;
      await action();
      if (switches) for (const delay of CONTACTS_FOLLOW) this.timeline.at(at + delay, () => {});
    });
  }
}
