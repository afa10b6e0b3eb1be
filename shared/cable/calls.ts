// Calls that are repeated until the socket answers: it may not be up yet, and the link may drop a
// question or its answer.

import { doubled } from "../kernel/backoff";
import type { Clock } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import { Fault } from "../protocol/faults";
import type { Status } from "../protocol/types";
import type { CableParts } from "./parts";

/** After a first call that nobody answered: the socket may be up in a moment. */
const FIRST_RETRY: Millisecond = 50;
/** After a later call that nobody answered. */
const RECONNECT: Millisecond = 500;
const MAX_RECONNECT: Millisecond = 8_000;

export class Calls {
  readonly #parts: CableParts;
  readonly #isRunning: () => boolean;

  constructor(parts: CableParts, isRunning: () => boolean) {
    this.#parts = parts;
    this.#isRunning = isRunning;
  }

  /**
   * The first answer of the socket, however long it takes to come up. Rejects with a Fault; on a
   * direct link with a Stop, where nothing answers.
   */
  async first(): Promise<Status> {
    const { clock, questions, visit } = this.#parts;
    if (visit) return visit.arrive(() => questions.first());
    for (let failures = 0; ; failures++) {
      try {
        return await questions.first();
      } catch (error) {
        if (error instanceof Fault) throw error;
        await passed(clock, doubled(FIRST_RETRY, failures, MAX_RECONNECT));
      }
    }
  }

  /**
   * Repeats a call until it is answered: a repetition changes nothing. What others on the link ask
   * too much is no answer either: power that is paid for flows on.
   */
  async answered<T>(call: () => Promise<T>): Promise<T> {
    const { clock, visit } = this.#parts;
    const since = clock.now();
    for (let failures = 0; ; failures++) {
      try {
        return await call();
      } catch (error) {
        const isAnswer = error instanceof Fault && error.fault !== "too-many-requests";
        if (isAnswer || !this.#isRunning() || visit?.isLost(since)) throw error;
        await passed(clock, doubled(RECONNECT, failures, MAX_RECONNECT));
      }
    }
  }
}

/** Resolves after `time`. */
export function passed(clock: Clock, time: Millisecond): Promise<void> {
  return new Promise((resolve) => {
    clock.after(time, resolve);
  });
}
