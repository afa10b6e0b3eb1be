// The page of fee shares: it is what the command computes, and what a socket and a cable really
// pay.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { MINUTE, plugged } from "../../lab/stage/bench";
import { paymentsOf, vbytesOf, visitShare } from "../../tools/docs/channel-fees";
import { FEES_PAGE, feesOf, feesPage } from "../../tools/docs/fees";

const RATE = 1_000;

test("docs/fees.md says what the command computes", () => {
  assert.equal(readFileSync(FEES_PAGE, "utf8"), feesPage(), "run: npx tsx tools/docs/fees.ts");
});

for (const [scheme, checkpoint] of [
  ["single-fee", 20_000],
  ["single-fee", undefined],
  ["basic", undefined],
] as const)
  test(`a session on the model chain pays the fees that the page computes (${scheme}, checkpoint ${checkpoint})`, async () => {
    const value = 50_000;
    const bench = plugged({
      socket: { sessionMax: value, schemes: [scheme], ...(checkpoint === undefined ? {} : { checkpoint }) },
      cable: { schemes: [scheme], maxSession: value, maxFeeShare: 1_000 },
    });
    bench.network.market = RATE;
    for (let i = 0; i < 60 && bench.named("session-ended").length === 0; i++) await bench.clock.run(MINUTE / 2);
    assert.equal(bench.named("session-ended")[0]?.paid, value);
    const ids = new Set(bench.named("broadcast").map(({ txid }) => txid));
    bench.network.mine();
    const mined = bench.network.blocks.all().flatMap(({ transactions }) => transactions);
    const fees = mined
      .filter(({ txid }) => ids.has(txid))
      .map(({ txid }) => Number(bench.named("broadcast").find((event) => event.txid === txid)?.fee));
    const computed = feesOf({ scheme, value, rate: RATE, ...(checkpoint === undefined ? {} : { checkpoint }) });
    assert.equal(
      fees.reduce((sum, fee) => sum + fee, 0),
      computed,
    );
  });

test("many visits: a dozen satoshi each, by one payment on chain for two dozen of them or by a channel", () => {
  const visits = { sum: 12, count: 100 } as const;
  assert.equal(paymentsOf({ scheme: "single-fee", ...visits }), 5);
  assert.equal(vbytesOf({ scheme: "single-fee", ...visits }), 5 * (141 + 68));
  assert.equal(vbytesOf({ scheme: "channel", ...visits }), 199 + 170 + 68);
  assert.equal(visitShare({ scheme: "channel", ...visits }, 1_000), "36.4");
  assert.equal(paymentsOf({ scheme: "basic", sum: 60_000, count: 3 }), 18);
  assert.equal(paymentsOf({ scheme: "single-fee", sum: 60_000, count: 3 }), 3);
});
