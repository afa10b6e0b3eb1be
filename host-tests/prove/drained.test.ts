// What the grammar of the rogue socket found: a cable that recognised a session by the name that
// its peer chose.

import assert from "node:assert/strict";
import { it } from "node:test";
import type { Manner } from "../../lab/prove/manner";
import { run } from "../../lab/prove/run";
import type { Terms } from "../../lab/prove/stage";

const TERMS: Terms = {
  ...{ seed: 1, realSigner: false, socketError: 0, cableError: 0, electronics: 1_000 },
  coins: [600_000, 300_000, 300_000, 300_000],
  socket: {
    ...{ increment: 10_000, price: 250_000, sessionMax: 80_000, checkpoint: 10_000, exposureLimit: 10_000 },
    ...{ confirmations: 1, schemes: ["single-fee", "basic"] },
  },
  cable: { maxPrice: 2 ** 40, maxIncrement: 10_000, maxSession: 80_000, maxFeeShare: 1_000 },
};

const HONEST: Manner = {
  ...{ session: "honest", payee: "honest", coins: "honest", after: "first", scheme: "honest", increment: "honest" },
  ...{ value: "honest", fee: "honest", energy: "honest", sessionMax: "honest", arrears: "honest", credit: "honest" },
  ...{
    expiry: "honest",
    price: "honest",
    answer: "success",
    credited: "honest",
    remaining: "honest",
    next: "none",
    broadcast: "now",
  },
};

for (const coins of ["change", "other"] as const)
  it(`a socket that keeps a session's name, changes payees and refuses does not drain a cable over ${coins} coins`, async () => {
    const outcome = await run({
      cast: "rogue-socket",
      terms: TERMS,
      manner: { ...HONEST, session: "repeated", payee: "invented", coins, answer: "wrong-payee" },
      steps: [1, 2, 3, 4].map(() => ({ wait: 120, move: { kind: "mine", blocks: 1 } })),
    });
    assert.equal(outcome.violation, undefined, outcome.story.join("\n"));
    assert.ok(outcome.increments >= 2, `expected that payments are taken, came ${outcome.increments}`);
  });
