// Joins a socket's access point, an address and all, over a radio that only takes orders and tells
// what has happened.
//
// An address is asked for three times within a fifth of a second before it is used (RFC 5227; its
// own seconds are for links that are slow to come up, and the cable has power to wait for). Nothing
// is told by the radio's own call: what happened is looked for, so that nothing of it waits for a
// place in a queue.

import type { Clock } from "../kernel/ports";
import { isHex } from "../kernel/text";
import type { Hex, Millisecond } from "../kernel/units";
import { linkLocalOf } from "./address";
import { type AccessPoint, isDirect } from "./places";
import type { Radio } from "./radio";

/** What has happened since it was asked last, as a sum (firmware/native/radio-esp32.c). */
export const SCANNED = 1;
export const JOINED = 2;
export const LOST = 4;

const LOOK: Millisecond = 10;
/** All thirteen channels take a second and a half; an open network is joined in a fifth of one. */
const SCAN: Millisecond = 5_000;
const JOIN: Millisecond = 3_000;
/** A frame that was lost on its way is no refusal. */
const TRIES = 2;
const PROBES = 3;
const PROBE_EVERY: Millisecond = 70;
/** So many addresses that another device had: by then it is one device that claims them all. */
const ATTEMPTS = 8;
/** The strongest of those that are in reach. */
const MOST_FOUND = 24;

/** Orders to a radio; each throws where it takes none. */
export interface RadioOrders {
  /** What has happened since this was asked last. */
  events(): number;
  /** Its MAC address. */
  mac(): Hex;
  /** Begins to look; 0: on all channels. */
  scan(channel: number): void;
  /** The next that was found, as "dBm channel bssid ssid"; undefined after the last. */
  next(): string | undefined;
  /** Begins to join. */
  join(ssid: string, bssid: Hex, channel: number): void;
  /** Ends what was joined or begun, and forgets the address. */
  leave(): void;
  /** Asks once whether any device has the address. */
  probe(address: string): void;
  /** True where somebody answered, or asks for the same one. */
  isDisputed(): boolean;
  /** Uses the address from now on. */
  settle(address: string): void;
}

export class DirectRadio implements Radio {
  #joined: Hex | undefined;
  /** How many addresses somebody else had. */
  #attempt = 0;
  /** Counts orders: what was begun before is not gone on with. */
  #turn = 0;

  constructor(private readonly options: { readonly clock: Clock; readonly orders: RadioOrders }) {}

  async scan(channel = 0): Promise<readonly AccessPoint[]> {
    const { orders } = this.options;
    // While it joins, the radio looks for nothing else.
    if (!this.isJoined()) this.leave();
    const turn = ++this.#turn;
    orders.scan(channel);
    const happened = await this.until(SCANNED, SCAN, turn);
    if (happened & LOST) this.#joined = undefined;
    if (!(happened & SCANNED)) throw new Error("The radio found no end of looking.");
    return this.found();
  }

  private found(): readonly AccessPoint[] {
    const found: AccessPoint[] = [];
    for (let line = this.options.orders.next(); line !== undefined; line = this.options.orders.next()) {
      const [strength, channel, bssid = "", ssid = ""] = line.split(" ");
      if (!isDirect(ssid) || bssid.length !== 12 || !isHex(bssid)) continue;
      found.push({ ssid, bssid, channel: Number(channel), strength: Number(strength) });
    }
    return found.sort((a, b) => b.strength - a.strength).slice(0, MOST_FOUND);
  }

  async join({ ssid, bssid, channel }: AccessPoint): Promise<void> {
    if (this.isJoined() && this.#joined === bssid) return;
    const turn = ++this.#turn;
    let happened = 0;
    for (let tries = 0; tries < TRIES && !isIn(happened); tries++) {
      this.leave();
      this.options.orders.join(ssid, bssid, channel);
      happened = await this.until(JOINED | LOST, JOIN, turn);
    }
    if (isIn(happened)) return this.address(turn, bssid);
    this.leave();
    throw new Error(`${ssid} ${happened & LOST ? "did not let the cable in" : "did not answer"}.`);
  }

  /** Finds an address that nobody has. */
  private async address(turn: number, bssid: Hex): Promise<void> {
    const { orders } = this.options;
    for (let tried = 0; tried < ATTEMPTS; tried++) {
      const address = linkLocalOf(orders.mac(), this.#attempt);
      if (await this.isFree(address, turn)) {
        orders.settle(address);
        this.#joined = bssid;
        return;
      }
      this.#attempt += 1;
    }
    this.leave();
    throw new Error(`Somebody there has each of ${ATTEMPTS} addresses.`);
  }

  private async isFree(address: string, turn: number): Promise<boolean> {
    const { orders } = this.options;
    for (let i = 0; i < PROBES; i++) {
      orders.probe(address);
      if ((await this.until(LOST, PROBE_EVERY, turn)) & LOST) {
        this.leave();
        throw new Error("The access point let go of the cable.");
      }
      if (orders.isDisputed()) return false;
    }
    return true;
  }

  private isJoined(): boolean {
    if (this.#joined !== undefined && this.options.orders.events() & LOST) this.#joined = undefined;
    return this.#joined !== undefined;
  }

  private leave(): void {
    const { orders } = this.options;
    this.#joined = undefined;
    orders.leave();
    // What it told of what it has left is over.
    orders.events();
  }

  /**
   * Waits until one of `events` has happened, at most for `limit`; gives all that did. Rejects
   * where another order came between.
   */
  private async until(events: number, limit: Millisecond, turn: number): Promise<number> {
    const { clock, orders } = this.options;
    const end = clock.now() + limit;
    let happened = 0;
    while (!(happened & events) && clock.now() < end) {
      await new Promise<void>((resolve) => {
        clock.after(LOOK, resolve);
      });
      if (turn !== this.#turn) throw new Error("The radio was told otherwise meanwhile.");
      happened |= orders.events();
    }
    return happened;
  }
}

function isIn(happened: number): boolean {
  return (happened & (JOINED | LOST)) === JOINED;
}
