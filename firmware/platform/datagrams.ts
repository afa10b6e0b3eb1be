// A port for datagrams over our native sockets (firmware/native/sockets.h), which drop a flood
// before JavaScript hears of it. Each datagram has six bytes before it: the address and port that
// it comes from or goes to.

import { close, receive, type SocketOwner, say, talk } from "plugpay/sockets";
import type { Peer } from "../../shared/mdns/message";
import { READABLE } from "./socket-events";

const ADDRESS_BYTES = 4;
const WHOSE_BYTES = 6;
/** So many wait at most (SOCKETS_HEARD). */
const KEPT = 2;

export interface PortOptions {
  /** "a.b.c.d", or "" for none. */
  readonly group: string;
  /** 0: any. */
  readonly port: number;
  /** The address of the interface on which it joins the group; "": on all. */
  readonly here: string;
}

export class DatagramPort implements SocketOwner {
  readonly #handle: number;

  /** Throws where there is no link yet, or no port is left. */
  constructor(
    { group, port, here }: PortOptions,
    private readonly onHeard: (bytes: Uint8Array, from: Peer) => void,
  ) {
    this.#handle = talk(this, group, port, here);
  }

  /** What cannot be sent now is dropped. */
  send(bytes: Uint8Array, { address, port }: Peer): void {
    const whole = new Uint8Array(WHOSE_BYTES + bytes.length);
    whole.set(address.split(".").map(Number));
    whole[ADDRESS_BYTES] = port >> 8;
    whole[ADDRESS_BYTES + 1] = port & 255;
    whole.set(bytes, WHOSE_BYTES);
    say(this.#handle, whole);
  }

  close(): void {
    close(this.#handle);
  }

  happened(events: number): void {
    if (!(events & READABLE)) return;
    for (let k = 0; k < KEPT; k++) {
      const received = receive(this.#handle);
      if (!received) return;
      this.hear(new Uint8Array(received));
    }
  }

  private hear(whole: Uint8Array): void {
    const [high = 0, low = 0] = whole.subarray(ADDRESS_BYTES, WHOSE_BYTES);
    const address = whole.subarray(0, ADDRESS_BYTES).join(".");
    this.onHeard(whole.subarray(WHOSE_BYTES), { address, port: (high << 8) | low });
  }
}
