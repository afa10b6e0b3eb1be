// Multiples of the base point, from a table that is computed while the image is linked and lies in
// flash.
//
// Windows of six bits with a sign: window w holds 1 to 32 times 2^(6w) G, so that a number below N
// is a sum of at most one point, or one's negative, a window. That is 43 sums and 1,376 points;
// windows of eight bits would save a fifth of the sums and take three times the flash.

import { invert } from "@noble/curves/abstract/modular.js";
import { constant } from "../kernel/constant";
import { reduced } from "./field";
import { P } from "./params";
import { type Affine, add, addAffine, BASE, double, INFINITY, type Point } from "./point";

const WINDOWS = 43;
const HALF_WINDOW = 32;

/**
 * The same points with z = 1, by one division for all (Montgomery's trick): products from the
 * front, inverses from the back.
 */
export function toAffine(points: readonly Point[]): Affine[] {
  const before: bigint[] = [];
  let product = 1n;
  for (const { z } of points) {
    before.push(product);
    product = reduced(product * z);
  }
  let inverse = invert(product, P);
  const result: Affine[] = new Array(points.length);
  for (let i = points.length - 1; i >= 0; i--) {
    const { x, y, z } = points[i] as Point;
    const one = reduced(inverse * (before[i] as bigint));
    inverse = reduced(inverse * z);
    result[i] = { x: reduced(x * one), y: reduced(y * one) };
  }
  return result;
}

function baseTable(): readonly Affine[] {
  const points: Point[] = [];
  let first = BASE;
  for (let window = 0; window < WINDOWS; window++) {
    let multiple = first;
    points.push(multiple);
    for (let i = 1; i < HALF_WINDOW; i++) {
      multiple = add(multiple, first);
      points.push(multiple);
    }
    first = double(multiple);
  }
  return constant(toAffine(points));
}

const TABLE = baseTable();

/**
 * k times the base point, for k from 0 to N - 1. Each window costs one sum, whatever its digit is:
 * a digit of zero adds a point to a sum that nobody reads, so that neither time nor power says how
 * many zeros a secret has. It is no promise of constant time, which BigInts cannot give.
 */
export function multiplyBase(k: bigint): Point {
  let rest = k;
  let sum = INFINITY;
  let unread = BASE;
  for (let window = 0; window < WINDOWS; window++) {
    let digit = Number(rest & 63n);
    rest >>= 6n;
    if (digit > HALF_WINDOW) {
      digit -= 64;
      rest += 1n;
    }
    const at = window * HALF_WINDOW;
    if (digit === 0) {
      const point = TABLE[at] as Affine;
      unread = addAffine(unread, window % 2 === 0 ? point : negated(point));
    } else if (digit < 0) sum = addAffine(sum, negated(TABLE[at - digit - 1] as Affine));
    else sum = addAffine(sum, TABLE[at + digit - 1] as Affine);
  }
  return sum;
}

function negated({ x, y }: Affine): Affine {
  return { x, y: P - y };
}
