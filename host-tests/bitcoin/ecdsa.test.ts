import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import fc from "fast-check";
import { bytesToHex, hexToBytes } from "../../shared/bitcoin/bytes";
import { decodeDer, encodeDer } from "../../shared/bitcoin/der";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import derVectors from "../vectors/der.json" with { type: "json" };
import rfc6979 from "../vectors/rfc6979.json" with { type: "json" };

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const digestOf = (text: string): Uint8Array => new Uint8Array(createHash("sha256").update(text).digest());
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const scalar = fc.bigInt({ min: 1n, max: ORDER - 1n }).map((value) => hexToBytes(value.toString(16).padStart(64, "0")));

/** The other curve library's word on a signature of ours. */
const otherVerifies = (der: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean =>
  secp256k1.verify(der, digest, publicKey, { prehash: false, format: "der", lowS: true });

test("RFC 6979 on secp256k1: the same nonce, hence the same signature", () => {
  for (const { privateKey, message, r, s } of rfc6979.vectors) {
    const secret = hexToBytes(privateKey);
    const der = ecdsa.sign(digestOf(message), secret);
    assert.equal(bytesToHex(decodeDer(der) as Uint8Array), r + s, message);
    assert.ok(ecdsa.verify(der, digestOf(message), ecdsa.publicKey(secret)));
  }
});

test("every well-formed DER vector is read and written back", () => {
  for (const { comment, der, r, s } of derVectors.valid) {
    assert.equal(bytesToHex(encodeDer(hexToBytes(r + s))), der, comment);
    assert.equal(bytesToHex(decodeDer(hexToBytes(der)) as Uint8Array), r + s, comment);
  }
});

test("every other encoding is refused: one signature has one encoding", () => {
  for (const { comment, der } of derVectors.invalid) assert.equal(decodeDer(hexToBytes(der)), undefined, comment);
});

test("a random signature is read only if it is what we would write", () => {
  const near = fc
    .tuple(fc.nat(80), fc.uint8Array({ maxLength: 80 }))
    .map(([length, tail]) => new Uint8Array([0x30, length, 0x02, ...tail]));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), near), (data) => {
      const compact = decodeDer(data);
      if (compact) assert.deepEqual(encodeDer(compact), data);
    }),
    { numRuns: 5000 },
  );
});

test("both curve libraries sign alike and verify each other's signatures", () => {
  fc.assert(
    fc.property(scalar, bytes32, (secret, digest) => {
      const publicKey = ecdsa.publicKey(secret);
      const der = ecdsa.sign(digest, secret);
      assert.deepEqual(publicKey, secp256k1.getPublicKey(secret));
      assert.deepEqual(der, secp256k1.sign(digest, secret, { prehash: false, format: "der", lowS: true }));
      assert.ok(otherVerifies(der, digest, publicKey));
      assert.ok(ecdsa.verify(der, digest, publicKey));
      assert.ok(der.length <= 71);
    }),
    { numRuns: 60 },
  );
});

test("a signature says nothing about another digest or under another key", () => {
  fc.assert(
    fc.property(scalar, scalar, bytes32, fc.nat(255), (secret, other, digest, bit) => {
      fc.pre(bytesToHex(secret) !== bytesToHex(other));
      const der = ecdsa.sign(digest, secret);
      const changed = digest.slice();
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.equal(ecdsa.verify(der, changed, ecdsa.publicKey(secret)), false);
      assert.equal(ecdsa.verify(der, digest, ecdsa.publicKey(other)), false);
    }),
    { numRuns: 30 },
  );
});

test("the high-S twin of a signature is refused though it is valid mathematics", () => {
  const secret = new Uint8Array(32).fill(3);
  const digest = digestOf("twin");
  const compact = bytesToHex(decodeDer(ecdsa.sign(digest, secret)) as Uint8Array);
  const s = (ORDER - BigInt(`0x${compact.slice(64)}`)).toString(16).padStart(64, "0");
  const twin = encodeDer(hexToBytes(compact.slice(0, 64) + s));
  const publicKey = ecdsa.publicKey(secret);
  assert.ok(secp256k1.verify(twin, digest, publicKey, { prehash: false, format: "der", lowS: false }));
  assert.equal(ecdsa.verify(twin, digest, publicKey), false);
});

test("r or s of zero, or r of the order and more, never verifies", () => {
  const publicKey = ecdsa.publicKey(new Uint8Array(32).fill(3));
  const digest = digestOf("edge");
  const zero = "00".repeat(32);
  const one = `${"00".repeat(31)}01`;
  for (const [r, s] of [
    [zero, one],
    [one, zero],
    [zero, zero],
    [ORDER.toString(16), one],
    ["ff".repeat(32), one],
  ] as const)
    assert.equal(ecdsa.verify(encodeDer(hexToBytes(r + s)), digest, publicKey), false);
});

test("verify never throws, whatever it is given", () => {
  const bytes = fc.uint8Array({ maxLength: 80 });
  const digest = digestOf("any");
  const good = ecdsa.sign(digest, new Uint8Array(32).fill(3));
  fc.assert(
    fc.property(bytes, bytes, bytes, (der, message, key) => {
      assert.equal(ecdsa.verify(der, message, key), false);
      assert.equal(ecdsa.verify(good, digest, key), false);
      assert.equal(ecdsa.verify(good, message, ecdsa.publicKey(new Uint8Array(32).fill(3))), false);
    }),
    { numRuns: 200 },
  );
});

test("a secret outside 1 to the order less one is refused", () => {
  for (const secret of ["00".repeat(32), ORDER.toString(16), "ff".repeat(32)]) {
    assert.throws(() => ecdsa.publicKey(hexToBytes(secret)));
    assert.throws(() => ecdsa.sign(digestOf("x"), hexToBytes(secret)));
  }
});
