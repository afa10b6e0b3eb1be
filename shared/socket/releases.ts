// Coins that a cable takes back from a socket that vanished: any socket broadcasts that for it. It
// costs the server of the chain a question, so one is taken a minute, only of the address that
// asks, and none of what is paid with here.

import { coinsOfRelease } from "../bitcoin/release";
import { readRawTx } from "../chain/raw-tx";
import { messageOf } from "../kernel/message";
import type { Chain, Clock, Outpoint, Reporter } from "../kernel/ports";
import type { Hex, Millisecond } from "../kernel/units";

const EVERY: Millisecond = 60_000;

export interface ReleasesOptions {
  readonly chain: Chain;
  readonly clock: Clock;
  readonly report: Reporter;
  /** True where a session or a settlement of this socket is paid with any of them. */
  readonly isPaidWithAny: (coins: readonly Outpoint[]) => boolean;
}

/**
 * The deposit that a refund takes back: one input, and all of it to `payer`. The script itself says
 * whether it may.
 */
function depositOfRefund(transaction: Hex, payer: Hex): readonly Outpoint[] | undefined {
  try {
    const { inputs, outputs } = readRawTx(transaction);
    return inputs.length === 1 && outputs.length === 1 && outputs[0]?.script === payer ? inputs : undefined;
  } catch {
    return undefined;
  }
}

export class Releases {
  readonly #options: ReleasesOptions;
  #next: Millisecond = 0;

  constructor(options: ReleasesOptions) {
    this.#options = options;
  }

  /**
   * Broadcasts `transaction` where it spends coins of `payer` back to it. Nothing waits for it, and
   * a refusal is only told.
   */
  take(transaction: Hex, payer: Hex): void {
    const { chain, clock, report, isPaidWithAny } = this.#options;
    const coins = coinsOfRelease(transaction, payer) ?? depositOfRefund(transaction, payer);
    if (!coins || clock.now() < this.#next || isPaidWithAny(coins)) return;
    this.#next = clock.now() + EVERY;
    chain.broadcast(transaction).then(
      (txid) => report({ name: "release-sent", txid }),
      (error: unknown) => report({ name: "release-refused", why: messageOf(error) }),
    );
  }
}
