// Points of secp256k1 and their sums, by the complete formulas for curves with a = 0 (Renes,
// Costello, Batina 2015, https://eprint.iacr.org/2015/1060, algorithms 7 to 9): right for every
// pair of points, infinity and equal ones among them.
//
// Coordinates are only as short as products need (field.ts). Each is below 2^257 and not negative;
// the comments follow the sizes. What is subtracted is taken from a multiple of P that is larger,
// so that nothing gets negative. A sum of two products is folded as a whole, and a product that is
// a factor again is folded once, to 10 words of 32 bits instead of 8: on XS a product of longer
// factors costs less than another fold.

import { constant } from "../kernel/constant";
import { BITS, FOLD, MASK, reduced } from "./field";
import { GX, GY, P } from "./params";

/** A point by x and y, each from 0 to P - 1. */
export interface Affine {
  readonly x: bigint;
  readonly y: bigint;
}

/** The point (x/z, y/z) modulo P; infinity where z is 0 modulo P. */
export interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
}

export const INFINITY: Point = constant({ x: 0n, y: 1n, z: 0n });
export const BASE: Point = constant({ x: GX, y: GY, z: 1n });

/** Multiples of P: more than 21 * 2^257, and more than 2^297. */
const P_43 = 43n * P;
const P_2_42 = P << 42n;

/** p + p (algorithm 9): 8 products. */
export function double(p: Point): Point {
  const { x, y, z } = p;
  // Products of coordinates: 2^514. Folded once: 2^292.
  let yy = y * y;
  yy = (yy >> BITS) * FOLD + (yy & MASK);
  let yz = y * z;
  yz = (yz >> BITS) * FOLD + (yz & MASK);
  let xy = x * y;
  xy = (xy >> BITS) * FOLD + (xy & MASK);
  let zz = z * z;
  zz = 21n * ((zz >> BITS) * FOLD + (zz & MASK));
  const yy8 = yy << 3n;
  const difference = yy + (P_2_42 - 3n * zz);
  // 2^595 at most. Folded once: 2^372, twice: 2^256 + 2^149.
  let x3 = (difference * xy) << 1n;
  x3 = (x3 >> BITS) * FOLD + (x3 & MASK);
  let y3 = difference * (yy + zz) + zz * yy8;
  y3 = (y3 >> BITS) * FOLD + (y3 & MASK);
  let z3 = yz * yy8;
  z3 = (z3 >> BITS) * FOLD + (z3 & MASK);
  return {
    x: (x3 >> BITS) * FOLD + (x3 & MASK),
    y: (y3 >> BITS) * FOLD + (y3 & MASK),
    z: (z3 >> BITS) * FOLD + (z3 & MASK),
  };
}

/**
 * p + q (algorithm 7, with its sums of cross products written out: on XS two products cost what one
 * and three sums do).
 */
export function add(p: Point, q: Point): Point {
  const { x: x1, y: y1, z: z1 } = p;
  const { x: x2, y: y2, z: z2 } = q;
  let xx = x1 * x2;
  xx = 3n * ((xx >> BITS) * FOLD + (xx & MASK));
  let yy = y1 * y2;
  yy = (yy >> BITS) * FOLD + (yy & MASK);
  let zz = z1 * z2;
  zz = 21n * ((zz >> BITS) * FOLD + (zz & MASK));
  let xy = x1 * y2 + x2 * y1;
  xy = (xy >> BITS) * FOLD + (xy & MASK);
  let yz = y1 * z2 + y2 * z1;
  yz = (yz >> BITS) * FOLD + (yz & MASK);
  let xz = x1 * z2 + x2 * z1;
  xz = 21n * ((xz >> BITS) * FOLD + (xz & MASK));
  const sum = yy + zz;
  const difference = yy + (P_2_42 - zz);
  let x3 = xy * difference + yz * (P_2_42 - xz);
  x3 = (x3 >> BITS) * FOLD + (x3 & MASK);
  let y3 = difference * sum + xz * xx;
  y3 = (y3 >> BITS) * FOLD + (y3 & MASK);
  let z3 = sum * yz + xx * xy;
  z3 = (z3 >> BITS) * FOLD + (z3 & MASK);
  return {
    x: (x3 >> BITS) * FOLD + (x3 & MASK),
    y: (y3 >> BITS) * FOLD + (y3 & MASK),
    z: (z3 >> BITS) * FOLD + (z3 & MASK),
  };
}

/** p + q where q's z is 1 (algorithm 8), as for points of a table. */
export function addAffine(p: Point, q: Affine): Point {
  const { x: x1, y: y1, z: z1 } = p;
  const { x: x2, y: y2 } = q;
  let xx = x1 * x2;
  xx = 3n * ((xx >> BITS) * FOLD + (xx & MASK));
  let yy = y1 * y2;
  yy = (yy >> BITS) * FOLD + (yy & MASK);
  const zz = 21n * z1;
  let xy = x1 * y2 + x2 * y1;
  xy = (xy >> BITS) * FOLD + (xy & MASK);
  let yz = y1 + y2 * z1;
  yz = (yz >> BITS) * FOLD + (yz & MASK);
  let xz = x1 + x2 * z1;
  xz = 21n * ((xz >> BITS) * FOLD + (xz & MASK));
  const sum = yy + zz;
  const difference = yy + (P_43 - zz);
  let x3 = xy * difference + yz * (P_2_42 - xz);
  x3 = (x3 >> BITS) * FOLD + (x3 & MASK);
  let y3 = difference * sum + xz * xx;
  y3 = (y3 >> BITS) * FOLD + (y3 & MASK);
  let z3 = sum * yz + xx * xy;
  z3 = (z3 >> BITS) * FOLD + (z3 & MASK);
  return {
    x: (x3 >> BITS) * FOLD + (x3 & MASK),
    y: (y3 >> BITS) * FOLD + (y3 & MASK),
    z: (z3 >> BITS) * FOLD + (z3 & MASK),
  };
}

/** True for the point at infinity, which is no key and no nonce's point. */
export function isInfinity(p: Point): boolean {
  return Object.is(reduced(p.z), 0n);
}
