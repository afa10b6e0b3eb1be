// An object that was made of a header which has changed since is made anew.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { forgetStale } from "../../tools/firmware/stale";

const folder = mkdtempSync(join(tmpdir(), "plugpay-stale-"));
mkdirSync(join(folder, "generated"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file that is `seconds` old. */
function write(name: string, seconds: number, text = ""): void {
  writeFileSync(join(folder, name), text);
  const at = Date.now() / 1000 - seconds;
  utimesSync(join(folder, name), at, at);
}

function object(name: string, files: string): void {
  write(`${name}.c.o`, 10);
  write(`${name}.c.d`, 10, files);
}

const forget = (): string[] => forgetStale(folder, { ran: folder, generated: join(folder, "generated") });

test("a header that changed takes the objects that include it, and no other", () => {
  write("old.h", 100);
  write("new gate.h", 1);
  write("gate.c", 100);
  object("lease", `lease.c.o: ${folder}/gate.c \\\n  ${folder}/old.h \\\n ${folder}/new\\ gate.h\n${folder}/old.h:\n`);
  object("feed", `feed.c.o: ${folder}/gate.c ${folder}/old.h\n`);
  // Relative to where the compiler ran.
  object("report", "report.c.o: gate.c new\\ gate.h\n");
  // A header that was moved.
  object("options", `options.c.o: ${folder}/gate.c ${folder}/gone.h\n`);
  write("unknown.c.o", 10);
  // Written by each build.
  write("generated/mc.h", 1);
  object("sensor", `sensor.c.o: gate.c ${folder}/generated/mc.h\n`);
  assert.deepEqual(forget().sort(), ["lease.c.o", "options.c.o", "report.c.o"]);
  assert.deepEqual(
    readdirSync(folder).filter((file) => file.endsWith(".o")),
    ["feed.c.o", "sensor.c.o", "unknown.c.o"],
  );
  assert.deepEqual(forget(), []);
});
