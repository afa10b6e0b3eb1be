// Stands in for the SDK's "socketmbedtls": TLS by the simulator's host, with the same callbacks.

import { call, ignore, receive } from "./host";

const CONNECTED = 1;
const RECEIVED = 2;
const SENT = 3;
const DISCONNECTED = -1;

export class SocketTLS {
  callback: (this: SocketTLS, message: number, value?: number) => void = () => {};
  #handle: number;
  #writable = 0;
  #open = false;
  #received: ArrayBuffer | undefined;

  constructor({ host, port, certificate }: { host: string; port: number; certificate: string }) {
    if (!certificate) throw new Error("certificate required in dictionary");
    this.#handle = (call("tcp.connect", { address: host, port, host, certificate }).value as { handle: number }).handle;
    receive(this.#handle, ({ kind, value }, bytes) => {
      if (kind === "writable") {
        const message = this.#open ? SENT : CONNECTED;
        this.#open = true;
        this.#writable = value as number;
        this.callback(message, this.#writable);
      } else if (kind === "data") {
        this.#received = bytes;
        this.callback(RECEIVED, bytes.byteLength);
      } else this.callback(DISCONNECTED);
    });
  }

  read(_type: ArrayBufferConstructor): ArrayBuffer | undefined {
    const data = this.#received;
    this.#received = undefined;
    return data;
  }

  write(data?: ArrayBuffer): number {
    if (!data) return this.#writable;
    if (data.byteLength > this.#writable) throw new Error("can't write all data");
    call("tcp.write", { handle: this.#handle }, data);
    this.#writable -= data.byteLength;
    return this.#writable;
  }

  close(): void {
    if (!this.#handle) return;
    call("tcp.close", { handle: this.#handle });
    ignore(this.#handle);
    this.#handle = 0;
  }
}
