// What backends say when the network refuses a transaction, and what we make of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { rejection } from "../../shared/chain/reject";

interface Vector {
  readonly from: string;
  readonly said: string;
  readonly kind: string;
  /** Satoshi. */
  readonly missing?: number;
}

const VECTORS = JSON.parse(
  readFileSync(new URL("../vectors/chain-rejections.json", import.meta.url), "utf8"),
) as readonly Vector[];

describe("a refusal", () => {
  for (const { from, said, kind, missing } of VECTORS) {
    it(`of ${from} is "${kind}": ${said.slice(0, 90).replace(/\s/g, " ") || "(empty)"}`, () => {
      const error = rejection(said);
      assert.equal(error.kind, kind);
      assert.equal(error.missing, missing);
    });
  }

  it("names at most 200 characters of what was said, on one line", () => {
    const { message } = rejection(`<html>\n${"x".repeat(10_000)}`);
    assert.ok(message.length < 260);
    assert.ok(!message.includes("\n"));
  });
});
