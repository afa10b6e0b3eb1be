// What a neighbour can make a socket compute.

import assert from "node:assert/strict";
import { test } from "node:test";
import { missingTools } from "../../tools/bench/engine";
import { DEAREST, requestCosts } from "../../tools/bench/requests";

const missing = await missingTools();
const skip = missing.length > 0 ? `needs ${missing.join("; ")}` : false;

test("no request within the limits keeps a socket from its work for more than a fifth of a second", {
  skip,
  timeout: 900_000,
}, async () => {
  for (const [manner, cost] of await requestCosts()) assert.ok(cost <= DEAREST, `${manner}: ${cost} instructions`);
});
