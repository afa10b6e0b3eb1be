// Prose is read in lines that an eye can follow.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isProse, WIDTH, wrapped } from "../../tools/docs/wrap";

const ROOT = join(import.meta.dirname, "../..");
const PAGES = [".", "docs"].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name)),
);

/** Of our own: what is generated lies elsewhere. */
const SOURCES = ["firmware", "host-tests", "lab", "page", "shared", "tools"].flatMap((room) =>
  readdirSync(join(ROOT, room), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(?:ts|cjs|c|h|py)$/.test(name) && !name.includes("vectors"))
    .map((name) => join(room, name)),
);

/** An assignment through a pointer looks like a line of a comment. */
function isCodeOfC(path: string, line: string): boolean {
  return /\.[ch]$/.test(path) && line.trimEnd().endsWith(";");
}

/** Lines of a page that are prose and longer than `WIDTH`; a single word, as a link is, may be. */
function longLines(page: string): readonly string[] {
  let isCode = false;
  return page.split("\n").filter((line) => {
    const isFence = line.startsWith("```");
    if (isFence) isCode = !isCode;
    return !isCode && !isFence && line.length > WIDTH && isProse(line) && line.trim().includes(" ");
  });
}

for (const page of PAGES)
  test(`prose of ${page} has lines of at most ${WIDTH} characters`, () => {
    assert.deepEqual(longLines(readFileSync(join(ROOT, page), "utf8")), []);
  });

/**
 * What opens a line of a comment, and one space: what stands further in is a table or an example.
 */
const COMMENT = /^\s*(?:\/\/|\/\*\*?|\*|#) \S/;
const IS_KEPT = /biome-ignore|\S {3,}\S|\*\/\s*\S/;

test(`comments have lines of at most ${WIDTH} characters`, () => {
  const long = SOURCES.flatMap((path) =>
    readFileSync(join(ROOT, path), "utf8")
      .split("\n")
      .filter((line) => line.length > WIDTH && COMMENT.test(line) && !IS_KEPT.test(line) && !isCodeOfC(path, line))
      .map((line) => `${path}: ${line.trim()}`),
  );
  assert.deepEqual(long, []);
});

test("wrapping keeps words, code, tables and lists, and breaks nothing in backticks or in a link", () => {
  const long = "word ".repeat(30).trim();
  const page = `# Title\n\n${long}\nmore\n\n- ${long} \`a b\`\n- two\n\n\`\`\`\n${long}\n\`\`\`\n| ${long} |\n`;
  const made = wrapped(page);
  assert.deepEqual(made.split(/\s+/), page.split(/\s+/));
  assert.deepEqual(longLines(made), []);
  assert.ok(made.includes(`\`\`\`\n${long}\n\`\`\`\n| ${long} |`));
  assert.equal(wrapped(made), made);
  const span = `${"x".repeat(95)} \`two words\` [a link](to)`;
  assert.deepEqual(wrapped(span).split("\n"), ["x".repeat(95), "`two words` [a link](to)"]);
});
