import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromBase64, toBase64 } from "../../shared/kernel/base64";
import { encodeUtf8 } from "../../shared/kernel/utf8";

/** RFC 4648, section 10. */
const VECTORS = [
  ["", ""],
  ["f", "Zg=="],
  ["fo", "Zm8="],
  ["foo", "Zm9v"],
  ["foob", "Zm9vYg=="],
  ["fooba", "Zm9vYmE="],
  ["foobar", "Zm9vYmFy"],
] as const;

describe("base64", () => {
  it("is as in the RFC's vectors, there and back", () => {
    for (const [text, encoded] of VECTORS) {
      assert.equal(toBase64(encodeUtf8(text)), encoded);
      assert.deepEqual(fromBase64(encoded), encodeUtf8(text));
    }
  });

  it("holds every byte at every place", () => {
    for (let length = 0; length < 260; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => 255 - (i % 256));
      assert.equal(toBase64(bytes), Buffer.from(bytes).toString("base64"));
      assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
    }
  });

  it("has one spelling: padding that is missing or idle, spare bits and other characters are refused", () => {
    for (const text of ["Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v=", "Zm-v", "Zm_v", "Zm 9v", "=", "====", "Zé=="])
      assert.equal(fromBase64(text), undefined, text);
  });
});
