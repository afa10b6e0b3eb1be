// A signet may have a block every 30 seconds: nothing of a session counts on ten minutes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type BenchOptions, plugged, TOASTER } from "../../lab/stage/bench";

const BLOCK_TIME = 30_000;

/** A toaster's session on a signet of 30-second blocks, for `blocks` of them. */
async function sold(options: BenchOptions, blocks: number) {
  const cable = { maxSession: 1_000_000, maxDaily: 5_000_000 };
  const bench = plugged({ ...options, cable, coins: [5_000_000] }, TOASTER / 2);
  for (let i = 0; i < blocks; i++) {
    await bench.clock.run(BLOCK_TIME);
    bench.network.mine();
  }
  const ends = bench.named("session-ended").map(({ why }) => why);
  bench.unplug();
  await bench.clock.run(2 * BLOCK_TIME);
  for (let i = 0; i < 3; i++) {
    bench.network.mine();
    await bench.clock.run(BLOCK_TIME);
  }
  const worth = bench.named("credited").reduce((sum, { value }) => sum + Number(value), 0);
  assert.equal(bench.received(), worth, "all that was sold is received");
  return { bench, ends, worth };
}

test("with a block every 30 seconds all that is sold is received, over the end of sessions", async () => {
  const { ends, worth } = await sold({ socket: { sessionMax: 1_000_000, checkpoint: 3_000_000 } }, 160);
  assert.ok(worth >= 200_000, `${worth}`);
  assert.deepEqual(ends, ["expiry"], "144 blocks are 72 minutes here");
});

test("a cable pays on over any number of sessions that end before their maximum", async () => {
  const options = { sessionMax: 1_000_000, checkpoint: 3_000_000, sessionBlocks: 40 };
  const { bench, ends } = await sold({ socket: options }, 240);
  assert.ok(ends.length >= 6 && ends.every((why) => why === "expiry"), ends.join());
  assert.deepEqual(
    bench.named("stopped").filter(({ reason }) => reason === "claims-open"),
    [],
  );
});

test("a session lasts as many blocks as the owner says", async () => {
  const options = { sessionMax: 1_000_000, checkpoint: 3_000_000 };
  const { ends } = await sold({ socket: { ...options, sessionBlocks: 2_880 } }, 160);
  assert.deepEqual(ends, []);
  const { ends: more } = await sold({ socket: { ...options, sessionBlocks: 40 } }, 80);
  assert.deepEqual(more, ["expiry", "expiry"]);
});
