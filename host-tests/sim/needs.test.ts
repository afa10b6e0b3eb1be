// What a computer lacks is said in one sentence by the first command, not by a stack of some
// package's.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "../..");
const NEEDS = join(ROOT, "tools/needs.cjs");

function needs(word: string, before = "", env: NodeJS.ProcessEnv = {}) {
  // The script's own check runs only as the main module; so a Node that claims to be older is made
  // beforehand.
  const preload = `data:text/javascript,${encodeURIComponent(before)}`;
  return spawnSync(process.execPath, ["--import", preload, NEEDS, word], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
}

const NODE_18 = 'Object.defineProperty(process, "version", { value: "v18.20.4" });';

test("Node 18 is told in one sentence that says where Node 20 comes from", () => {
  const { status, stderr } = needs("", NODE_18);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^plugpay: expected Node 20 or later, came v18\.20\.4: take it from https:\S+ or https:\S+ .*\n$/,
  );
  assert.equal(needs("").status, 0);
});

test("a missing python3 is told in one sentence, and only where it is needed", () => {
  const env = { PATH: "/nowhere", PYTHON: "", npm_config_python: "" };
  const { status, stderr } = needs("python3", "", env);
  assert.equal(status, 1);
  assert.match(stderr, /^plugpay: expected Python 3, .* python3 does not run: apt-get install python3, .*\n$/);
  assert.equal(needs("", "", env).status, 0);
});

test("a Python that node-gyp is told of does as well", () => {
  const { pythonProblem } = createRequire(import.meta.url)(NEEDS) as {
    pythonProblem(run: (name: string) => { status: number | null }, named?: string): string | undefined;
  };
  const only = (there: string) => (name: string) => ({ status: name === there ? 0 : null });
  assert.equal(pythonProblem(only("/opt/python"), "/opt/python"), undefined);
  assert.match(pythonProblem(only("python3"), "/opt/none") ?? "", /\/opt\/none does not run/);
});

test("every command that runs TypeScript asks first, and so does npm ci", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  assert.equal(scripts.preinstall, "node tools/needs.cjs python3");
  for (const [name, command] of Object.entries(scripts))
    if (command.includes("tsx")) assert.match(command, /^node tools\/needs\.cjs && tsx /, name);
});
