// The transformed libraries give the same bytes as the untouched ones, on Node and on XS.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { ecdsa as noble } from "../../lab/model/noble-secp256k1";
import { decodeDer } from "../../shared/bitcoin/der";
import { runOnXs } from "../../tools/bench/xs";
import { onNode, scriptForXs } from "./loaded";
import * as untouched from "./uses";

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const PRIME = 2n ** 256n - 2n ** 32n - 977n;

const vectors = <T>(name: string): T =>
  JSON.parse(readFileSync(join(import.meta.dirname, "../vectors", `${name}.json`), "utf8")) as T;
const rfc6979 = vectors<{ vectors: { privateKey: string; message: string; r: string; s: string }[] }>(
  "rfc6979",
).vectors;
const bip143 = vectors<Record<string, string>>("bip143");
const der = vectors<{ valid: { der: string }[]; invalid: { comment: string; der: string }[] }>("der");

const hex = untouched.bytesToHex;
const bytes = untouched.hexToBytes;
const number = (value: bigint) => bytes(value.toString(16).padStart(64, "0"));

/** Random bytes that are the same on every run: a hash of a counter. */
let counter = 0;
function random(length: number): Uint8Array {
  let text = "";
  while (text.length < 2 * length) text += hex(untouched.sha256(new TextEncoder().encode(`wallet ${counter++}`)));
  return bytes(text.slice(0, 2 * length));
}

/**
 * What happened, in a form that can be compared: the value, or that it threw. Our curve words its
 * errors otherwise.
 */
function outcome(action: () => unknown): unknown {
  try {
    const value = action();
    return value instanceof Uint8Array ? hex(value) : value;
  } catch {
    return "threw";
  }
}

const edges = [
  0n,
  1n,
  2n,
  3n,
  ORDER - 1n,
  ORDER - 2n,
  ORDER,
  ORDER + 1n,
  ORDER / 2n,
  ORDER / 2n + 1n,
  PRIME - 1n,
  PRIME,
];
const all = [...edges, 2n ** 256n - 1n];

describe("the wallet, beside the untouched libraries", () => {
  let wallet: typeof untouched;
  before(async () => {
    wallet = await onNode();
  });

  it("signs random digests with the same bytes, and verifies them", () => {
    for (let i = 0; i < 50; i++) {
      const [secret, digest] = [random(32), random(32)];
      const signature = wallet.ecdsa.sign(digest, secret);
      assert.equal(hex(signature), hex(noble.sign(digest, secret)));
      const key = wallet.ecdsa.publicKey(secret);
      assert.equal(hex(key), hex(noble.publicKey(secret)));
      assert.equal(wallet.ecdsa.verify(signature, digest, key), true);
      assert.equal(wallet.ecdsa.verify(signature, secret, key), false);
    }
  });

  it("hashes every length from 0 to 300 bytes, and long input in pieces, to the same bytes", () => {
    const data = random(300);
    for (let length = 0; length <= 300; length++) {
      const part = data.subarray(0, length);
      assert.equal(hex(wallet.sha256(part)), hex(untouched.sha256(part)));
      assert.equal(hex(wallet.ripemd160(part)), hex(untouched.ripemd160(part)));
      assert.equal(hex(wallet.hmac(wallet.sha256, part, data)), hex(untouched.hmac(untouched.sha256, part, data)));
      const pieces = wallet.sha256.create().update(part).clone().update(data).digest();
      assert.equal(hex(pieces), hex(untouched.sha256.create().update(part).update(data).digest()));
    }
    const words = Uint8Array.from({ length: 4096 }, (_, i) => (i % 3 === 0 ? 0xff : i % 256));
    assert.equal(hex(wallet.sha256(words)), hex(untouched.sha256(words)));
  });

  it("reads and writes transactions and addresses like the untouched libraries", () => {
    const unsigned = bytes(bip143.unsigned ?? "");
    const show = (value: unknown) =>
      JSON.stringify(value, (_, one) =>
        typeof one === "bigint" ? `${one}n` : one instanceof Uint8Array ? hex(one) : one,
      );
    assert.equal(show(wallet.RawTx.decode(unsigned)), show(untouched.RawTx.decode(unsigned)));
    assert.equal(hex(wallet.RawTx.encode(wallet.RawTx.decode(unsigned))), hex(unsigned));
    for (let cut = 0; cut < unsigned.length; cut += 7)
      assert.throws(() => wallet.RawTx.decode(unsigned.subarray(0, cut)));
    const codecs = [
      [wallet.bech32, untouched.bech32],
      [wallet.bech32m, untouched.bech32m],
    ] as const;
    for (const [ours, theirs] of codecs) {
      const words = ours.toWords(random(32));
      const text = theirs.encode("bcrt", words);
      assert.equal(ours.encode("bcrt", words), text);
      assert.deepEqual(ours.decode(text as `bcrt1${string}`), theirs.decode(text as `bcrt1${string}`));
    }
  });

  it("passes the vectors of RFC 6979 and BIP143 and refuses malformed DER", () => {
    checkVectors(wallet);
  });
});

function checkVectors(uses: typeof untouched): void {
  for (const { privateKey, message, r, s } of rfc6979) {
    const digest = uses.sha256(new TextEncoder().encode(message));
    assert.equal(hex(decodeDer(uses.ecdsa.sign(digest, bytes(privateKey))) as Uint8Array), r + s);
  }
  const secret = bytes(bip143.privateKey ?? "");
  const digest = bytes(bip143.sighash ?? "");
  assert.equal(hex(uses.ecdsa.sign(digest, secret)), bip143.signature);
  const key = uses.ecdsa.publicKey(secret);
  assert.equal(uses.ecdsa.verify(bytes(bip143.signature ?? ""), digest, key), true);
  for (const { der: malformed, comment } of der.invalid)
    assert.equal(uses.ecdsa.verify(bytes(malformed), digest, key), false, comment);
}

describe("the wallet on XS", () => {
  it("gives the same bytes for vectors, edges and random cases", { timeout: 120_000 }, async () => {
    const secrets = [...all.map(number), ...rfc6979.map((one) => bytes(one.privateKey)), random(32), random(32)];
    const cases = secrets.flatMap((secret, i) => [
      { secret: hex(secret), digest: hex(untouched.sha256(secret)) },
      { secret: hex(secret), digest: hex(number(all[i % all.length] ?? 0n)) },
    ]);
    const script = await scriptForXs(`
      const { ecdsa, bytesToHex: hex, hexToBytes: bytes, sha256, ripemd160, hmac } = uses;
      const outcome = (action) => { try { return action(); } catch { return "threw"; } };
      for (const { secret, digest } of ${JSON.stringify(cases)}) {
        host.print(outcome(() => hex(ecdsa.publicKey(bytes(secret)))));
        const signature = outcome(() => hex(ecdsa.sign(bytes(digest), bytes(secret))));
        host.print(signature);
        if (signature === "threw") continue;
        const key = ecdsa.publicKey(bytes(secret));
        host.print(String(ecdsa.verify(bytes(signature), bytes(digest), key)));
        host.print(String(ecdsa.verify(bytes(signature), sha256(key), key)));
        host.print(hex(hmac(sha256, key, ripemd160(key))));
      }
      for (const malformed of ${JSON.stringify(der.invalid.map((one) => one.der))})
        host.print(String(ecdsa.verify(bytes(malformed), new Uint8Array(32), ecdsa.publicKey(bytes("${hex(random(32))}")))));`);
    const expected: unknown[] = [];
    for (const { secret, digest } of cases) {
      expected.push(outcome(() => noble.publicKey(bytes(secret))));
      const signature = outcome(() => noble.sign(bytes(digest), bytes(secret)));
      expected.push(signature);
      if (signature === "threw") continue;
      const key = noble.publicKey(bytes(secret));
      expected.push("true", "false", hex(untouched.hmac(untouched.sha256, key, untouched.ripemd160(key))));
    }
    expected.push(...der.invalid.map(() => "false"));
    assert.deepEqual(await runOnXs(script), expected);
  });
});
