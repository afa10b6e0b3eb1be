// What a device remembers of its ends: the first cause, its message, and how often it died in a
// row.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ROOT } from "../../tools/firmware/image";

const folder = mkdtempSync(join(tmpdir(), "restarts-"));
const program = join(folder, "restarts");
after(() => rmSync(folder, { recursive: true }));

before(() => {
  const native = join(ROOT, "firmware/native");
  const sources = [join(ROOT, "host-tests/firmware/restart-record.c"), join(native, "restart-record.c")];
  const flags = ["-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", `-I${native}`];
  execFileSync("cc", [...flags, "-o", program, ...sources]);
});

/** Gives `cause|why|pause` for each start among `steps`. */
function lives(...steps: string[]): string[] {
  return execFileSync(program, { input: `${steps.join("\n")}\n`, encoding: "utf8" })
    .trim()
    .split("\n");
}

test("after power came there is no cause and no pause, whatever the memory held", () => {
  assert.deepEqual(lives("power"), ["||0"]);
  assert.deepEqual(lives("power", "panic", "power"), ["||0", "||0"]);
});

test("the first cause of a run is told at the next start, once", () => {
  const steps = [
    "power",
    "unhandled-exception",
    "unhandled-exception TypeError: no such thing",
    "memory-full",
    "fault",
  ];
  assert.deepEqual(lives(...steps, "fault"), ["||0", "unhandled-exception|TypeError: no such thing|0", "||1000"]);
});

test("the pause grows with each death in a row, up to 256 s, and never wraps", () => {
  const pauses = lives(...Array.from({ length: 14 }, () => "fault")).map((line) => Number(line.split("|")[2]));
  assert.deepEqual(pauses.slice(0, 5), [0, 1000, 2000, 4000, 8000]);
  assert.deepEqual(pauses.slice(9), [256_000, 256_000, 256_000, 256_000, 256_000]);
});

test("a run that lasted ends the row, and so does a person's restart", () => {
  assert.deepEqual(lives("fault", "fault", "settled", "fault", "fault"), ["||0", "||1000", "||0", "||1000"]);
  assert.deepEqual(lives("fault", "fault", "power", "fault"), ["||0", "||1000", "||0", "||0"]);
});

test("a restart that the owner asked for has its name, is no death, and ends the row", () => {
  assert.deepEqual(lives("fault", "fault", "asked", "fault", "fault"), ["||0", "||1000", "owner-restart||0", "||0"]);
});

test("a torn record is none, and a long message is cut", () => {
  assert.deepEqual(lives("power", "panic", "torn", "fault"), ["||0", "||0"]);
  const [, told = ""] = lives("power", `unhandled-exception ${"x".repeat(300)}`, "fault");
  assert.equal(told, `unhandled-exception|${"x".repeat(103)}|0`);
});
