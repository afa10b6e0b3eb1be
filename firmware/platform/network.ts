// The Dialer and Listener ports over our native sockets (firmware/native/sockets.h), which bound
// how far each peer gets before JavaScript hears of it. They take numeric addresses only, so names
// are looked up first. They take no more bytes than the stack has room for; the rest waits here,
// and is dropped when the connection is closed: a peer that does not read must not keep memory
// without end.

import { adopt, close, connect, favour, listen, peer, read, type SocketOwner, take, why, write } from "plugpay/sockets";
import type { Admits, Connection, Dialer, Favoured, Listener } from "../../shared/kernel/ports";
import type { Names } from "./names";
import { ENDED, OPENED, READABLE, WRITABLE } from "./socket-events";

/** More than ever wait to be taken; others that come meanwhile are told of again. */
const MOST_WAITING = 8;

function nothing(): void {}

function nobody(): undefined {}

/** One connection: what is written goes out as the stack takes it. */
class TcpConnection implements Connection, SocketOwner {
  onData: (data: Uint8Array) => void = nothing;
  onClose: (error?: string) => void = nothing;
  /** Called once, when it is connected. */
  onOpen: () => void = nothing;
  readonly peer: string;
  #handle: number;
  #waiting: Uint8Array[] = [];
  #full = false;

  /** `accepted`: a connection that was taken; else `address` and `port` to connect to. */
  constructor(to: { accepted: number; peer: string } | { address: string; port: number }) {
    if ("accepted" in to) {
      this.peer = to.peer;
      this.#handle = to.accepted;
      adopt(this, to.accepted);
    } else {
      this.peer = `${to.address}:${to.port}`;
      this.#handle = connect(this, to.address, to.port);
    }
  }

  write(data: Uint8Array): void {
    if (!this.#handle) return;
    this.#waiting.push(data);
    this.send();
  }

  get unsent(): number {
    return this.#waiting.reduce((sum, data) => sum + data.length, 0);
  }

  close(): void {
    this.onData = nothing;
    this.onClose = nothing;
    this.release();
  }

  happened(events: number): void {
    if (events & OPENED) this.onOpen();
    if (events & WRITABLE) {
      this.#full = false;
      this.send();
    }
    if (events & READABLE) this.receive();
    if (events & ENDED && this.#handle) this.fail();
  }

  private receive(): void {
    const data = read(this.#handle);
    if (data) this.onData(new Uint8Array(data));
  }

  private send(): void {
    while (this.#handle && !this.#full) {
      const data = this.#waiting[0];
      if (!data) return;
      const took = write(this.#handle, data);
      this.#full = took < data.length;
      if (this.#full) this.#waiting[0] = data.subarray(took);
      else this.#waiting.shift();
    }
  }

  private fail(): void {
    const { onClose } = this;
    const reason = why(this.#handle);
    this.release();
    onClose(reason);
  }

  private release(): void {
    close(this.#handle);
    this.#handle = 0;
    this.#waiting = [];
  }
}

/** What opens a TLS connection, where the platform has it. */
export type SecureConnect = (host: string, port: number) => Promise<Connection>;

export class DeviceDialer implements Dialer {
  constructor(private readonly options: { readonly names: Names; readonly secure?: SecureConnect }) {}

  async connect({ host, port, secure }: { host: string; port: number; secure?: boolean }): Promise<Connection> {
    const { names, secure: secured } = this.options;
    if (secure && !secured) throw new Error(`${host}:${port}: this firmware has no TLS`);
    if (secure && secured) return secured(host, port);
    const address = await names.find(host);
    return new Promise((resolve, reject) => {
      const connection = new TcpConnection({ address, port });
      connection.onClose = (reason) => {
        names.forget(host);
        reject(new Error(`${host}:${port}: cannot connect: ${reason}`));
      };
      connection.onOpen = () => {
        connection.onClose = nothing;
        resolve(connection);
      };
    });
  }
}

/** A port that is listened on. */
class Port implements SocketOwner {
  /** Its own, once it has one. */
  handle = 0;

  constructor(
    private readonly onConnection: (connection: Connection) => void,
    private readonly admits: Admits,
    private readonly favoured: Favoured,
  ) {}

  happened(): void {
    favour(this.favoured() ?? "");
    for (let left = MOST_WAITING; left > 0; left--) {
      const accepted = take(this.handle);
      if (!accepted) return;
      const from = peer(accepted);
      if (this.admits(from.slice(0, from.lastIndexOf(":")))) {
        this.onConnection(new TcpConnection({ accepted, peer: from }));
      } else close(accepted);
    }
  }
}

export class DeviceListener implements Listener {
  listen(
    port: number,
    onConnection: (connection: Connection) => void,
    admits: Admits,
    favoured: Favoured = nobody,
  ): () => void {
    const listening = new Port(onConnection, admits, favoured);
    listening.handle = listen(listening, port);
    return () => close(listening.handle);
  }
}
