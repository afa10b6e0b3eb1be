// Arithmetic modulo P for XS, which multiplies two numbers of 256 bits in 1,900 instructions and
// divides 512 bits by 256 in 13,000. So nothing is divided: 2^256 is FOLD modulo P, so a long
// number folds into its upper half times FOLD plus its lower half, which is congruent and 223 bits
// shorter. A fold is 2,000 instructions and a call 1,000, so formulas have their folds written out,
// as `(n >> BITS) * FOLD + (n & MASK)`.

import { mod } from "@noble/curves/abstract/modular.js";
import { P } from "./params";

export const BITS = 256n;
export const MASK = 0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffn;

/** 2^256 - P, 33 bits. */
export const FOLD = 0x1000003d1n;

/**
 * The number from 0 to P - 1 that is congruent to `n`. It divides: for the ends of a calculation.
 */
export function reduced(n: bigint): bigint {
  return mod(n, P);
}

/** `n` folded twice: below 2^256 + 2^66 when it was below 2^544. */
function folded(n: bigint): bigint {
  const once = (n >> BITS) * FOLD + (n & MASK);
  return (once >> BITS) * FOLD + (once & MASK);
}

/** `n` squared `times` times. */
function squared(n: bigint, times: number): bigint {
  let square = n;
  for (let i = 0; i < times; i++) {
    square *= square;
    square = (square >> BITS) * FOLD + (square & MASK);
    square = (square >> BITS) * FOLD + (square & MASK);
  }
  return square;
}

/**
 * A number whose square is `n`, from 0 to P - 1, modulo P; undefined where there is none. As P is 3
 * modulo 4 it is n^((P+1)/4), by the chain of additions of libsecp256k1 and @noble/curves: 253
 * squarings and 13 products. `a6` is n^(2^6 - 1), six ones.
 */
export function squareRoot(n: bigint): bigint | undefined {
  const a2 = folded(squared(n, 1) * n);
  const a3 = folded(squared(a2, 1) * n);
  const a6 = folded(squared(a3, 3) * a3);
  const a9 = folded(squared(a6, 3) * a3);
  const a11 = folded(squared(a9, 2) * a2);
  const a22 = folded(squared(a11, 11) * a11);
  const a44 = folded(squared(a22, 22) * a22);
  const a88 = folded(squared(a44, 44) * a44);
  const a176 = folded(squared(a88, 88) * a88);
  const a220 = folded(squared(a176, 44) * a44);
  const a223 = folded(squared(a220, 3) * a3);
  const high = folded(squared(a223, 23) * a22);
  const root = reduced(squared(folded(squared(high, 6) * a2), 2));
  return Object.is(reduced(root * root), n) ? root : undefined;
}
