// The selling side of the wire: XML-RPC over HTTP/1.1 for stock clients, over the Listener port.
//
// Takes connections within the limits and hands each to a ServerConnection. How often an address may connect is asked
// before anything is built for a connection, since building costs the most. When all places are taken, the connection
// that has been silent longest between requests makes room, else the one whose request has been coming in longest: idle
// and slow clients shut nobody out, and a connection of the cable that pays makes room for nobody else. Unfinished
// requests and unread answers of all share one memory: beyond it the one that has held some of it longest ends.

import type { Clock, Connection, Listener } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import { ADMISSION_LIMITS, Admission, type AdmissionLimits } from "../net/admission";
import type { SocketCalls } from "../protocol/types";
import type { ErrorReporter } from "./methods";
import { CONNECTION_LIMITS, type ConnectionLimits, ServerConnection } from "./server-connection";

/** A cable's request is here in milliseconds; whose takes longer than this may have to make room. */
const SLOW_MS: Millisecond = 1_000;

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
  /** `calls` under the limits of admission. */
  readonly #guarded: SocketCalls;
  readonly #onError: ErrorReporter;
  readonly #connections = new Set<ServerConnection>();
  #stop: (() => void) | undefined;

  constructor({ listener, port, clock, calls, limits = {}, onError = () => {} }: RpcServerOptions) {
    this.#limits = { ...ADMISSION_LIMITS, ...CONNECTION_LIMITS, ...limits };
    this.#clock = clock;
    this.#admission = new Admission(clock, this.#limits);
    this.#calls = calls;
    this.#guarded = this.#admission.guard(calls);
    this.#onError = onError;
    this.#stop = listener.listen(
      port,
      (connection) => this.accept(connection),
      (address) => this.#admission.takeConnection(address, calls.payer),
      () => calls.payer,
    );
  }

  /** Open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Bytes that the peers make us keep: requests that are not whole, answers that were not taken. */
  get heldBytes(): number {
    return [...this.#connections].reduce((sum, one) => sum + one.held, 0);
  }

  /** Stops listening and closes every connection; answers still due are dropped. May be called twice. */
  close(): void {
    this.#stop?.();
    this.#stop = undefined;
    for (const connection of [...this.#connections]) connection.close();
  }

  private accept(connection: Connection): void {
    const address = addressOf(connection.peer);
    if (this.#stop === undefined || !this.hasRoom(address)) {
      connection.close();
      return;
    }
    const served = new ServerConnection(connection, address, {
      clock: this.#clock,
      limits: this.#limits,
      admission: this.#admission,
      calls: this.#guarded,
      onError: this.#onError,
      onClose: () => this.#connections.delete(served),
      onGrowth: () => this.makeSpace(served),
    });
    this.#connections.add(served);
  }

  /** Memory is for peers whose requests come and whose answers go: the one that has held some of it longest is closed first. */
  private makeSpace(growing: ServerConnection): void {
    while (this.heldBytes > this.#limits.heldBytes) {
      const oldest = longest([...this.#connections], (one) =>
        one !== growing && one.held > 0 ? one.since : undefined,
      );
      if (!oldest) return;
      oldest.close();
    }
  }

  private hasRoom(address: string): boolean {
    const all = [...this.#connections];
    const { payer } = this.#calls;
    const own = all.filter((one) => one.address === address);
    if (own.length >= this.#limits.connectionsPerPeer) return this.makeRoom(own);
    if (all.length < this.#limits.connections) return true;
    // The cable that pays makes room for itself only.
    return this.makeRoom(address === payer ? all : all.filter((one) => one.address !== payer));
  }

  /** Closes the one that has been idle longest, or slow longest; false when none is. */
  private makeRoom(connections: readonly ServerConnection[]): boolean {
    const slow = longest(connections, (one) => one.readingSince);
    const isSlow = slow?.readingSince !== undefined && this.#clock.now() - slow.readingSince >= SLOW_MS;
    const last = longest(connections, (one) => one.idleSince) ?? (isSlow ? slow : undefined);
    last?.close();
    return last !== undefined;
  }
}

/** The one with the earliest `since`. */
function longest(
  connections: readonly ServerConnection[],
  since: (one: ServerConnection) => Millisecond | undefined,
): ServerConnection | undefined {
  let found: ServerConnection | undefined;
  for (const one of connections) if ((since(one) ?? Infinity) < ((found && since(found)) ?? Infinity)) found = one;
  return found;
}

/** `address:port` without the port. */
function addressOf(peer: string): string {
  const colon = peer.lastIndexOf(":");
  return colon < 0 ? peer : peer.slice(0, colon);
}
