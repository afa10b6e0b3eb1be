import assert from "node:assert/strict";
import { test } from "node:test";
import { doubled } from "../../shared/kernel/backoff";

test("a pause is twice as long after each failure in a row, up to its bound", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map((failures) => doubled(500, failures, 8_000)),
    [500, 1_000, 2_000, 4_000, 8_000, 8_000],
  );
});

test("a pause without a bound ends after ten doublings, however often it failed", () => {
  assert.equal(doubled(1_000, 10), 1_024_000);
  assert.equal(doubled(1_000, 4_000_000_000), 1_024_000);
});
