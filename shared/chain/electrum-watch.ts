// Watching scripts at an Electrum server: subscriptions that outlive the connection. A change that
// happened while it was down is noticed by the script's status (a hash of its history) when it is
// back.

import { doubled } from "../kernel/backoff";
import type { Clock } from "../kernel/ports";
import type { Hex, Millisecond } from "../kernel/units";
import type { ElectrumLink } from "./electrum-link";
import type { Json } from "./json-stream";

interface Subscription {
  readonly listeners: Set<() => void>;
  /** Last status heard; undefined before the first. */
  status: Json | undefined;
}

const FIRST_RETRY: Millisecond = 1_000;
const LONGEST_RETRY: Millisecond = 60_000;
/**
 * Servers drop clients that say nothing for ten minutes; a dead connection should be noticed
 * sooner.
 */
const PING_INTERVAL: Millisecond = 60_000;

export class ElectrumWatch {
  readonly #link: ElectrumLink;
  readonly #clock: Clock;
  readonly #subscriptions = new Map<Hex, Subscription>();
  #cancel: () => void = () => {};
  /** Rounds in a row that came to nothing. */
  #failures = 0;
  #closed = false;

  constructor(link: ElectrumLink, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
    link.onNotification = (method, [hash, status]) => {
      if (method === "blockchain.scripthash.subscribe" && typeof hash === "string") this.heard(hash, status);
    };
    link.onLost = () => this.later(FIRST_RETRY);
  }

  /**
   * Calls `onChange` whenever the history of the script with this hash changed. Returns a function
   * that ends it.
   */
  add(hash: Hex, onChange: () => void): () => void {
    let subscription = this.#subscriptions.get(hash);
    if (!subscription) {
      subscription = { listeners: new Set(), status: undefined };
      this.#subscriptions.set(hash, subscription);
    }
    const { listeners } = subscription;
    // A listener of its own, so that the same function may be added twice.
    const listener = (): void => onChange();
    listeners.add(listener);
    this.later(0);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#subscriptions.delete(hash);
    };
  }

  close(): void {
    this.#closed = true;
    this.#subscriptions.clear();
    this.#cancel();
  }

  private later(delay: Millisecond): void {
    this.#cancel();
    if (this.#closed || this.#subscriptions.size === 0) return;
    this.#cancel = this.#clock.after(delay, () => void this.refresh());
  }

  /**
   * Subscribes to everything (a repeated subscription does no harm, and serves as a ping), then
   * again after a while.
   */
  private async refresh(): Promise<void> {
    try {
      for (const hash of [...this.#subscriptions.keys()]) {
        this.heard(hash, await this.#link.call("blockchain.scripthash.subscribe", [hash]));
      }
      this.#failures = 0;
      this.later(PING_INTERVAL);
    } catch {
      // Polling goes on without us; we try again, less and less often.
      this.#failures += 1;
      this.later(doubled(FIRST_RETRY, this.#failures, LONGEST_RETRY));
    }
  }

  private heard(hash: Hex, status: Json | undefined): void {
    const subscription = this.#subscriptions.get(hash);
    if (!subscription || status === undefined || status === subscription.status) return;
    const isFirst = subscription.status === undefined;
    subscription.status = status;
    if (!isFirst) for (const listener of [...subscription.listeners]) listener();
  }
}
