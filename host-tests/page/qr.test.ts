// The cable's address as a QR code, read by another library's reader.

import assert from "node:assert/strict";
import { test } from "node:test";
import jsQR from "jsqr";
import { modulesOf, pathOf, QUIET, uriOf } from "../../page/uri";

const SCALE = 4;
const ADDRESSES = [
  "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
  "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",
  "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",
];

/** Pixels of the code as a path draws it. */
function drawn(path: string, size: number): Uint8ClampedArray {
  const pixels = new Uint8ClampedArray(size * SCALE * size * SCALE * 4).fill(255);
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g))
    for (let row = Number(y) * SCALE; row < (Number(y) + 1) * SCALE; row++)
      for (let column = Number(x) * SCALE; column < (Number(x) + Number(width)) * SCALE; column++)
        pixels.fill(0, (row * size * SCALE + column) * 4, (row * size * SCALE + column) * 4 + 3);
  return pixels;
}

test("is a URI of BIP321 in upper case, which a reader gives back to the letter", () => {
  for (const address of ADDRESSES) {
    const text = uriOf(address);
    assert.equal(text, `BITCOIN:${address.toUpperCase()}`);
    const modules = modulesOf(text);
    const size = modules.length + 2 * QUIET;
    const found = jsQR(drawn(pathOf(modules), size), size * SCALE, size * SCALE);
    assert.equal(found?.data, text);
    assert.equal(found?.chunks[0]?.type, "alphanumeric", "upper case takes the denser mode");
  }
});

test("an address of regtest fits a code of 29 modules, which a small display shows too", () => {
  assert.equal(modulesOf(uriOf(ADDRESSES[2] as string)).length, 29);
});
