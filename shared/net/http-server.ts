// An HTTP/1.1 server for a device, over the Listener port. What it answers is its handler's.
//
// Takes connections within the limits and hands each to a ServerConnection. How often an address
// may connect is asked before anything is built for a connection, since building costs the most.
// When all places are taken, the connection that has been silent longest between requests makes
// room, else the one whose request has been coming in longest: idle and slow clients shut nobody
// out, and a connection of the cable that pays makes room for nobody else. Unfinished requests and
// unread answers of all share one memory: beyond it the one that has held some of it longest ends.

import type { Clock, Connection, Listener } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import type { Admission, AdmissionLimits } from "./admission";
import type { ConnectionLimits } from "./connection-limits";
import type { ErrorReporter, HttpHandler } from "./http-handler";
import { type Context, ServerConnection } from "./server-connection";

/**
 * A cable's request is here in milliseconds; whose takes longer than this may have to make room.
 */
const SLOW_MS: Millisecond = 1_000;

export type HttpServerLimits = Pick<AdmissionLimits, "connections" | "connectionsPerPeer" | "heldBytes"> &
  ConnectionLimits;

export interface HttpServerOptions<Request> {
  readonly listener: Listener;
  readonly port: number;
  readonly clock: Clock;
  readonly handler: HttpHandler<Request>;
  readonly limits: HttpServerLimits;
  readonly admission: Admission;
  /** The address that is served first; undefined: nobody's. */
  readonly payer: () => string | undefined;
  /** Told of what nobody expected. */
  readonly onError: ErrorReporter;
}

export class HttpServer<Request> {
  readonly #options: HttpServerOptions<Request>;
  readonly #context: Context<Request>;
  readonly #connections = new Set<ServerConnection<Request>>();
  #stop: (() => void) | undefined;

  constructor(options: HttpServerOptions<Request>) {
    this.#options = options;
    const { listener, port, admission, payer, clock, limits, handler, onError } = options;
    this.#context = {
      clock,
      limits,
      handler,
      onError,
      onClose: (connection) => this.#connections.delete(connection),
      onGrowth: (connection) => this.makeSpace(connection),
    };
    this.#stop = listener.listen(
      port,
      (connection) => this.accept(connection),
      (address) => admission.takeConnection(address, payer()),
      payer,
    );
  }

  /** Open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Bytes that the peers make us keep: requests that are not whole, answers that were not taken.
   */
  get heldBytes(): number {
    return [...this.#connections].reduce((sum, one) => sum + one.held, 0);
  }

  /**
   * Stops listening and closes every connection; answers still due are dropped. May be called
   * twice.
   */
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
    this.#connections.add(new ServerConnection(connection, address, this.#context));
  }

  /**
   * Memory is for peers whose requests come and whose answers go: the one that has held some of it
   * longest is closed first.
   */
  private makeSpace(growing: ServerConnection<Request>): void {
    while (this.heldBytes > this.#options.limits.heldBytes) {
      const oldest = longest([...this.#connections], (one) =>
        one !== growing && one.held > 0 ? one.since : undefined,
      );
      if (!oldest) return;
      oldest.close();
    }
  }

  private hasRoom(address: string): boolean {
    const all = [...this.#connections];
    const { limits } = this.#options;
    const payer = this.#options.payer();
    const own = all.filter((one) => one.address === address);
    if (own.length >= limits.connectionsPerPeer) return this.makeRoom(own);
    if (all.length < limits.connections) return true;
    // The cable that pays makes room for itself only.
    return this.makeRoom(address === payer ? all : all.filter((one) => one.address !== payer));
  }

  /** Closes the one that has been idle longest, or slow longest; false when none is. */
  private makeRoom(connections: readonly ServerConnection<Request>[]): boolean {
    const slow = longest(connections, (one) => one.readingSince);
    const isSlow = slow?.readingSince !== undefined && this.#options.clock.now() - slow.readingSince >= SLOW_MS;
    const last = longest(connections, (one) => one.idleSince) ?? (isSlow ? slow : undefined);
    last?.close();
    return last !== undefined;
  }
}

/** The one with the earliest `since`. */
function longest<Request>(
  connections: readonly ServerConnection<Request>[],
  since: (one: ServerConnection<Request>) => Millisecond | undefined,
): ServerConnection<Request> | undefined {
  let found: ServerConnection<Request> | undefined;
  for (const one of connections) if ((since(one) ?? Infinity) < ((found && since(found)) ?? Infinity)) found = one;
  return found;
}

/** `address:port` without the port. */
function addressOf(peer: string): string {
  const colon = peer.lastIndexOf(":");
  return colon < 0 ? peer : peer.slice(0, colon);
}
