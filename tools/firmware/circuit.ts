// The electrical world around two emulated boards (lab/world). Their relays' pins decide what
// flows; what flows comes back to each as frames of a metering chip; a cable that the socket gives
// no voltage is off.
//
// The world's own gates stand for plain relays here: they close and open as the boards' pins say,
// at once.

import { setTimeout as pause } from "node:timers/promises";
import { startWorld, type World } from "../../lab/world/world";
import { ChipFrames } from "./chip-frames";
import { DEVICES, type DeviceName } from "./targets";

/**
 * A CSE7766 sends a frame every 55 ms; more often here, as this process may have to wait for its
 * turn.
 */
const FRAME_MS = 15;
/**
 * Between two frames on the board's own clock: where the emulator is slow, its serial port would
 * fill.
 */
const OWN_FRAME_MS = 20;
/** How often the pins are looked at. */
const PIN_MS = 30;
const VOLTS = 230;
/** What the cable's electronics draw. */
const ELECTRONICS_W = 1;
const ALWAYS = { upTo: Number.MAX_SAFE_INTEGER, time: 2 ** 31, current: 16_000 };
/** A microwatt-hour in joule. */
const JOULE = 0.0036;

/** What the circuit has to do with a board. */
export interface PoweredBoard {
  /** It has power. */
  readonly on: boolean;
  start(): Promise<void>;
  cut(): Promise<void>;
  /** Bytes from its metering chip. */
  feed(frame: Uint8Array): void;
  /** Its relay's pin. */
  relay(): Promise<boolean>;
  /** Its own clock, in ms. */
  uptime(): Promise<number>;
}

export class Circuit {
  /** The load has voltage. */
  powered = false;
  /** A board that somebody took the power from, by hand. */
  readonly held: Record<DeviceName, boolean> = { socket: false, cable: false };
  readonly #world: World;
  readonly #start = performance.now();
  readonly #chips = { socket: new ChipFrames(), cable: new ChipFrames() };
  /** Energy that had flowed when the last frames were made, in uWh. */
  readonly #flowed = { socket: 0, cable: 0 };
  /** Where the world stood at their last frames, in ms. */
  readonly #toldTo = { socket: 0, cable: 0 };
  /** The boards' own clocks at their last frames. */
  readonly #told = { socket: 0, cable: 0 };
  readonly #closed = { socket: false, cable: false };
  /** Where the world stands, in ms. */
  #flownTo = 0;
  #supplied = false;
  /** What happens to the boards' power, one thing after the other. */
  #turn: Promise<void> = Promise.resolve();
  #over = false;

  constructor(
    readonly boards: Readonly<Record<DeviceName, PoweredBoard>>,
    readonly onSupply: (supplied: boolean) => void,
    readonly onTrouble: (error: unknown) => void,
  ) {
    this.#world = startWorld({
      seed: 1,
      gates: [{ name: "socket" }, { name: "cable" }],
      electronics: ELECTRONICS_W,
    });
  }

  /** Gives the socket mains, and keeps the circuit alive until `close`. */
  async begin(): Promise<void> {
    await this.power("socket");
    void this.every(FRAME_MS, () => this.flow());
    // Each by itself: one that is slow to answer, as it starts, does not keep the other waiting.
    for (const device of DEVICES) {
      void this.every(FRAME_MS, () => this.tell(device));
      void this.every(PIN_MS, () => this.pin(device));
    }
  }

  close(): void {
    this.#over = true;
    this.#world.close();
  }

  plug(where: "in" | "out"): Promise<void> {
    return this.#world.plug(where);
  }

  load(watts: number): Promise<void> {
    return this.#world.setLoad(watts > 0 ? { kind: "resistive", watts } : { kind: "none" });
  }

  /** Energy in mWh that the cable's sensor saw: its load's, and its own electronics'. */
  delivered(): number {
    return this.#flowed.cable / 1000;
  }

  /** Takes a board's power, whatever it is doing; `power` gives it back. */
  cut(device: DeviceName): Promise<void> {
    return this.inTurn(async () => {
      this.held[device] = true;
      await this.off(device);
    });
  }

  /** Gives a board its power, where there is any. */
  power(device: DeviceName): Promise<void> {
    return this.inTurn(async () => {
      this.held[device] = false;
      if (device === "socket" || this.#supplied) await this.on(device);
    });
  }

  private async on(device: DeviceName): Promise<void> {
    if (this.boards[device].on) return;
    this.#chips[device] = new ChipFrames();
    await this.#world.boot(device);
    await this.boards[device].start();
  }

  private async off(device: DeviceName): Promise<void> {
    this.#closed[device] = false;
    await this.boards[device].cut();
    await this.#world.cutPower(device);
  }

  private inTurn(action: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(action);
    this.#turn = done.catch(this.onTrouble);
    return done;
  }

  private async every(period: number, action: () => Promise<void>): Promise<void> {
    while (!this.#over) {
      try {
        await action();
      } catch (error) {
        if (!this.#over) this.onTrouble(error);
      }
      await pause(period);
    }
  }

  /** Lets the world catch up with the clock. */
  private async flow(): Promise<void> {
    const now = Math.floor(performance.now() - this.#start);
    for (let at = this.#flownTo; at < now; ) {
      const { atMs, powered, contacts } = await this.#world.advance(now);
      at = atMs;
      this.powered = powered.cable && contacts.socket && contacts.cable;
      if (powered.cable !== this.#supplied) this.supply(powered.cable);
    }
    this.#flownTo = now;
  }

  /** A frame for the board; what it does not get now is in the next. */
  private async tell(device: DeviceName): Promise<void> {
    const board = this.boards[device];
    const uptime = await board.uptime().catch(() => 0);
    if (!board.on || (uptime >= this.#told[device] && uptime < this.#told[device] + OWN_FRAME_MS)) return;
    this.#told[device] = uptime;
    const { truth } = await this.#world.read(device);
    const seconds = (this.#flownTo - this.#toldTo[device]) / 1000;
    const watts = seconds > 0 ? ((truth - this.#flowed[device]) * JOULE) / seconds : 0;
    if (seconds > 0) this.#flowed[device] = truth;
    this.#toldTo[device] = this.#flownTo;
    board.feed(this.#chips[device].next({ volts: VOLTS, watts: Math.max(0, watts) }, seconds));
  }

  private supply(supplied: boolean): void {
    this.#supplied = supplied;
    this.onSupply(supplied);
    void this.inTurn(async () => {
      // Meanwhile it may have changed again.
      if (this.#supplied && !this.held.cable) await this.on("cable");
      else if (!this.#supplied) await this.off("cable");
    });
  }

  private async pin(device: DeviceName): Promise<void> {
    const board = this.boards[device];
    if (!board.on) return;
    const closed = await board.relay();
    if (closed === this.#closed[device] || !board.on) return;
    this.#closed[device] = closed;
    await (closed ? this.#world.grant(device, ALWAYS) : this.#world.revoke(device));
  }
}
