// Stands between a broker's bytes and the client module that reads them (MQTT 3.1.1). It lets whole
// packets through, one at a time, and only those that a device of ours asks for: CONNACK, SUBACK,
// PINGRESP, and short messages of QoS 0. The SDK's module would make a buffer of any length that a
// topic claims, and never comes back from a message without a payload.

import { constant } from "../kernel/constant";

/** Longer than any packet that is asked for. */
export const MOST_PACKET_BYTES = 256;
/** Packets of one turn (`renew`); a broker that says more has lost its way. */
export const MOST_PACKETS = 50;

const CONNACK = 2;
const PUBLISH = 3;
const SUBACK = 9;
const PINGRESP = 13;

const REFUSALS: readonly string[] = constant([
  "",
  "it does not speak MQTT 3.1.1",
  "it does not take the client's id",
  "it is not available now",
  "user name or password is wrong",
  "this user may not connect",
]);

export interface GuardOptions {
  /** One whole packet. */
  readonly onPacket: (packet: Uint8Array) => void;
  /** Nothing is let through any more. */
  readonly onWrong: (why: string) => void;
}

export class PacketGuard {
  readonly #packet = new Uint8Array(MOST_PACKET_BYTES);
  #filled = 0;
  #left = MOST_PACKETS;
  #isIn = false;
  #over = false;

  constructor(private readonly options: GuardOptions) {}

  /** A turn is over. */
  renew(): void {
    this.#left = MOST_PACKETS;
  }

  /** Bytes in whatever pieces. */
  take(data: Uint8Array): void {
    for (let at = 0; at < data.length && !this.#over; at++) {
      this.#packet[this.#filled++] = data[at] ?? 0;
      const length = this.length();
      // Another protocol's greeting may claim a length that never comes.
      if (!this.#isIn && this.#packet[0] !== CONNACK << 4) this.wrong(STRANGER);
      else if (length > MOST_PACKET_BYTES) this.wrong("it sends packets that are too long");
      else if (this.#filled === length) this.whole();
    }
  }

  /** Of the packet, as far as that is known; 0: not yet. */
  private length(): number {
    const [, low = 0, high = 0] = this.#packet;
    if (this.#filled < 2) return 0;
    if (low < 128) return 2 + low;
    if (this.#filled < 3) return 0;
    return high < 128 ? 3 + (low & 127) + high * 128 : Number.POSITIVE_INFINITY;
  }

  private whole(): void {
    const packet = this.#packet.slice(0, this.#filled);
    const { length } = packet;
    const body = (packet[1] ?? 0) < 128 ? 2 : 3;
    this.#filled = 0;
    const why = this.#left-- <= 0 ? "it sends packet after packet" : this.problem(packet, body, length);
    if (why !== undefined) this.wrong(why);
    // A message without a payload says nothing.
    else if (length > body + this.topicEnd(packet, body)) this.options.onPacket(packet);
  }

  /** Where the payload of a message begins in its body; -1 where a packet is no message. */
  private topicEnd(packet: Uint8Array, body: number): number {
    if ((packet[0] ?? 0) >> 4 !== PUBLISH) return -1;
    return 2 + (packet[body] ?? 0) * 256 + (packet[body + 1] ?? 0);
  }

  private problem(packet: Uint8Array, body: number, length: number): string | undefined {
    const kind = (packet[0] ?? 0) >> 4;
    const flags = (packet[0] ?? 0) & 15;
    const rest = length - body;
    if (!this.#isIn) return this.connackProblem(packet, kind, flags, rest);
    switch (kind) {
      case PUBLISH: {
        const end = this.topicEnd(packet, body);
        const isRight = (flags & 6) === 0 && end > 2 && end <= rest;
        return isRight ? undefined : "it sends messages that were not asked for";
      }
      case SUBACK:
        return flags === 0 && rest === 3 ? undefined : ODD;
      case PINGRESP:
        return flags === 0 && rest === 0 ? undefined : ODD;
      default:
        return ODD;
    }
  }

  private connackProblem(packet: Uint8Array, kind: number, flags: number, rest: number): string | undefined {
    if (kind !== CONNACK || flags !== 0 || rest !== 2) return STRANGER;
    const code = packet[3] ?? 0;
    this.#isIn = true;
    return code === 0 ? undefined : (REFUSALS[code] ?? `it refuses with code ${code}`);
  }

  private wrong(why: string): void {
    this.#over = true;
    this.options.onWrong(why);
  }
}

const STRANGER = "what answers is no MQTT broker";
const ODD = "it sends packets that make no sense";
