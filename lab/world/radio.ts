// The air of the simulator: access points that stand somewhere, and stations that hear them the
// weaker the farther.
//
// A signal falls with the square of the distance; what stands in its way (a cabinet, a person, how
// the plug is turned) takes some dB more or less, always the same between two places, and each look
// differs by a little. The same seed gives the same.

import type { Clock } from "../../shared/kernel/ports";
import type { Hex, Millisecond } from "../../shared/kernel/units";
import type { AccessPoint } from "../../shared/link/places";
import type { Radio } from "../../shared/link/radio";

/** One channel listened to, and how many there are. */
const LISTEN: Millisecond = 120;
const CHANNELS = 13;
/** An open network is joined in that, and a link-local address probed. */
const ASSOCIATION: Millisecond = 150;
const ADDRESS: Millisecond = 250;
/** Under that nothing is heard, in dBm. */
const NOISE = -90;
/** dB that lie in the way, as a standard deviation; and what differs from look to look, at most. */
const SHADOW = 5;
const FADING = 2;

/** Metres. */
export type Position = readonly [x: number, y: number];

export interface Transmitter {
  readonly ssid: string;
  readonly bssid: Hex;
  readonly channel: number;
  readonly at: Position;
  /** dBm at 0.1 m. */
  readonly power: number;
  /** True for one that is heard equally strong everywhere, as if it stood beside each. */
  readonly isEverywhere?: boolean;
  readonly isOn: () => boolean;
}

/** Whole numbers from `least` to `most`, both included. */
interface Dice {
  integer(least: number, most: number): number;
}

export class Air {
  readonly transmitters: Transmitter[] = [];
  private readonly shadows = new Map<string, number>();

  constructor(
    readonly clock: Clock,
    private readonly dice: Dice,
  ) {}

  /** What is heard of `from` at `at`, in dBm. */
  strength(from: Transmitter, at: Position): number {
    if (from.isEverywhere) return from.power;
    const distance = Math.max(0.1, Math.hypot(from.at[0] - at[0], from.at[1] - at[1]));
    const loss = 20 * Math.log10(distance / 0.1);
    return Math.round(
      from.power - loss + this.shadow(`${from.bssid}@${at.join()}`) + this.dice.integer(-FADING, FADING),
    );
  }

  /** The same between the same two places: a sum of dice is near enough to a bell. */
  private shadow(between: string): number {
    const known = this.shadows.get(between);
    if (known !== undefined) return known;
    let sum = 0;
    for (let i = 0; i < 12; i++) sum += this.dice.integer(0, 1000) / 1000 - 0.5;
    this.shadows.set(between, sum * SHADOW);
    return sum * SHADOW;
  }
}

/** A cable's radio, at its place. */
export class Station implements Radio {
  /** What it has joined. */
  joined: Transmitter | undefined;
  /** Looks at the air, and times that it joined. */
  readonly counts = { scans: 0, joins: 0 };

  constructor(
    private readonly air: Air,
    readonly at: Position,
  ) {}

  async scan(channel?: number): Promise<readonly AccessPoint[]> {
    this.counts.scans += 1;
    await this.pause(channel === undefined ? CHANNELS * LISTEN : LISTEN);
    return this.air.transmitters
      .filter((each) => each.isOn() && (channel === undefined || each.channel === channel))
      .map((each) => ({
        ssid: each.ssid,
        bssid: each.bssid,
        channel: each.channel,
        strength: this.air.strength(each, this.at),
      }))
      .filter(({ strength }) => strength > NOISE);
  }

  async join({ bssid }: AccessPoint): Promise<void> {
    if (this.joined?.bssid === bssid && this.joined.isOn()) return;
    this.joined = undefined;
    this.counts.joins += 1;
    await this.pause(ASSOCIATION + ADDRESS);
    const found = this.air.transmitters.find((each) => each.bssid === bssid && each.isOn());
    if (!found || this.air.strength(found, this.at) <= NOISE) throw new Error(`cannot join ${bssid}: it is not there`);
    this.joined = found;
  }

  private pause(time: Millisecond): Promise<void> {
    return new Promise((resolve) => {
      this.air.clock.after(time, resolve);
    });
  }
}
