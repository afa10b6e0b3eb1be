// Coins that a cable takes back from a socket that vanished: any socket broadcasts that for it. It costs the server of the
// chain a question, so one is taken a minute, only of the address that asks, and none of what is paid with here.

import { coinsOfRelease } from "../bitcoin/release";
import type { Chain, Clock, Outpoint, Reporter } from "../ports";
import type { Hex, Millisecond } from "../units";

const EVERY: Millisecond = 60_000;

export interface ReleasesOptions {
  readonly chain: Chain;
  readonly clock: Clock;
  readonly report: Reporter;
  /** True for a coin with which a session or a settlement of this socket is paid. */
  readonly isPaidWith: (coin: Outpoint) => boolean;
}

export class Releases {
  readonly #options: ReleasesOptions;
  #next: Millisecond = 0;

  constructor(options: ReleasesOptions) {
    this.#options = options;
  }

  /** Broadcasts `transaction` where it spends coins of `payer` back to it. Nothing waits for it, and a refusal is only told. */
  take(transaction: Hex, payer: Hex): void {
    const { chain, clock, report, isPaidWith } = this.#options;
    const coins = coinsOfRelease(transaction, payer);
    if (!coins || coins.some(isPaidWith) || clock.now() < this.#next) return;
    this.#next = clock.now() + EVERY;
    chain.broadcast(transaction).then(
      (txid) => report({ name: "release-sent", txid }),
      (error: unknown) =>
        report({ name: "release-refused", why: error instanceof Error ? error.message : String(error) }),
    );
  }
}
