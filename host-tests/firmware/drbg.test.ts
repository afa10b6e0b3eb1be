// HMAC_DRBG against NIST's own vectors (CAVP, no reseed, with and without additional input).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { HmacDrbg, SEED_BYTES } from "../../shared/board/drbg";

interface Vectors {
  readonly cases: readonly {
    readonly entropy: string;
    readonly nonce: string;
    readonly additional: readonly [string, string];
    readonly returned: string;
  }[];
}

const vectors = JSON.parse(readFileSync(new URL("../vectors/hmac-drbg.json", import.meta.url), "utf8")) as Vectors;
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

test("the generator gives the bytes that NIST's vectors give, with and without additional input", () => {
  assert.equal(vectors.cases.length, 30);
  for (const { entropy, nonce, additional, returned } of vectors.cases) {
    const drbg = new HmacDrbg(bytes(entropy + nonce));
    drbg.bytes(returned.length / 2, bytes(additional[0]));
    assert.equal(Buffer.from(drbg.bytes(returned.length / 2, bytes(additional[1]))).toString("hex"), returned);
  }
});

test("two devices with the same seed and different names give different bytes", () => {
  const seed = new Uint8Array(SEED_BYTES).fill(7);
  const [a, b] = [Uint8Array.of(1), Uint8Array.of(2)].map((name) => new HmacDrbg(seed, name).bytes(32));
  assert.notDeepEqual(a, b);
});

test("a length that is no multiple of 32 gives the beginning of the longer answer", () => {
  const seed = new Uint8Array(SEED_BYTES).fill(9);
  assert.deepEqual(new HmacDrbg(seed).bytes(33), new HmacDrbg(seed).bytes(64).slice(0, 33));
});

test("a seed that is too short and a request that is too long are refused with what was expected", () => {
  assert.throws(() => new HmacDrbg(new Uint8Array(SEED_BYTES - 1)), /at least 48 bytes was expected, came 47/);
  assert.throws(() => new HmacDrbg(new Uint8Array(SEED_BYTES)).bytes(65_537), /0 to 65536 bytes/);
});
