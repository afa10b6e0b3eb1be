// A gate that nobody calibrated, on each chip with the parts of docs/hardware.md: how late may its
// limits act?

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ROOT } from "../../lab/world/build";
import type { LoadSpec } from "../../lab/world/world";
import { boardGate, LATE_PERCENT, rangesOf } from "../../tools/firmware/ranges";
import { TARGETS as ALL, type TargetName } from "../../tools/firmware/targets";
import { ANYTHING, onStage, type Stage, startWire } from "./stage";

const TARGETS = Object.keys(ALL) as TargetName[];
/** Low enough that a board which reads 20 % too much keeps its relay closed. */
const VOLT = 200;
const LATE = 1 + LATE_PERCENT / 100;
/** The reference of a chip, in mV: nominally 1100 (ESP-IDF, "Analog to Digital Converter"). */
const reference = fc.integer({ min: 1000, max: 1200 });
/** A burden or a transformer, in thousandths. */
const part = fc.integer({ min: 990, max: 1010 });
/**
 * Millivolts of a code, as ESP-IDF v6.0 makes them for a chip in the middle of its calibration
 * data.
 */
type Curve = (code: number) => number;
const line =
  (mV: number, at: number, bend: readonly number[] = []): Curve =>
  (code) => {
    const straight = (code * mV) / at;
    return straight - bend.reduce((sum, factor, power) => sum + factor * straight ** power, 0);
  };
const S3_BEND = [-0.644403418269478, -0.0644334888647536, 1.297891447611e-4, -7.0769718e-8, 1.3515e-11];
const C3_BEND = [-1.4912262772850453, -0.0228549975564099, 3.56391935717e-5, -1.79964582e-8, 4.2046e-12];
const CURVES: Readonly<Record<TargetName, readonly Curve[]>> = {
  esp32: [line((1100 * 196_602) / 65_536, 4096)],
  esp32s3: [line(850, 900 + 127.5, S3_BEND)],
  esp32c3: [line(1370, 2000, C3_BEND)],
  // Two versions of the calibration.
  esp32c6: [line(1370, 1500), line(2800, 2850)],
};

/**
 * What 4096 steps are worth where the signal is, in mV: around the bias of 1.25 V, as far as 16 A
 * go.
 */
function fullScale(curve: Curve): number {
  const codeOf = (mV: number) => Array.from({ length: 4096 }, (_, code) => code).find((code) => curve(code) >= mV) ?? 0;
  const [low, high] = [codeOf(550), codeOf(1950)];
  return ((curve(high) - curve(low)) / (high - low)) * 4096;
}
const SCALES = TARGETS.flatMap((target) => CURVES[target].map((curve) => ({ target, scale: fullScale(curve) })));

const boards = fc.record({
  chip: fc.constantFrom(...SCALES),
  reference,
  currentParts: fc.tuple(part, part),
  voltageParts: fc.tuple(part, part),
});

type Board = typeof boards extends fc.Arbitrary<infer T> ? T : never;

/** The boards furthest off, and some between. */
const EXAMPLES: [Board][] = SCALES.flatMap((chip): [Board][] =>
  [1000, 1200].map((mV) => {
    const parts: [number, number] = mV > 1100 ? [1010, 1010] : [990, 990];
    return [{ chip, reference: mV, currentParts: parts, voltageParts: parts }];
  }),
);

/**
 * By how much more the gate shows than there is, in millionths. `nominal` is the range of the parts
 * as they are meant to be.
 */
function errorOf(told: number, nominal: number, reference: number, parts: readonly number[]): number {
  const real = parts.reduce((product, each) => (product * each) / 1000, (nominal * reference) / 1100);
  return Math.round((told / real - 1) * 1e6);
}

/**
 * Runs `play` on a socket of this board, uncalibrated, with the image's defaults and the relay
 * closed.
 */
function onBoard(board: Board, play: (stage: Stage) => Promise<void>): Promise<void> {
  const { chip, reference, currentParts, voltageParts } = board;
  const options = { ...rangesOf(chip.target), ...boardGate(chip.target, {}), underVoltage: 0 };
  const half = chip.scale / 2;
  const sensor = {
    // 2000:1 into 62 ohm; 120 kOhm, 1:1 into 330 ohm (docs/hardware.md).
    currentGainError: errorOf(options.currentRange, (half / 62) * 2000, reference, currentParts),
    voltageGainError: errorOf(options.voltageRange, (half / 330) * 120_000, reference, voltageParts),
  };
  const gates = [
    { name: "socket", options, sensor },
    { name: "cable", options: { minimumOff: 0 } },
  ] as const;
  return onStage({ gates, mains: { volts: VOLT, hz: 50 } }, async (stage) => {
    await startWire(stage);
    await play(stage);
  });
}

/** A heater that takes so much at `VOLT`; the world counts its watts at 230 V. */
const amperes = (ampere: number): LoadSpec => ({ kind: "resistive", watts: (ampere * 230 * 230) / VOLT });

describe(`limits of an uncalibrated gate act at most ${LATE_PERCENT} % late`, () => {
  const all = (play: (board: Board) => Promise<void>) =>
    fc.assert(fc.asyncProperty(boards, play), { examples: EXAMPLES, numRuns: 20 });

  it("by what it reads", () =>
    all((board) =>
      onBoard(board, async (stage) => {
        await stage.world.setLoad(amperes(10));
        await stage.run(2000);
        const { voltage, current } = await stage.world.read("socket");
        assert.ok(voltage * LATE >= VOLT * 1000, `${board.chip.target} reads ${voltage} of ${VOLT} V`);
        assert.ok(current * LATE >= 10_000, `${board.chip.target} reads ${current} of 10000 mA`);
      }),
    ));

  it("at the relay's 16 A", () =>
    all((board) =>
      onBoard(board, async (stage) => {
        // A tenth over the limit opens after 22 s.
        await stage.world.setLoad(amperes(16 * LATE * 1.1));
        const { what } = await stage.until(25_000);
        assert.equal(what, "socket trip over-current", board.chip.target);
      }),
    ));

  it("at the short circuit's 34 A, within a half-wave", () =>
    all((board) =>
      onBoard(board, async (stage) => {
        await stage.world.grant("socket", ANYTHING);
        await stage.world.setLoad(amperes((34 * LATE * 1.03) / Math.SQRT2));
        const { what, after } = await stage.until(1000);
        assert.equal(what, "socket trip short-circuit", board.chip.target);
        assert.ok(after <= 10, `${board.chip.target}: after ${after} ms`);
      }),
    ));

  it("at 265 V", () =>
    all((board) =>
      onBoard(board, async (stage) => {
        await stage.world.setMains({ volts: 265 * LATE * 1.005, hz: 50 });
        assert.equal((await stage.until(2000)).what, "socket trip over-voltage", board.chip.target);
      }),
    ));
});

it("the ranges that docs/hardware.md tells are those that an image is built with", () => {
  const page = readFileSync(join(ROOT, "docs/hardware.md"), "utf8");
  for (const target of TARGETS) {
    const { currentRange, voltageRange } = rangesOf(target);
    assert.match(page, new RegExp(`\\| ${target} \\| [\\d.]+ V \\| ${currentRange} mA \\| ${voltageRange} mV \\|`));
  }
  assert.match(page, new RegExp(`${LATE_PERCENT} %`));
});
