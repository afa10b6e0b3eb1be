// The Dialer and Listener ports over ECMA-419 TCP (embedded:io/socket). TCP there takes numeric addresses only, so names
// are looked up first; it takes no more bytes than onWritable last offered, so the rest waits here, and is dropped when
// the connection is closed: a peer that does not read must not keep memory without end.

import TcpListener from "embedded:io/socket/listener";
import TCP from "embedded:io/socket/tcp";
// biome-ignore lint/style/useNodejsImportProtocol: it is Moddable's module, not Node's.
import Net from "net";
import type { Admits, Connection, Dialer, Listener } from "../../shared/ports";

// The stack calls these with the socket of ECMA-419, which knows whose it is: closures would take slots of every connection.
function onReadable(this: TCP): void {
  ownerOf(this).read();
}
function onWritable(this: TCP, count: number): void {
  ownerOf(this).offered(count);
}
function onError(this: TCP): void {
  ownerOf(this).fail();
}
function ownerOf(tcp: TCP): TcpConnection {
  return (tcp as TCP & { readonly target: TcpConnection }).target;
}

function nothing(): void {}

/** One connection: what is written goes out as the stack takes it. */
class TcpConnection implements Connection {
  onData: (data: Uint8Array) => void = nothing;
  onClose: (error?: string) => void = nothing;
  /** Called once, when the stack first takes bytes. */
  onOpen: () => void = nothing;
  peer = "";
  #tcp: TCP | undefined;
  #waiting: Uint8Array[] = [];
  #writable = 0;

  /** `from`: a connection that a listener took; else `address` and `port` to connect to. */
  constructor(options: { from: TCP } | { address: string; port: number }) {
    this.#tcp = new TCP({ ...options, nodelay: true, target: this, onReadable, onWritable, onError });
    this.peer = `${this.#tcp.remoteAddress}:${this.#tcp.remotePort}`;
  }

  write(data: Uint8Array): void {
    if (!this.#tcp) return;
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

  read(): void {
    const data = this.#tcp?.read();
    if (data instanceof ArrayBuffer) this.onData(new Uint8Array(data));
  }

  offered(count: number): void {
    this.#writable = count;
    this.send();
    this.onOpen();
    this.onOpen = nothing;
  }

  private send(): void {
    while (this.#tcp && this.#writable > 0) {
      const data = this.#waiting.shift();
      if (!data) break;
      const fits = data.subarray(0, this.#writable);
      if (fits.length < data.length) this.#waiting.unshift(data.subarray(fits.length));
      this.#writable -= fits.length;
      this.#tcp.write(fits);
    }
  }

  fail(): void {
    const { onClose } = this;
    this.release();
    onClose("the connection was closed or failed");
  }

  private release(): void {
    this.#tcp?.close();
    this.#tcp = undefined;
    this.#waiting = [];
  }
}

/** What opens a TLS connection, where the platform has it. */
export type SecureConnect = (host: string, port: number) => Promise<Connection>;

export class DeviceDialer implements Dialer {
  readonly #secure: SecureConnect | undefined;

  constructor(options: { readonly secure?: SecureConnect } = {}) {
    this.#secure = options.secure;
  }

  async connect({ host, port, secure }: { host: string; port: number; secure?: boolean }): Promise<Connection> {
    if (secure && !this.#secure) throw new Error(`${host}:${port}: this firmware has no TLS`);
    if (secure && this.#secure) return this.#secure(host, port);
    const address = await resolve(host);
    return new Promise((resolve, reject) => {
      const connection = new TcpConnection({ address, port });
      connection.onClose = () => reject(new Error(`${host}:${port}: cannot connect`));
      connection.onOpen = () => {
        connection.onClose = nothing;
        resolve(connection);
      };
    });
  }
}

export class DeviceListener implements Listener {
  listen(port: number, onConnection: (connection: Connection) => void, admits: Admits): () => void {
    const listener = new TcpListener({
      port,
      onReadable(requests) {
        for (; requests > 0; requests--) {
          const from = this.read();
          if (!from) continue;
          if (admits(from.remoteAddress ?? "")) onConnection(new TcpConnection({ from }));
          else from.close();
        }
      },
    });
    return () => (listener as unknown as { close(): void }).close();
  }
}

function resolve(host: string): Promise<string> {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(host)) return Promise.resolve(host);
  return new Promise((resolve, reject) => {
    Net.resolve(host, (_name, address) => {
      if (address) resolve(address);
      else reject(new Error(`${host}: no such name, or no name server answers`));
    });
  });
}
