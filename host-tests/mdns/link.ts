// One link of multicast DNS in virtual time: what is sent to the group reaches all but who sent it,
// a little later.

import { VirtualClock } from "../../lab/model/clock";
import type { DeviceEvent } from "../../shared/kernel/ports";
import { MDNS_PORT, type Peer } from "../../shared/mdns/message";
import { Responder, type ResponderOptions } from "../../shared/mdns/responder";

export interface Sent {
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly from: Peer;
  /** Undefined: to the group. */
  readonly to: Peer | undefined;
}

export type Heard = (bytes: Uint8Array, from: Peer) => void;

/** Chance that is the same in each run. */
export function chanceOf(seed: number): () => number {
  let state = (Math.imul(seed, 2654435761) | 1) >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

export class Link {
  readonly clock = new VirtualClock();
  readonly sent: Sent[] = [];
  readonly #listeners: { at: Peer; heard: Heard }[] = [];

  /** `delay` of each message to each listener, ms; undefined loses it. */
  constructor(private readonly delay: () => number | undefined = () => 1) {}

  /** Gives how to send from `at`, and how to leave. */
  join(at: Peer, heard: Heard): { send: (bytes: Uint8Array, to?: Peer) => void; leave: () => void } {
    const listener = { at, heard };
    this.#listeners.push(listener);
    return {
      send: (bytes, to) => this.carry({ at: this.clock.now(), bytes, from: at, to }),
      leave: () => this.#listeners.splice(this.#listeners.indexOf(listener), 1),
    };
  }

  private carry(sent: Sent): void {
    this.sent.push(sent);
    for (const listener of [...this.#listeners]) {
      const { at, heard } = listener;
      const isMeant = sent.to ? at.address === sent.to.address && at.port === sent.to.port : at.port === MDNS_PORT;
      const delay = this.delay();
      if (!isMeant || at.address === sent.from.address || delay === undefined) continue;
      this.clock.after(delay, () => {
        if (this.#listeners.indexOf(listener) >= 0) heard(sent.bytes, sent.from);
      });
    }
  }
}

export interface Device {
  readonly responder: Responder;
  readonly told: DeviceEvent[];
  readonly kept: string[];
  /** What it called itself last. */
  readonly host: () => string | undefined;
  readonly leave: () => void;
}

export function device(link: Link, address: string, options: Partial<ResponderOptions> = {}): Device {
  const told: DeviceEvent[] = [];
  const kept: string[] = [];
  const { send, leave } = link.join({ address, port: MDNS_PORT }, (bytes, from) => responder.heard(bytes, from));
  const responder = new Responder({
    clock: link.clock,
    chance: chanceOf(Number(address.split(".")[3])),
    send,
    report: (event) => told.push(event),
    wanted: "plugpay",
    port: 8080,
    onKept: (name) => kept.push(name),
    ...options,
  });
  const host = (): string | undefined => told.filter(({ name }) => name === "named").at(-1)?.host as string | undefined;
  return { responder, told, kept, host, leave };
}
