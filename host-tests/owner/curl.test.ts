// The owner's side of npm run socket and npm run cable as the real curl meets it.

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";

const ROOT = join(import.meta.dirname, "../..");
const PASSWORD = "correct horse battery";
const HAS_CURL = spawnSync("curl", ["--version"]).status === 0;
const OPTIONS = { skip: HAS_CURL ? false : "curl is not installed" };
const LONGEST_MS = 120_000;

interface Device {
  readonly process: ChildProcess;
  /** Lines of its story. */
  readonly lines: Record<string, unknown>[];
  readonly port: number;
}

async function start(tool: string, ...words: string[]): Promise<Device> {
  const port = 18_000 + (process.pid % 1000) * 10 + (tool === "cable" ? 1 : 0);
  const owner = ["--owner-port", `${port}`, "--owner-password", PASSWORD];
  const child = spawn(
    process.execPath,
    ["--import", "tsx", `tools/${tool}.ts`, "--engine", "node", "--json", ...owner, ...words],
    { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] },
  );
  const lines: Record<string, unknown>[] = [];
  const reader = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  reader.on("line", (line) => lines.push(JSON.parse(line) as Record<string, unknown>));
  // A cable opens to its owner after its first call, and tells its address after that.
  const ready = tool === "cable" ? "address" : "listening";
  while (!lines.some(({ name }) => name === ready)) await once(reader, "line");
  return { process: child, lines, port };
}

async function stop(device: Device | undefined): Promise<void> {
  if (!device) return;
  const ended = once(device.process, "exit");
  device.process.kill("SIGINT");
  await ended;
}

/** What curl prints, with the status after it. */
function curl(
  port: number,
  method: string,
  { params = {}, password = PASSWORD, words = [] as readonly string[] } = {},
) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const all = ["-sS", "--digest", "-u", `owner:${password}`, "-H", "Content-Type: application/json", "-d", body];
  // So many connections a second are dropped at the door, as any flood of them is.
  const patient = ["--retry", "5", "--retry-delay", "1", "--retry-all-errors"];
  const out = execFileSync(
    "curl",
    [...all, ...patient, "-w", "\n%{http_code}", ...words, `http://127.0.0.1:${port}/owner`],
    {
      encoding: "utf8",
      timeout: LONGEST_MS,
    },
  );
  const at = out.lastIndexOf("\n");
  return { text: out.slice(0, at), status: Number(out.slice(at + 1)) };
}

// biome-ignore lint/suspicious/noExplicitAny: each method has its own result
function resultOf(port: number, method: string, params: object = {}): any {
  const { text, status } = curl(port, method, { params });
  assert.equal(status, 200, text);
  return JSON.parse(text).result;
}

describe("npm run socket with an owner", OPTIONS, () => {
  let device: Device | undefined;
  before(async () => {
    device = HAS_CURL ? await start("socket", "--port", "0") : undefined;
  });
  after(() => stop(device));

  test("answers curl --digest: status, a price that is set, and the events that tell of it", () => {
    const { port } = device as Device;
    const status = resultOf(port, "status");
    assert.deepEqual([status.device, status.state, status.priceSatPerKwh], ["socket", "standby", 300]);
    assert.deepEqual(resultOf(port, "settings.set", { settings: { price: 250 } }).changed, ["price"]);
    assert.equal(resultOf(port, "status").priceSatPerKwh, 250);
    const { events } = resultOf(port, "events");
    assert.ok(
      events.some(({ name, settings }: Record<string, unknown>) => name === "settings-changed" && settings === "price"),
    );
  });

  test("refuses what is for the serial port only with a sentence", () => {
    const { port } = device as Device;
    const settings = { payoutAddress: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080" };
    const { text } = curl(port, "settings.set", { params: { settings } });
    assert.match(
      text,
      /"code":-32001,.*payoutAddress is set over the serial port only, as it decides where the money goes/,
    );
    assert.match(curl(port, "forgive").text, /"code":-32001/);
  });

  test("refuses a wrong password, another method and another page", () => {
    const { port } = device as Device;
    assert.equal(curl(port, "status", { password: "wrong" }).status, 401);
    assert.equal(curl(port, "status", { words: ["-X", "PUT"] }).status, 405);
    assert.equal(curl(port, "status", { words: ["-H", "Origin: http://evil.example"] }).status, 403);
    assert.equal(curl(port, "status", { words: ["-H", "Host: evil.example"] }).status, 421);
    assert.equal(resultOf(port, "status").device, "socket");
  });

  test("starts anew when it is told to, with the settings that were made, and needs no new password", async () => {
    const { port, lines } = device as Device;
    resultOf(port, "settings.set", { settings: { feeLimit: 777 } });
    const boots = lines.filter(({ name }) => name === "boot").length;
    assert.deepEqual(resultOf(port, "restart"), { restarts: true });
    const end = Date.now() + LONGEST_MS;
    while (lines.filter(({ name }) => name === "boot").length === boots && Date.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 100));
    let got: { settings: { feeLimit: number; price: number } } | undefined;
    while (!got && Date.now() < end) {
      try {
        got = resultOf(port, "settings.get");
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
    assert.deepEqual([got?.settings.feeLimit, got?.settings.price], [777, 250]);
  });

  test("a log of what it told holds no password", () => {
    assert.ok(!JSON.stringify((device as Device).lines).includes(PASSWORD));
  });
});

test(
  "npm run cable with an owner answers its address and limits, and takes no limit over the link",
  OPTIONS,
  async () => {
    const device = await start("cable", "--socket", "127.0.0.1:9");
    try {
      assert.match(resultOf(device.port, "address").address, /^bcrt1q/);
      assert.equal(resultOf(device.port, "limits").limits.maxPrice, 600);
      assert.equal(resultOf(device.port, "status").device, "cable");
      const { text } = curl(device.port, "settings.set", { params: { settings: { maxPrice: 700 } } });
      assert.match(text, /all of a cable's settings bound what it spends/);
    } finally {
      await stop(device);
    }
  },
);
