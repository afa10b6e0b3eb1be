// The catalogue of faults and its page in the docs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FAULTS } from "../../shared/protocol/faults";
import { FAULTS_PAGE, faultsPage } from "../../tools/docs/faults";

test("docs/faults.md says what the catalogue says", () => {
  assert.equal(readFileSync(FAULTS_PAGE, "utf8"), faultsPage(), "run: npx tsx tools/docs/faults.ts");
});

test("the page lists every fault once", () => {
  const page = faultsPage();
  for (const [name, [code, sentence]] of Object.entries(FAULTS)) {
    assert.equal(page.split(`| ${code} | \`${name}\` | ${sentence} |`).length, 2, name);
  }
});

test("every sentence is one printable sentence", () => {
  for (const [, sentence] of Object.values(FAULTS)) assert.match(sentence, /^[A-Z][ -~]{10,120}\.$/);
});
