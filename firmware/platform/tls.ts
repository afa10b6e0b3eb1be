// TLS for the Dialer port, over the SDK's mbedTLS socket: the server's certificate is checked
// against one configured root. Connecting and the handshake block JavaScript for a while, so it is
// used off the path from plug to power only.

import { SocketTLS } from "socketmbedtls";
import type { Connection } from "../../shared/kernel/ports";
import type { SecureConnect } from "./network";

const CONNECTED = 1;
const RECEIVED = 2;
const SENT = 3;
const FAILED = -2;

/** Why it failed, as tls-esp32.c numbers it. */
const WHY = Object.freeze([
  "TLS failed",
  "cannot connect",
  "its certificate does not lead to the configured root",
  "its certificate bears another name",
  "no TLS handshake: nobody listens there, or speaks no TLS",
]);

class TlsConnection implements Connection {
  onData: (data: Uint8Array) => void = () => {};
  onClose: (error?: string) => void = () => {};
  onOpen: () => void = () => {};
  readonly peer: string;
  #socket: SocketTLS | undefined;
  #waiting: Uint8Array[] = [];
  #open = false;

  constructor(host: string, port: number, certificate: string) {
    this.peer = `${host}:${port}`;
    const socket = new SocketTLS({ host, port, certificate });
    socket.callback = (message, value) => this.take(message, value);
    this.#socket = socket;
  }

  write(data: Uint8Array): void {
    this.#waiting.push(data);
    this.send();
  }

  close(): void {
    this.onClose = () => {};
    this.release();
  }

  private take(message: number, value?: number): void {
    if (message < 0) {
      const { onClose } = this;
      this.release();
      onClose(message === FAILED ? (WHY[value ?? 0] ?? WHY[0]) : "closed by the server");
    } else if (message === CONNECTED) {
      this.#open = true;
      this.onOpen();
      this.send();
    } else if (message === RECEIVED) {
      const data = this.#socket?.read(ArrayBuffer);
      if (data) this.onData(new Uint8Array(data));
    } else if (message === SENT) this.send();
  }

  /** The socket takes what fits into its buffer; the rest waits for the next "sent". */
  private send(): void {
    while (this.#open && this.#socket) {
      const data = this.#waiting.shift();
      const room = this.#socket.write();
      if (!data || room === 0) {
        if (data) this.#waiting.unshift(data);
        return;
      }
      this.#socket.write(data.slice(0, room).buffer);
      if (data.length > room) this.#waiting.unshift(data.subarray(room));
    }
  }

  private release(): void {
    this.#socket?.close();
    this.#socket = undefined;
    this.#waiting = [];
  }
}

/**
 * `certificate`: the root of the configured server, in PEM. `tell` hears why a server could not be
 * had: once, until that changes or it is had again, as callers may ask often.
 */
export function secureConnect(certificate: string, tell: (why: string) => void): SecureConnect {
  let told = "";
  return (host, port) =>
    new Promise((resolve, reject) => {
      const connection = new TlsConnection(host, port, certificate);
      connection.onClose = (error) => {
        const why = `${host}:${port}: ${error}`;
        if (why !== told) tell(why);
        told = why;
        reject(new Error(why));
      };
      connection.onOpen = () => {
        told = "";
        connection.onClose = () => {};
        resolve(connection);
      };
    });
}
