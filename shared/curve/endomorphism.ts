// Multiples of any point, for verification alone: what it does depends on the number, which must be
// no secret.
//
// Multiplying x by BETA multiplies the point by LAMBDA (Gallant, Lambert, Vanstone, "Faster point
// multiplication on elliptic curves with efficient endomorphisms", CRYPTO 2001). So k is split into
// k1 + k2 * LAMBDA modulo N, both half as long, which share their doublings. The basis of the split
// is that of @noble/curves.

import { reduced } from "./field";
import { HALF_N, N, P } from "./params";
import { add, double, INFINITY, type Point } from "./point";

/** A cube root of 1 modulo P. */
export const BETA = 0x7ae96a2b657c07106e64479eac3434e99cf0497512f58995c1396c28719501een;

/** A cube root of 1 modulo N: LAMBDA * (x, y) = (BETA * x, y). */
export const LAMBDA = 0x5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72n;

/**
 * Short vectors (A1, -B1) and (A2, A1) of the pairs (a, b) for which a + b * LAMBDA is 0 modulo N.
 */
const A1 = 0x3086d221a7d46bcde86c90e49284eb15n;
const B1 = 0xe4437ed6010e88286f547fa90abfe4c3n;
const A2 = 0x114ca50f7a8e2f3f657c1108d9d44cfd8n;

/** Digits of half a number, which has 129 bits at most; a multiple of 24. */
const DIGITS = 144;

/** k = k1 + k2 * LAMBDA modulo N, k1 and k2 of 129 bits at most, with a sign. */
export function split(k: bigint): { readonly k1: bigint; readonly k2: bigint } {
  const c1 = (A1 * k + HALF_N) / N;
  const c2 = (B1 * k + HALF_N) / N;
  return { k1: k - c1 * A1 - c2 * A2, k2: c1 * B1 - c2 * A1 };
}

/**
 * Odd digits from -7 to 7 and zeros, the least significant first: of four digits in a row one at
 * most is not zero (width-4 non-adjacent form). 24 bits of k at a time, in a small integer that the
 * next four bits end: a window reaches so far ahead.
 */
export function digitsOf(k: bigint): number[] {
  const digits: number[] = new Array(DIGITS).fill(0);
  let rest = k;
  let ahead = 0;
  for (let from = 0; from < DIGITS; from += 24) {
    let low = ahead + Number(rest & 0xfffffffn);
    rest >>= 24n;
    for (let i = from; i < from + 24; i++) {
      if (low & 1) {
        let digit = low & 15;
        if (digit > 8) digit -= 16;
        digits[i] = digit;
        low -= digit;
      }
      low >>= 1;
    }
    ahead = low - Number(rest & 15n);
  }
  return digits;
}

/** k times p, for k from 0 to N - 1. */
export function multiply(p: Point, k: bigint): Point {
  const { k1, k2 } = split(k);
  const negative1 = k1 < 0n;
  const negative2 = k2 < 0n;
  const digits1 = digitsOf(negative1 ? -k1 : k1);
  const digits2 = digitsOf(negative2 ? -k2 : k2);
  const table1 = oddMultiples(p);
  const table2 = table1.map(timesLambda);
  let top = DIGITS - 1;
  while (top >= 0 && digits1[top] === 0 && digits2[top] === 0) top--;
  let sum = INFINITY;
  for (let i = top; i >= 0; i--) {
    sum = double(sum);
    const digit1 = digits1[i] as number;
    const digit2 = digits2[i] as number;
    if (digit1 !== 0) sum = addDigit(sum, table1, digit1, negative1);
    if (digit2 !== 0) sum = addDigit(sum, table2, digit2, negative2);
  }
  return sum;
}

/** 1, 3, 5 and 7 times p. */
function oddMultiples(p: Point): Point[] {
  const twice = double(p);
  const p3 = add(p, twice);
  const p5 = add(p3, twice);
  return [p, p3, p5, add(p5, twice)].map(({ x, y, z }) => ({ x, y: reduced(y), z }));
}

function timesLambda({ x, y, z }: Point): Point {
  return { x: reduced(x * BETA), y, z };
}

function addDigit(sum: Point, table: readonly Point[], digit: number, negative: boolean): Point {
  const point = table[(digit < 0 ? -digit - 1 : digit - 1) >> 1] as Point;
  return add(sum, digit < 0 === negative ? point : { x: point.x, y: P - point.y, z: point.z });
}
