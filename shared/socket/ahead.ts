// A payer's coins, asked for before its power_request: the cable's first call tells who it is, and
// what the chain answers is there, or on its way, when the request comes. It is a question and no
// more; nothing opens or closes by it.

import type { Clock } from "../kernel/ports";
import type { Hex, Millisecond } from "../kernel/units";

/** From the answer, as long as an offer holds the socket: a cable comes within a second. */
const KEPT: Millisecond = 5_000;
/**
 * Time between two of these questions, for all callers together: a flood of first calls asks the
 * chain no more than that.
 */
const PAUSE: Millisecond = 5_000;

interface Waiting<T> {
  readonly payer: Hex;
  readonly answer: Promise<T | undefined>;
}

/** One question at a time, and one answer that is kept for its payer. */
export class Ahead<T> {
  readonly #clock: Clock;
  readonly #question: (payer: Hex) => Promise<T>;
  #waiting: Waiting<T> | undefined;
  #isAsking = false;
  #mayAskAt: Millisecond = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, question: (payer: Hex) => Promise<T>) {
    this.#clock = clock;
    this.#question = question;
  }

  get mayAsk(): boolean {
    return !this.#isAsking && this.#clock.now() >= this.#mayAskAt;
  }

  /**
   * Resolves when it was answered, and never rejects: what failed is asked again when the payer
   * requests power.
   */
  async ask(payer: Hex): Promise<void> {
    if (!this.mayAsk) return;
    this.#isAsking = true;
    this.#mayAskAt = this.#clock.now() + PAUSE;
    const waiting = { payer, answer: this.#question(payer).catch(() => undefined) };
    this.#waiting = waiting;
    await waiting.answer;
    this.#isAsking = false;
    this.#clock.after(KEPT, () => {
      if (this.#waiting === waiting) this.#waiting = undefined;
    });
  }

  /**
   * What was asked for `payer`, once. Undefined where nothing was, where it failed, or where it is
   * too long ago.
   */
  async take(payer: Hex): Promise<T | undefined> {
    const waiting = this.#waiting;
    if (waiting?.payer !== payer) return undefined;
    this.#waiting = undefined;
    return waiting.answer;
  }
}
