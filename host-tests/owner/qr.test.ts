// The display's own QR code, read by a library's reader.

import assert from "node:assert/strict";
import { test } from "node:test";
import jsQR from "jsqr";
import { randomFrom } from "../../lab/fuzz/target";
import { QR_MOST, QR_SIZE, qrCode } from "../../shared/owner/qr";

const QUIET = 4;
const SCALE = 3;

function read(rows: readonly (readonly boolean[])[]): string | undefined {
  const side = (QR_SIZE + 2 * QUIET) * SCALE;
  const pixels = new Uint8ClampedArray(side * side * 4).fill(255);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      if (rows[Math.floor(y / SCALE) - QUIET]?.[Math.floor(x / SCALE) - QUIET])
        pixels.fill(0, (y * side + x) * 4, (y * side + x) * 4 + 3);
  return jsQR(pixels, side, side)?.data;
}

test("an address is read to the letter", () => {
  for (const address of [
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",
    "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",
  ]) {
    const text = `BITCOIN:${address.toUpperCase()}`;
    assert.equal(read(qrCode(text)), text);
  }
});

test("so is every text that it holds, of each length, and one that is too long or has another letter is refused", () => {
  const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
  const random = randomFrom(3);
  for (let length = 1; length <= QR_MOST; length++) {
    const text = Array.from({ length }, () => letters[random(letters.length)]).join("");
    assert.equal(read(qrCode(text)), text);
  }
  assert.throws(() => qrCode("A".repeat(QR_MOST + 1)), /at most 61/);
  assert.throws(() => qrCode("bitcoin:"), /upper case/);
});

test("a reader still reads it with a smudge on it", () => {
  const text = "BITCOIN:BCRT1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KYGT080";
  const rows = qrCode(text).map((row) => [...row]);
  for (let y = 9; y < 20; y++) for (let x = 27; x < 29; x++) (rows[y] as boolean[])[x] = !rows[y]?.[x];
  for (let y = 12; y < 20; y++) for (let x = 23; x < 27; x++) (rows[y] as boolean[])[x] = true;
  assert.equal(read(rows), text);
});
