// The commands of package.json as a person types them: help, mistakes, progress, Ctrl-C.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { hasColours } from "../../lab/sim/view";
import { type Command, given, helpOf } from "../../tools/command";
import { Progress } from "../../tools/progress";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as { scripts: Record<string, string> };
/** Those that are another project's program have their own help. */
const OURS = Object.entries(scripts).flatMap(([name, line]) => {
  const file = /tsx (tools\/\S+\.ts)$/.exec(line)?.[1];
  return file === undefined ? [] : [{ name, file }];
});

describe("each command of package.json", () => {
  for (const { name, file } of OURS) {
    test(`npm run ${name} -- --help says what it does and names each option, and does nothing else`, () => {
      const { stdout, stderr, status } = spawnSync(process.execPath, ["--import", "tsx", file, "--help"], {
        cwd: ROOT,
        encoding: "utf8",
      });
      assert.equal(stderr, "");
      assert.equal(status, 0);
      assert.match(stdout, /^npm (start|test|run \S+) .*: .+\n\n {2}\S/);
    });
  }

  test("are all looked at", () => assert.ok(OURS.length >= 14, String(OURS.length)));
});

describe("a command line", () => {
  const command: Command<"runs" | "only" | "json"> = {
    name: "npm run try",
    about: "tries",
    options: {
      runs: { takes: "N", about: "how many" },
      only: { takes: "NAME", about: "some", several: true },
      json: { about: "one object" },
    },
  };

  test("gives what was said, and the default where nothing was", () => {
    const found = given(command, ["--runs=12", "--only", "a b", "--only", "c"]);
    assert.equal(found.whole("runs", 5), 12);
    assert.deepEqual(found.all("only"), ["a b", "c"]);
    assert.equal(found.has("json"), false);
    assert.equal(given(command, []).whole("runs", 5), 5);
  });

  const mistakes: readonly [words: string[], message: RegExp][] = [
    [["--run", "3"], /Unknown option "--run"\. Did you mean --runs\?/],
    [["--runs"], /--runs expects a value/],
    [["--runs", "3", "--runs", "4"], /--runs came twice/],
    [["--json=1"], /--json takes no value/],
    [["stray"], /Unknown option "stray"/],
    [["--__proto__", "1"], /Unknown option "--__proto__"/],
    [["--constructor"], /Unknown option "--constructor"/],
  ];
  for (const [words, message] of mistakes)
    test(`refuses "${words.join(" ")}" with a sentence`, () => assert.throws(() => given(command, words), message));

  for (const value of ["-1", "1.5", "1e3", "", "two", "9999999999"])
    test(`takes no "${value}" for a whole number`, () =>
      assert.throws(
        () => given(command, [`--runs=${value}`]).whole("runs", 5),
        /--runs: expected a whole number from 0/,
      ));

  test("has a help with a row for each option", () => {
    const help = helpOf(command);
    for (const row of ["--runs N", "--only NAME", "--json", "--help"]) assert.ok(help.includes(row), row);
  });
});

describe("progress", () => {
  const watched = (isTTY: boolean) => {
    let now = 0;
    let text = "";
    const write = (more: string): void => {
      text += more;
    };
    const progress = new Progress({ isTTY, write }, () => now);
    const at = (time: number, line: string): void => {
      now = time;
      progress.at(line);
    };
    return { progress, at, text: () => text };
  };

  test("says nothing of a command that ends at once", () => {
    const { at, text } = watched(true);
    at(1999, "1 of 2");
    assert.equal(text(), "");
  });

  test("rewrites one line on a terminal, and takes it away before the result", () => {
    const { progress, at, text } = watched(true);
    at(2000, "1 of 2");
    at(2050, "too soon");
    at(2200, "2 of 2");
    progress.clear();
    assert.equal(text(), "\r\x1b[K1 of 2\r\x1b[K2 of 2\r\x1b[K");
  });

  test("writes a line every 15 s into a file", () => {
    const { at, text } = watched(false);
    for (let time = 0; time <= 32_000; time += 1000) at(time, `${time}`);
    assert.equal(text(), "15000\n30000\n");
  });
});

test("NO_COLOR, a dumb terminal and a pipe get no colours", () => {
  const terminal = { isTTY: true };
  assert.equal(hasColours(terminal, {}), true);
  assert.equal(hasColours(terminal, { NO_COLOR: "" }), true, "an empty value means nothing (no-color.org)");
  assert.equal(hasColours(terminal, { NO_COLOR: "1" }), false);
  assert.equal(hasColours(terminal, { TERM: "dumb" }), false);
  assert.equal(hasColours({}, {}), false);
});
