// npm run owner, against the simulator's devices: by HTTP, and by a pseudo-terminal as by a board's
// serial port.

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { askedBy } from "../../tools/owner/commands";
import { shown } from "../../tools/owner/show";
import { codeRead } from "./terminal-code";

const ROOT = join(import.meta.dirname, "../..");
const PASSWORD = "correct horse";
const HAS_PYTHON = spawnSync("python3", ["--version"]).status === 0;
const OPTIONS = { skip: HAS_PYTHON ? false : "python3 is not installed" };

const folder = mkdtempSync(join(tmpdir(), "plugpay-owner-"));
const serial = { socket: join(folder, "ttySocket"), cable: join(folder, "ttyCable") };
const httpPort = 19_000 + (process.pid % 1000) * 10;
const devices: ChildProcess[] = [];

async function start(tool: "socket" | "cable", ...words: string[]): Promise<void> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", `tools/${tool}.ts`, "--engine", "node", "--json", "--owner-serial", serial[tool], ...words],
    { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] },
  );
  devices.push(child);
  const reader = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  let isThere = false;
  for await (const line of reader) {
    isThere = /"name":"(listening|calling)"/.test(line);
    if (isThere) break;
  }
  assert.ok(isThere, `npm run ${tool} did not start`);
  child.stdout?.resume();
}

function owner(words: readonly string[], input = "") {
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--import", "tsx", "tools/owner.ts", ...words], {
    cwd: ROOT,
    encoding: "utf8",
    input,
    timeout: 120_000,
  });
  return { out: stdout.trim(), err: stderr.trim(), status };
}

const bySerial = (device: "socket" | "cable", ...words: string[]) => owner(["--port", serial[device], ...words]);
const byHttp = (...words: string[]) => owner(["--host", `127.0.0.1:${httpPort}`, "--password", PASSWORD, ...words]);

after(async () => {
  for (const child of devices) {
    const ended = once(child, "exit");
    child.kill("SIGINT");
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

describe("npm run owner at a simulated socket", OPTIONS, () => {
  before(() => start("socket", "--port", "0", "--owner-port", `${httpPort}`, "--owner-password", PASSWORD));

  test("shows the status by either way, for people and as JSON", () => {
    const { out, err } = bySerial("socket", "status");
    assert.match(out, /^device +socket$/m, err);
    assert.match(out, /^reason +standby: it waits for a cable that pays$/m);
    const status = JSON.parse(byHttp("status", "--json").out);
    assert.deepEqual([status.device, status.priceSatPerKwh], ["socket", 300]);
  });

  test("sets a price over the link, and a payout address over the serial port only", () => {
    assert.match(byHttp("set", "price", "250").out, /changed +price/);
    assert.match(bySerial("socket", "get", "price").out, /^price +250 +\(set by its owner\)$/);
    const payout = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
    const refused = byHttp("set", "payoutAddress", payout);
    assert.equal(refused.status, 1);
    assert.match(refused.err, /payoutAddress is set over the serial port only, as it decides where the money goes/);
    assert.match(bySerial("socket", "set", "payoutAddress", payout).out, /restart +payoutAddress/);
    assert.match(byHttp("get").out, /payoutAddress +bcrt1qw508d6.* \(set by its owner, counts after a restart\)/);
    assert.equal(bySerial("socket", "unset", "price", "payoutAddress").status, 0);
    assert.match(byHttp("get", "price").out, /^price +300$/);
  });

  test("says what is wrong, beside the name", () => {
    const { err, status } = byHttp("set", "price", "cheap", "increment", "5");
    assert.equal(status, 1);
    assert.match(err, /^price: expected a whole number \(sat\/kWh\).*came "cheap"\nincrement: expected a whole number/);
    assert.match(
      owner(["--host", `127.0.0.1:${httpPort}`, "--password", "wrong", "status"]).err,
      /the password is wrong/,
    );
  });

  test("resets only with its word, and says before what would be lost", () => {
    assert.match(bySerial("socket", "reset").err, /these would be lost: all settings .* confirm "erase"/);
    assert.match(byHttp("reset", "erase").err, /serial port only/);
  });

  test("the story goes on beside the answers, and Improv's packets beside both", async () => {
    const port = openSync(serial.socket, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    const info = [...Buffer.from("IMPROV"), 1, 3, 2, 3, 0];
    const packet = Buffer.from([...info, info.reduce((sum, byte) => sum + byte, 0) & 0xff]);
    writeSync(port, Buffer.concat([Buffer.from("nonsense\n"), packet]));
    let came = Buffer.alloc(0);
    const end = Date.now() + 60_000;
    while (!came.includes("IMPROV") && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const bytes = Buffer.alloc(4096);
      try {
        came = Buffer.concat([came, bytes.subarray(0, readSync(port, bytes))]);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      }
    }
    closeSync(port);
    assert.match(came.toString("latin1"), /"code":-32700/);
    const at = came.indexOf("IMPROV");
    assert.deepEqual([...came.subarray(at + 6, at + 8)], [1, 4]);
    const length = came[at + 8] ?? 0;
    assert.match(came.subarray(at + 9, at + 9 + length).toString("latin1"), /plugpay.*simulated.*socket$/s);
    assert.equal(bySerial("socket", "status").status, 0);
  });
});

describe("npm run owner at a simulated cable", OPTIONS, () => {
  before(() => start("cable", "--socket", "127.0.0.1:9"));

  test("shows its address with a QR code, and takes limits over the serial port", () => {
    const { out } = bySerial("cable", "address");
    const address = out.split("\n").at(-1) ?? "";
    assert.match(address, /^bcrt1q/);
    assert.ok(out.startsWith(shown({ method: "address" }, { address }, [])));
    assert.match(bySerial("cable", "set", "maxPrice", "500").out, /changed +maxPrice/);
    assert.match(bySerial("cable", "limits").out, /maxPrice +500/);
  });

  test("imports a key that nobody can read back, once its address is typed", () => {
    const address = bySerial("cable", "address").out.split("\n").at(-1) ?? "";
    const key = "22".repeat(32);
    assert.match(owner(["--port", serial.cable, "key", "import"], key).err, /there is a key already/);
    const { out, err } = owner(["--port", serial.cable, "key", "import", address], key);
    assert.match(out, /address +bcrt1q/, err);
    assert.ok(!`${out}${err}`.includes(key));
    for (const command of ["status", "get", "events"])
      assert.ok(!bySerial("cable", command).out.includes(key), command);
  });
});

test("the QR code on a terminal is read back to the very address, in capitals as BIP321 wants", () => {
  const address = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
  const printed = shown({ method: "address", params: {} }, { address }, []).split("\n");
  assert.equal(printed.pop(), address);
  assert.equal(codeRead(printed), `BITCOIN:${address.toUpperCase()}`);
});

describe("a command line", () => {
  const none = () => "";
  const good: readonly (readonly [line: string, asked: object])[] = [
    ["status", { method: "status" }],
    [
      "set price 250 schemes basic,single-fee",
      { method: "settings.set", params: { settings: { price: 250, schemes: ["basic", "single-fee"] } } },
    ],
    [
      "set sharedLink true forgive 7",
      { method: "settings.set", params: { settings: { sharedLink: true, forgive: "7" } } },
    ],
    ["unset price", { method: "settings.set", params: { settings: { price: null } } }],
    ["events 17", { method: "events", params: { after: 17 } }],
    ["identify", { method: "identify" }],
    ["reset erase", { method: "reset", params: { confirm: "erase" } }],
    ["key new bcrt1qold", { method: "key.new", params: { replaces: "bcrt1qold" } }],
    ["seed show", { method: "seed.show" }],
    ["seed keep 0badcafe", { method: "seed.keep", params: { digits: "0badcafe" } }],
  ];
  for (const [line, asked] of good)
    test(`"${line}" asks what it says`, () => assert.deepEqual(askedBy(line.split(" "), none), asked));

  const bad: readonly (readonly [line: string, why: RegExp])[] = [
    ["", /expected a command/],
    ["statu", /did you mean status/],
    ["set price", /expected NAME VALUE/],
    ["set chain {", /chain: expected JSON/],
    ["unset", /expected the name of a setting/],
    ["events x", /expected a whole number, came "x"/],
    ["forgive all", /forgive takes nothing more/],
    ["key", /expected key new or key import/],
    ["key import", /expected 64 hexadecimal digits or a key in WIF/],
    ["seed", /expected seed show, seed keep DIGITS or seed import/],
    ["seed keep", /expected seed show, seed keep DIGITS or seed import/],
    ["seed import", /seed: expected 64 hexadecimal digits/],
  ];
  for (const [line, why] of bad)
    test(`"${line}" is refused with what was expected`, () => assert.throws(() => askedBy(line.split(" "), none), why));
});
