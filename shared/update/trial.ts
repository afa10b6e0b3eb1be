// The trial of an image that was started for the first time after an update. It sells nothing,
// signs nothing for anybody and writes nothing until each of its checks has held once; then it
// confirms itself and starts anew as what it is. Where a check fails, or power goes, the next start
// is of the image before it.

import { messageOf } from "../kernel/message";
import type { Clock, Reporter } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";

export interface TrialCheck {
  readonly name: string;
  /**
   * Resolves with undefined once it holds, and with a sentence while it does not yet. Where it
   * rejects the image is no good.
   */
  readonly look: () => Promise<string | undefined> | string | undefined;
  /** After which waiting is over. Without, it waits as long as it takes. */
  readonly most?: Millisecond;
}

export interface TrialOptions {
  readonly clock: Clock;
  readonly report: Reporter;
  /** In their order; the next one begins when one has held. */
  readonly checks: readonly TrialCheck[];
  readonly confirm: () => void;
  /** After `confirm` of this image, without it of the one before. */
  readonly restart: () => void;
}

/** Between two looks. */
const AGAIN: Millisecond = 2000;
/** What waits is told again: somebody may have opened the console meanwhile. */
const TELL_AGAIN: Millisecond = 10_000;
/** Until the last line is out. */
const LAST_LINE: Millisecond = 200;

export class Trial {
  readonly #options: TrialOptions;
  /** What it waits for, in words. */
  why = "it begins";
  #toldAt = -TELL_AGAIN;

  constructor(options: TrialOptions) {
    this.#options = options;
  }

  /** Resolves when it is over, just before the restart. */
  async run(): Promise<void> {
    const { checks, report, confirm, clock, restart } = this.#options;
    try {
      for (const check of checks) await this.hold(check);
      confirm();
      report({ name: "update-confirmed" });
    } catch (error) {
      this.why = messageOf(error);
      report({ name: "update-undone", why: this.why });
    }
    clock.after(LAST_LINE, restart);
  }

  private async hold({ name, look, most }: TrialCheck): Promise<void> {
    const { clock } = this.#options;
    const since = clock.now();
    for (;;) {
      const why = await look();
      if (why === undefined) return;
      this.tell(name, why);
      if (most !== undefined && clock.now() - since >= most) throw new Error(`${name}: ${why}`);
      await new Promise<void>((resolve) => void clock.after(AGAIN, resolve));
    }
  }

  private tell(name: string, why: string): void {
    const { clock, report } = this.#options;
    if (this.why === why && clock.now() - this.#toldAt < TELL_AGAIN) return;
    this.why = why;
    this.#toldAt = clock.now();
    report({ name: "update-trial", waits: name, why });
  }
}
