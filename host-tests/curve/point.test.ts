import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { multiplyBase, toAffine } from "../../shared/curve/base-table";
import { digitsOf, LAMBDA, multiply, split } from "../../shared/curve/endomorphism";
import { squareRoot } from "../../shared/curve/field";
import { GX, GY, HALF_N, N, P } from "../../shared/curve/params";
import { add, addAffine, BASE, double, INFINITY, isInfinity, type Point } from "../../shared/curve/point";
import { CASES, EDGES, Library, type LibraryPoint, libraryShown, ours, randomNumber, shown } from "./given";

const scalar = () => (randomNumber() % (N - 1n)) + 1n;
const some = (count: number): LibraryPoint[] => Array.from({ length: count }, () => Library.BASE.multiply(scalar()));

/**
 * What formulas are given may be longer than the field: by the largest that they give themselves,
 * or more.
 */
const LOOSE = 2n ** 256n + 2n ** 150n;
const loosened = ({ x, y, z }: Point): Point => {
  const [lx, ly, lz] = [x, y, z].map((c) => (c + P < LOOSE ? c + P : c)) as [bigint, bigint, bigint];
  return { x: lx, y: ly, z: lz };
};

function assertShort({ x, y, z }: Point): void {
  for (const coordinate of [x, y, z]) assert.ok(coordinate >= 0n && coordinate < LOOSE, coordinate.toString(16));
}

describe("the curve's numbers", () => {
  it("are those of @noble/curves", () => {
    const { p, n, a, b, Gx, Gy } = Library.CURVE();
    assert.deepEqual([P, N, 0n, 7n, GX, GY], [p, n, a, b, Gx, Gy]);
    assert.equal(HALF_N, n / 2n);
  });
});

describe("sums of points", () => {
  const points = [...some(12), Library.BASE, Library.ZERO, Library.BASE.double(), Library.BASE.negate()];

  it("are those of @noble/curves for each pair, equal, opposite and infinite ones among them", () => {
    for (const p of points)
      for (const q of points) {
        const sum = add(ours(p, scalar()), ours(q, scalar()));
        assertShort(sum);
        assert.equal(shown(sum), libraryShown(p.add(q)));
        if (q.is0()) continue;
        const mixed = addAffine(ours(p, scalar()), q.toAffine());
        assertShort(mixed);
        assert.equal(shown(mixed), libraryShown(p.add(q)));
      }
  });

  it("of a point with itself are its double", () => {
    for (const p of points) {
      const twice = double(ours(p, scalar()));
      assertShort(twice);
      assert.equal(shown(twice), libraryShown(p.double()));
    }
    assert.ok(isInfinity(double(INFINITY)));
  });

  it("stay short, however long the coordinates are that one sum hands to the next", () => {
    const values = [0n, 1n, P - 1n, P, 2n ** 256n - 1n, LOOSE - 1n];
    for (const x of values)
      for (const y of values)
        for (const z of values) {
          const p = { x, y, z };
          assertShort(double(p));
          for (const one of values) {
            assertShort(add(p, { x: one, y: z, z: x }));
            assertShort(addAffine(p, { x: one % P, y: z % P }));
          }
        }
  });

  it("are right for coordinates that are longer than the field", () => {
    for (const p of points)
      for (const q of points) {
        const sum = add(loosened(ours(p, 3n)), loosened(ours(q, 5n)));
        assert.equal(shown(sum), libraryShown(p.add(q)));
      }
    // The formulas are polynomials: longer coordinates of any numbers give what their remainders
    // give.
    const small = { x: 2n, y: 5n, z: 7n };
    const long = loosened(small);
    assert.notDeepEqual(long, small);
    const affine = { x: 11n, y: 13n };
    for (const sum of [double, (p: Point) => add(p, small), (p: Point) => addAffine(p, affine)]) {
      const [one, other] = [sum(small), sum(long)];
      assert.deepEqual([one.x % P, one.y % P, one.z % P], [other.x % P, other.y % P, other.z % P]);
    }
  });

  it("are put to z = 1 by one division for all", () => {
    const affine = toAffine(points.filter((p) => !p.is0()).map((p) => ours(p, scalar())));
    assert.deepEqual(
      affine,
      points.filter((p) => !p.is0()).map((p) => p.toAffine()),
    );
  });
});

describe("square roots", () => {
  it("are found for squares and for nothing else", () => {
    for (const n of [1n, 2n, 4n, P - 1n, ...Array.from({ length: 40 }, () => randomNumber() % P)]) {
      const root = squareRoot((n * n) % P);
      assert.ok(root === n || root === P - n, n.toString(16));
      // As P is 3 modulo 4, one of n and -n is a square.
      assert.equal(squareRoot(n) === undefined, squareRoot(P - n) !== undefined);
    }
    assert.equal(squareRoot(0n), 0n);
  });
});

describe("multiples of the base point", () => {
  const singleBits = Array.from({ length: 256 }, (_, bit) => 2n ** BigInt(bit));
  const runs = singleBits.flatMap((power) => [power, power - 1n, N - power, 32n * power, 33n * power, 31n * power]);

  it("are those of @noble/curves for long runs of zeros and ones, each single bit, and each end of a window", () => {
    for (const k of runs.map((one) => ((one % N) + N) % N))
      assert.equal(shown(multiplyBase(k)), libraryShown(Library.BASE.multiplyUnsafe(k)), k.toString(16));
  });

  it(`are those of @noble/curves for ${CASES} random numbers`, () => {
    for (let i = 0; i < CASES; i++) {
      const k = scalar();
      assert.equal(shown(multiplyBase(k)), libraryShown(Library.BASE.multiply(k)));
    }
  });

  it("of zero are infinity", () => {
    assert.ok(isInfinity(multiplyBase(0n)));
    assert.equal(isInfinity(multiplyBase(1n)), false);
  });
});

describe("multiples of any point", () => {
  const edges = EDGES.filter((k) => k < N);

  it("are those of @noble/curves", () => {
    for (const p of [Library.BASE, Library.BASE.negate(), ...some(3)])
      for (const k of [...edges, LAMBDA, N - LAMBDA, ...Array.from({ length: 20 }, scalar)])
        assert.equal(shown(multiply(ours(p), k)), libraryShown(p.multiplyUnsafe(k)), k.toString(16));
    assert.ok(isInfinity(multiply(INFINITY, 5n)));
  });

  it("split their number into two of 129 bits", () => {
    for (const k of [...edges, LAMBDA, N - LAMBDA, ...Array.from({ length: CASES }, scalar)]) {
      const { k1, k2 } = split(k);
      for (const half of [k1, k2]) assert.ok(-(2n ** 129n) < half && half < 2n ** 129n);
      assert.equal((((k1 + k2 * LAMBDA - k) % N) + N) % N, 0n);
    }
  });

  it("write each half in odd digits from -7 to 7, three zeros or more between two", () => {
    const halves = [0n, 1n, 7n, 8n, 9n, 15n, 2n ** 129n - 1n, 2n ** 128n, 2n ** 24n - 1n, 2n ** 48n - 8n];
    for (const k of [...halves, ...Array.from({ length: 200 }, () => randomNumber() >> 127n)]) {
      const digits = digitsOf(k);
      assert.equal(
        digits.reduceRight((sum, digit) => 2n * sum + BigInt(digit), 0n),
        k,
      );
      let last = -4;
      digits.forEach((digit, i) => {
        if (digit === 0) return;
        assert.ok(digit % 2 !== 0 && Math.abs(digit) <= 7 && i - last >= 4, `${k}: ${digits}`);
        last = i;
      });
    }
  });
});

it("the base point is BASE", () => {
  assert.equal(shown(BASE), libraryShown(Library.BASE));
});
