// The device's one light: which rhythm says what. A person tells them apart without colours, and
// from across the room. docs/hardware.md has them in words.

import { constant } from "../kernel/constant";
import type { Clock, TripCause } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import type { CableState } from "../protocol/types";
import type { SocketState } from "../protocol/words";

/** Each sign is an eighth of a second, lit or dark, again and again (firmware/native/light.h). */
export const RHYTHMS = constant({
  standby: "#...............",
  negotiating: "##..",
  paid: "###############.",
  lockout: "########........",
  fault: "#.#.#...........",
  weld: "#.",
  identify: "######..#.#.....",
} as const);

/** What the light says; but for `identify` it follows from the device's state. */
export type LightWord = keyof typeof RHYTHMS;

export interface LightFacts {
  /** A socket's, a cable's, or that of a device which did not start. */
  readonly state: SocketState | CableState | "not-started";
  readonly trip: TripCause | undefined;
  /** Of a socket: a session is open. */
  readonly isOpen?: boolean;
  /** Of a socket: it sells nothing before its owner has calibrated it. */
  readonly isGuessing?: boolean;
}

export function lightOf({ state, trip, isOpen = false, isGuessing = false }: LightFacts): LightWord {
  if (trip === "relay-welded") return "weld";
  if (trip !== undefined || isGuessing) return "fault";
  switch (state) {
    case "not-started":
      return "fault";
    case "paid":
    case "powered":
      return "paid";
    case "negotiating":
      return "negotiating";
    case "lockout":
    case "stopped":
      return "lockout";
    case "standby":
    case "connecting":
      return isOpen ? "negotiating" : "standby";
  }
}

/** Plays a rhythm from now on, whatever JavaScript does meanwhile. */
export interface Lamp {
  show(rhythm: string): void;
}

export interface LightOptions {
  readonly clock: Clock;
  readonly lamp: Lamp;
  /** What it says now. */
  readonly word: () => LightWord;
}

/** How often it looks what to say. */
const LOOK: Millisecond = 1000;

/** Follows the device, and hands a rhythm over where another is due. */
export class Light {
  #shown: LightWord | undefined;
  #identifiesUntil: Millisecond = 0;

  constructor(private readonly options: LightOptions) {
    this.follow();
  }

  /** Blinks for so long, so that a person finds this device among others. */
  identify(time: Millisecond): void {
    const { clock } = this.options;
    this.#identifiesUntil = clock.now() + time;
    this.look();
    clock.after(time, () => this.look());
  }

  private follow(): void {
    this.look();
    this.options.clock.after(LOOK, () => this.follow());
  }

  private look(): void {
    const { clock, lamp, word } = this.options;
    const next = clock.now() < this.#identifiesUntil ? "identify" : word();
    if (next === this.#shown) return;
    this.#shown = next;
    lamp.show(RHYTHMS[next]);
  }
}
