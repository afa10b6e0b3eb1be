// What a small display shows (SSD1306, 128 x 64): the bitcoin sign and the state, as the prototype
// of 2017 had it; on a cable that waits its address as a QR code too.

import { constant } from "../kernel/constant";
import type { LightWord } from "./light";
import { QR_SIZE, qrCode } from "./qr";

export const WIDTH = 128;
export const HEIGHT = 64;
/**
 * As the controller has them: eight pages of 128 columns, each byte eight rows, the topmost lowest.
 */
export const FRAME_BYTES = (WIDTH * HEIGHT) / 8;

const SIGN = constant([
  "...##.##...",
  "...##.##...",
  "#########..",
  "##########.",
  "..##....###",
  "..##....###",
  "..##....##.",
  "..#######..",
  "..########.",
  "..##....###",
  "..##.....##",
  "..##....###",
  "##########.",
  "#########..",
  "...##.##...",
  "...##.##...",
] as const);
const SIGN_SCALE = 3;

const LETTERS = "ABCDEFGIKLNOPSTUWY";
/** Five columns a letter, in the order of LETTERS; the lowest bit is the topmost of seven rows. */
const COLUMNS =
  "7e1111117e7f494949363e414141227f4141221c7f494949417f090909013e4149497a00417f41007f081422417f404040407f0408107f3e4141413e7f09090906464949493101017f01013f4040403f3f4038403f0708700807";
const LETTER_WIDTH = 5;
const LETTER_HEIGHT = 7;
const ADVANCE = LETTER_WIDTH + 1;

export interface Shown {
  readonly word: LightWord;
  /** Of a cable. */
  readonly address?: string;
}

/** A frame as the display takes it. */
export function pictureOf({ word, address }: Shown): Uint8Array {
  const frame = new Frame();
  // While it deals or draws, or somebody must look, the state is what counts.
  if (address !== undefined && (word === "standby" || word === "lockout")) waiting(frame, word, address);
  else {
    frame.sign(3, 8);
    frame.text(word.toUpperCase(), 40, WIDTH - 40, HEIGHT / 2);
  }
  return frame.bytes;
}

/**
 * A wallet wants the code dark on light, with a light margin: three modules do where the case is
 * dark.
 */
function waiting(frame: Frame, word: LightWord, address: string): void {
  frame.sign(15, 2);
  frame.text(word.toUpperCase(), 0, HEIGHT, 58);
  const at = WIDTH - HEIGHT;
  frame.box(at, 0, HEIGHT, HEIGHT, true);
  const margin = (HEIGHT - 2 * QR_SIZE) / 2;
  qrCode(`BITCOIN:${address.toUpperCase()}`).forEach((row, y) => {
    row.forEach((dark, x) => {
      if (dark) frame.box(at + margin + 2 * x, margin + 2 * y, 2, 2, false);
    });
  });
}

class Frame {
  readonly bytes = new Uint8Array(FRAME_BYTES);

  box(left: number, top: number, width: number, height: number, lit: boolean): void {
    for (let y = top; y < top + height; y++)
      for (let x = left; x < left + width; x++) {
        const at = (y >> 3) * WIDTH + x;
        const bit = 1 << (y & 7);
        const byte = this.bytes[at] as number;
        this.bytes[at] = lit ? byte | bit : byte & ~bit;
      }
  }

  sign(left: number, top: number): void {
    SIGN.forEach((row, y) => {
      for (let x = 0; x < row.length; x++)
        if (row[x] === "#") this.box(left + x * SIGN_SCALE, top + y * SIGN_SCALE, SIGN_SCALE, SIGN_SCALE, true);
    });
  }

  /** As large as fits into `width`, in its middle. */
  text(text: string, left: number, width: number, middle: number): void {
    const scale = 2 * (text.length * ADVANCE - 1) <= width ? 2 : 1;
    const from = left + ((width - scale * (text.length * ADVANCE - 1)) >> 1);
    const top = middle - ((LETTER_HEIGHT * scale) >> 1);
    for (let at = 0; at < text.length; at++)
      for (let column = 0; column < LETTER_WIDTH; column++) {
        const bits = columnOf(text[at] as string, column);
        for (let row = 0; row < LETTER_HEIGHT; row++)
          if ((bits >> row) & 1)
            this.box(from + scale * (at * ADVANCE + column), top + scale * row, scale, scale, true);
      }
  }
}

function columnOf(letter: string, column: number): number {
  const at = 2 * (LETTERS.indexOf(letter) * LETTER_WIDTH + column);
  return Number.parseInt(COLUMNS.slice(at, at + 2), 16);
}
