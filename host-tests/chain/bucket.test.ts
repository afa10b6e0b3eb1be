// Rate limits: what goes out, when, and how long we stay silent after a server asked for it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fails } from "../../lab/chain/backends";
import { settled } from "../../lab/chain/fakes";
import { VirtualClock } from "../../lab/model/clock";
import { Bucket } from "../../shared/chain/bucket";
import { ChainError } from "../../shared/chain/error";

describe("the rate limit", () => {
  it("lets a burst out at once, then keeps the pace", async () => {
    const clock = new VirtualClock();
    const bucket = new Bucket(clock, { burst: 3, perMinute: 60, patience: 10_000 });
    const sent: number[] = [];
    for (let i = 0; i < 6; i++) void bucket.take().then(() => sent.push(clock.now()));
    await settled();
    assert.deepEqual(sent, [0, 0, 0]);
    await clock.run(10_000);
    assert.deepEqual(sent, [0, 0, 0, 1_000, 2_000, 3_000]);
  });

  it("never lets more out than burst and pace allow, whenever they are asked for", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 60 }), async (pauses) => {
        const clock = new VirtualClock();
        const bucket = new Bucket(clock, { burst: 4, perMinute: 60, patience: 2_000 });
        const sent: number[] = [];
        for (const pause of pauses) {
          const wait = bucket.take();
          void wait.then(() => sent.push(clock.now())).catch(() => undefined);
          if (pause > 1_500) await clock.run(pause);
        }
        await clock.run(60_000);
        sent.forEach((from, i) => {
          const within = sent.slice(i).filter((at) => at - from < 10_000).length;
          assert.ok(within <= 4 + 10, `${within} requests within 10 s`);
        });
      }),
      { numRuns: 30 },
    );
  });

  it("refuses at once what would have to wait too long, and says how long", async () => {
    const bucket = new Bucket(new VirtualClock(), { burst: 1, perMinute: 1, patience: 5_000 });
    await bucket.take();
    await assert.rejects(bucket.take(), (error) => error instanceof ChainError && error.retryAfter === 60_000);
  });

  it("is silent for as long as the server asked", async () => {
    const clock = new VirtualClock();
    const bucket = new Bucket(clock);
    assert.equal(bucket.refused(7_000), 7_000);
    await clock.run(6_999);
    await assert.rejects(bucket.take(), fails("rate-limited"));
    await clock.run(1);
    await bucket.take();
  });

  it("doubles its silence when the server does not say, and starts small again after an answer", async () => {
    const clock = new VirtualClock();
    const bucket = new Bucket(clock);
    assert.deepEqual([bucket.refused(), bucket.refused(), bucket.refused()], [2_000, 4_000, 8_000]);
    bucket.answered();
    assert.equal(bucket.refused(), 2_000);
    for (let i = 0; i < 20; i++) bucket.refused();
    assert.equal(bucket.refused(), 300_000);
    assert.equal(bucket.refused(1e9), 300_000, "no server silences us for days");
  });
});
