// A neighbour who floods the socket while a cable pays: connections that say nothing, that dribble,
// that talk nonsense, and calls by the dozen. It has an address of its own, as a neighbour has; the
// cable must not notice.

import type { Connection } from "../../../shared/kernel/ports";
import type { Account } from "../account";
import type { Party } from "../network";
import type { Simulation } from "../simulation";
import { dialerOf } from "./ports";

/** Loopback has a whole network of addresses on Linux; elsewhere the flood shares the cable's. */
const OWN_ADDRESS = process.platform === "linux" ? "127.0.0.66" : "127.0.0.1";
const CONNECTIONS = 600;
const EVERY_MS = 100;
const DRIBBLE_MS = 1000;

const post = (body: string): string =>
  `POST /RPC2 HTTP/1.1\r\nHost: socket\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const STATUS = post("<methodCall><methodName>get_status</methodName><params></params></methodCall>");
const NONSENSE = post(`<methodCall>${"<x>".repeat(500)}`);
const HUGE = "POST /RPC2 HTTP/1.1\r\nHost: socket\r\nContent-Length: 99999999\r\n\r\n";

/** What a connection does once it is open. */
const MANNERS: readonly ((connection: Connection, flood: Flood) => void)[] = [
  () => {},
  (connection, flood) => flood.dribble(connection, STATUS),
  (connection) => connection.write(bytes(STATUS.repeat(4))),
  (connection) => connection.write(bytes(NONSENSE)),
  (connection) => connection.write(bytes(HUGE)),
];

export class Flood {
  readonly #party: Party = { name: "flood", alive: true, address: OWN_ADDRESS };
  #answered = 0;
  #closed = 0;
  #refused = 0;

  constructor(
    readonly simulation: Simulation,
    readonly account: Account,
  ) {}

  async run(): Promise<void> {
    const { timeline } = this.simulation;
    for (let count = 0; count < CONNECTIONS; count++) {
      this.#open(count);
      await new Promise<void>((resolve) => {
        timeline.at(timeline.now + EVERY_MS, resolve);
      });
    }
    this.account.trials.push({
      tried: `${CONNECTIONS} connections in ${(CONNECTIONS * EVERY_MS) / 1000} s`,
      met: `${this.#answered} answered, ${this.#closed} closed, ${this.#refused} refused`,
      refused: this.account.crashes === 0 && this.account.state.socket === "paid",
    });
  }

  /** A byte a second. */
  dribble(connection: Connection, text: string): void {
    const { timeline } = this.simulation;
    let open = true;
    const closed = connection.onClose;
    connection.onClose = (reason) => {
      open = false;
      closed(reason);
    };
    const next = (at: number) => {
      if (!open || at >= text.length) return;
      connection.write(bytes(text[at] as string));
      timeline.at(timeline.now + DRIBBLE_MS, () => next(at + 1));
    };
    next(0);
  }

  #open(count: number): void {
    const { network, port } = this.simulation;
    dialerOf(network, this.#party)
      .connect({ host: "127.0.0.1", port })
      .then((connection) => {
        connection.onData = () => this.#answered++;
        connection.onClose = () => this.#closed++;
        MANNERS[count % MANNERS.length]?.(connection, this);
      })
      .catch(() => this.#refused++);
  }
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
