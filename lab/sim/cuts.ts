// Power cuts: the same session again and again, and in each one device loses its power at another
// of its journal writes, which is lost, torn, or done but never answered. After each cut the device
// starts again from what the store holds.

import type { Millisecond } from "../../shared/kernel/units";
import type { Account } from "./account";
import type { DeviceName } from "./bundle";
import type { Happening, Simulation } from "./simulation";
import { CUT_MODES, type CutMode } from "./store-file";

const DEVICES: readonly DeviceName[] = ["socket", "cable"];
const LONGEST: Millisecond = 600_000;
const SETTLES_WITHIN: Millisecond = 300_000;
const LOOK: Millisecond = 1000;
/** A session's last commitment goes out within that after its end. */
const SENT: Millisecond = 5_000;

export class Cuts {
  #done = false;

  constructor(
    readonly simulation: Simulation,
    readonly account: Account,
  ) {}

  heard({ event }: Happening): void {
    if (event.name === "appliance done") this.#done = true;
  }

  async run(): Promise<void> {
    for (const device of DEVICES)
      for (const mode of CUT_MODES) for (let write = 1; await this.#session(device, mode, write); write++);
  }

  /** False where the session had fewer writes: nothing was cut. */
  async #session(device: DeviceName, mode: CutMode, write: number): Promise<boolean> {
    const store = this.simulation.stores[device];
    const first = store.writes;
    let cut = false;
    store.cutAt = (count) => {
      if (cut || count - first !== write) return undefined;
      cut = true;
      return mode;
    };
    this.#done = false;
    await this.#act(() => this.simulation.plug("in"));
    await this.#act(() => this.simulation.connect("slice"));
    const delivered = await this.#until(() => this.#done, LONGEST);
    await this.#until(() => false, 3 * LOOK);
    await this.#act(() => this.simulation.plug("out"));
    await this.#until(() => this.#isSettled(), SETTLES_WITHIN);
    await this.#until(() => false, SENT);
    store.cutAt = () => undefined;
    if (!cut) return false;
    this.account.cuts.push({ device, write, mode, delivered, unpaidWh: this.account.unpaidWh });
    this.simulation.tell("scene", { name: "survived", device, write, mode, delivered });
    return true;
  }

  #isSettled(): boolean {
    return !this.account.sessionOpen && this.account.state.socket === "standby";
  }

  #act(action: () => Promise<void>): Promise<void> {
    const { timeline } = this.simulation;
    return new Promise((resolve) => {
      timeline.at(timeline.now, async () => {
        await action();
        resolve();
      });
    });
  }

  /** Looks once a second; false when it took too long. */
  async #until(met: () => boolean, longest: Millisecond): Promise<boolean> {
    const { timeline } = this.simulation;
    for (const end = timeline.now + longest; timeline.now < end; ) {
      if (met()) return true;
      await new Promise<void>((resolve) => {
        timeline.at(timeline.now + LOOK, resolve);
      });
    }
    return met();
  }
}
