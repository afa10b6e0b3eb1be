// Session ids, drawn ahead: 16 random bytes cost a generator of random bits as much as half a
// signature, and a cable waits for them. One is drawn while nobody waits, and kept in memory alone.

import type { Clock, Random } from "../kernel/ports";
import type { Hex, Millisecond } from "../kernel/units";

const ID_BYTES = 16;
/** After a start. */
const SOON: Millisecond = 200;
/**
 * After an id was taken: when the answer has left, and the payment that follows it is done with.
 */
const LATER: Millisecond = 3_000;

export class SessionIds {
  readonly #clock: Clock;
  readonly #random: Random;
  #next: Hex | undefined;

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  start(): void {
    this.drawIn(SOON);
  }

  /** 32 digits, never the same again. */
  take(): Hex {
    const id = this.#next ?? this.drawn();
    this.#next = undefined;
    this.drawIn(LATER);
    return id;
  }

  private drawIn(time: Millisecond): void {
    this.#clock.after(time, () => {
      this.#next ??= this.drawn();
    });
  }

  private drawn(): Hex {
    let hex = "";
    for (const byte of this.#random.bytes(ID_BYTES)) hex += byte.toString(16).padStart(2, "0");
    return hex;
  }
}
