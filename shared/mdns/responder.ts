// A socket's multicast DNS (RFC 6762): asks whether its name is free, takes the next one where it
// is not, announces it, answers, and gives way where somebody proves to have it. Bytes in, bytes
// out: sockets are at the edge.
//
// It answers resolvers that ask from a port of their own too (6.7), as lwIP's and most simple ones
// do: alone, with their number and question. A flood costs little: one message to all a second for
// each record, ten to single askers.

import type { Clock, Reporter } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import { MDNS_PORT, type Message, type Peer, parseMessage, type Question, TYPE } from "./message";
import {
  ALL,
  announcement,
  answersTo,
  BIT,
  hostOf,
  legacyAnswer,
  nextName,
  type OwnRecord,
  probe,
  recordsOf,
} from "./records";
import { contradicts, knownOf, losesTo } from "./rivals";

export interface ResponderOptions {
  readonly clock: Clock;
  /** From 0 to below 1; chance here only keeps devices apart that were switched on together. */
  readonly chance: () => number;
  /** To `to`, or to the group. May fail without a word. */
  readonly send: (bytes: Uint8Array, to?: Peer) => void;
  readonly report: Reporter;
  /** The name that the owner gave. */
  readonly wanted: string;
  /** The name that it had last, one that came of `wanted`. */
  readonly last?: string;
  /** Where its calls are served. */
  readonly port: number;
  /** The name has held for a while: worth remembering. */
  readonly onKept?: (name: string) => void;
}

const PROBES = 3;
const BETWEEN_PROBES: Millisecond = 250;
/** After a probe of somebody's that comes first. */
const GIVE_WAY: Millisecond = 1000;
/** So many conflicts since a name was kept, and each further probe waits (8.1). */
const CONFLICTS = 15;
const CONFLICTS_PAUSE: Millisecond = 5000;
const ANNOUNCED_AGAIN: readonly Millisecond[] = Object.freeze([1000, 2000]);
const KEPT: Millisecond = 60_000;
/** A record goes to all once in so long; against a probe sooner. */
const BETWEEN: Millisecond = 1000;
const BETWEEN_DEFENCES: Millisecond = 250;
/**
 * A device that wants an answer for itself alone: the answer goes to all where they have heard none
 * for so long, a quarter of a host name's life.
 */
const FRESH: Millisecond = 30_000;
const SINGLE_ANSWERS = 10;
const SINGLE_WITHIN: Millisecond = 1000;
/** Others may have a record of the service too: they do not all answer at once. */
const SHARED_DELAY: Millisecond = 20;
const SHARED_SPREAD: Millisecond = 100;

type State = "idle" | "waiting" | "probing" | "owned";

export class Responder {
  #name: string;
  #address = "";
  #state: State = "idle";
  #records: readonly OwnRecord[] = [];
  /** The name that was announced last. */
  #announced = "";
  #conflicts = 0;
  #single = { count: 0, since: 0 };
  /** When each record went to all, by its place; and which of them wait to. */
  #sent: Millisecond[] = [];
  #pending = 0;
  #defends = false;
  #cancelStep: () => void = nothing;
  #cancelKept: () => void = nothing;
  #cancelAnswer: (() => void) | undefined;

  constructor(private readonly options: ResponderOptions) {
    this.#name = options.last ?? options.wanted;
  }

  /** With its address; again with each new one, and when the link was away. */
  start(address: string): void {
    this.halt();
    this.#address = address;
    this.probeAfter(this.options.chance() * BETWEEN_PROBES);
  }

  /** Says goodbye where it had been heard of. */
  stop(): void {
    if (this.#state === "owned") this.options.send(announcement(this.#records, ALL, true));
    this.halt();
  }

  heard(bytes: Uint8Array, from: Peer): void {
    // Before it probes it has claimed nothing, and what it says itself may come back to it.
    if (this.#state === "idle" || this.#state === "waiting") return;
    if (from.address === this.#address && from.port === MDNS_PORT) return;
    const message = parseMessage(bytes, (name) => answersTo(name, TYPE.ANY, this.#name) !== 0);
    if (!message) return;
    if (message.isResponse) {
      if (from.port === MDNS_PORT) this.hearResponse(message, from);
    } else if (this.#state === "owned") this.answer(message, from);
    else if (losesTo(this.#records, message)) this.probeAfter(GIVE_WAY);
  }

  // ---------------------------------------------------------------- having a name

  private halt(): void {
    this.#cancelStep();
    this.#cancelKept();
    this.#cancelAnswer?.();
    this.#cancelAnswer = undefined;
    this.#pending = 0;
    this.#state = "idle";
  }

  private probeAfter(delay: Millisecond): void {
    this.halt();
    this.#state = "waiting";
    this.#cancelStep = this.options.clock.after(delay, () => {
      this.#records = recordsOf({ name: this.#name, address: this.#address, port: this.options.port });
      this.#sent = [];
      this.#state = "probing";
      this.probe(0);
    });
  }

  private probe(sent: number): void {
    if (sent === PROBES) {
      this.own();
      return;
    }
    this.options.send(probe(this.#records));
    this.#cancelStep = this.options.clock.after(BETWEEN_PROBES, () => this.probe(sent + 1));
  }

  private own(): void {
    const { clock, report, wanted, onKept } = this.options;
    this.#state = "owned";
    if (this.#announced !== this.#name)
      report({ name: "named", host: hostOf(this.#name), ...(this.#name === wanted ? {} : { wanted: hostOf(wanted) }) });
    this.#announced = this.#name;
    this.#cancelKept = clock.after(KEPT, () => {
      this.#conflicts = 0;
      onKept?.(this.#name);
    });
    this.announce(0);
  }

  private announce(times: number): void {
    this.sendToAll(ALL);
    const delay = ANNOUNCED_AGAIN[times];
    if (delay !== undefined) this.#cancelStep = this.options.clock.after(delay, () => this.announce(times + 1));
  }

  private hearResponse(message: Message, from: Peer): void {
    const claimed = this.#state === "owned";
    if (!contradicts(this.#records, message, claimed)) return;
    // A name that was ours is asked about again: another device with that name gives way, or
    // answers.
    if (!claimed) this.rename(from);
    this.probeAfter(this.afterConflict());
  }

  private rename({ address }: Peer): void {
    const { send, report, wanted } = this.options;
    const taken = this.#name;
    if (this.#announced === taken) send(announcement(this.#records, BIT.PTR, true));
    this.#name = nextName(wanted, taken);
    report({ name: "name-taken", host: hostOf(taken), by: address, next: hostOf(this.#name) });
  }

  private afterConflict(): Millisecond {
    this.#conflicts++;
    return this.#conflicts >= CONFLICTS ? CONFLICTS_PAUSE : this.options.chance() * BETWEEN_PROBES;
  }

  // ---------------------------------------------------------------- answers

  private answer(message: Message, from: Peer): void {
    const asked = message.questions.filter(({ name, type }) => answersTo(name, type, this.#name) !== 0);
    if (asked.length === 0) return;
    if (from.port !== MDNS_PORT) {
      this.sendToOne(legacyAnswer(this.#records, this.setOf(asked), message.id, asked), from);
      return;
    }
    const wanted = ~knownOf(this.#records, message);
    const alone = this.setOf(asked.filter(({ unicast }) => unicast)) & wanted;
    const forAll = this.setOf(asked.filter(({ unicast }) => !unicast)) & wanted;
    const isProbe = message.authorities.length > 0;
    if (alone) this.sendToOne(announcement(this.#records, alone), from);
    this.answerAll(forAll | (isProbe ? alone : this.notSentFor(alone, FRESH)), isProbe);
  }

  private setOf(asked: readonly Question[]): number {
    return asked.reduce((set, { name, type }) => set | answersTo(name, type, this.#name), 0);
  }

  private answerAll(set: number, isProbe: boolean): void {
    if (set === 0) return;
    const { clock, chance } = this.options;
    const isShared = (set & (BIT.PTR | BIT.TYPES)) !== 0;
    this.#pending |= set;
    this.#defends ||= isProbe;
    if (this.#cancelAnswer) return;
    const delay = isShared && !isProbe ? SHARED_DELAY + chance() * SHARED_SPREAD : 0;
    this.#cancelAnswer = clock.after(delay, () => {
      const due = this.notSentFor(this.#pending, this.#defends ? BETWEEN_DEFENCES : BETWEEN);
      this.#cancelAnswer = undefined;
      this.#pending = 0;
      this.#defends = false;
      if (due) this.sendToAll(due);
    });
  }

  private notSentFor(set: number, time: Millisecond): number {
    const now = this.options.clock.now();
    return this.#records.reduce((due, { bit }, k) => {
      const sent = this.#sent[k];
      return set & bit && (sent === undefined || now - sent >= time) ? due | bit : due;
    }, 0);
  }

  private sendToAll(set: number): void {
    const now = this.options.clock.now();
    this.#records.forEach(({ bit }, k) => {
      if (set & bit) this.#sent[k] = now;
    });
    this.options.send(announcement(this.#records, set));
  }

  private sendToOne(bytes: Uint8Array, to: Peer): void {
    const now = this.options.clock.now();
    if (now - this.#single.since >= SINGLE_WITHIN) this.#single = { count: 0, since: now };
    if (this.#single.count >= SINGLE_ANSWERS) return;
    this.#single.count++;
    this.options.send(bytes, to);
  }
}

function nothing(): void {}
