// The fuzzing of the journal's reader and of the two gates that money passes, in small: what is
// kept, and some more.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import * as audit from "../../lab/fuzz/audit";
import * as journal from "../../lab/fuzz/journal";

for (const target of [journal, audit])
  describe(`fuzzing the ${target.name}`, () => {
    it("finds nothing in the inputs that are kept", () => {
      const corpus = new URL(`../../lab/corpus/${target.name}/`, import.meta.url);
      const files = existsSync(corpus) ? readdirSync(corpus) : [];
      assert.ok(files.length > 0);
      for (const file of files) target.replay(new Uint8Array(readFileSync(new URL(file, corpus))));
    });

    it("finds nothing in two thousand new ones, some of which are accepted and some refused", () => {
      const { outcomes } = target.fuzz(2_000, 11);
      for (const outcome of EXPECTED[target.name] ?? []) assert.ok((outcomes[outcome] ?? 0) > 0, outcome);
    });
  });

const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  journal: ["shape read", "shape refused", "read", "older or other slot used"],
  audit: ["audit: passed", "audit: hidden-fee", "signed: accepted", "signed: bad-signature"],
};
