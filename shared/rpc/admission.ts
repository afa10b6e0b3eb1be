// Who may ask how much: the limits that keep one peer, or many, from using up a socket's memory and time.
//
// Requests go by a token bucket for each address, connections by a count, calls under way by a count that goes down
// only when the call itself has ended, so that asking and hanging up frees nothing early.

import type { Clock } from "../ports";
import type { Millisecond } from "../units";
import { Fault } from "./faults";
import type { SocketCalls } from "./types";

export interface AdmissionLimits {
  /** Open connections, in all and from one address. */
  readonly connections: number;
  readonly connectionsPerPeer: number;
  /** Bytes that all connections together may make us keep. */
  readonly heldBytes: number;
  /** Calls that were not answered yet, in all and from one address. */
  readonly calls: number;
  readonly callsPerPeer: number;
  /** `get_status` calls that wait, in all and from one address. */
  readonly waits: number;
  readonly waitsPerPeer: number;
  /** Requests that an address may make at once, and how many more each second allows. */
  readonly burst: number;
  readonly perSecond: number;
  /** Addresses whose buckets are remembered; the one that asked longest ago is forgotten first. */
  readonly peers: number;
}

export const ADMISSION_LIMITS: AdmissionLimits = Object.freeze({
  connections: 4,
  connectionsPerPeer: 3,
  heldBytes: 6144,
  calls: 3,
  callsPerPeer: 2,
  waits: 3,
  waitsPerPeer: 2,
  burst: 30,
  perSecond: 10,
  peers: 8,
});

/** Advice to a peer that met a count, which has no time of its own. */
const RETRY_MS: Millisecond = 1000;

interface Bucket {
  tokens: number;
  at: Millisecond;
}

export class Admission {
  readonly #clock: Clock;
  readonly #limits: AdmissionLimits;
  readonly #buckets = new Map<string, Bucket>();
  readonly #calls = new Tally();
  readonly #waits = new Tally();

  constructor(clock: Clock, limits: AdmissionLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Takes a token of this address. Throws the fault too-many-requests, with the time to wait, when there is none. */
  takeRequest(address: string): void {
    const bucket = this.refill(address);
    if (bucket.tokens < 1) {
      const wait = Math.ceil(((1 - bucket.tokens) * 1000) / this.#limits.perSecond);
      throw new Fault("too-many-requests", `Expected at most ${this.#limits.perSecond} a second.`, wait);
    }
    bucket.tokens -= 1;
  }

  /** The same calls, refused while too many are under way. */
  guard(calls: SocketCalls): SocketCalls {
    return {
      getStatus: (request, peer) => {
        const call = () => this.call(peer, () => calls.getStatus(request, peer));
        return request.waitMs ? this.wait(peer, call) : call();
      },
      powerRequest: (request, peer) => this.call(peer, () => calls.powerRequest(request, peer)),
      payTransaction: (request, peer) => this.call(peer, () => calls.payTransaction(request, peer)),
    };
  }

  private call<T>(peer: string, call: () => Promise<T>): Promise<T> {
    return this.#calls.during(peer, this.#limits.calls, this.#limits.callsPerPeer, call);
  }

  private wait<T>(peer: string, call: () => Promise<T>): Promise<T> {
    return this.#waits.during(peer, this.#limits.waits, this.#limits.waitsPerPeer, call);
  }

  private refill(address: string): Bucket {
    const { burst, perSecond, peers } = this.#limits;
    const now = this.#clock.now();
    const old = this.#buckets.get(address);
    // Set anew each time: a Map keeps the order of insertion, so its first key asked longest ago.
    this.#buckets.delete(address);
    const tokens = old ? Math.min(burst, old.tokens + ((now - old.at) * perSecond) / 1000) : burst;
    const bucket = { tokens, at: now };
    this.#buckets.set(address, bucket);
    if (this.#buckets.size > peers) this.#buckets.delete(this.#buckets.keys().next().value as string);
    return bucket;
  }
}

/** Counts what is under way, in all and by address. */
class Tally {
  #all = 0;
  readonly #byPeer = new Map<string, number>();

  async during<T>(peer: string, most: number, mostPerPeer: number, action: () => Promise<T>): Promise<T> {
    const mine = this.#byPeer.get(peer) ?? 0;
    if (this.#all >= most || mine >= mostPerPeer) {
      throw new Fault("too-many-requests", `${mine} calls from here are under way.`, RETRY_MS);
    }
    this.#all += 1;
    this.#byPeer.set(peer, mine + 1);
    try {
      return await action();
    } finally {
      this.#all -= 1;
      const left = (this.#byPeer.get(peer) as number) - 1;
      if (left === 0) this.#byPeer.delete(peer);
      else this.#byPeer.set(peer, left);
    }
  }
}
