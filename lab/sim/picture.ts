// A display's frame as text, two rows of pixels a line.

import { HEIGHT, WIDTH } from "../../shared/owner/picture";

/** 32 lines of 128 signs, without blanks at their ends. */
export function pictureText(frame: Uint8Array): readonly string[] {
  const isLit = (x: number, y: number) => (((frame[(y >> 3) * WIDTH + x] ?? 0) >> (y & 7)) & 1) === 1;
  return Array.from({ length: HEIGHT / 2 }, (_, line) => {
    const signs = Array.from(
      { length: WIDTH },
      (_, x) => " ▀▄█"[Number(isLit(x, 2 * line)) + 2 * Number(isLit(x, 2 * line + 1))],
    );
    return signs.join("").trimEnd();
  });
}
