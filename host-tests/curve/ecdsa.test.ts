// Keys and signatures beside both libraries as they come: the same bytes, and the same word on what
// is not valid.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { createHmacDrbg } from "@noble/curves/utils.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ecdsa as noble, nobleSign, nobleVerify } from "../../lab/model/noble-secp256k1";
import { realEcdsa } from "../../lab/model/signers";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { publicKeyOf, signDigest, verifyDigest } from "../../shared/curve/ecdsa";
import { decodePoint } from "../../shared/curve/encoding";
import { withNonce } from "../../shared/curve/nonce";
import { N, P } from "../../shared/curve/params";
import { bytesOf, CASES, EDGES, Library, randomBytes } from "./given";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const numberOf = (bytes: Uint8Array) => BigInt(`0x${hex(bytes)}`);

/** The bytes in hexadecimal, or that there were none. */
function outcome(action: () => Uint8Array): string {
  try {
    return hex(action());
  } catch {
    return "threw";
  }
}

/** @noble/secp256k1 throws for a signature or key of another length. */
function librarySays(signature: Uint8Array, digest: Uint8Array, key: Uint8Array): boolean {
  try {
    return nobleVerify(signature, digest, key);
  } catch {
    return false;
  }
}

function assertSame(signature: Uint8Array, digest: Uint8Array, key: Uint8Array): boolean {
  const valid = verifyDigest(signature, digest, key);
  assert.equal(valid, librarySays(signature, digest, key), `${hex(signature)} ${hex(digest)} ${hex(key)}`);
  const options = { prehash: false, lowS: true, format: "compact" } as const;
  const third = signature.length === 64 && decodePoint(key) && secp256k1.verify(signature, digest, key, options);
  assert.equal(valid, third === true);
  return valid;
}

describe("signatures", () => {
  it(`are the libraries' own for ${CASES} random digests, and all accept and refuse the same`, () => {
    for (let i = 0; i < CASES; i++) {
      const [secret, digest] = [randomBytes(), randomBytes()];
      const signature = signDigest(digest, secret);
      assert.equal(hex(signature), hex(nobleSign(digest, secret)));
      if (i % 8 > 0) continue;
      const key = publicKeyOf(secret);
      assert.equal(hex(key), hex(noble.publicKey(secret)));
      assert.equal(hex(key), hex(realEcdsa.publicKey(secret)));
      assert.ok(assertSame(signature, digest, key));
      const bad = Uint8Array.from(signature);
      bad[i % 64] = (bad[i % 64] ?? 0) ^ (1 << (i % 7));
      assert.equal(assertSame(bad, digest, key), false);
    }
  });

  it("treat zero, one, the order and its neighbours as secrets and digests like the library", () => {
    for (const secret of EDGES)
      for (const digest of EDGES)
        assert.equal(
          outcome(() => signDigest(bytesOf(digest), bytesOf(secret))),
          outcome(() => nobleSign(bytesOf(digest), bytesOf(secret))),
        );
  });

  it("are over 32 bytes by a secret of 32 bytes, and nothing else", () => {
    for (const length of [0, 31, 33, 64]) {
      assert.throws(() => signDigest(new Uint8Array(length).fill(1), bytesOf(1n)), RangeError);
      assert.throws(() => signDigest(bytesOf(1n), new Uint8Array(length).fill(1)), RangeError);
      assert.throws(() => publicKeyOf(new Uint8Array(length).fill(1)), RangeError);
    }
  });

  it("come out the same from bytes that lie anywhere in a buffer", () => {
    const [secret, digest] = [randomBytes(), randomBytes()];
    const buffer = new Uint8Array(67);
    buffer.set(secret, 1);
    buffer.set(digest, 35);
    const signature = signDigest(buffer.subarray(35), buffer.subarray(1, 33));
    assert.equal(hex(signature), hex(signDigest(digest, secret)));
    assert.equal(hex(buffer.subarray(1, 33)), hex(secret));
  });
});

describe("nonces", () => {
  it("go on as RFC 6979 says where one is refused", () => {
    const seed = new Uint8Array(64).fill(9);
    const seen: string[] = [];
    const last = withNonce(seed, (k) => {
      seen.push(k.toString(16));
      return seen.length === 3 ? k : undefined;
    });
    // @noble/curves' own generator, told to refuse as often.
    const expected: string[] = [];
    createHmacDrbg<true>(32, 32, (key: Uint8Array, message: Uint8Array) => hmac(sha256, key, message))(
      seed,
      (bytes) => {
        expected.push(numberOf(bytes).toString(16));
        return expected.length === 3 ? true : undefined;
      },
    );
    assert.deepEqual(seen, expected);
    assert.equal(last.toString(16), seen[2]);
  });

  it("end where every one is refused", () => {
    assert.throws(() => withNonce(new Uint8Array(64), () => undefined), /expected one of 100 nonces/);
  });
});

describe("verification", () => {
  const [secret, digest] = [randomBytes(), randomBytes()];
  const key = publicKeyOf(secret);
  const good = signDigest(digest, secret);
  const [r, s] = [good.subarray(0, 32), good.subarray(32)];

  it("refuses r and s of zero, of the order and above, and a high s", () => {
    for (const part of [...EDGES, N - numberOf(s)])
      for (const pair of [
        [...r, ...bytesOf(part)],
        [...bytesOf(part), ...s],
        [...bytesOf(part), ...bytesOf(part)],
      ])
        assert.equal(assertSame(Uint8Array.from(pair), digest, key), false);
  });

  it("refuses signatures, digests and keys of another length", () => {
    assert.equal(verifyDigest(good.subarray(1), digest, key), false);
    assert.equal(verifyDigest(Uint8Array.of(...good, 0), digest, key), false);
    assert.equal(verifyDigest(good, digest.subarray(1), key), false);
    assert.equal(verifyDigest(good, Uint8Array.of(...digest, 0), key), false);
    assert.equal(verifyDigest(good, digest, key.subarray(1)), false);
    assert.equal(verifyDigest(good, digest, Uint8Array.of(...key, 0)), false);
    assert.equal(verifyDigest(good, digest, secp256k1.getPublicKey(secret, false)), false);
  });

  it("refuses keys off the curve, out of range and of the wrong form", () => {
    const keys = [2, 3, 0, 1, 4, 6].flatMap((head) => EDGES.map((x) => Uint8Array.of(head, ...bytesOf(x))));
    keys.push(Uint8Array.of((key[0] ?? 0) ^ 1, ...key.subarray(1)), Uint8Array.of(4, ...key.subarray(1)));
    for (const one of keys) assert.equal(assertSame(good, digest, one), false);
    // Its x is the field's order and more: reduced, it would be a key.
    const beyond = Uint8Array.of(2, ...bytesOf(P + 1n));
    assert.ok(decodePoint(Uint8Array.of(2, ...bytesOf(1n))));
    assert.equal(decodePoint(beyond), undefined);
  });

  it("holds where both multiples meet, cancel or vanish: small keys and digests, zero among them", () => {
    for (const d of [1n, 2n, 3n, N - 1n, N - 2n, 2n ** 128n, 2n ** 128n - 1n]) {
      const own = publicKeyOf(bytesOf(d));
      for (const h of [bytesOf(d), bytesOf(N - d), bytesOf(0n), bytesOf(N), randomBytes()]) {
        assert.ok(assertSame(signDigest(h, bytesOf(d)), h, own));
        assertSame(Uint8Array.of(...own.subarray(1), ...own.subarray(1)), h, own);
        // u1 G + u2 Q is infinity for r * d = -h.
        const cancels = ((((N - numberOf(h)) * secp256k1.Point.Fn.inv(d)) % N) + N) % N;
        assert.equal(assertSame(Uint8Array.of(...bytesOf(cancels), ...bytesOf(1n)), h, own), false);
      }
    }
  });

  it("knows that x may be r and the order: an x above the order, which no random signature has", () => {
    // R has an x of N or more. Its r is x - N; any s and digest give a key under which they are
    // valid.
    let x = N + 1n;
    while (!decodePoint(Uint8Array.of(2, ...bytesOf(x)))) x += 1n;
    const R = Library.fromBytes(Uint8Array.of(2, ...bytesOf(x)));
    const [rr, ss, h] = [x - N, 5n, 7n];
    const Q = R.multiply(ss)
      .add(Library.BASE.multiply(N - h))
      .multiply(Library.Fn.inv(rr))
      .toBytes(true);
    const signature = Uint8Array.of(...bytesOf(rr), ...bytesOf(ss));
    assert.ok(assertSame(signature, bytesOf(h), Q));
    assert.equal(assertSame(Uint8Array.of(...bytesOf(rr + 1n), ...bytesOf(ss)), bytesOf(h), Q), false);
    // x itself is congruent to r, and refused: a signature has one encoding.
    assert.equal(assertSame(Uint8Array.of(...bytesOf(x), ...bytesOf(ss)), bytesOf(h), Q), false);
  });

  it("takes r + N for x no more where that is above the field", () => {
    // With r of P - N and more, r + N is P or above: only x = r may hold.
    const R = Library.BASE.multiply(11n);
    const own = R.toAffine().x;
    assert.ok(own >= P - N);
    const Q = R.multiply(5n)
      .add(Library.BASE.multiply(N - 7n))
      .multiply(Library.Fn.inv(own))
      .toBytes(true);
    assert.ok(assertSame(Uint8Array.of(...bytesOf(own), ...bytesOf(5n)), bytesOf(7n), Q));
  });

  it("never throws, whatever the port is given", () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(33), new Uint8Array(72).fill(0x30)])
      assert.equal(ecdsa.verify(bytes, bytes, bytes), false);
  });
});
