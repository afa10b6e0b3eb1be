// One QR code (ISO/IEC 18004): version 3, 29 modules, correction M, alphanumeric. It holds what a
// wallet reads from a cable, a URI of BIP321 in upper case, and no more: at most 61 characters.
//
// The mask is always the first one. Readers take any; the standard's choice of the best of eight
// would cost eight drawings and a score.

import { constant } from "../kernel/constant";

export const QR_SIZE = 29;
export const QR_MOST = 61;

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const DATA_BYTES = 44;
const CHECK_BYTES = 26;
const FINDER = 7;
const TIMING = 6;
/** Centre of the one alignment pattern. */
const ALIGNMENT = 22;
/** Correction M, mask 0, with its BCH check and the standard's own mask. */
const FORMAT = 0b101_0100_0001_0010;
const PADDING = constant([0xec, 0x11] as const);

/**
 * Rows of the code, true where it is dark. Throws a RangeError for a text that it does not hold.
 */
export function qrCode(text: string): readonly (readonly boolean[])[] {
  const code = new Code();
  code.fill(withChecks(dataOf(text)));
  return code.rows;
}

function dataOf(text: string): Uint8Array {
  if (text.length > QR_MOST) throw new RangeError(`expected at most ${QR_MOST} characters, got ${text.length}`);
  const bits: number[] = [];
  const put = (value: number, count: number): void => {
    for (let bit = count - 1; bit >= 0; bit--) bits.push((value >> bit) & 1);
  };
  put(0b0010, 4);
  put(text.length, 9);
  for (let at = 0; at < text.length; at += 2) {
    const [high, low] = [codeOf(text[at] as string), text[at + 1]];
    if (low === undefined) put(high, 6);
    else put(high * 45 + codeOf(low), 11);
  }
  put(0, Math.min(4, DATA_BYTES * 8 - bits.length));
  const bytes = new Uint8Array(DATA_BYTES);
  bits.forEach((bit, at) => {
    bytes[at >> 3] = (bytes[at >> 3] as number) | (bit << (7 - (at & 7)));
  });
  for (let at = Math.ceil(bits.length / 8), k = 0; at < DATA_BYTES; at++, k ^= 1) bytes[at] = PADDING[k] as number;
  return bytes;
}

function codeOf(letter: string): number {
  const value = ALPHABET.indexOf(letter);
  if (value < 0) throw new RangeError(`expected upper case, digits or $%*+-./: and blank, got "${letter}"`);
  return value;
}

/**
 * Reed-Solomon over GF(256), polynomial 0x11d: the rest of a division by (x - 1)(x - a)(x - a^2)...
 */
function withChecks(data: Uint8Array): Uint8Array {
  const divisor = new Uint8Array(CHECK_BYTES);
  divisor[CHECK_BYTES - 1] = 1;
  let root = 1;
  for (let k = 0; k < CHECK_BYTES; k++) {
    for (let at = 0; at < CHECK_BYTES; at++) divisor[at] = times(divisor[at] as number, root) ^ (divisor[at + 1] ?? 0);
    root = times(root, 2);
  }
  const rest = new Uint8Array(CHECK_BYTES);
  for (const byte of data) {
    const factor = byte ^ (rest[0] as number);
    rest.copyWithin(0, 1);
    rest[CHECK_BYTES - 1] = 0;
    for (let at = 0; at < CHECK_BYTES; at++) rest[at] = (rest[at] as number) ^ times(divisor[at] as number, factor);
  }
  const all = new Uint8Array(DATA_BYTES + CHECK_BYTES);
  all.set(data);
  all.set(rest, DATA_BYTES);
  return all;
}

function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    if ((b >> bit) & 1) product ^= a;
  }
  return product;
}

class Code {
  readonly rows: boolean[][] = [];
  readonly #fixed: boolean[][] = [];

  constructor() {
    for (let y = 0; y < QR_SIZE; y++) {
      this.rows.push(new Array<boolean>(QR_SIZE).fill(false));
      this.#fixed.push(new Array<boolean>(QR_SIZE).fill(false));
    }
    for (let at = 0; at < QR_SIZE; at++) {
      this.put(at, TIMING, at % 2 === 0);
      this.put(TIMING, at, at % 2 === 0);
    }
    const far = QR_SIZE - FINDER;
    for (const [x, y] of [
      [0, 0],
      [far, 0],
      [0, far],
    ] as const)
      this.rings(x + 3, y + 3, 4);
    this.rings(ALIGNMENT, ALIGNMENT, 2);
    this.format();
  }

  /** Data, in pairs of columns from the right, up and down in turns. */
  fill(bytes: Uint8Array): void {
    let at = 0;
    for (let pair = 0, right = QR_SIZE - 1; right > 0; pair++, right -= 2) {
      if (right === TIMING) right--;
      for (let step = 0; step < QR_SIZE; step++) {
        const y = pair % 2 === 0 ? QR_SIZE - 1 - step : step;
        for (const x of [right, right - 1]) {
          if (this.#fixed[y]?.[x]) continue;
          const bit = ((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
          this.put(x, y, (bit ^ ((x + y) % 2 === 0 ? 1 : 0)) === 1);
          at++;
        }
      }
    }
  }

  /** Dark and light squares within each other; the outermost of a finder is its light margin. */
  private rings(x: number, y: number, reach: number): void {
    for (let dy = -reach; dy <= reach; dy++)
      for (let dx = -reach; dx <= reach; dx++) {
        const ring = Math.max(Math.abs(dx), Math.abs(dy));
        this.put(x + dx, y + dy, reach === 4 ? ring !== 2 && ring !== 4 : ring !== 1);
      }
  }

  private format(): void {
    const last = QR_SIZE - 1;
    for (let bit = 0; bit < 15; bit++) {
      const dark = ((FORMAT >> bit) & 1) === 1;
      // Around the first finder, past the timing patterns.
      if (bit < 8) this.put(8, bit < 6 ? bit : bit + 1, dark);
      else this.put(bit === 8 ? 7 : 14 - bit, 8, dark);
      // And again at the other two.
      if (bit < 8) this.put(last - bit, 8, dark);
      else this.put(8, last - 14 + bit, dark);
    }
    this.put(8, QR_SIZE - 8, true);
  }

  private put(x: number, y: number, dark: boolean): void {
    const row = this.rows[y];
    const fixed = this.#fixed[y];
    if (!row || !fixed || x < 0 || x >= QR_SIZE) return;
    row[x] = dark;
    fixed[x] = true;
  }
}
