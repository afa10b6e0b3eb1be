// What is done to @noble/secp256k1: the same curve, the same formulas and the same bytes, arranged for XS.

import { lazyReduction } from "./field";
import { replaceDeclarations, replaceMethods } from "./replace";
import type { Step } from "./step";

const SPECIFIER = "@noble/secp256k1";

/** Bits of a window of the base point's table: 2^(w-1) points for each of 256/w + 1 windows. */
export const WINDOW_BITS = 6;

export function secp256k1Steps(windowBits = WINDOW_BITS): Step[] {
  const windows = Math.floor(256 / windowBits) + 1;
  const half = 2 ** (windowBits - 1);
  const point = { specifier: SPECIFIER, className: "Point", reduce: "M" };
  return [
    replaceDeclarations({ specifier: SPECIFIER, reason: "numbers from and to bytes without text", source: BYTES }),
    replaceMethods(SPECIFIER, "Point", "doubling for a = 0 (Renes-Costello-Batina, algorithm 9)", DOUBLE),
    lazyReduction({ ...point, method: "double" }),
    lazyReduction({ ...point, method: "add", known: { Z2: "1n" }, as: "addAffine" }),
    lazyReduction({ ...point, method: "add" }),
    replaceDeclarations({ specifier: SPECIFIER, reason: "square root by an addition chain", source: SQUARE_ROOT }),
    replaceDeclarations({
      specifier: SPECIFIER,
      reason: "the base point's table while linking, as affine points",
      source: table(windowBits, windows, half),
    }),
    replaceDeclarations({ specifier: SPECIFIER, reason: "verification by the endomorphism", source: ENDOMORPHISM }),
    replaceDeclarations({ specifier: SPECIFIER, reason: "verification without a last division", source: VERIFY }),
    replaceDeclarations({ specifier: SPECIFIER, reason: "hashes wired while linking", source: HASHES }),
  ];
}

/** Algorithm 9 of https://eprint.iacr.org/2015/1060, whose algorithm 1 is the library's addition: 8 products, not 12. */
const DOUBLE = `class Point {
  double() {
    const { X, Y, Z } = this;
    let t0 = M(Y * Y);
    let Z3 = M(t0 + t0);
    Z3 = M(Z3 + Z3);
    Z3 = M(Z3 + Z3);
    let t1 = M(Y * Z);
    let t2 = M(Z * Z);
    t2 = M(21n * t2);
    let X3 = M(t2 * Z3);
    let Y3 = M(t0 + t2);
    Z3 = M(t1 * Z3);
    t1 = M(t2 + t2);
    t2 = M(t1 + t2);
    t0 = M(t0 - t2);
    Y3 = M(t0 * Y3);
    Y3 = M(X3 + Y3);
    t1 = M(X * Y);
    X3 = M(t0 * t1);
    X3 = M(X3 + X3);
    return new Point(X3, Y3, Z3);
  }
}`;

/** XS writes a 256-bit number as text in 380,000 instructions, and by 64-bit words in 8,000. */
const BYTES = `
const bytesToNumBE = (b) => {
  abytes(b);
  const view = new DataView(b.buffer, b.byteOffset, b.length);
  let at = b.length % 8;
  let number = 0n;
  for (let i = 0; i < at; i++) number = (number << 8n) + BigInt(b[i]);
  for (; at < b.length; at += 8) number = (number << 64n) + view.getBigUint64(at, false);
  return number;
};
const numTo32b = (num) => {
  arange(num, 0n, 2n ** 256n);
  const bytes = new Uint8Array(L);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, num >> 192n, false);
  view.setBigUint64(8, num >> 128n, false);
  view.setBigUint64(16, num >> 64n, false);
  view.setBigUint64(24, num, false);
  return bytes;
};`;

/** c^((p+1)/4) with 253 squarings and 13 products, as @noble/curves does it, instead of 254 and 246. */
const SQUARE_ROOT = `
const foldP = (n) => {
  n = (n >> FIELD_BITS) * FIELD_FOLD + (n & FIELD_MASK);
  return (n >> FIELD_BITS) * FIELD_FOLD + (n & FIELD_MASK);
};
const squares = (n, times) => {
  for (let i = 0; i < times; i++) {
    n *= n;
    n = (n >> FIELD_BITS) * FIELD_FOLD + (n & FIELD_MASK);
    n = (n >> FIELD_BITS) * FIELD_FOLD + (n & FIELD_MASK);
  }
  return n;
};
const squareRoot = (y) => {
  const b2 = foldP(squares(y, 1) * y);
  const b3 = foldP(squares(b2, 1) * y);
  const b6 = foldP(squares(b3, 3) * b3);
  const b9 = foldP(squares(b6, 3) * b3);
  const b11 = foldP(squares(b9, 2) * b2);
  const b22 = foldP(squares(b11, 11) * b11);
  const b44 = foldP(squares(b22, 22) * b22);
  const b88 = foldP(squares(b44, 44) * b44);
  const b176 = foldP(squares(b88, 88) * b88);
  const b220 = foldP(squares(b176, 44) * b44);
  const b223 = foldP(squares(b220, 3) * b3);
  const t1 = foldP(squares(b223, 23) * b22);
  const t2 = foldP(squares(t1, 6) * b2);
  return M(squares(t2, 2));
};
const lift_x = (x) => {
  const c = koblitz(FpIsValidNot0(x));
  const r = squareRoot(c);
  if (M(r * r) !== c) throw new Error("sqrt invalid");
  return new Point(x, isEven(r) ? r : M(-r), 1n);
};`;

/** The library's signed windows, of another width; see its comments on wNAF. */
function table(bits: number, windows: number, half: number): string {
  return `
const precompute = () => {
  const points = [];
  let p = G;
  let b = p;
  for (let w = 0; w < ${windows}; w++) {
    b = p;
    points.push(b);
    for (let i = 1; i < ${half}; i++) {
      b = b.add(p);
      points.push(b);
    }
    p = b.double();
  }
  return Object.freeze(affine(points));
};
const affine = (points) => {
  // One inversion for all (Montgomery's trick): products from the front, then inverses from the back.
  const before = [];
  let product = 1n;
  for (const { Z } of points) {
    before.push(product);
    product = M(product * Z);
  }
  let inverse = invert(product, P);
  const result = new Array(points.length);
  for (let i = points.length - 1; i >= 0; i--) {
    const { X, Y, Z } = points[i];
    const one = M(inverse * before[i]);
    inverse = M(inverse * Z);
    result[i] = new Point(M(X * one), M(Y * one), 1n);
  }
  return result;
};
const Gpows = precompute();
const negated = (p) => ({ __proto__: Point.prototype, X: p.X, Y: P - p.Y, Z: p.Z });
const wNAF = (n) => {
  let p = I;
  let f = G;
  for (let w = 0; w < ${windows}; w++) {
    let wbits = Number(n & ${2 ** bits - 1}n);
    n >>= ${bits}n;
    if (wbits > ${half}) {
      wbits -= ${2 ** bits};
      n += 1n;
    }
    const off = w * ${half};
    if (wbits === 0) f = f.addAffine(w % 2 !== 0 ? negated(Gpows[off]) : Gpows[off]);
    else if (wbits < 0) p = p.addAffine(negated(Gpows[off - wbits - 1]));
    else p = p.addAffine(Gpows[off + wbits - 1]);
  }
  if (n !== 0n) throw new Error("invalid wnaf");
  return { p, f };
};`;
}

/**
 * u1*G + u2*R. The base point's multiple comes from its table. R's is halved in length by secp256k1's endomorphism
 * (multiplying x by BETA multiplies the point by LAMBDA; Gallant, Lambert, Vanstone 2001; the basis is that of
 * @noble/curves), and both halves share their doublings, in windows of four bits with a sign (width-4 NAF).
 */
const ENDOMORPHISM = `
const BETA = 0x7ae96a2b657c07106e64479eac3434e99cf0497512f58995c1396c28719501een;
const A1 = 0x3086d221a7d46bcde86c90e49284eb15n;
const B1 = 0xe4437ed6010e88286f547fa90abfe4c3n;
const A2 = 0x114ca50f7a8e2f3f657c1108d9d44cfd8n;
const HALF_N = N / 2n;
const digits = (k) => {
  // 24 bits of k at a time, in a small integer that the next 4 bits end: a window reaches so far ahead.
  const result = new Array(144).fill(0);
  let ahead = 0;
  for (let from = 0; from < 144; from += 24) {
    let low = ahead + Number(k & 0xfffffffn);
    k >>= 24n;
    for (let i = from; i < from + 24; i++) {
      if (low & 1) {
        let digit = low & 15;
        if (digit > 8) digit -= 16;
        result[i] = digit;
        low -= digit;
      }
      low >>= 1;
    }
    ahead = low - Number(k & 15n);
  }
  return result;
};
const oddMultiples = (p) => {
  const twice = p.double();
  const p3 = p.add(twice);
  const p5 = p3.add(twice);
  return [p, p3, p5, p5.add(twice)];
};
const byLambda = (p) => ({ __proto__: Point.prototype, X: M(p.X * BETA), Y: p.Y, Z: p.Z });
const addDigit = (sum, table, digit, negative) => {
  const point = table[digit < 0 ? (-digit - 1) / 2 : (digit - 1) / 2];
  return sum.add(digit < 0 !== negative ? negated(point) : point);
};
const multiplyVariable = (R, n) => {
  const c1 = (A1 * n + HALF_N) / N;
  const c2 = (B1 * n + HALF_N) / N;
  let k1 = n - c1 * A1 - c2 * A2;
  let k2 = c1 * B1 - c2 * A1;
  const negative1 = k1 < 0n;
  const negative2 = k2 < 0n;
  if (negative1) k1 = -k1;
  if (negative2) k2 = -k2;
  const digits1 = digits(k1);
  const digits2 = digits(k2);
  const table1 = oddMultiples(R);
  const table2 = table1.map(byLambda);
  let sum = I;
  let top = 143;
  while (top >= 0 && digits1[top] === 0 && digits2[top] === 0) top--;
  for (let i = top; i >= 0; i--) {
    sum = sum.double();
    const digit1 = digits1[i];
    const digit2 = digits2[i];
    if (digit1 !== 0) sum = addDigit(sum, table1, digit1, negative1);
    if (digit2 !== 0) sum = addDigit(sum, table2, digit2, negative2);
  }
  return sum;
};
const doubleScalarMulUns = (R, u1, u2) => {
  // On the curve, as both summands are; only infinity is to be refused.
  const sum = G.multiply(u1, false).add(multiplyVariable(R, u2));
  if (sum.Z === 0n) throw new Error(E_BADPOINT);
  return sum;
};
`;

/**
 * The library's verification (SEC 1, 4.1.4) but for its end: whether r is x modulo n, x = X/Z, is asked as r*Z = X or
 * (r+n)*Z = X, without the division. The recovered format, which wants y too, still divides.
 */
const VERIFY = `
const _verify = (sig, messageHash, publicKey, opts) => {
  const [lowS, , format] = opts;
  if (sig instanceof Signature) throw new Error("Signature must be in Uint8Array, use .toBytes()");
  assertSigLength(sig, format);
  abytes(publicKey, undefined, "publicKey");
  try {
    const { r, s, recovery } = Signature.fromBytes(sig, format);
    const h = bits2int_modN(messageHash);
    const Q = Point.fromBytes(publicKey);
    if (lowS && highS(s)) return false;
    const is = invert(s, N);
    const R = doubleScalarMulUns(Q, modN(h * is), modN(r * is));
    if (M(r * R.Z) !== R.X && !(r + N < P && M((r + N) * R.Z) === R.X)) return false;
    if (format !== SIG_RECOVERED) return true;
    const { x, y } = R.toAffine();
    return recovery === getRecoveryBit(x, y, r);
  } catch (error) {
    return false;
  }
};`;

/**
 * The library asks for its hashes by assignment to an object, which in flash would be a slot of RAM for each and a
 * warning of the linker. Here they are fixed; assigning the same ones still works, anything else throws.
 */
const HASHES = `
import { hmac as nobleHmac } from "@noble/hashes/hmac.js";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
const nobleHmacSha256 = (key, message) => nobleHmac(nobleSha256, key, message);
const hashes = Object.freeze({
  get sha256() {
    return nobleSha256;
  },
  set sha256(given) {
    if (given !== nobleSha256) throw new Error("the wallet's SHA-256 is fixed");
  },
  get hmacSha256() {
    return nobleHmacSha256;
  },
  set hmacSha256(given) {
    const probe = Uint8Array.of(1, 2, 3);
    if (bytesToHex(given(probe, probe)) !== bytesToHex(nobleHmacSha256(probe, probe)))
      throw new Error("the wallet's HMAC-SHA-256 is fixed");
  },
});`;
