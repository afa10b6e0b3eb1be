// What a stranger who sends dust to a cable's address can make a socket compute.

import assert from "node:assert/strict";
import { test } from "node:test";
import { coinCosts, DEAREST_400 } from "../../tools/bench/coins";
import { missingTools } from "../../tools/bench/engine";

const missing = await missingTools();
const skip = missing.length > 0 ? `needs ${missing.join("; ")}` : false;

test("an address with 400 small coins is read in two and a half seconds of a chip's time, by every backend", {
  skip,
  timeout: 900_000,
}, async () => {
  const costs = [...(await coinCosts())].filter(([name]) => name.endsWith("_400"));
  assert.equal(costs.length, 4);
  for (const [name, cost] of costs) assert.ok(cost <= DEAREST_400, `${name}: ${cost} instructions`);
});
