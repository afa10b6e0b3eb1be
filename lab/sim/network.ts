// The network of the simulator: real TCP on 127.0.0.1, made deterministic.
//
// Bytes really travel through the system's sockets, but time does not move while any are under way:
// both ends are in this process, so what was written and not yet read is known. What arrives is
// handed over at the virtual time at which it was sent plus the delay of the link, in segments as
// TCP makes them. Servers of other authors (the chain's HTTP server) are adopted: their open
// requests count as bytes under way. Connections from outside (somebody's own client) cannot be
// paired; their bytes arrive as they come, which is right when time runs at the clock's speed.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { lookup } from "node:dns";
import type { Server as HttpServer } from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Millisecond } from "../../shared/kernel/units";
import { type Cause, labelOf, type Turn } from "./path";
import type { Timeline } from "./timeline";

/** Payload of one segment on Ethernet, as lwIP on an ESP32 sends it. */
const SEGMENT_BYTES = 1436;
/** lwIP's send buffer on an ESP32 (TCP_SND_BUF): four segments. */
export const SEND_BUFFER_BYTES = 4 * SEGMENT_BYTES;
/**
 * A peer that lost its power hears nothing; after its start it answers the first retransmission
 * with a reset.
 */
const RETRANSMISSION: Millisecond = 1000;

/** Who owns an end: a device, which may be without power, or a program of the simulator. */
export interface Party {
  readonly name: string;
  readonly alive: boolean;
  /** Its own on loopback; 127.0.0.1 where absent. */
  readonly address?: string;
}

type Accept = (end: End, cause: Cause) => void;

/** Where somebody listens; `accept` is undefined while nobody takes connections. */
interface Port {
  readonly owner: Party;
  readonly server: Server;
  accept: Accept | undefined;
}

/** A server of another author in this process. */
export interface Adopted {
  readonly port: number;
  /** One way from a device to it. */
  readonly delay: Millisecond;
  /** Requests that it is working on. */
  readonly working: () => number;
}

/** One end of a connection, as its owner sees it. */
export class End {
  onOpen: (cause: Cause) => void = () => {};
  onData: (bytes: Uint8Array, cause: Cause) => void = () => {};
  /** The other end closed, or the connection failed. */
  onEnd: (reason: string) => void = () => {};
  /** The other end's TCP has taken so many bytes. */
  onTaken: (count: number) => void = () => {};
  /** The other end, where it is ours too. */
  peer: End | undefined;
  /** The server's own socket, where the other end is adopted. */
  server: Socket | undefined;
  /** True until both ends are known. */
  opening = false;
  /** The other end lost its power: what is sent gets no answer. */
  silent = false;
  unanswered = false;
  /** Its program never reads and its window is shut: nothing that is sent to it is ever taken. */
  deaf = false;
  closed = false;
  /** Bytes that the system's socket handed over. */
  received = 0;
  /** What has arrived in this process and waits for its virtual time. */
  buffer: Buffer = Buffer.alloc(0);
  /** Arrival of each write of the other end: how many bytes, and when. */
  readonly expected: { bytes: number; at: Millisecond; cause: Cause }[] = [];
  finAt: Millisecond | undefined;
  /** When the last bytes sent reach the other end, and when the last received came. */
  sentArrives: Millisecond = 0;
  /** Its last words on the wire: the reason of what the other end does next. */
  said: Cause = { who: "link", what: "bytes", since: 0, after: undefined };
  lastArrival: Millisecond = 0;

  constructor(
    readonly owner: Party,
    readonly socket: Socket,
    readonly delay: Millisecond,
    /** The other end as `address:port`. */
    readonly remote: { readonly address: string; readonly port: number },
  ) {}
}

export class Network {
  readonly #ports = new Map<number, Port>();
  readonly #adopted = new Map<number, Adopted>();
  /** The adopted servers' sockets, by the port of the client. */
  readonly #served = new Map<number, Socket>();
  readonly #ends = new Set<End>();
  #lookups = 0;
  /**
   * Called when something came in from outside, so that a loop that waits for the clock looks
   * again.
   */
  onOutside: () => void = () => {};

  constructor(
    readonly timeline: Timeline,
    /** One way, between the two devices. */
    readonly linkDelay: Millisecond,
  ) {
    // Node tells of every socket that a server of this process accepts, and of every request.
    subscribe("net.server.socket", this.#onServed);
    subscribe("http.server.request.start", onRequest);
  }

  readonly #onServed = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    if (this.#adopted.has(socket.localPort ?? 0)) this.#served.set(socket.remotePort ?? 0, socket);
  };

  /** Binds a port on loopback for `owner` (0: any). Gives the port; rejects when it is in use. */
  async open(owner: Party, port: number): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#accepted(port, socket));
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        const inUse = error.code === "EADDRINUSE" || error.code === "EACCES";
        reject(inUse ? new Error(`Port ${port} is in use or not allowed; choose another with --port.`) : error);
      });
      server.listen(port, "127.0.0.1", resolve);
    });
    const address = server.address();
    if (typeof address === "object" && address) port = address.port;
    this.#ports.set(port, { owner, server, accept: undefined });
    return port;
  }

  /** Takes connections on a port that `open` bound, until `unlisten`. */
  listen(owner: Party, number: number, accept: Accept): void {
    const port = this.#ports.get(number);
    if (!port || port.owner !== owner) throw new Error(`expected port ${number} to be bound for ${owner.name}`);
    port.accept = accept;
  }

  unlisten(owner: Party): void {
    for (const port of this.#ports.values()) if (port.owner === owner) port.accept = undefined;
  }

  /** Counts what is under way to and in a server of this process. */
  adopt(adopted: Adopted): void {
    this.#adopted.set(adopted.port, adopted);
  }

  /** Connects from `owner`; `at` is when it asked. */
  connect(
    owner: Party,
    address: string,
    port: number,
    at: Millisecond,
    secure?: { host: string; ca: string },
    after?: Turn,
  ): End {
    const inside = this.#ports.get(port);
    const delay = inside ? this.linkDelay : (this.#adopted.get(port)?.delay ?? 0);
    const socket = secure
      ? connectTls({ host: address, port, servername: secure.host, ca: secure.ca })
      : connect({
          host: address,
          port,
          allowHalfOpen: true,
          noDelay: true,
          ...(owner.address && { localAddress: owner.address }),
        });
    const end = new End(owner, socket, delay, { address, port });
    end.said = { who: inside ? "link" : "chain", what: "connect", since: at, after };
    const { said } = end;
    end.opening = inside !== undefined || this.#adopted.has(port);
    this.#ends.add(end);
    socket.once(secure ? "secureConnect" : "connect", () => {
      if (inside && !inside.owner.alive) return this.#silence(end);
      this.#at(at + 2 * delay, () => !end.silent && end.onOpen(said));
      if (!end.opening) this.onOutside();
    });
    this.#attach(end);
    end.sentArrives = at + delay;
    return end;
  }

  /** Looks a name up; `found` gets the address, or undefined. */
  resolve(host: string, found: (address: string | undefined) => void): void {
    this.#lookups++;
    lookup(host, { family: 4 }, (error, address) => {
      this.#lookups--;
      this.#at(this.timeline.now, () => found(error ? undefined : address));
    });
  }

  /** Sends at the virtual time `at`. */
  write(end: End, bytes: Uint8Array, at: Millisecond, after?: Turn): void {
    if (end.closed) return;
    if (end.silent) {
      this.#unanswered(end, at);
      return;
    }
    end.sentArrives = Math.max(end.sentArrives, at + end.delay);
    const arrival = end.sentArrives;
    end.said = { who: end.peer ? "link" : "chain", what: labelOf(bytes), since: at, after };
    end.peer?.expected.push({ bytes: bytes.length, at: arrival, cause: end.said });
    end.socket.write(bytes);
    const isTaken = () => !end.silent && !end.closed && !end.peer?.deaf;
    this.#at(arrival + end.delay, () => isTaken() && end.onTaken(bytes.length));
  }

  close(end: End, at: Millisecond): void {
    if (end.closed) return;
    end.closed = true;
    if (end.peer) end.peer.finAt = Math.max(end.sentArrives, at + end.delay);
    if (end.opening) this.#drop(end);
    else end.socket.end();
  }

  /** `party` lost its power: its ends vanish without a word to the others. */
  cut(party: Party): void {
    this.unlisten(party);
    for (const end of this.#ends) {
      if (end.owner !== party) continue;
      if (end.peer && !end.peer.closed) this.#silence(end.peer);
      this.#drop(end);
    }
  }

  /**
   * `party` has power again: a peer that sent to it meanwhile learns from its next retransmission
   * that the connection is gone.
   */
  restored(party: Party): void {
    for (const end of this.#ends) {
      if (!end.silent || !end.unanswered || this.#farOwner(end) !== party) continue;
      this.#at(this.timeline.now + RETRANSMISSION, () => this.#fail(end, "connection reset"));
    }
  }

  /** Waits until no byte is under way, then dates what the adopted servers answered. */
  async settle(): Promise<void> {
    while (this.#busy()) await new Promise((resolve) => setImmediate(resolve));
    for (const end of this.#ends) if (!end.peer) this.#dateAnswer(end);
  }

  /** Closes everything, for the end of a run. */
  async shut(): Promise<void> {
    for (const end of this.#ends) end.socket.destroy();
    await Promise.all([...this.#ports.values()].map(({ server }) => new Promise((resolve) => server.close(resolve))));
    unsubscribe("net.server.socket", this.#onServed);
    unsubscribe("http.server.request.start", onRequest);
  }

  // ---------------------------------------------------------------- the system's sockets

  #accepted(number: number, socket: Socket): void {
    const address = socket.address() as { port?: number };
    const port = this.#ports.get(number) ?? this.#ports.get(address.port ?? 0);
    const far = [...this.#ends].find((end) => end.opening && isPair(end.socket, socket));
    if (!port?.accept || !port.owner.alive) {
      if (far && port && !port.owner.alive) this.#silence(far);
      else if (far) this.#at(far.sentArrives + far.delay, () => this.#fail(far, "connection refused"));
      if (far) far.opening = false;
      socket.on("error", () => {});
      socket.destroy();
      return;
    }
    const remote = { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    const end = new End(port.owner, socket, far ? far.delay : 0, remote);
    socket.setNoDelay(true);
    this.#ends.add(end);
    this.#attach(end);
    if (far) {
      end.peer = far;
      far.peer = end;
      far.opening = false;
    }
    const accept = port.accept;
    const { said } = far ?? end;
    this.#at(far ? far.sentArrives : this.timeline.now, () => port.accept === accept && accept(end, said));
    if (!far) this.onOutside();
  }

  #attach(end: End): void {
    end.socket.on("data", (data: Buffer) => {
      end.received += data.length;
      end.buffer = Buffer.concat([end.buffer, data]);
      if (end.peer) this.#deliverExpected(end);
      else if (!end.server) this.#outside(end);
    });
    const over = (reason: string) => {
      if (end.silent || end.finAt === Number.POSITIVE_INFINITY) return;
      if (end.peer) {
        const at = end.finAt ?? this.timeline.now;
        this.#at(at, () => this.#fail(end, reason));
      } else {
        this.#dateAnswer(end);
        this.#at(Math.max(end.lastArrival, this.timeline.now), () => this.#fail(end, reason));
        if (!end.server) this.onOutside();
      }
      end.finAt = Number.POSITIVE_INFINITY;
    };
    end.socket.on("end", () => over("closed by the other end"));
    end.socket.on("error", (error: NodeJS.ErrnoException) => {
      end.opening = false;
      over(error.code === "ECONNREFUSED" ? "connection refused" : error.message);
    });
    end.socket.on("close", () => {
      over("closed");
      end.opening = false;
      if (end.closed) this.#ends.delete(end);
    });
  }

  #busy(): boolean {
    if (this.#lookups > 0) return true;
    for (const { working } of this.#adopted.values()) if (working() > 0) return true;
    for (const end of this.#ends) {
      if (end.silent || end.socket.destroyed) continue;
      if (end.opening) {
        if (this.#adopted.has(end.remote.port)) this.#meet(end);
        return true;
      }
      const { peer, server } = end;
      if (peer && !peer.socket.destroyed && !peer.silent) {
        if (end.socket.bytesWritten !== peer.received) return true;
        if (end.closed && peer.finAt !== Number.POSITIVE_INFINITY) return true;
      }
      if (server && !server.destroyed) {
        if (end.socket.bytesWritten !== server.bytesRead || server.bytesWritten !== end.received) return true;
      }
    }
    return false;
  }

  /** An end is open once its server's socket is known, too. */
  #meet(end: End): void {
    end.server = this.#served.get(end.socket.localPort ?? 0);
    if (end.server && !end.socket.connecting) end.opening = false;
  }

  // ---------------------------------------------------------------- dating what came in

  #deliverExpected(end: End): void {
    for (let first = end.expected[0]; first && end.buffer.length >= first.bytes; first = end.expected[0]) {
      end.expected.shift();
      this.#deliver(end, first.bytes, first.at, first.cause);
    }
  }

  #dateAnswer(end: End): void {
    if (end.buffer.length === 0) return;
    const at = Math.max(end.sentArrives, this.timeline.now) + end.delay;
    this.#deliver(end, end.buffer.length, at, end.said);
  }

  #outside(end: End): void {
    if (this.#adopted.has(end.remote.port)) return; // An answer that came before the server's socket was known.
    this.#deliver(end, end.buffer.length, this.timeline.now, end.said);
    this.onOutside();
  }

  #deliver(end: End, count: number, at: Millisecond, cause: Cause): void {
    const bytes = end.buffer.subarray(0, count);
    end.buffer = end.buffer.subarray(count);
    end.lastArrival = Math.max(end.lastArrival, at);
    for (let from = 0; from < count; from += SEGMENT_BYTES) {
      const segment = Uint8Array.from(bytes.subarray(from, from + SEGMENT_BYTES));
      this.#at(end.lastArrival, () => {
        if (!end.closed) end.onData(segment, cause);
      });
    }
  }

  #at(time: Millisecond, action: () => unknown): void {
    this.timeline.at(time, () => {
      action();
    });
  }

  // ---------------------------------------------------------------- ends of connections

  #fail(end: End, reason: string): void {
    if (end.closed) return;
    end.closed = true;
    end.socket.end();
    end.onEnd(reason);
  }

  #drop(end: End): void {
    end.closed = true;
    end.socket.destroy();
    this.#ends.delete(end);
  }

  #silence(end: End): void {
    end.silent = true;
    end.opening = false;
    end.socket.destroy();
  }

  #unanswered(end: End, at: Millisecond): void {
    end.unanswered = true;
    if (this.#farOwner(end)?.alive) this.#at(at + 2 * end.delay, () => this.#fail(end, "connection reset"));
  }

  #farOwner(end: End): Party | undefined {
    return end.peer?.owner ?? this.#ports.get(end.remote.port)?.owner;
  }
}

function isPair(near: Socket, far: Socket): boolean {
  return near.localPort === far.remotePort && near.localAddress === far.remoteAddress;
}

/** A server's own time-outs would go by the clock, which is not the time here. */
function onRequest(message: unknown): void {
  (message as { server: HttpServer }).server.keepAliveTimeout = 0;
}
