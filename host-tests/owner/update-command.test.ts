// npm run owner -- update, against a simulated socket with two slots: an update that goes through,
// and a broken one that goes back.

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { writeSimulated } from "../../tools/owner/simulated";

const ROOT = join(import.meta.dirname, "../..");
const PASSWORD = "correct horse";
const PASSPHRASE = "battery staple";
const PORT = 21_000 + (process.pid % 1000) * 10;
const HAS_PYTHON = spawnSync("python3", ["--version"]).status === 0;
const OPTIONS = { skip: HAS_PYTHON ? false : "python3 is not installed" };
const folder = mkdtempSync(join(tmpdir(), "plugpay-update-"));
const key = join(folder, "key.json");
const port = join(folder, "ttySocket");
const lines: Record<string, unknown>[] = [];
let device: ChildProcess | undefined;

interface Run {
  readonly out: string;
  readonly err: string;
  readonly status: number | null;
}

function owner(...words: readonly string[]): Promise<Run> {
  const env = { ...process.env, PLUGPAY_PASSPHRASE: PASSPHRASE, PLUGPAY_PASSWORD: PASSWORD };
  const child = spawn(process.execPath, ["--import", "tsx", "tools/owner.ts", ...words], { cwd: ROOT, env });
  let [out, err] = ["", ""];
  child.stdout.on("data", (data) => {
    out += data;
  });
  child.stderr.on("data", (data) => {
    err += data;
  });
  return new Promise((resolve) => child.on("close", (status) => resolve({ out: out.trim(), err: err.trim(), status })));
}

async function done(...words: readonly string[]): Promise<string> {
  const { out, err, status } = await owner(...words);
  assert.equal(status, 0, err);
  return out;
}

async function start(): Promise<void> {
  const ways = ["--owner-port", String(PORT), "--owner-password", PASSWORD, "--owner-serial", port];
  const words = ["--import", "tsx", "tools/socket.ts", "--engine", "node", "--json", ...ways];
  const child = spawn(process.execPath, words, {
    cwd: ROOT,
    stdio: ["pipe", "pipe", "inherit"],
  });
  device = child;
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) =>
    lines.push(JSON.parse(line) as Record<string, unknown>),
  );
  await heard("listening");
}

/** The next line of this name after what was heard before. */
async function heard(name: string, from = 0): Promise<Record<string, unknown>> {
  for (;;) {
    const found = lines.slice(from).find((line) => line.name === name);
    if (found) return found;
    assert.equal(device?.exitCode, null, "the simulated device ended");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function update(image: string): Promise<void> {
  await done("sign", image, key);
  const pushed = await done("--port", port, "--json", "update", image);
  assert.equal((JSON.parse(pushed) as { restarts: boolean }).restarts, true);
}

async function status(): Promise<{ version: string; update: { image: string } }> {
  return JSON.parse(await done("--host", `127.0.0.1:${PORT}`, "--json", "status"));
}

describe("an update of a simulated socket", OPTIONS, () => {
  before(async () => {
    const { publicKey } = JSON.parse(await done("--json", "update-key", key)) as { publicKey: string };
    await start();
    await done("--port", port, "set", "updateKey", publicKey);
    const from = lines.length;
    await done("--port", port, "restart");
    await heard("start", from);
  });

  after(() => {
    device?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  test("goes through: the new image tries itself, confirms itself, and sells", async () => {
    const image = join(folder, "good.bin");
    await writeSimulated("socket", image, "0.2.0");
    const from = lines.length;
    await update(image);
    await heard("update-confirmed", from);
    const since = lines.findIndex((line, at) => at >= from && line.name === "update-confirmed");
    await heard("start", since);
    const { version, update: state } = await status();
    assert.deepEqual([version, state.image], ["0.2.0", "confirmed"]);
  });

  test("that is broken goes back to the image before it, which says so", async () => {
    const image = join(folder, "broken.bin");
    const main = join(folder, "broken.ts");
    writeFileSync(main, 'export default function main() { throw new Error("it does not start"); }\n');
    await writeSimulated("socket", image, "0.3.0", main);
    const from = lines.length;
    await update(image);
    await heard("update-undone", from);
    const { version, update: state } = await status();
    assert.deepEqual([version, state.image], ["0.2.0", "undone"]);
  });

  test("of another owner's key, or of a changed image, is refused or given up", async () => {
    const image = join(folder, "other.bin");
    await writeSimulated("socket", image, "0.4.0");
    const other = join(folder, "other.json");
    await done("update-key", other);
    await done("sign", image, other);
    const refused = await owner("--host", `127.0.0.1:${PORT}`, "update", image);
    assert.equal(refused.status, 1);
    assert.match(refused.err, /not signed by the key of this device's setting updateKey/);
    await done("sign", image, key);
    const bytes = readFileSync(image);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    writeFileSync(image, bytes);
    const from = lines.length;
    const changed = await owner("--port", port, "update", image);
    assert.match(changed.err, /what lies in flash is not what was signed/);
    await heard("start", from);
    assert.equal((await status()).version, "0.2.0");
  });

  test("wants the passphrase of its key, and a key file is not written over", async () => {
    const { err, status: code } = await owner("update-key", key);
    assert.equal(code, 1);
    assert.match(err, /expected a file that does not exist yet/);
  });
});
