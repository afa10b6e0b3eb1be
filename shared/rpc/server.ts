// The selling side of the wire: XML-RPC over HTTP/1.1 for stock clients, over the Listener port.
//
// Takes connections within the limits and hands each to a ServerConnection. When all places are taken, the
// connection that has been silent longest between requests makes room, so that idlers can't shut a paying cable out.

import type { Clock, Connection, Listener } from "../ports";
import { ADMISSION_LIMITS, Admission, type AdmissionLimits } from "./admission";
import type { ErrorReporter } from "./methods";
import { CONNECTION_LIMITS, type ConnectionLimits, ServerConnection } from "./server-connection";
import type { SocketCalls } from "./types";

export interface RpcServerOptions {
  readonly listener: Listener;
  readonly port: number;
  readonly clock: Clock;
  /** Called with the peer's address, without its port. */
  readonly calls: SocketCalls;
  readonly limits?: Partial<AdmissionLimits & ConnectionLimits>;
  /** Told of what nobody expected; the peer got the fault internal-error. */
  readonly onError?: ErrorReporter;
}

export class RpcServer {
  readonly #limits: AdmissionLimits & ConnectionLimits;
  readonly #clock: Clock;
  readonly #admission: Admission;
  readonly #calls: SocketCalls;
  readonly #onError: ErrorReporter;
  readonly #connections = new Set<ServerConnection>();
  #stop: (() => void) | undefined;

  constructor({ listener, port, clock, calls, limits = {}, onError = () => {} }: RpcServerOptions) {
    this.#limits = { ...ADMISSION_LIMITS, ...CONNECTION_LIMITS, ...limits };
    this.#clock = clock;
    this.#admission = new Admission(clock, this.#limits);
    this.#calls = this.#admission.guard(calls);
    this.#onError = onError;
    this.#stop = listener.listen(port, (connection) => this.#accept(connection));
  }

  /** Open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Stops listening and closes every connection; answers still due are dropped. May be called twice. */
  close(): void {
    this.#stop?.();
    this.#stop = undefined;
    for (const connection of [...this.#connections]) connection.close();
  }

  #accept(connection: Connection): void {
    const address = addressOf(connection.peer);
    if (this.#stop === undefined || !this.#hasRoom(address)) {
      connection.close();
      return;
    }
    const served = new ServerConnection(connection, address, {
      clock: this.#clock,
      limits: this.#limits,
      admission: this.#admission,
      calls: this.#calls,
      onError: this.#onError,
      onClose: () => this.#connections.delete(served),
    });
    this.#connections.add(served);
  }

  #hasRoom(address: string): boolean {
    const all = [...this.#connections];
    const own = all.filter((one) => one.address === address);
    if (own.length >= this.#limits.connectionsPerPeer) return makeRoom(own);
    return all.length < this.#limits.connections || makeRoom(all);
  }
}

/** Closes the one that has been idle longest; false when none is. */
function makeRoom(connections: readonly ServerConnection[]): boolean {
  const idle = connections.filter((one) => one.idleSince !== undefined);
  if (idle.length === 0) return false;
  idle.reduce((oldest, one) => ((one.idleSince as number) < (oldest.idleSince as number) ? one : oldest)).close();
  return true;
}

/** `address:port` without the port. */
function addressOf(peer: string): string {
  const colon = peer.lastIndexOf(":");
  return colon < 0 ? peer : peer.slice(0, colon);
}
