// An Ethernet switch between emulated cards: each port is a UDP socket of this machine, a datagram
// is a frame. It learns where addresses are; a frame goes where its address is, one to everybody
// goes everywhere. QEMU's own hubs would show each frame to its gateway to this machine as well,
// which takes all that it sees for its own and answers in others' names.

import { createSocket, type Socket } from "node:dgram";

const ADDRESS_BYTES = 6;

/** Which ports a frame goes to. */
export class Learned {
  readonly #ports = new Map<string, number>();

  constructor(readonly count: number) {}

  /** `from`: the port on which it came. What nobody is known to have goes nowhere. */
  portsFor(frame: Uint8Array, from: number): readonly number[] {
    if (frame.length < 2 * ADDRESS_BYTES) return [];
    const to = Buffer.from(frame.subarray(0, ADDRESS_BYTES)).toString("hex");
    const source = Buffer.from(frame.subarray(ADDRESS_BYTES, 2 * ADDRESS_BYTES)).toString("hex");
    this.#ports.set(source, from);
    const isToMany = ((frame[0] as number) & 1) === 1;
    if (isToMany) return [...Array(this.count).keys()].filter((port) => port !== from);
    const port = this.#ports.get(to);
    return port === undefined || port === from ? [] : [port];
  }
}

/** One end of a wire for QEMU: where it listens, and where it sends to. */
export interface Wire {
  readonly own: number;
  readonly other: number;
}

/** Frames that a port gave and got since the switch started. */
export interface Frames {
  in: number;
  out: number;
}

export class EthernetSwitch {
  /** By port. */
  readonly frames: readonly Frames[];
  readonly #sockets: readonly Socket[];

  /** Makes a switch with `count` ports; gives the wires' ends for as many cards. */
  static async start(count: number): Promise<readonly [EthernetSwitch, readonly Wire[]]> {
    const sockets = await Promise.all(Array.from({ length: count }, bound));
    // Ports that nobody has: QEMU takes them when it starts, so they are free until then.
    const cards = await Promise.all(Array.from({ length: count }, bound));
    const own = cards.map((card) => card.address().port);
    for (const card of cards) card.close();
    const wires = sockets.map((socket, at) => ({ own: own[at] as number, other: socket.address().port }));
    return [new EthernetSwitch(sockets, own), wires];
  }

  private constructor(sockets: readonly Socket[], cards: readonly number[]) {
    this.#sockets = sockets;
    const frames = sockets.map(() => ({ in: 0, out: 0 }));
    this.frames = frames;
    const learned = new Learned(sockets.length);
    for (const [from, socket] of sockets.entries()) {
      socket.on("message", (frame) => {
        (frames[from] as Frames).in++;
        for (const port of learned.portsFor(frame, from)) {
          (frames[port] as Frames).out++;
          sockets[port]?.send(frame, cards[port], "127.0.0.1");
        }
      });
      // A card without power takes no frames.
      socket.on("error", () => {});
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }
}

async function bound(): Promise<Socket> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return socket;
}
