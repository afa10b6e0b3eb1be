// The rounds: looks at the session's coins and at what is on its way into a block, every so often,
// and at once where the chain's server tells by itself.

import { ChainError } from "../chain/error";
import { messageOf } from "../kernel/message";
import type { Chain, Clock, Reporter } from "../kernel/ports";
import type { Hex, Millisecond } from "../kernel/units";
import { Fault } from "../protocol/faults";
import type { CoinWatch } from "./coin-watch";
import type { SocketSettings } from "./settings";
import type { Settler } from "./settler";
import type { Till } from "./till";

export interface RoundsOptions {
  readonly clock: Clock;
  readonly chain: Chain;
  readonly report: Reporter;
  readonly settings: SocketSettings;
  readonly watch: CoinWatch;
  readonly till: Till;
  readonly settler: Settler;
}

export class Rounds {
  readonly #options: RoundsOptions;
  #watchedAt: Millisecond = Number.NEGATIVE_INFINITY;
  #watching = false;
  /** The script about which the chain tells us by itself, where its server pushes. */
  #pushed: { readonly script: Hex; readonly end: () => void } | undefined;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  /** Call about once a second. */
  tick(): void {
    const { clock, settings } = this.#options;
    if (clock.now() - this.#watchedAt >= settings.watchEvery) void this.run();
  }

  stop(): void {
    this.#pushed?.end();
  }

  /** Where the server pushes, the socket hears at once of what spends the coins that matter now. */
  awaitPushes(): void {
    const { chain, till, settler } = this.#options;
    const script = till.session?.payerScript ?? settler.settlements.at(-1)?.payerScript;
    if (!chain.watch || script === this.#pushed?.script) return;
    this.#pushed?.end();
    this.#pushed = script === undefined ? undefined : { script, end: chain.watch(script, () => this.hear()) };
  }

  private hear(): void {
    // A round that is under way may have looked before it happened; then the next tick looks again.
    this.#watchedAt = Number.NEGATIVE_INFINITY;
    void this.run();
  }

  /** Rounds never overlap. */
  private async run(): Promise<void> {
    const { till, settler, clock, report } = this.#options;
    const { session } = till;
    if (this.#watching || (!session && settler.settlements.length === 0)) return;
    this.#watching = true;
    this.#watchedAt = clock.now();
    try {
      if (session && session.commitments.length > 0) await this.watchCoins();
    } catch (error) {
      // Nobody waits for this: what goes wrong is told, and the next round tries again.
      const isTrouble = error instanceof ChainError || error instanceof Fault;
      report({ name: isTrouble ? "chain-trouble" : "failed", why: messageOf(error) });
    } finally {
      this.#watching = false;
    }
    await settler.run();
  }

  private async watchCoins(): Promise<void> {
    const { till, watch } = this.#options;
    const { session } = till;
    if (!session) return;
    await watch.ratesToGoOn();
    await watch.tip();
    for (const input of session.inputs) {
      const spend = await watch.spendOf(input, session.payerScript);
      // In each case the answer is to broadcast what is held; the settler then finds out who spent
      // it.
      if (spend && !till.isHandedOver()) till.checkpoint("input-spent");
    }
  }
}
