// npm test: every *.test.ts under host-tests/ (or the files and folders named), in node's own test
// runner.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Command, type Given, run, UsageError } from "./command";

/**
 * Folders of which no test starts another process, compiles C or waits for a Bitcoin node. They run
 * in one process, since starting one for each file takes longer than their tests do.
 */
const FAST = ["bitcoin", "journal", "link", "mdns", "protocol", "settings"];

const BROWSER = ["host-tests/page/browser.test.ts", "host-tests/page/usb.test.ts"];

const COMMAND: Command<"fast" | "browser"> = {
  name: "npm test",
  about: "the tests, all of them or those named (some ten minutes on two cores)",
  words: { called: "PATH...", about: "files or folders of tests" },
  options: {
    browser: { about: "the owner's pages in a real browser (npm run test:browser)" },
    fast: { about: `only what takes seconds (npm run test:fast): ${FAST.join(", ")}` },
  },
};

function testsUnder(path: string): string[] {
  if (!existsSync(path)) throw new UsageError(`expected a file or a folder of tests, got ${path}: there is none`);
  if (statSync(path).isFile()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => testsUnder(join(path, name)))
    .filter((file) => file.endsWith(".test.ts"));
}

/** Node's arguments for one process that runs all of `files`. */
function together(files: readonly string[]): string[] {
  const imports = files.map((file) => `await import(${JSON.stringify(pathToFileURL(file).href)});`);
  return ["--input-type=module", "--eval", imports.join("\n")];
}

async function main(given: Given<"fast" | "browser">): Promise<number> {
  if (given.has("browser")) process.env.BROWSER = "1";
  const all = given.has("browser")
    ? BROWSER
    : given.has("fast")
      ? FAST.map((folder) => join("host-tests", folder))
      : ["host-tests"];
  const named = given.words.length > 0 ? given.words : all;
  const files = named.flatMap(testsUnder);
  if (files.length === 0) throw new UsageError(`expected test files (*.test.ts), got none under ${named.join(", ")}`);
  const runner = given.has("fast") ? together(files) : ["--test", "--test-concurrency=2", ...files];
  return spawnSync(process.execPath, ["--import", "tsx", ...runner], { stdio: "inherit" }).status ?? 1;
}

await run(COMMAND, main);
