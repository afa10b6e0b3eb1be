// Who may ask how much: the limits that keep one peer, or many, from using up a socket's memory and
// time.
//
// Requests and new connections go by token buckets for each address, open connections by a count,
// calls under way by a count that goes down only when the call itself has ended, so that asking and
// hanging up frees nothing early. Each kind of call has a count of its own: calls that ask for
// power, or wait, keep nobody from paying.

import { keepLatest } from "../kernel/latest";
import type { Clock } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import type { ChannelCalls } from "../protocol/channel";
import { Fault } from "../protocol/faults";
import type { SocketCalls } from "../protocol/types";

export interface AdmissionLimits {
  /** Open connections, in all and from one address. */
  readonly connections: number;
  readonly connectionsPerPeer: number;
  /** Bytes that all connections together may make us keep. */
  readonly heldBytes: number;
  /** `get_status` calls that wait, in all and from one address. */
  readonly waits: number;
  readonly waitsPerPeer: number;
  /** `power_request` calls that were not answered yet, in all and from one address. */
  readonly openings: number;
  readonly openingsPerPeer: number;
  /** `pay_transaction` calls that were not answered yet, in all and from one address. */
  readonly payments: number;
  readonly paymentsPerPeer: number;
  /** Requests that an address may make at once, and how many more each second allows. */
  readonly burst: number;
  readonly perSecond: number;
  /** Connections that an address may open at once, and how many more each second allows. */
  readonly connectBurst: number;
  readonly connectsPerSecond: number;
  /** The same for all together that do not pay, while a cable pays. */
  readonly strangersBurst: number;
  readonly strangersPerSecond: number;
  /** Addresses whose buckets are remembered; the one that asked longest ago is forgotten first. */
  readonly peers: number;
}

export const ADMISSION_LIMITS: AdmissionLimits = Object.freeze({
  connections: 4,
  connectionsPerPeer: 3,
  heldBytes: 6144,
  waits: 3,
  waitsPerPeer: 2,
  openings: 2,
  openingsPerPeer: 1,
  payments: 2,
  paymentsPerPeer: 2,
  burst: 30,
  perSecond: 10,
  connectBurst: 12,
  connectsPerSecond: 4,
  strangersBurst: 24,
  strangersPerSecond: 8,
  peers: 8,
});

/** Advice to a peer that met a count, which has no time of its own. */
const RETRY_MS: Millisecond = 1000;

/** What one address has left. */
interface Bucket {
  requests: number;
  connects: number;
  at: Millisecond;
}

export class Admission {
  readonly #clock: Clock;
  readonly #limits: AdmissionLimits;
  readonly #buckets = new Map<string, Bucket>();
  /** What all that do not pay have left, while a cable pays. */
  #strangers: number;
  #strangersAt: Millisecond;
  readonly #waits: Tally;
  readonly #openings: Tally;
  readonly #payments: Tally;

  constructor(clock: Clock, limits: AdmissionLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#strangers = limits.strangersBurst;
    this.#strangersAt = clock.now();
    this.#waits = new Tally(limits.waits, limits.waitsPerPeer);
    this.#openings = new Tally(limits.openings, limits.openingsPerPeer);
    this.#payments = new Tally(limits.payments, limits.paymentsPerPeer);
  }

  /**
   * Takes a token of this address. Throws the fault too-many-requests, with the time to wait, when
   * there is none.
   */
  takeRequest(address: string): void {
    const bucket = this.bucketOf(address);
    if (bucket.requests < 1) {
      const wait = Math.ceil(((1 - bucket.requests) * 1000) / this.#limits.perSecond);
      throw new Fault("too-many-requests", `Expected at most ${this.#limits.perSecond} a second.`, wait);
    }
    bucket.requests -= 1;
  }

  /**
   * Takes a connection of this address; false when there is none. A stranger's address costs a
   * neighbour nothing, so while the cable of address `payer` pays, all others share one rate
   * besides.
   */
  takeConnection(address: string, payer: string | undefined): boolean {
    const bucket = this.bucketOf(address);
    if (bucket.connects < 1) return false;
    if (payer !== undefined && address !== payer && !this.takeStranger()) return false;
    bucket.connects -= 1;
    return true;
  }

  /**
   * The same calls, refused while too many of the kind are under way. A status that need not wait
   * is always given.
   */
  guard(calls: SocketCalls): SocketCalls {
    return {
      getStatus: (request, peer) =>
        request.waitMs
          ? this.#waits.during(peer, () => calls.getStatus(request, peer))
          : calls.getStatus(request, peer),
      powerRequest: (request, peer) => this.#openings.during(peer, () => calls.powerRequest(request, peer)),
      payTransaction: (request, peer) => this.#payments.during(peer, () => calls.payTransaction(request, peer)),
      channels: calls.channels && this.guardChannels(calls.channels),
    };
  }

  /** Under the same counts: the same two calls of another scheme. */
  private guardChannels(calls: ChannelCalls): ChannelCalls {
    return {
      request: (request, peer) => this.#openings.during(peer, () => calls.request(request, peer)),
      pay: (payment, peer) => this.#payments.during(peer, () => calls.pay(payment, peer)),
    };
  }

  private takeStranger(): boolean {
    const { strangersBurst, strangersPerSecond } = this.#limits;
    const now = this.#clock.now();
    this.#strangers = refilled(this.#strangers, now - this.#strangersAt, strangersPerSecond, strangersBurst);
    this.#strangersAt = now;
    if (this.#strangers < 1) return false;
    this.#strangers -= 1;
    return true;
  }

  private bucketOf(address: string): Bucket {
    const { burst, perSecond, connectBurst, connectsPerSecond, peers } = this.#limits;
    const now = this.#clock.now();
    const old = this.#buckets.get(address);
    const bucket = old ?? { requests: burst, connects: connectBurst, at: now };
    bucket.requests = refilled(bucket.requests, now - bucket.at, perSecond, burst);
    bucket.connects = refilled(bucket.connects, now - bucket.at, connectsPerSecond, connectBurst);
    bucket.at = now;
    keepLatest(this.#buckets, address, bucket, peers);
    return bucket;
  }
}

/** A token bucket's content after `passed`. */
function refilled(tokens: number, passed: Millisecond, perSecond: number, burst: number): number {
  return Math.min(burst, tokens + (passed * perSecond) / 1000);
}

/** Counts what is under way, in all and by address. */
class Tally {
  readonly #most: number;
  readonly #mostPerPeer: number;
  #all = 0;
  readonly #byPeer = new Map<string, number>();

  constructor(most: number, mostPerPeer: number) {
    this.#most = most;
    this.#mostPerPeer = mostPerPeer;
  }

  /**
   * What `action` gives; throws the fault too-many-requests where there is no room. Not async: a
   * promise less a call that waits.
   */
  during<T>(peer: string, action: () => Promise<T>): Promise<T> {
    const mine = this.#byPeer.get(peer) ?? 0;
    if (this.#all >= this.#most || mine >= this.#mostPerPeer) {
      throw new Fault("too-many-requests", `${mine} calls from here are under way.`, RETRY_MS);
    }
    this.add(peer, 1);
    const ended = () => this.add(peer, -1);
    try {
      const result = action();
      result.then(ended, ended);
      return result;
    } catch (error) {
      ended();
      throw error;
    }
  }

  private add(peer: string, change: 1 | -1): void {
    this.#all += change;
    const mine = (this.#byPeer.get(peer) ?? 0) + change;
    if (mine === 0) this.#byPeer.delete(peer);
    else this.#byPeer.set(peer, mine);
  }
}
