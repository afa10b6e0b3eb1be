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

describe("a socket whose chain is behind", () => {
  it("sells nothing a second time for a transaction that is settled", async () => {
    const terms: Terms = {
      ...TERMS,
      electronics: 1_000,
      socket: { ...TERMS.socket, sessionMax: 588 },
      cable: { maxPrice: 2 ** 40, maxIncrement: 294, maxSession: 588, maxFeeShare: 1_000 },
    };
    const outcome = await run({
      cast: "honest",
      terms,
      steps: [
        { wait: 2, move: { kind: "mine", blocks: 2 } },
        { wait: 240, move: { kind: "chain", fault: "stale", delay: 20 } },
      ],
    });
    assert.equal(outcome.violation, undefined, outcome.story.join("\n"));
  });
});

describe("a socket whose chain answers late", () => {
  it("does not take a payment for buried that a longer branch took back between two of its questions", async () => {
    const terms: Terms = { ...TERMS, socket: { ...TERMS.socket, confirmations: 2, exposureLimit: 2_940 } };
    for (let wait = 21; wait < 33; wait++) {
      const outcome = await run({
        cast: "rogue-cable",
        terms,
        steps: [
          rogue("pay", 2),
          { wait: 3, move: { kind: "chain", fault: "none", delay: 4_000 } },
          { wait, move: { kind: "mine", blocks: 1 } },
          rogue("rival-reorg", 60),
        ],
      });
      assert.equal(outcome.violation, undefined, outcome.story.join("\n"));
    }
  });
});

describe("a socket that was asked twice while its chain was slow", () => {
  it("credits no transaction a second time in another session", () =>
    holds({
      cast: "honest",
      terms: {
        ...TERMS,
        coins: [3_294, 3_294],
        socket: { ...TERMS.socket, checkpoint: 1_176, exposureLimit: 1_176 },
        cable: { maxPrice: 2 ** 40, maxIncrement: 294, maxSession: 294, maxFeeShare: 1_000 },
      },
      steps: [
        { wait: 2, move: { kind: "plug" } },
        { wait: 0, move: { kind: "chain", fault: "none", delay: 20_000 } },
        { wait: 69, move: { kind: "load", power: 10_000 } },
        { wait: 2, move: { kind: "mine", blocks: 1 } },
        { wait: 43, move: { kind: "cut-cable", writes: 1, how: "kept", off: 29 } },
        { wait: 81, move: { kind: "load", power: 1_300_000 } },
        { wait: 3, move: { kind: "chain", fault: "none", delay: 20 } },
      ],
    }));
});

describe("a cable", () => {
  const DEFAULTS: Terms = { ...TERMS, coins: [463_000, 250_000], socket: {}, cable: {} };

  it("accuses no honest socket whose answers are late, at full power", async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const outcome = await run({
        cast: "honest",
        terms: { ...DEFAULTS, seed },
        steps: [
          { wait: 5, move: { kind: "load", power: 3_000_000 } },
          { wait: 120, move: { kind: "line", drop: 50, lose: 300, double: 50, late: 300 } },
          { wait: 120, move: { kind: "mine", blocks: 1 } },
        ],
      });
      assert.equal(outcome.violation, undefined, outcome.story.join("\n"));
      assert.ok(!outcome.story.some((line) => line.includes("energy-claimed")), outcome.story.join("\n"));
    }
  });

  it("pays no further face of a socket that owes it more than its limit", async () => {
    const faces = [1, 2, 3, 4].flatMap(() => [
      rogue("starve", 3),
      rogue("new-script"),
      rogue("cycle", 40),
      rogue("broadcast-now", 40),
    ]);
    const outcome = await run({ cast: "rogue-socket", terms: DEFAULTS, opening: "honest", steps: faces });
    assert.equal(outcome.violation, undefined, outcome.story.join("\n"));
    assert.ok(outcome.increments <= 2, `${outcome.increments} increments went to faces that delivered nothing`);
  });

  it("keeps apart what two faces of a socket owe it, though it refuses one of them and then loses power", () =>
    holds({
      cast: "rogue-socket",
      terms: {
        ...TERMS,
        seed: 1_294_808_965,
        coins: [3_294, 3_294, 3_294, 3_294, 3_294, 3_294],
        socket: { ...TERMS.socket, price: 7_350, schemes: ["basic"] },
        cable: { maxPrice: 2 ** 40, maxIncrement: 294, maxSession: 294, maxFeeShare: 1_000 },
      },
      opening: "no-credit",
      steps: [
        rogue("lie-payee", 61),
        rogue("honest", 5),
        rogue("cycle", 5),
        { wait: 1, move: { kind: "load", power: 0 } },
        rogue("honest", 5),
      ],
    }));

  it("counts the fee of a payment that was never acknowledged: it may be mined all the same", () =>
    holds({
      cast: "honest",
      terms: {
        ...TERMS,
        realSigner: true,
        coins: [5_646, 10_056, 10_644],
        socket: {
          ...TERMS.socket,
          price: 147_000,
          sessionMax: 882,
          exposureLimit: 1_470,
          childFeeLimit: 294,
          schemes: ["basic"],
        },
        cable: { maxPrice: 2 ** 40, maxIncrement: 294, maxSession: 882, maxFeeShare: 1_000 },
      },
      steps: [
        { wait: 0, move: { kind: "mine", blocks: 1 } },
        { wait: 0, move: { kind: "market", rate: 8_000 } },
        { wait: 5, move: { kind: "unplug" } },
        { wait: 0, move: { kind: "cut-socket", writes: 1, how: "lost", off: 1 } },
        { wait: 0, move: { kind: "load", power: 1_450_240 } },
        { wait: 5, move: { kind: "chain", fault: "swallows", delay: 20 } },
        { wait: 27, move: { kind: "plug" } },
        { wait: 5, move: { kind: "chain", fault: "none", delay: 500 } },
        { wait: 13, move: { kind: "cut-cable", writes: 1, how: "torn", off: 29 } },
        { wait: 115, move: { kind: "mine", blocks: 1 } },
      ],
    }));

  it("is not drained by small bites that two meters could explain one at a time", async () => {
    const bites = Array.from({ length: 20 }, () => [rogue("lie-used", 20), rogue("cycle", 30)]).flat();
    const outcome = await run({ cast: "rogue-socket", terms: DEFAULTS, opening: "honest", steps: bites });
    assert.equal(outcome.violation, undefined, outcome.story.join("\n"));
  });

  it("burns nothing when a socket collects two signings under different amounts and mixes them", async () => {
    const outcome = await run({
      cast: "rogue-socket",
      terms: DEFAULTS,
      opening: "lie-amount",
      steps: [rogue("halves", 60), rogue("halves", 60)],
    });
    assert.equal(outcome.violation, undefined, outcome.story.join("\n"));
    assert.ok(
      outcome.story.some((line) => line.includes("amount-changed")),
      outcome.story.join("\n"),
    );
  });

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
