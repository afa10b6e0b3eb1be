// Memory beside XS's heap, as boards tell of it: a leak is one that goes on falling.

import assert from "node:assert/strict";
import { test } from "node:test";
import { NativeHeap } from "../../tools/firmware/native-heap";

function told(least: readonly number[]): NativeHeap {
  const heap = new NativeHeap();
  heap.told({ name: "memory", least: 1 }, 0);
  heap.told({ name: "boot" }, 100);
  least.forEach((bytes, minute) => {
    heap.told({ name: "memory", least: bytes }, 100 + minute * 60_000);
  });
  return heap;
}

test("what was taken in the first half is no leak, what goes on being taken is", () => {
  const end = 100 + 10 * 60_000;
  const steady = told([130_000, 122_000, 120_000]);
  assert.deepEqual(steady.facts(end), { least: 120_000, fell: "2 min 00 s", up: "10 min 00 s" });
  assert.equal(steady.complaint(end), undefined);
  const leaking = told([130_000, 128_000, 126_000, 124_000, 122_000, 120_000, 118_000, 116_000, 114_000]);
  assert.equal(leaking.fallen(end), 6000);
  assert.match(String(leaking.complaint(end)), /fell by 6000 bytes more/);
});
