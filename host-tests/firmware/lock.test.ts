// One build at a time, over processes.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "plugpay-lock-"));
after(() => rmSync(folder, { recursive: true }));

/** A process that takes the lock, says "held" and ends when its input does. */
function holder(path: string) {
  const module = JSON.stringify(join(import.meta.dirname, "../../tools/firmware/lock.ts"));
  const script = `import { hold } from ${module}; await hold(${JSON.stringify(path)}, (line) => console.log("waits: " + line)); console.log("held"); process.stdin.resume();`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    cwd: join(import.meta.dirname, "../.."),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = child.stdout.setEncoding("utf8")[Symbol.asyncIterator]();
  return { child, says: async (): Promise<string> => String((await lines.next()).value).trim() };
}

test("a second build waits for the first, and says for which process", async () => {
  const path = join(folder, "two");
  const first = holder(path);
  assert.equal(await first.says(), "held");
  const second = holder(path);
  assert.match(await second.says(), new RegExp(`^waits: .*process ${first.child.pid}`));
  first.child.stdin.end();
  assert.equal(await second.says(), "held");
  assert.equal(readFileSync(path, "utf8"), String(second.child.pid));
  second.child.stdin.end();
  await once(second.child, "exit");
  assert.ok(!existsSync(path));
});

test("a lock that a dead process left is taken over", async () => {
  const path = join(folder, "dead");
  const dead = spawn(process.execPath, ["-e", ""]);
  await once(dead, "exit");
  writeFileSync(path, String(dead.pid));
  const next = holder(path);
  assert.equal(await next.says(), "held");
  next.child.stdin.end();
  await once(next.child, "exit");
});
