// When a device tells a broker what: Home Assistant's discovery, whether it is there, and its
// state, each retained. No queue: of each there is the latest, and what could not be said is said
// anew after the next connection. It hears one topic, Home Assistant's birth, which only makes it
// say the same again; nothing that a broker sends does more.

import { doubled } from "../kernel/backoff";
import type { Clock, Reporter } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import type { BrokerLink, BrokerOptions, Join, Retained } from "./port";

/** Home Assistant's own topic. */
export const BIRTH_TOPIC = "homeassistant/status";

/** A device that starts has better things to do: the first call, and a payment. */
const FIRST: Millisecond = 5_000;
/** A house of devices does not speak at once. */
const SPREAD: Millisecond = 5_000;
const TURN: Millisecond = 5_000;
/** An unchanged state is said again after so long, so that it can be seen to be alive. */
const REPEAT: Millisecond = 300_000;
const JOIN_MOST: Millisecond = 20_000;
/** A broker that takes nothing for so long is left. */
const STUCK_MOST: Millisecond = 30_000;
const PAUSE_FIRST: Millisecond = 2_000;
const PAUSE_MOST: Millisecond = 300_000;
/** A connection that lasted so long was a good one. */
const GOOD: Millisecond = 60_000;
/** Between two answers to births. */
const BIRTHS_APART: Millisecond = 30_000;
const KEEP_ALIVE: Millisecond = 60_000;

export const ONLINE = "online";
export const OFFLINE = "offline";

/** What there is to say, made when it is said. */
export interface Told {
  /** The client's id, which topics hold as well. */
  readonly id: string;
  readonly availabilityTopic: string;
  discovery(): Retained;
  state(): Retained;
}

export interface PublisherOptions {
  readonly clock: Clock;
  readonly report: Reporter;
  readonly join: Join;
  readonly broker: Pick<BrokerOptions, "host" | "port" | "user" | "password">;
  /** Undefined while the device does not know itself, as its link is not up. */
  readonly told: () => Told | undefined;
  /** From 0 to below 1. */
  readonly chance: () => number;
  /** Memory is needed for a payment, or an update runs: the broker has to wait. */
  readonly isScarce: () => boolean;
}

interface Joined {
  readonly link: BrokerLink;
  readonly told: Told;
  /** Undefined until the broker has taken us in. */
  since: Millisecond | undefined;
  /** Since when it has not taken all. */
  stuckSince: Millisecond | undefined;
  /** What is to be said. */
  readonly due: Set<"discovery" | "online" | "state">;
  said: string;
  saidAt: Millisecond;
}

export class Publisher {
  readonly #options: PublisherOptions;
  #joined: Joined | undefined;
  #failures = 0;
  #why = "";
  #cancel: () => void = () => {};
  #birthDue = false;
  #lastBirth = Number.NEGATIVE_INFINITY;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  start(): void {
    this.later(this.spread(FIRST), () => this.join());
  }

  stop(): void {
    this.#cancel();
    this.#joined?.link.close();
    this.#joined = undefined;
  }

  // ------------------------------------------------------------ the connection

  private join(): void {
    const { clock, join, broker, told, isScarce } = this.#options;
    const known = told();
    if (!known || isScarce()) {
      this.later(this.spread(TURN), () => this.join());
      return;
    }
    const will = { topic: known.availabilityTopic, text: OFFLINE };
    const link = join(
      { ...broker, id: known.id, will, keepAlive: KEEP_ALIVE },
      {
        onReady: () => this.ready(link),
        onMessage: (topic, text) => this.heard(link, topic, text),
        onClose: (why) => this.lose(link, why),
      },
    );
    this.#joined = {
      link,
      told: known,
      since: undefined,
      stuckSince: undefined,
      due: new Set(["discovery", "online", "state"] as const),
      said: "",
      saidAt: clock.now(),
    };
    this.later(JOIN_MOST, () => this.lose(link, "the broker does not answer"));
  }

  private ready(link: BrokerLink): void {
    const joined = this.#joined;
    if (joined?.link !== link || joined.since !== undefined) return;
    const { clock, report, broker } = this.#options;
    joined.since = clock.now();
    this.#why = "";
    report({ name: "mqtt-connected", host: broker.host });
    link.subscribe(BIRTH_TOPIC);
    this.turn(joined);
  }

  private lose(link: BrokerLink, why: string): void {
    const joined = this.#joined;
    if (joined?.link !== link) return;
    const { clock, report } = this.#options;
    this.#joined = undefined;
    link.close();
    const wasGood = joined.since !== undefined && clock.now() - joined.since >= GOOD;
    // Once, until that changes: it may go on for days.
    if (why !== this.#why) report({ name: "mqtt-lost", why });
    this.#why = why;
    this.#failures = wasGood ? 0 : this.#failures + 1;
    this.later(this.spread(doubled(PAUSE_FIRST, this.#failures, PAUSE_MOST)), () => this.join());
  }

  // ------------------------------------------------------------ what is said

  private turn(joined: Joined): void {
    const { clock, isScarce } = this.#options;
    if (this.#joined !== joined) return;
    const now = clock.now();
    joined.link.renew();
    joined.stuckSince = joined.link.unsent > 0 ? (joined.stuckSince ?? now) : undefined;
    const isStuck = joined.stuckSince !== undefined && now - joined.stuckSince >= STUCK_MOST;
    if (isScarce()) this.lose(joined.link, "memory is needed for more important things");
    else if (isStuck) this.lose(joined.link, "the broker takes nothing");
    else this.say(joined, now);
    if (this.#joined === joined) this.later(TURN, () => this.turn(joined));
  }

  private say(joined: Joined, now: Millisecond): void {
    const { due, link, told } = joined;
    if (due.has("discovery") && link.unsent === 0) {
      link.publish(told.discovery());
      due.delete("discovery");
    }
    if (due.has("online") && link.unsent === 0) {
      link.publish({ topic: told.availabilityTopic, text: ONLINE });
      due.delete("online");
    }
    if (link.unsent > 0) return;
    const state = told.state();
    if (!due.has("state") && state.text === joined.said && now - joined.saidAt < REPEAT) return;
    link.publish(state);
    due.delete("state");
    joined.said = state.text;
    joined.saidAt = now;
  }

  // ------------------------------------------------------------ what is heard

  private heard(link: BrokerLink, topic: string, text: string): void {
    if (this.#joined?.link !== link || topic !== BIRTH_TOPIC || text !== ONLINE || this.#birthDue) return;
    const { clock } = this.#options;
    this.#birthDue = true;
    const wait = Math.max(this.spread(1_000), this.#lastBirth + BIRTHS_APART - clock.now());
    clock.after(wait, () => {
      this.#birthDue = false;
      this.#lastBirth = clock.now();
      for (const each of ["discovery", "online", "state"] as const) this.#joined?.due.add(each);
      if (this.#joined?.since !== undefined) this.say(this.#joined, clock.now());
    });
  }

  private spread(time: Millisecond): Millisecond {
    return time + this.#options.chance() * SPREAD;
  }

  /** The one thing that this waits for. */
  private later(delay: Millisecond, action: () => void): void {
    this.#cancel();
    this.#cancel = this.#options.clock.after(delay, action);
  }
}
