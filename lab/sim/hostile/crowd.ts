// Neighbours who try to fill the socket's memory while a cable pays. Each manner sends the most
// that a limit allows, so that the socket's heap is measured at its limits
// (tools/firmware/floods.ts). The crowd calls from addresses of its own on loopback, which Linux
// has, and opens connections until the cable is unplugged.

import type { Millisecond } from "../../../shared/kernel/units";
import { CONNECTION_LIMITS } from "../../../shared/net/connection-limits";
import { REQUEST_LIMITS } from "../../../shared/rpc/methods";
import type { Account } from "../account";
import { keysOf } from "../keys";
import type { End, Party } from "../network";
import type { Happening, Simulation } from "../simulation";
import type { Manner } from "./manner";

const { headBytes, headers, bodyBytes, earlyBytes } = CONNECTION_LIMITS;
const { replaced, base64 } = REQUEST_LIMITS;
/** As many as fill all places of a server that takes four from an address. */
const FEW = 3;

const START = "POST /RPC2 HTTP/1.1";
const USUAL = [START, "Host: socket", "Content-Type: text/xml"];
const message = (lines: readonly string[], body: string): string =>
  `${[...USUAL, ...lines, `Content-Length: ${body.length}`].join("\r\n")}\r\n\r\n${body}`;
const post = (body: string): string => message([], body);

/** A message whose head has `line` over and over, to the last byte that is taken. */
function largestHead(
  line: (index: number, room: number) => string,
  body: string,
  most = Number.POSITIVE_INFINITY,
): string {
  const lines: string[] = [];
  const room = () => headBytes - message(lines, body).indexOf("\r\n\r\n") - 2;
  while (room() > 0 && lines.length < most) {
    const next = line(lines.length, room());
    if (next.length === 0 || next.length > room()) break;
    lines.push(next);
  }
  return message(lines, body);
}

const call = (method: string, param = ""): string =>
  `<methodCall><methodName>${method}</methodName><params>${param && `<param>${param}</param>`}</params></methodCall>`;
const struct = (members: Readonly<Record<string, string>>): string =>
  `<value><struct>${Object.entries(members)
    .map(([name, value]) => `<member><name>${name}</name>${value}</member>`)
    .join("")}</struct></value>`;
const STATUS = call("get_status");
const BASE64 = `<value><base64>${"A".repeat(base64)}</base64></value>`;
const WAIT = call("get_status", struct({ wait_ms: "<value><int>25000</int></value>" }));

/**
 * A call with one value in which `text` is repeated, so often or up to the largest body, after as
 * much else as there is room for.
 */
function largestValue(type: string, text: string, most = Number.POSITIVE_INFINITY): string {
  const around = (content: string) => call("get_status", `<value><${type}>${content}</${type}></value>`);
  const room = bodyBytes - around("").length;
  const repeated = text.repeat(Math.min(most, Math.floor(room / text.length)));
  return post(around(most < Number.POSITIVE_INFINITY ? "v".repeat(room - repeated.length) + repeated : repeated));
}

/** As many values, as deep as is accepted, in the largest body; each text ends with `ending`. */
function mostValues(ending = ""): string {
  const { depth, values } = REQUEST_LIMITS;
  const around = (texts: number) => {
    const text = `<value>${"v".repeat(texts)}${ending}</value>`;
    const leaves = Array.from({ length: values - depth }, (_, i) => [`m${i}`, text]);
    let nested = struct(Object.fromEntries(leaves));
    for (let i = 1; i < depth; i++) nested = struct({ m: nested });
    return call("pay_transaction", nested);
  };
  return post(around(Math.floor((bodyBytes - around(0).length) / (values - depth))));
}

function powerRequest(count: number): string {
  const address = `<value>${keysOf(count, "neighbour").address}</value>`;
  return post(call("power_request", struct({ address, scheme: "<value>single-fee</value>" })));
}

const evenHeaders = (body: string): string => {
  const width = Math.floor((headBytes - message([], body).indexOf("\r\n\r\n")) / (headers - 4)) - 2;
  return largestHead((i) => `x-${i}:`.padEnd(width, "v"), body, headers - 4);
};

/** A line, and closed: 200 a second for twenty seconds. */
function bare(name: string, addresses: number): Manner {
  return { name, addresses, every: 5, after: 8_000, most: 4_000, hangsUp: true, text: () => "x\r\n" };
}

const SINGLE: readonly Manner[] = [
  { name: "half-sent bodies", addresses: FEW, text: () => post("x".repeat(bodyBytes)).slice(0, -1) },
  { name: "unread answers", addresses: FEW, deaf: true, again: 100, text: () => post(STATUS) },
  {
    name: "pipelining and gone",
    addresses: FEW,
    hangsUp: true,
    text: () => post(STATUS).repeat(Math.floor(earlyBytes / post(STATUS).length) + 1),
  },
  { name: "largest heads half-sent", addresses: FEW, text: () => evenHeaders(STATUS).slice(0, -1) },
  { name: "heads of short lines", addresses: FEW, text: () => largestHead(() => "a:", STATUS) },
  {
    name: "heads of commas",
    addresses: FEW,
    text: () => largestHead((_, room) => "connection:".padEnd(room, ","), STATUS),
  },
  {
    name: "heads of hard blanks",
    addresses: FEW,
    text: () => largestHead((_, room) => "a:".padEnd(room, "\u00a0"), STATUS),
  },
  { name: "waits with more sent ahead", addresses: FEW, text: () => evenHeaders(WAIT) + "x".repeat(earlyBytes) },
  { name: "deepest values", addresses: FEW, text: () => mostValues() },
  { name: "texts of references", addresses: FEW, text: () => mostValues("&lt;".repeat(replaced)) },
  { name: "too many references", addresses: FEW, text: () => largestValue("string", "&lt;") },
  { name: "line ends", addresses: FEW, text: () => largestValue("string", "\r", replaced) },
  { name: "too many line ends", addresses: FEW, text: () => largestValue("string", "\r") },
  { name: "base64", addresses: FEW, text: () => post(call("get_status", BASE64)) },
  { name: "text of digits", addresses: FEW, text: () => largestValue("int", "9") },
  { name: "text of fractions", addresses: FEW, text: () => largestValue("double", "9") },
  { name: "text beyond ASCII", addresses: FEW, text: () => largestValue("string", "\u00c3\u00a9") },
  { name: "text that is no UTF-8", addresses: FEW, text: () => largestValue("string", "\u00ff") },
  { name: "tags without end", addresses: FEW, text: () => post("<".repeat(bodyBytes)) },
  { name: "requests for power", addresses: FEW, text: powerRequest },
  { name: "many addresses", addresses: 150, text: () => post(STATUS) },
  bare("bare connections", 1),
  bare("bare connections of many addresses", 150),
];

export const MANNERS: readonly Manner[] = [
  ...SINGLE,
  {
    name: "all of them in turn",
    addresses: FEW,
    text: (count) => (SINGLE[count % SINGLE.length] as Manner).text(count),
  },
];

/** The manner of this name; throws an Error that lists the names where there is none. */
export function mannerNamed(name: string): Manner {
  const manner = MANNERS.find((each) => each.name === name);
  if (!manner) throw new Error(`no manner "${name}"; there are "${MANNERS.map((each) => each.name).join('", "')}"`);
  return manner;
}

/** The first of the crowd's addresses is 127.0.1.1. */
const NETWORK = "127.0.1";
const EVERY: Millisecond = 250;
/** Then it has enough, should the cable never be unplugged. */
const DURATION: Millisecond = 400_000;

export class Crowd {
  #gone = false;
  #opened = 0;
  /** How often the socket began an answer with which status. */
  readonly #answers = new Map<string, number>();

  constructor(
    readonly simulation: Simulation,
    readonly account: Account,
    readonly manner: Manner,
  ) {}

  /** Crowds until the cable is unplugged. */
  run(): Promise<void> {
    const { timeline } = this.simulation;
    const end = timeline.now + DURATION;
    return new Promise((resolve) => {
      const next = (count: number): void => {
        if (this.#gone || timeline.now >= end || count >= (this.manner.most ?? Infinity)) {
          this.#gone = true;
          this.#report();
          resolve();
          return;
        }
        this.#open(count);
        timeline.at(timeline.now + (this.manner.every ?? EVERY), () => next(count + 1));
      };
      timeline.at(timeline.now + (this.manner.after ?? 0), () => next(0));
    });
  }

  heard({ event }: Happening): void {
    if (event.name === "plug out") this.#gone = true;
  }

  #open(count: number): void {
    const { network, port, timeline } = this.simulation;
    const { addresses, deaf = false, text } = this.manner;
    const party: Party = { name: "crowd", alive: true, address: `${NETWORK}.${(count % addresses) + 1}` };
    const end = network.connect(party, "127.0.0.1", port, timeline.now);
    end.deaf = deaf;
    end.onOpen = () => {
      this.#opened++;
      this.#send(end, Buffer.from(text(count), "latin1"));
    };
    end.onData = (bytes) => this.#hear(Buffer.from(bytes).toString("latin1"));
  }

  #hear(text: string): void {
    const status = /^HTTP\/1.1 (\d{3})/.exec(text)?.[1];
    if (status !== undefined) this.#answers.set(status, (this.#answers.get(status) ?? 0) + 1);
  }

  #report(): void {
    const answers = [...this.#answers].map(([status, count]) => `${count} x ${status}`).join(", ") || "no answer";
    const { crashes } = this.account;
    this.account.trials.push({
      tried: `${this.manner.name}: ${this.#opened} connections`,
      met: answers,
      refused: crashes === 0,
    });
  }

  #send(end: End, bytes: Uint8Array): void {
    const { network, timeline } = this.simulation;
    const { hangsUp, again } = this.manner;
    network.write(end, bytes, timeline.now);
    if (hangsUp) network.close(end, timeline.now);
    else if (again !== undefined && !end.closed && !this.#gone)
      timeline.at(timeline.now + again, () => this.#send(end, bytes));
  }
}
