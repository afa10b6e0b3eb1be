// What the display shows: pictures as they are meant to be (UPDATE_PICTURES=1 writes them anew, to
// be looked at), their way to the controller, and what an image without a display has of it.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import jsQR from "jsqr";
import { VirtualClock } from "../../lab/model/clock";
import { pictureText } from "../../lab/sim/picture";
import { type LightWord, RHYTHMS } from "../../shared/owner/light";
import { FRAME_BYTES, HEIGHT, pictureOf, type Shown, WIDTH } from "../../shared/owner/picture";
import { Screen } from "../../shared/owner/screen";
import { buildConfig } from "../../tools/firmware/config";
import { fragments } from "../../tools/firmware/manifest";
import { TARGETS } from "../../tools/firmware/targets";

const ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
const WORDS = Object.keys(RHYTHMS) as LightWord[];

function golden(name: string, shown: Shown): void {
  const path = join(import.meta.dirname, "pictures", `${name}.txt`);
  const text = `${pictureText(pictureOf(shown)).join("\n")}\n`;
  if (process.env.UPDATE_PICTURES) writeFileSync(path, text);
  assert.equal(text, readFileSync(path, "utf8"), name);
}

for (const word of WORDS) test(`${word} is shown as it is meant to be`, () => golden(word, { word }));

test("a cable that waits shows its address as a code, which a reader gives back from the frame itself", () => {
  golden("address", { word: "standby", address: ADDRESS });
  for (const word of ["standby", "lockout"] as const) {
    const frame = pictureOf({ word, address: ADDRESS });
    const scale = 4;
    const [width, height] = [WIDTH * scale, HEIGHT * scale];
    const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const [column, row] = [Math.floor(x / scale), Math.floor(y / scale)];
        const isLit = (((frame[(row >> 3) * WIDTH + column] ?? 0) >> (row & 7)) & 1) === 1;
        if (!isLit) pixels.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
      }
    assert.equal(jsQR(pixels, width, height)?.data, `BITCOIN:${ADDRESS.toUpperCase()}`);
  }
});

test("while it pays, draws, or somebody must look, the state alone counts", () => {
  for (const word of ["negotiating", "paid", "fault", "weld"] as const)
    assert.deepEqual(pictureOf({ word, address: ADDRESS }), pictureOf({ word }));
});

test("the screen draws where something changed, a page at a time; a display that fails is told once and left alone", async () => {
  const clock = new VirtualClock();
  const frame = new Uint8Array(FRAME_BYTES);
  let [pages, word, fails] = [0, "standby" as LightWord, false];
  const errors: string[] = [];
  const panel = {
    page: (index: number, bytes: Uint8Array) => {
      if (fails) throw new Error("no answer");
      assert.equal(bytes.length, WIDTH);
      frame.set(bytes, index * WIDTH);
      pages++;
    },
  };
  new Screen({ clock, panel, shown: () => ({ word }), onError: (error) => errors.push(String(error)) });
  assert.equal(pages, 1);
  await clock.run(5000);
  assert.equal(pages, 8);
  assert.deepEqual(frame, pictureOf({ word: "standby" }));
  word = "paid";
  await clock.run(2000);
  assert.equal(pages, 16);
  assert.deepEqual(frame, pictureOf({ word: "paid" }));
  fails = true;
  word = "weld";
  await clock.run(60_000);
  assert.deepEqual(errors, ["Error: no answer"]);
  assert.equal(clock.waiting, 0);
});

test("the driver sets the controller up, then writes each page at its place", async () => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "../../firmware/native/display-esp32.ts")],
    bundle: true,
    format: "iife",
    globalName: "subject",
    write: false,
    logLevel: "silent",
    plugins: [
      {
        name: "i2c",
        setup(builder) {
          builder.onResolve({ filter: /^embedded:io\/i2c$/ }, ({ path }) => ({ path, namespace: "stand-in" }));
          builder.onLoad({ filter: /.*/, namespace: "stand-in" }, () => ({
            contents:
              "export default class { constructor(options) { world.options = options; } write(bytes) { world.sent.push([...bytes]); } };",
          }));
        },
      },
    ],
  });
  const world: { options?: object; sent: number[][] } = { sent: [] };
  const Display = new Function("world", `${outputFiles[0]?.text}; return subject.default;`)(world);
  const display = new Display(5, 6);
  display.page(3, new Uint8Array(128).fill(7));
  assert.deepEqual(world.options, { data: 5, clock: 6, hz: 400_000, address: 0x3c });
  const [setUp = [], place, data = []] = world.sent;
  // Off at first, on at last; the charge pump, and pages one by one.
  assert.deepEqual([setUp[0], setUp[1], setUp[setUp.length - 1]], [0x00, 0xae, 0xaf]);
  assert.ok(setUp.join().includes([0x8d, 0x14, 0x20, 0x02].join()));
  assert.deepEqual(place, [0x00, 0xb3, 0x00, 0x10]);
  assert.deepEqual([data.length, data[0], data[1], data[128]], [129, 0x40, 7, 7]);
});

test("an image has I2C and a display's pins only where its configuration asks for one, and not beside a metering chip's", () => {
  const config = (given: object, target: keyof typeof TARGETS = "esp32c3") =>
    buildConfig(given as Record<string, unknown>, "cable", TARGETS[target], false);
  const without = config({});
  const having = config({ display: "ssd1306" });
  assert.equal("display" in without.image, false);
  assert.deepEqual(having.image.display, { data: 5, clock: 6 });
  assert.ok(fragments("cable", TARGETS.esp32c3, without).includes("no-display"));
  assert.ok(fragments("cable", TARGETS.esp32c3, having).includes("display"));
  assert.throws(() => config({ display: "sh1106" }), /ssd1306/);
  assert.throws(
    () => config({ display: "ssd1306", gate: { sensor: "bl0937" } }),
    /configuration\.display: .* its pin 5 is meterCf of the sensor bl0937/,
  );
  assert.deepEqual(config({ display: "ssd1306", gate: { sensor: "cse7766" } }, "esp32s3").image.display, {
    data: 12,
    clock: 13,
  });
});
