// Stands in for "embedded:io/socket/tcp" (ECMA-419, TCP socket class pattern). A write beyond what onWritable offered
// throws, as it does on lwIP; onError follows only when everything received has been read.

import { bytesOf, call, type HostEvent, ignore, receive } from "./host";

export interface Options {
  address?: string;
  host?: string;
  port?: number;
  from?: TCP;
  nodelay?: boolean;
  format?: "number" | "buffer";
  target?: unknown;
  onReadable?: (this: TCP, bytes: number) => void;
  onWritable?: (this: TCP, bytes: number) => void;
  onError?: (this: TCP) => void;
}

/** Taken over from a listener: a connection that exists already. */
interface Accepted {
  readonly handle: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

export default class TCP {
  target: unknown;
  remoteAddress: string | undefined;
  remotePort: number | undefined;
  #handle = 0;
  #format: "number" | "buffer" = "buffer";
  #options: Options = {};
  #received: Uint8Array = new Uint8Array(0);
  #writable = 0;
  #failed = false;

  constructor(options: Options | { readonly accepted: Accepted }) {
    if ("accepted" in options) {
      this.accept(options.accepted);
      return;
    }
    this.#options = options;
    this.target = options.target;
    this.format = options.format ?? "buffer";
    if (options.from) this.take(options.from);
    else this.connect(options);
    receive(this.#handle, (event, bytes) => this.event(event, bytes));
  }

  get format(): "number" | "buffer" {
    return this.#format;
  }
  set format(format: "number" | "buffer") {
    if (format !== "number" && format !== "buffer") throw new RangeError("unimplemented");
    this.#format = format;
  }

  read(count?: number | ArrayBuffer | Uint8Array): number | ArrayBuffer | undefined {
    if (this.#received.length === 0) return undefined;
    if (this.#format === "number") return new Uint8Array(this.consume(1))[0];
    if (count === undefined) return this.consume(this.#received.length);
    if (typeof count === "number") return this.consume(count);
    new Uint8Array(bytesOf(count)).set(new Uint8Array(this.consume(count.byteLength)));
    return count.byteLength;
  }

  /** Gives how much more may be written. */
  write(value: number | ArrayBuffer | ArrayBufferView): number {
    const bytes = typeof value === "number" ? Uint8Array.of(value).buffer : bytesOf(value);
    if (!this.#handle || this.#writable === 0) throw new Error("not ready");
    if (bytes.byteLength > this.#writable) throw new Error("would block");
    call("tcp.write", { handle: this.#handle }, bytes);
    this.#writable -= bytes.byteLength;
    return this.#writable;
  }

  close(): void {
    if (!this.#handle) return;
    call("tcp.close", { handle: this.#handle });
    this.forget();
  }

  private accept({ handle, remoteAddress, remotePort }: Accepted): void {
    this.#handle = handle;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    receive(handle, (event, bytes) => this.event(event, bytes));
  }

  private take(from: TCP): void {
    if (!from.#handle) throw new Error("invalid from");
    this.#handle = from.#handle;
    this.#received = from.#received;
    this.#failed = from.#failed;
    this.#writable = from.#writable;
    this.remoteAddress = from.remoteAddress;
    this.remotePort = from.remotePort;
    from.#handle = 0;
    call("tcp.ready", { handle: this.#handle });
  }

  private connect({ address, port }: Options): void {
    if (!address || !/^\d+\.\d+\.\d+\.\d+$/.test(address)) throw new Error("invalid address");
    if (port === undefined || !(port >= 0 && port <= 65535)) throw new RangeError("invalid port");
    this.remoteAddress = address;
    this.remotePort = port;
    this.#handle = (call("tcp.connect", { address, port }).value as { handle: number }).handle;
  }

  private event({ kind, value }: HostEvent, bytes: ArrayBuffer): void {
    if (kind === "data") {
      const all = new Uint8Array(this.#received.length + bytes.byteLength);
      all.set(this.#received);
      all.set(new Uint8Array(bytes), this.#received.length);
      this.#received = all;
      this.#options.onReadable?.call(this, all.length);
    } else if (kind === "ready") {
      this.#writable = value as number;
      if (this.#received.length > 0) this.#options.onReadable?.call(this, this.#received.length);
      this.#options.onWritable?.call(this, this.#writable);
    } else if (kind === "writable") {
      this.#writable = value as number;
      this.#options.onWritable?.call(this, this.#writable);
    } else this.#failed = true;
    if (this.#failed && this.#received.length === 0 && this.#handle) this.fail();
  }

  private fail(): void {
    this.#writable = 0;
    this.#options.onError?.call(this);
  }

  private consume(count: number): ArrayBuffer {
    if (count <= 0 || count > this.#received.length) throw new Error("invalid");
    const taken = bytesOf(this.#received.subarray(0, count));
    this.#received = this.#received.slice(count);
    return taken;
  }

  private forget(): void {
    ignore(this.#handle);
    this.#handle = 0;
  }
}
