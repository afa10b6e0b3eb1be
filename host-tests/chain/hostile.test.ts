// Servers that answer nonsense, or lies that can be seen: nothing of it is believed, and every call
// ends.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { CALL_NAMES, CANNED, type CallName, type Canned } from "../../lab/chain/canned";
import type { Reply } from "../../lab/chain/fakes";
import { fuzzBackends, replayAnswer } from "../../lab/chain/fuzz-backends";
import { ask } from "../../lab/chain/hostile";

const CORPUS = new URL("../../lab/corpus/chain/", import.meta.url);

/** Whole answers that are no answer to any question. */
const RUBBISH: Readonly<Record<string, (honest: string) => string>> = {
  "a page of HTML with status 200": () => "<!DOCTYPE html><html><body>Welcome</body></html>",
  "an empty answer": () => "",
  "an answer cut in the middle": (honest) => honest.slice(0, honest.length / 2),
  "an answer that never ends": (honest) => `${honest.slice(0, -1)}${" ".repeat(1_200_000)}${honest.slice(-1)}`,
  "an answer and another": (honest) => `${honest} ${honest}`,
  "the wrong kind of value": () => "true",
  "an array of arrays": () => "[[]]",
  "an answer nested without end": () => "[".repeat(5_000),
  NaN: () => "NaN",
  "a negative number": () => "-1",
};

function kindOf(outcome: Awaited<ReturnType<typeof ask>>): string {
  return "error" in outcome ? outcome.error.kind : `believed: ${JSON.stringify(outcome.value)}`;
}

/** Electrum's first exchange settles the version; what is spoiled comes after it. */
function firstOf({ name }: Canned): number {
  return name === "Electrum" ? 1 : 0;
}

function spoiled(change: (honest: string) => string, from: number) {
  return (reply: Reply, nth: number): Reply => (nth < from ? reply : { ...reply, body: change(String(reply.body)) });
}

for (const backend of CANNED) {
  const calls = CALL_NAMES;

  describe(`${backend.name} with hostile answers`, () => {
    it("believes the honest ones, which the others are made from", async () => {
      for (const call of calls) {
        const outcome = await ask(backend, call, (reply) => reply);
        assert.ok("value" in outcome, `${call}: ${kindOf(outcome)}`);
      }
    });

    for (const [what, change] of Object.entries(RUBBISH)) {
      it(`calls ${what} malformed`, async () => {
        for (const call of calls) {
          // A height is plain text: half of one is a height, and only HTTP's framing can tell.
          if (backend.name === "Esplora" && call === "tip" && what.includes("cut")) continue;
          const outcome = await ask(backend, call, spoiled(change, firstOf(backend)));
          // A line that never comes to its end cannot be told from a slow one; cut short, nothing
          // else follows.
          const expected = backend.name === "Electrum" && what === "an empty answer" ? "away" : "malformed";
          assert.equal(kindOf(outcome), expected, call);
        }
      });
    }

    it("calls it malformed when any number is negative, a fraction, a text, NaN or too large", async () => {
      const nasty = ["-7", "0.5", '"5"', "NaN", "1e999", "9007199254740993", "null", "[]", "{}"];
      for (const call of calls) {
        for (const value of nasty) {
          // The values are checked in ask(): whatever is accepted makes sense. Ids of JSON-RPC are
          // spoiled, too.
          const spoil = spoiled(
            (honest) => honest.replace(/([:[,]\s*)-?\d[\d.eE+-]*/g, `$1${value}`),
            firstOf(backend),
          );
          await ask(backend, call, spoil);
        }
      }
    });

    it("calls a tip malformed that no chain can have", async () => {
      const far = (honest: string): string => honest.replace(/\b501\b/g, "2147483647");
      assert.equal(kindOf(await ask(backend, "tip", spoiled(far, firstOf(backend)))), "malformed");
    });

    it("refuses a key that comes twice", async () => {
      const twice = (honest: string): string => honest.replace(/\{("[^"]+":)/, "{$1null,$1");
      for (const call of calls) {
        const isText = backend.name === "Esplora" && (call === "broadcast" || call === "tip");
        if (isText) continue;
        assert.equal(kindOf(await ask(backend, call, spoiled(twice, firstOf(backend)))), "malformed", call);
      }
    });

    it("refuses another transaction than the one that was asked for", async () => {
      const swap = (honest: string): string => honest.replace(/[0-9a-f]{64,}/g, (hash) => "77".repeat(hash.length / 2));
      for (const call of ["broadcast", "status"] satisfies CallName[]) {
        // Answers that name no transaction.
        if (backend.name.endsWith("without a transaction index") && call === "status") continue;
        assert.equal(kindOf(await ask(backend, call, spoiled(swap, firstOf(backend)))), "malformed", call);
      }
    });

    it("refuses a list that has the same coin twice", async () => {
      const twice = (honest: string): string => {
        return honest.replace(/\[(\{[^[\]]*?"(?:value|amount)":[^[\]]*?\})([,\]])/, "[$1,$1$2");
      };
      assert.equal(kindOf(await ask(backend, "utxos", spoiled(twice, firstOf(backend)))), "malformed");
    });
  });
}

for (const backend of CANNED.filter(({ name }) => name !== "Electrum")) {
  describe(`${backend.name} and the status of an answer`, () => {
    const answers: readonly [status: number, kind: string, headers?: Record<string, string>][] = [
      [301, "malformed"],
      [401, "away"],
      [403, "away"],
      [418, "malformed"],
      [429, "rate-limited"],
      [500, "away"],
      [502, "away"],
      [503, "away"],
      [503, "rate-limited", { "Retry-After": "5" }],
    ];
    for (const [status, kind, headers] of answers) {
      it(`takes ${status}${headers ? " with Retry-After" : ""} as "${kind}"`, async () => {
        for (const call of CALL_NAMES) {
          for (const body of ["trouble", "<p>trouble</p>".repeat(20_000)]) {
            const outcome = await ask(backend, call, () => ({ status, body, ...(headers && { headers }) }));
            assert.equal(kindOf(outcome), kind, `${call}, ${body.length} bytes`);
          }
        }
      });
    }
  });
}

describe("every backend", () => {
  it("holds against the answers kept from earlier fuzzing", async () => {
    for (const file of readdirSync(CORPUS)) await replayAnswer(new Uint8Array(readFileSync(new URL(file, CORPUS))));
  });

  it("survives a thousand spoiled answers", async () => {
    await fuzzBackends(1_000, 2026);
  });
});
