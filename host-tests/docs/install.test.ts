// What a person meets first: `npm ci` on the oldest Node that is promised.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

const OLDEST = 20;

interface Locked {
  readonly engines?: { readonly node?: string };
  readonly optional?: boolean;
}

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");

test("no package of the lock file wants a newer Node than ours, so that npm ci warns of none", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as { packages: Record<string, Locked> };
  const wanting = Object.entries(packages)
    .filter(([, { engines, optional }]) => !optional && engines?.node !== undefined && !takes(engines.node))
    .map(([name, { engines }]) => `${name} wants Node ${engines?.node}`);
  assert.deepEqual(wanting, []);
});

test("no dependency with a narrower range of Nodes stops npm ci on a newer one, as engine-strict would", () => {
  assert.equal(JSON.parse(read("package.json")).engines.node, `>=${OLDEST}`);
  const options = existsSync(new URL("../../.npmrc", import.meta.url)) ? read(".npmrc") : "";
  assert.doesNotMatch(options, /^\s*engine-strict\s*=\s*true/m);
});

test("the first command of the README asks for what is needed before npm builds anything", () => {
  const [, first] = /```sh\n(.*)\n/.exec(read("README.md")) ?? [];
  assert.equal(first, "node tools/needs.cjs python3 && npm ci && npm start");
});

/** Of a range as packages write them: `>=18`, `^18 || ^20`, `*`. */
function takes(range: string): boolean {
  return range.split("||").some((part) => {
    const [, sign = "", major] = /^\s*([<>=^~]*)\s*v?(\d+)/.exec(part) ?? [];
    if (major === undefined) return part.trim() === "*";
    return sign.startsWith(">") ? Number(major) <= OLDEST : Number(major) === OLDEST;
  });
}
