// UTF-8 against the platform's own encoder, and the sequences that RFC 3629 forbids.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeLatin1, decodeUtf8, encodeUtf8 } from "../../shared/kernel/utf8";

const native = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

test("text becomes the bytes that the platform's encoder gives, and comes back", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: "binary", maxLength: 300 })), (text) => {
      const bytes = encodeUtf8(text);
      assert.deepEqual(bytes, new TextEncoder().encode(text));
      assert.equal(decodeUtf8(bytes), text);
    }),
  );
});

test("any bytes decode as the platform's strict decoder has it, or are refused as it refuses them", () => {
  const lead = fc.constantFrom(
    0x41,
    0x80,
    0xbf,
    0xc0,
    0xc2,
    0xe0,
    0xed,
    0xef,
    0xf0,
    0xf4,
    0xf5,
    0xff,
    0x9f,
    0xa0,
    0x8f,
    0x90,
  );
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.array(lead).map((all) => Uint8Array.from(all)),
  );
  fc.assert(
    fc.property(bytes, (some) => {
      let expected: string | undefined;
      try {
        expected = native.decode(some);
      } catch {
        assert.throws(() => decodeUtf8(some), RangeError);
        return;
      }
      assert.equal(decodeUtf8(some), expected);
    }),
    { numRuns: 2000 },
  );
});

test("overlong forms, surrogates, code points beyond Unicode and broken sequences are refused", () => {
  for (const hex of [
    "c080",
    "c1bf",
    "e08080",
    "e09fbf",
    "f0808080",
    "f08fbfbf",
    "eda080",
    "edbfbf",
    "f4908080",
    "f8888080",
    "80",
    "c3",
    "e282",
    "f09f98",
    "ff",
  ]) {
    assert.throws(() => decodeUtf8(Uint8Array.from(Buffer.from(hex, "hex"))), RangeError, hex);
  }
});

test("a lone surrogate is not written", () => {
  for (const text of ["\ud800", "a\udfffb", "\udc00\ud800"]) assert.throws(() => encodeUtf8(text), RangeError);
});

test("Latin-1 gives one character a byte", () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  assert.equal(decodeLatin1(all), Buffer.from(all).toString("latin1"));
});
