// The list of mutants fits the code as it is: `npm run mutants` takes minutes, this takes none.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { MUTATIONS } from "../../tools/mutants/list";
import { type Mutation, mutated } from "../../tools/mutants/mutation";
import { SURVIVORS } from "../../tools/mutants/survivors";
import { TRUST_PAGE, unproven, untied } from "../../tools/mutants/trust";

const GUARD: Mutation = { name: "guard", file: "a.ts", from: "if (bad) throw", to: "if (false) throw", tests: [] };

describe("the list of mutants", () => {
  it("finds each text exactly once", () => {
    for (const mutation of MUTATIONS) mutated(mutation, readFileSync(mutation.file, "utf8"));
  });

  it("names each mutant once, and explains none that is not there", () => {
    const names = MUTATIONS.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
    for (const name of SURVIVORS.keys()) assert.ok(names.includes(name), `${name} is explained and not in the list`);
  });

  it("has tests that are there, and have the name that is to fail", () => {
    for (const { name, tests, proves } of MUTATIONS) {
      assert.ok(tests.length > 0, `${name} has no test`);
      const texts = tests.map((file) => readFileSync(file, "utf8"));
      if (proves !== undefined)
        assert.ok(
          texts.some((text) => text.includes(proves)),
          `${name}: no test "${proves}"`,
        );
    }
  });
});

describe("the page on trust and the mutants", () => {
  const page = readFileSync(TRUST_PAGE, "utf8");

  it("name the same tests", () => {
    assert.deepEqual(untied(MUTATIONS, page), []);
    assert.deepEqual(untied([{ ...GUARD, proves: "what no page says" }], page), [
      'guard: expected docs/trust.md to name "what no page says", it does not',
    ]);
  });

  it("explain no survivor away whose test the page names", () => {
    const excused = MUTATIONS.filter(({ name, proves }) => proves !== undefined && SURVIVORS.has(name));
    assert.deepEqual(excused, []);
  });

  it("tell which threats have a test and no mutant", () => {
    const row = '| **A threat**, somehow | nobody | a bound | `host-tests/a.test.ts`: "one", "two"; `prove` |';
    const rows = ["| a head | who |", "|---|---|", row].join("\n");
    const tests = ["one", "two"].map((title) => ({ file: "host-tests/a.test.ts", title }));
    assert.deepEqual(unproven([], rows), [{ threat: "A threat, somehow", tests }]);
    assert.deepEqual(unproven([{ ...GUARD, proves: "two" }], rows), []);
  });
});

describe("a mutation", () => {
  it("replaces its text and nothing else", () => {
    assert.equal(mutated(GUARD, "x(); if (bad) throw 1;"), "x(); if (false) throw 1;");
    assert.equal(mutated({ ...GUARD, to: "$&$1" }, "if (bad) throw"), "$&$1");
  });

  it("is refused where its text is not there exactly once, or changes nothing", () => {
    assert.throws(() => mutated(GUARD, "x();"), /"guard": expected its text once in a.ts, found it 0 times/);
    assert.throws(() => mutated(GUARD, "if (bad) throw; if (bad) throw"), /found it 2 times/);
    assert.throws(() => mutated({ ...GUARD, to: GUARD.from }, "if (bad) throw"), /expected a change/);
  });
});
