// While a page of flash is erased no task of a board runs, 45 ms as a rule and 400 ms at most. The
// gate bears that, counts what flowed meanwhile as before, and still takes a feed for lost that
// falls silent by itself.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { buildProgram, GATE_CORE, SANITIZED } from "../../lab/world/build";
import { Helper } from "../../lab/world/helper";

const board = new Helper(
  buildProgram({
    name: "standstill",
    flags: SANITIZED,
    sources: ["host-tests/power-gate/standstill.c", ...GATE_CORE],
  }),
);
after(() => board.close());

interface Answer {
  readonly closed: boolean;
  /** By the gate, and what flowed, uWh. */
  readonly total: number;
  readonly truth: number;
  readonly events: readonly string[];
}

async function ask(line: string): Promise<Answer> {
  const [closed, total, truth, ...events] = await board.request(line);
  return { closed: closed === "1", total: Number(total), truth: Number(truth), events };
}

interface Cadence {
  readonly gaps: number[];
  readonly longest: number;
  readonly standstills: number;
  readonly rate: number;
  readonly watched: number[];
  readonly longestWatched: number;
  readonly asleep: number;
}

async function cadence(): Promise<Cadence> {
  const words = await board.request("cadence");
  const after = (name: string): number => Number(words[words.indexOf(name) + 1]);
  const gaps = words.slice(0, words.indexOf("longest")).map(Number);
  const watched = words.slice(words.indexOf("watched") + 1, words.indexOf("longest-watched")).map(Number);
  const [longestWatched, asleep] = [after("longest-watched"), after("asleep")];
  const [longest, standstills, rate] = [after("longest"), after("standstills"), after("rate")];
  return { gaps, longest, standstills, rate, watched, longestWatched, asleep };
}

/** Under a lease, with 10 A, as long as it takes to be measured. */
async function loaded(how = "begin 48"): Promise<void> {
  assert.equal((await ask(how)).closed, true);
  await ask("load 10000");
  assert.deepEqual((await ask("run 1500")).events, []);
}

for (const milliseconds of [45, 100, 400]) {
  test(`a page that takes ${milliseconds} ms to erase opens nothing, and its energy is counted`, async () => {
    await loaded();
    const before = await ask("run 1");
    assert.deepEqual((await ask(`still ${milliseconds}`)).events, []);
    const { closed, total, truth, events } = await ask("run 3000");
    assert.equal(closed, true);
    assert.deepEqual(events, []);
    const flowed = truth - before.truth;
    // One half-wave (6.4 mWh) may be counted on either side of a reading; the standstill alone is
    // 256 mWh at its longest.
    const half = 6400;
    assert.ok(Math.abs(total - before.total - flowed) < half, `${total - before.total} of ${flowed} uWh`);
  });
}

test("the rate that is measured afterwards is the converter's, not that of the standstill", async () => {
  await loaded();
  await ask("still 400");
  const { total, truth } = await ask("run 1000");
  const later = await ask("run 4000");
  const error = (later.total - total) / (later.truth - truth) - 1;
  assert.ok(Math.abs(error) < 0.004, `${error}`);
  assert.equal((await cadence()).rate, 4000);
});

test("a lease that is used up during a standstill ends with it, overrun by no more than what flowed meanwhile", async () => {
  await loaded();
  const { total } = await ask("lease 20000"); // 31 ms of 2300 W
  const still = await ask("still 400");
  const { closed, total: used, events } = await ask("run 100");
  assert.equal(closed, false);
  assert.deepEqual([...still.events, ...events], ["lease-used"]);
  assert.ok(used - total > 200_000 && used - total < 310_000, `${used - total} uWh`);
});

test("an over-current goes on heating the gate while it stands still", async () => {
  const toTrip = async (still: number): Promise<number> => {
    await ask("begin 48");
    await ask("load 20500");
    assert.deepEqual((await ask("run 400")).events, []);
    if (still > 0) await ask(`still ${still}`);
    for (let ms = 0; ms < 2000; ms += 10)
      if ((await ask("run 10")).events.includes("over-current")) return 400 + still + ms;
    throw new Error("no trip");
  };
  const without = await toTrip(0);
  const withStandstill = await toTrip(300);
  // What has come by when the standstill ends, and at most 60 ms until the driver has handed over
  // what it kept.
  assert.ok(Math.abs(withStandstill - without) <= 80, `${withStandstill} ms, else ${without} ms`);
});

test("a feed that is silent while the timer runs is lost after 80 ms, as ever", async () => {
  await loaded();
  assert.deepEqual((await ask("silent 70")).events, []);
  assert.deepEqual((await ask("silent 40")).events, ["samples-lost"]);
});

test("a feed that does not come back after a standstill is lost, too", async () => {
  await loaded();
  assert.deepEqual((await ask("still 400")).events, []);
  const { closed, events } = await ask("silent 100");
  assert.equal(closed, false);
  assert.deepEqual(events, ["samples-lost"]);
});

test("a longer standstill than flash can bring opens the relay", async () => {
  await loaded();
  const { closed, events } = await ask("still 560");
  assert.equal(closed, false);
  assert.deepEqual(events, ["samples-lost"]);
});

test("the gate does not stay blind for more than a tenth of the time", async () => {
  await loaded();
  const seen: string[] = [];
  for (let k = 0; k < 8 && seen.length === 0; k++) {
    seen.push(...(await ask("still 200")).events, ...(await ask("run 300")).events);
  }
  assert.deepEqual(seen, ["samples-lost"]);

  await loaded();
  for (let k = 0; k < 20; k++) {
    assert.deepEqual([...(await ask("still 100")).events, ...(await ask("run 1000")).events], [], `standstill ${k}`);
  }
});

test("with a metering chip a standstill takes nothing off the 300 ms that its reports may be missing", async () => {
  await loaded("begin-chip");
  assert.deepEqual((await ask("still 400")).events, []);
  assert.deepEqual((await ask("run 5000")).events, []);
  assert.deepEqual((await ask("still 400")).events, []);
  assert.deepEqual((await ask("silent 240")).events, []);
  const { closed, events } = await ask("silent 80");
  assert.equal(closed, false);
  assert.deepEqual(events, ["samples-lost"]);
});

test("reports that a metering chip's serial port kept during a standstill are no more energy than can have flowed", async () => {
  await loaded("begin-chip");
  await ask("load 16000");
  const before = await ask("run 5000");
  const { closed, total, events } = await ask("still 300");
  assert.equal(closed, true);
  assert.deepEqual(events, []);
  // Five reports of 55 ms at 3680 W.
  assert.equal(total - before.total, 5 * 56_222);
});

test("the cadence tells each gap between two feeds once: a millisecond as a rule, and the standstill", async () => {
  await loaded();
  await cadence();
  await ask("run 1000");
  await ask("still 45");
  const { gaps, longest, standstills, rate } = await cadence();
  // 48 blocks that the driver had kept came at once.
  assert.deepEqual(gaps, [1000 + 44, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  assert.equal(longest, 45_000);
  assert.equal(standstills, 1);
  assert.equal(rate, 4000);
  assert.deepEqual((await cadence()).gaps, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test("gaps that a watched time touched are told apart, the last one too, which ends after it", async () => {
  await loaded();
  await cadence();
  await ask("run 100");
  await ask("watch 1");
  await ask("run 200");
  await ask("still 30");
  await ask("run 20");
  await ask("watch 0");
  await ask("still 60");
  await ask("run 300");
  const { gaps, watched, longestWatched, asleep } = await cadence();
  // What the driver kept meanwhile comes at once: 29 and 47 blocks.
  assert.deepEqual(watched, [200 + 29 + 20, 0, 0, 0, 1, 1, 0, 0, 0, 0]);
  assert.equal(longestWatched, 60_000);
  assert.equal(asleep, 60_000);
  assert.deepEqual(gaps, [100 + 200 + 29 + 20 + 47 + 300, 0, 0, 0, 1, 1, 0, 0, 0, 0]);
  assert.deepEqual((await cadence()).watched, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test("while a timer ticks and the feed is silent the gap is long, and nothing slept", async () => {
  await loaded();
  await cadence();
  await ask("watch 1");
  await ask("silent 60");
  await ask("run 10");
  const { watched, asleep } = await cadence();
  assert.deepEqual(watched, [9, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  assert.equal(asleep, 20_000);
});
