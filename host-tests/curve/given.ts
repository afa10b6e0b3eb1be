// What the tests of the curve are given: numbers at the ends of each range, random ones that are
// the same on every run, and points of @noble/curves as ours.

import { createHash } from "node:crypto";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { N, P } from "../../shared/curve/params";
import type { Point } from "../../shared/curve/point";

export const Library = secp256k1.Point;
export type LibraryPoint = InstanceType<typeof Library>;

/** More by `CASES=20000 npm test -- host-tests/curve`. */
export const CASES = Number(process.env.CASES ?? 500);

/** Numbers of 256 bits at which a range begins or ends. */
export const EDGES = [
  0n,
  1n,
  2n,
  3n,
  N - 2n,
  N - 1n,
  N,
  N + 1n,
  N / 2n,
  N / 2n + 1n,
  P - 1n,
  P,
  P + 1n,
  2n ** 256n - 1n,
];

let counter = 0;
/** 32 bytes: a hash of a counter. */
export function randomBytes(): Uint8Array {
  return new Uint8Array(createHash("sha256").update(`curve ${counter++}`).digest());
}

export function randomNumber(): bigint {
  return BigInt(`0x${Buffer.from(randomBytes()).toString("hex")}`);
}

export function bytesOf(number: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(number.toString(16).padStart(64, "0"), "hex"));
}

/** The same point with its z multiplied by `factor`. */
export function ours(point: LibraryPoint, factor = 1n): Point {
  const { x, y } = point.toAffine();
  if (point.is0()) return { x: 0n, y: (factor * 1n) % P, z: 0n };
  return { x: (x * factor) % P, y: (y * factor) % P, z: factor % P };
}

/** `x:y` of a point in hexadecimal, or `infinity`. */
export function shown({ x, y, z }: Point): string {
  const [cx, cy, cz] = [x, y, z].map((coordinate) => coordinate % P) as [bigint, bigint, bigint];
  if (cz === 0n) return cy === 0n || cx !== 0n ? "no point" : "infinity";
  const point = new Library(cx, cy, cz).toAffine();
  return `${point.x.toString(16)}:${point.y.toString(16)}`;
}

export function libraryShown(point: LibraryPoint): string {
  if (point.is0()) return "infinity";
  const { x, y } = point.toAffine();
  return `${x.toString(16)}:${y.toString(16)}`;
}
