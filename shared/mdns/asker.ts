// Finds the address of a `.local` name by multicast DNS, as a simple resolver (RFC 6762, 5.1): from
// a port of its own, so that answers come to it alone. Unlike lwIP's, which takes the first answer,
// it listens on for a moment: a second one that says otherwise means two devices of one name, and a
// cable would pay whichever was quicker.

import type { Clock } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import { MDNS_PORT, type Message, type Peer, parseMessage, TYPE } from "./message";
import { addressQuery } from "./records";

/** A port of one's own, from which the group is asked. */
export interface AskingPort {
  send(bytes: Uint8Array): void;
  close(): void;
}

export interface AskerOptions {
  readonly clock: Clock;
  readonly chance: () => number;
  /** Throws where there is no link yet. */
  readonly open: (onHeard: (bytes: Uint8Array, from: Peer) => void) => AskingPort;
  /** An answer that came after the name was believed, and says otherwise. */
  readonly onDispute: (host: string, addresses: readonly [string, string]) => void;
}

/** When the question is sent, after the first time. */
const ASKED_AGAIN: readonly Millisecond[] = Object.freeze([1000, 2000]);
const GIVEN_UP: Millisecond = 4000;
/**
 * After the first answer others have so long; Wi-Fi hands what is sent to all to sleeping stations
 * at beacons only.
 */
const GATHERED: Millisecond = 300;
/** And so long until nobody listens any more. */
const LATE: Millisecond = 3000;

/** Gives "a.b.c.d". Rejects where nobody answers, or two say different things. */
export function askAddress(host: string, options: AskerOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const question = new OpenQuestion(host, options, resolve, reject);
    try {
      question.begin();
    } catch (error) {
      reject(error);
    }
  });
}

class OpenQuestion {
  #port: AskingPort | undefined;
  #found: string | undefined;
  #isDone = false;
  readonly #id: number;
  #timers: (() => void)[] = [];

  constructor(
    private readonly host: string,
    private readonly options: AskerOptions,
    private readonly resolve: (address: string) => void,
    private readonly reject: (error: Error) => void,
  ) {
    this.#id = Math.floor(options.chance() * 0x10000);
  }

  begin(): void {
    const { clock, open } = this.options;
    const port = open((bytes, from) => this.hear(bytes, from));
    this.#port = port;
    const query = addressQuery(this.#id, this.host);
    port.send(query);
    const again = ASKED_AGAIN.map((delay) => clock.after(delay, () => !this.#found && port.send(query)));
    this.#timers = [...again, clock.after(GIVEN_UP, () => this.fail(`${this.host}: nobody answers to this name`))];
  }

  private hear(bytes: Uint8Array, from: Peer): void {
    if (from.port !== MDNS_PORT) return;
    const wanted = this.host.toLowerCase();
    const message = parseMessage(bytes, (name) => name === wanted);
    const addresses = message && this.addressesOf(message);
    const first = addresses?.[0];
    if (!addresses || first === undefined) return;
    if (this.#found === undefined) this.believe(first);
    else if (addresses.indexOf(this.#found) < 0) this.dispute(this.#found, first);
  }

  private addressesOf({ bytes, id, isResponse, answers }: Message): string[] {
    if (!isResponse || id !== this.#id) return [];
    return answers
      .filter(({ type, ttl, length }) => type === TYPE.A && ttl > 0 && length === 4)
      .map(({ at }) => bytes.subarray(at, at + 4).join("."));
  }

  private believe(address: string): void {
    const { clock } = this.options;
    this.#found = address;
    this.stopTimers();
    this.#timers = [
      clock.after(GATHERED, () => {
        this.#isDone = true;
        this.resolve(address);
      }),
      clock.after(LATE, () => this.close()),
    ];
  }

  private dispute(one: string, other: string): void {
    if (this.#isDone) {
      this.options.onDispute(this.host, [one, other]);
      this.close();
    } else
      this.fail(
        `${this.host}: ${one} and ${other} both answer to this name: give each socket its own (hostname), and each cable ` +
          "the one that it pays (socket.host)",
      );
  }

  private fail(why: string): void {
    this.close();
    this.reject(new Error(why));
  }

  private close(): void {
    this.stopTimers();
    this.#port?.close();
  }

  private stopTimers(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers = [];
  }
}
