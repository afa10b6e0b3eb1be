// What the time from plug to power goes to: each step has one owner, and all of them together are
// that time.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { findWorker } from "../../lab/sim/engine-xs";
import { labelOf, NOT_KNOWN, pathTo, type Turn } from "../../lab/sim/path";
import { runScenario } from "../../lab/sim/run";
import { loadScenario } from "../../lab/sim/scenario";

const BOOT: Turn = {
  device: "cable",
  start: 400,
  came: 400,
  cause: { who: "cable", what: "boots", since: 100, after: undefined },
  before: undefined,
};

describe("the path back from what happened", () => {
  test("a wire, a timer and a queue are steps of their own", () => {
    const asked: Turn = {
      device: "socket",
      start: 425,
      came: 425,
      cause: { who: "link", what: "get_status", since: 420, after: BOOT },
      before: undefined,
    };
    // Came while the socket was still at work on the call, and waited for that.
    const queued: Turn = {
      device: "socket",
      start: 450,
      came: 430,
      cause: { who: "chain", what: "GET /", since: 300, after: undefined },
      before: asked,
    };
    const waited: Turn = {
      device: "socket",
      start: 480,
      came: 480,
      cause: { who: "socket", what: "waits 20 ms", since: 460, after: queued },
      before: queued,
    };
    assert.deepEqual(pathTo(waited, 500, 100), [
      { atMs: 0, ms: 300, who: "cable", what: "boots" },
      { atMs: 300, ms: 20, who: "cable", what: "computes" },
      { atMs: 320, ms: 5, who: "link", what: "get_status" },
      { atMs: 325, ms: 35, who: "socket", what: "computes" },
      { atMs: 360, ms: 20, who: "socket", what: "waits 20 ms" },
      { atMs: 380, ms: 20, who: "socket", what: "computes" },
    ]);
  });

  test("what nobody knows the reason of is told as that", () => {
    assert.deepEqual(pathTo(BOOT, 410, 50)[0], { atMs: 0, ms: 50, who: NOT_KNOWN, what: "not known" });
  });

  test("what was under way before the plug counts from the plug", () => {
    assert.deepEqual(pathTo(BOOT, 410, 150), [
      { atMs: 0, ms: 250, who: "cable", what: "boots" },
      { atMs: 250, ms: 10, who: "cable", what: "computes" },
    ]);
  });
});

test("a message is named by its call or by its first line", () => {
  const label = (text: string): string => labelOf(Buffer.from(text));
  assert.equal(label("POST /RPC2 HTTP/1.1\r\n\r\n<methodCall><methodName>get_status</methodName>"), "get_status");
  assert.equal(label(`GET /tx/${"ab".repeat(32)}/outspend/0 HTTP/1.1\r\n\r\n`), "GET /tx/.../outspend/0");
  assert.equal(label("HTTP/1.1 200 OK\r\n\r\n{}"), "answer");
  assert.equal(label("\u0016\u0003\u0001"), "bytes");
});

const hasXs = (() => {
  try {
    return existsSync(findWorker());
  } catch {
    return false;
  }
})();

for (const engine of ["node", "xs"] as const) {
  const skip = engine === "xs" && !hasXs ? "the XS engine is not built: npm rebuild @agoric/xsnap" : false;
  test(`the steps of the toaster follow one another and make up the time from plug to power (${engine})`, {
    skip,
  }, async () => {
    const { summary } = await runScenario({
      scenario: { ...loadScenario("toaster"), endS: 10 },
      engine,
      scheme: "single-fee",
      seed: 1,
    });
    const steps = summary.plugToPower;
    const last = steps.at(-1);
    assert.ok(Math.abs((last?.atMs ?? 0) + (last?.ms ?? 0) - (summary.plugToPowerMs ?? 0)) < 1);
    for (const [i, { atMs, ms }] of steps.slice(0, -1).entries())
      assert.ok(Math.abs(atMs + ms - (steps[i + 1]?.atMs ?? 0)) < 0.2, `step ${i} of ${JSON.stringify(steps)}`);
    const unknown = steps.filter(({ who }) => who === NOT_KNOWN).reduce((sum, { ms }) => sum + ms, 0);
    assert.ok(unknown < 1, `${unknown} ms that nobody knows of`);
    const whats = steps.map(({ who, what }) => `${who} ${what}`);
    // Node's engine signs in no time, so that the payment is not what the relay waits for.
    const payment = engine === "xs" ? ["link pay_transaction"] : [];
    for (const what of ["cable boots", "link answer", ...payment, "relay closes"])
      assert.ok(whats.includes(what), `${what} in ${whats.join(", ")}`);
  });
}

/**
 * Most that a visit may take from plug to power, in device time. They are the goals of
 * docs/performance.md.
 */
const VISITS = [
  // The first is what coins the cable has. The second, whether a node would take the payment, runs
  // while the socket verifies the payment's signature, which takes less time than the answer.
  { visit: "a stranger's", scenario: "toaster", most: 1_200, questions: 2 },
  { visit: "a cable's that has paid here before", scenario: "second-visit", most: 1_000, questions: 0 },
] as const;

for (const { visit, scenario, most, questions } of VISITS) {
  const skip = hasXs ? false : "the XS engine is not built: npm rebuild @agoric/xsnap";
  test(`${visit} plug has power within ${most} ms, and the path has ${questions} questions to the chain`, {
    skip,
  }, async () => {
    const { summary } = await runScenario({
      scenario: loadScenario(scenario),
      engine: "xs",
      scheme: "single-fee",
      seed: 1,
    });
    const { plugToPowerMs, plugToPower } = summary;
    assert.ok(plugToPowerMs !== null && plugToPowerMs <= most, `${plugToPowerMs} ms`);
    const onThePath = plugToPower.filter(({ who }) => who === "chain").map(({ what }) => what);
    assert.equal(onThePath.length, questions, onThePath.join(", "));
  });
}
