// What our own code that computes with BigInts must keep to, so that it is right from flash
// (docs/sdk-defects.md, 2).

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { transformSync } from "esbuild";
import { bigintEquality } from "../../tools/wallet/steps/bigint-equality";
import { parseModule } from "../../tools/wallet/syntax";

const ROOT = join(import.meta.dirname, "../..");

function comparisons(source: string): number {
  const { code } = transformSync(source, { loader: "ts", target: "es2022" });
  return bigintEquality.apply(new Map([["m", { specifier: "m", program: parseModule(code) }]]));
}

test("no BigInt is compared by ===, which finds one in flash unequal to one in RAM", () => {
  const files = ["shared", "firmware"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(folder, name)),
  );
  assert.ok(files.includes(join("shared", "curve", "ecdsa.ts")));
  for (const file of files) assert.equal(comparisons(readFileSync(join(ROOT, file), "utf8")), 0, file);
  assert.equal(comparisons("export const isOne = (n: bigint): boolean => n === 1n;"), 1);
});
