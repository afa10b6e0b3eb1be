// Bytes that come in pieces, kept in one growing buffer: a peer that sends them one by one must not
// make us keep an object for each, which on a microcontroller is a hundred times the byte.

/** At first, and at least by so much it grows. */
const STEP_BYTES = 256;

export class Bytes {
  #buffer = new Uint8Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Bytes of memory that are taken: less than twice the length and a step. */
  get capacity(): number {
    return this.#buffer.length;
  }

  /** Copies the piece. */
  add(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#length, STEP_BYTES));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(piece, this.#length);
    this.#length = length;
  }

  /** All of them so far, as a view that holds until the next piece. */
  get view(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** All of them, as one view; empty afterwards. */
  take(): Uint8Array {
    const all = this.#buffer.subarray(0, this.#length);
    this.#buffer = new Uint8Array(0);
    this.#length = 0;
    return all;
  }
}
