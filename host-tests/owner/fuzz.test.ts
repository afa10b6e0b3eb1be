// A short run of the fuzzer of the owner's side; `npm run fuzz -- --only owner --runs N` is the
// long one.

import { test } from "node:test";
import { fuzz } from "../../lab/fuzz/owner";

test("the owner's side takes two thousand mutated inputs and refuses what is wrong by its own errors", () =>
  fuzz(2000, 7));
