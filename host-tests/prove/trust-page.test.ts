// docs/trust.md names a test for each threat: each of them exists, and so does each trick and fault
// that it mentions.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { ROGUE_PAYER_TRICKS, ROGUE_SELLER_TRICKS } from "../../lab/prove/channel-draw";
import { ROGUE_CABLE_TRICKS, ROGUE_SOCKET_TRICKS } from "../../lab/prove/moves";
import { namedIn } from "../../tools/mutants/trust";

const ROOT = join(import.meta.dirname, "..", "..");
const page = readFileSync(join(ROOT, "docs", "trust.md"), "utf8");

it("every test that the page on trust names exists under that name", () => {
  const named = namedIn(page);
  assert.ok(named.length >= 15, `${named.length}`);
  for (const { file, title } of named)
    assert.ok(readFileSync(join(ROOT, file), "utf8").includes(`"${title}"`), `${file} has no test "${title}"`);
});

it("every trick that the page on trust names is one that a rogue plays", () => {
  const tricks: readonly string[] = [
    ...ROGUE_CABLE_TRICKS,
    ...ROGUE_SOCKET_TRICKS,
    ...ROGUE_PAYER_TRICKS,
    ...ROGUE_SELLER_TRICKS,
  ];
  const named = [...page.matchAll(/\(tricks? ((?:"[a-z-]+"(?:, )?)+)\)/g)].flatMap(
    ([, list = ""]) => list.match(/[a-z-]+/g) ?? [],
  );
  assert.ok(named.length >= 8);
  for (const trick of named) assert.ok(tricks.includes(trick), trick);
});
