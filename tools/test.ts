// npm test: every *.test.ts under host-tests/ (or the files and folders named), in node's own test runner.

import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

function testsUnder(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => testsUnder(join(path, name)))
    .filter((file) => file.endsWith(".test.ts"));
}

const named = process.argv.slice(2);
const files = (named.length > 0 ? named : ["host-tests"]).flatMap(testsUnder);
if (files.length === 0) {
  console.error(`expected test files (*.test.ts), found none under ${named.join(", ") || "host-tests"}`);
  process.exit(1);
}
const run = spawnSync(process.execPath, ["--import", "tsx", "--test", "--test-concurrency=2", ...files], {
  stdio: "inherit",
});
process.exit(run.status ?? 1);
