// What the property tests have found, kept as the short plans that they shrank to: each once broke a bound.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Plan, Step } from "./moves";
import { run } from "./run";
import type { Terms } from "./stage";

const TERMS: Terms = {
  seed: 1,
  realSigner: false,
  coins: [5_646],
  socketError: 0,
  cableError: 0,
  electronics: 1_000,
  socket: {
    increment: 294,
    price: 588_000,
    sessionMax: 294,
    checkpoint: 294,
    exposureLimit: 294,
    confirmations: 1,
    schemes: ["single-fee", "basic"],
  },
  cable: {},
};

function rogue(trick: string, wait = 1, choice = 0): Step {
  return { wait, move: { kind: "rogue", trick, choice } };
}

async function holds(plan: Plan): Promise<void> {
  const outcome = await run(plan);
  assert.equal(outcome.violation, undefined, outcome.story.join("\n"));
}

describe("a socket", () => {
  it("does not sell a stock of unconfirmed credit beyond its exposure limit", () =>
    holds({ cast: "rogue-cable", terms: TERMS, steps: [rogue("pay-fast"), rogue("pay", 3)] }));

  it("knows a payment as lost whose coin was the change of another that was double-spent", () =>
    holds({
      cast: "rogue-cable",
      terms: { ...TERMS, socket: { ...TERMS.socket, exposureLimit: 588, confirmations: 2 } },
      steps: [
        rogue("pay"),
        rogue("pay"),
        rogue("double-spend", 9, 2),
        rogue("double-spend-miner", 9, 3),
        rogue("rival-reorg", 20),
      ],
    }));
});

describe("a cable", () => {
  it("keeps the credit of a payment that arrived while the gate told of the old lease's end", async () => {
    const outcome = await run({
      cast: "honest",
      terms: {
        ...TERMS,
        coins: [7_410],
        electronics: 1_000,
        socket: { ...TERMS.socket, price: 147_000, sessionMax: 882, exposureLimit: 2_058, schemes: ["basic"] },
        cable: { maxPrice: 2 ** 40, maxIncrement: 294, maxSession: 882, maxFeeShare: 1_000 },
      },
      steps: [{ wait: 40, move: { kind: "load", power: 1_666_266 } }],
    });
    assert.equal(outcome.violation, undefined);
    assert.ok(!outcome.story.some((line) => line.includes("undelivered")), outcome.story.join("\n"));
  });
});
