// docs/owner.md has the tables that the code has, and names every room's words as they are.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ownerPage } from "../../tools/docs/owner";

test("the tables of docs/owner.md are the code's: npx tsx tools/docs/owner.ts writes them anew", () => {
  const page = readFileSync(new URL("../../docs/owner.md", import.meta.url), "utf8");
  assert.equal(ownerPage(page), page);
});
