// A network in memory for the tests of the wire: the Dialer and Listener ports, and raw clients to
// misbehave with.
//
// Data arrives in a microtask of its own, never within `write`, as on a real link.

import type { Admits, Connection, Dialer, Listener } from "../../shared/kernel/ports";
import { decodeLatin1 } from "../../shared/kernel/utf8";

class End implements Connection {
  onData: (data: Uint8Array) => void = () => {};
  onClose: (error?: string) => void = () => {};
  other!: End;
  open = true;
  /** False: it takes nothing more of what the other end writes. */
  reads = true;
  unsent = 0;
  /** What the other end has not taken; a close of one's own drops it, as the port says. */
  #kept: Uint8Array[] = [];
  constructor(readonly peer: string) {}

  /** Takes what the other end wrote in the meantime, if that is still there. */
  readAgain(): void {
    this.reads = true;
    const kept = this.other.#kept;
    this.other.#kept = [];
    this.other.unsent = 0;
    for (const data of kept) this.other.write(data);
  }

  write(data: Uint8Array): void {
    if (!this.open) return;
    if (!this.other.reads) {
      this.unsent += data.length;
      this.#kept.push(data.slice());
      return;
    }
    const copy = data.slice();
    queueMicrotask(() => {
      if (this.other.open) this.other.onData(copy);
    });
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    queueMicrotask(() => {
      if (!this.other.open) return;
      this.other.open = false;
      this.other.onClose();
    });
  }
}

export class Network implements Dialer, Listener {
  #onConnection: ((connection: Connection) => void) | undefined;
  #admits: Admits = () => true;
  #port = 40_000;
  /** Connections that were ever made. */
  dialled = 0;

  listen(_port: number, onConnection: (connection: Connection) => void, admits: Admits = () => true): () => void {
    this.#onConnection = onConnection;
    this.#admits = admits;
    return () => {
      this.#onConnection = undefined;
    };
  }

  async connect(to: { readonly host: string; readonly port: number }): Promise<Connection> {
    return this.dial("10.0.0.2", to);
  }

  /** A connection from this address, for the server to take. */
  dial(address: string, to = { host: "10.0.0.1", port: 80 }): End {
    if (!this.#onConnection) throw new Error(`${to.host}:${to.port} refused the connection`);
    this.dialled++;
    const near = new End(`${to.host}:${to.port}`);
    const far = new End(`${address}:${++this.#port}`);
    near.other = far;
    far.other = near;
    if (this.#admits(address)) this.#onConnection(far);
    else far.close();
    return near;
  }

  /** A client that sends bytes by hand. */
  raw(address = "10.0.0.2"): Raw {
    return new Raw(this.dial(address));
  }
}

export class Raw {
  received = "";
  closed = false;
  constructor(readonly end: End) {
    end.onData = (data) => {
      this.received += decodeLatin1(data);
    };
    end.onClose = () => {
      this.closed = true;
    };
    this.closed = !end.other.open;
  }

  send(text: string): void {
    this.end.write(Uint8Array.from(Buffer.from(text, "latin1")));
  }

  close(): void {
    this.end.close();
  }

  /** Status codes of the answers so far. */
  get statuses(): number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
  }

  /** Codes of the faults so far. */
  get faults(): number[] {
    return [...this.received.matchAll(/faultCode<\/name><value><int>(-?\d+)</g)].map((match) => Number(match[1]));
  }
}

/** A POST of this body, one byte a character, to /RPC2. */
export function post(body: string, headers = ""): string {
  const length = Buffer.from(body, "latin1").length;
  return `POST /RPC2 HTTP/1.1\r\nHost: s\r\nContent-Type: text/xml\r\n${headers}Content-Length: ${length}\r\n\r\n${body}`;
}
