// Bytes in pieces: what goes in comes out, and single bytes take little more memory than
// themselves.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Bytes } from "../../shared/net/bytes";

test("pieces come out joined, and only once", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 600 })), (pieces) => {
      const bytes = new Bytes();
      for (const piece of pieces) bytes.add(piece);
      assert.deepEqual(Buffer.from(bytes.take()), Buffer.concat(pieces));
      assert.deepEqual([bytes.length, bytes.capacity, bytes.take().length], [0, 0, 0]);
    }),
  );
});

test("eight thousand single bytes take at most twice their memory", () => {
  const bytes = new Bytes();
  for (let i = 1; i <= 8192; i++) {
    bytes.add(Uint8Array.of(i & 0xff));
    assert.ok(bytes.capacity < 2 * i + 256, `${bytes.capacity} for ${i}`);
  }
});

test("a piece is copied, so its owner may use it again", () => {
  const bytes = new Bytes();
  const piece = Uint8Array.of(1, 2);
  bytes.add(piece);
  piece.fill(9);
  assert.deepEqual([...bytes.take()], [1, 2]);
});
