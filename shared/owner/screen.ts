// Follows the device, and draws where there is something else to show. It holds no picture.

import type { Clock } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import { FRAME_BYTES, pictureOf, type Shown, WIDTH } from "./picture";

/** The driver of a display (firmware/native/display-esp32.ts). */
export interface Panel {
  /** One of eight pages, 128 bytes: 3 ms. */
  page(index: number, bytes: Uint8Array): void;
}

export interface ScreenOptions {
  readonly clock: Clock;
  readonly panel: Panel;
  readonly shown: () => Shown;
  /** A display that does not answer ends it: the device works on without. */
  readonly onError: (error: unknown) => void;
}

const LOOK: Millisecond = 1000;

export class Screen {
  #last = "";
  #isGone = false;

  constructor(private readonly options: ScreenOptions) {
    this.follow();
  }

  private follow(): void {
    const { clock, shown } = this.options;
    this.attempt(() => {
      const now = shown();
      const text = `${now.word} ${now.address}`;
      if (text === this.#last) return;
      this.#last = text;
      this.draw(pictureOf(now), 0);
    });
    if (!this.#isGone) clock.after(LOOK, () => this.follow());
  }

  /** A page at a time: a payment does not wait for all of them. */
  private draw(frame: Uint8Array, index: number): void {
    const { clock, panel } = this.options;
    this.attempt(() => panel.page(index, frame.slice(index * WIDTH, (index + 1) * WIDTH)));
    if (!this.#isGone && (index + 1) * WIDTH < FRAME_BYTES) clock.after(1, () => this.draw(frame, index + 1));
  }

  private attempt(action: () => void): void {
    if (this.#isGone) return;
    try {
      action();
    } catch (error) {
      this.#isGone = true;
      this.options.onError(error);
    }
  }
}
