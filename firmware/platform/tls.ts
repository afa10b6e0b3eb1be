// TLS for the Dialer port, over the SDK's mbedTLS socket: the server's certificate is checked against one configured
// root. Connecting and the handshake block JavaScript for a while, so it is used off the path from plug to power only.

import { SocketTLS } from "socketmbedtls";
import type { Connection } from "../../shared/ports";
import type { SecureConnect } from "./network";

const CONNECTED = 1;
const RECEIVED = 2;
const SENT = 3;

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
    socket.callback = (message) => this.take(message);
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

  private take(message: number): void {
    if (message < 0) {
      const { onClose } = this;
      this.release();
      onClose(message === -1 ? "closed by the server" : "TLS failed");
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

/** `certificate`: the root of the configured server, in PEM. */
export function secureConnect(certificate: string): SecureConnect {
  return (host, port) =>
    new Promise((resolve, reject) => {
      const connection = new TlsConnection(host, port, certificate);
      connection.onClose = (error) => reject(new Error(`${host}:${port}: ${error}`));
      connection.onOpen = () => {
        connection.onClose = () => {};
        resolve(connection);
      };
    });
}
