// Stands in for "embedded:io/socket/listener" (ECMA-419).

import { call, ignore, receive } from "./host";
import TCP from "./tcp";

interface Options {
  port?: number;
  target?: unknown;
  format?: "socket/tcp";
  onReadable?: (this: Listener, requests: number) => void;
}

export default class Listener {
  readonly target: unknown;
  readonly format = "socket/tcp";
  readonly port: number;
  #handle: number;
  #waiting: { handle: number; remoteAddress: string; remotePort: number }[] = [];

  constructor(options: Options) {
    this.target = options.target;
    const reply = call("tcp.listen", { port: options.port ?? 0 }).value as { handle: number; port: number };
    this.#handle = reply.handle;
    this.port = reply.port;
    receive(this.#handle, (event) => {
      this.#waiting.push(event.value);
      options.onReadable?.call(this, this.#waiting.length);
    });
  }

  read(): TCP | undefined {
    const accepted = this.#waiting.shift();
    return accepted && new TCP({ accepted });
  }

  close(): void {
    if (!this.#handle) return;
    call("tcp.unlisten", { handle: this.#handle });
    ignore(this.#handle);
    this.#handle = 0;
  }
}
