// npm run monitor: what a board says is shown as the live view shows it, through noise, restarts
// and lines cut in pieces.

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ROOT } from "../../tools/firmware/image";
import { MonitorLines } from "../../tools/firmware/monitor-lines";
import { openSource } from "../../tools/firmware/source";

const folder = mkdtempSync(join(tmpdir(), "monitor-"));
after(() => rmSync(folder, { recursive: true }));

const BOOT = '{"name":"boot","device":"socket","version":"0.1.0","network":"regtest","reset":"power-on"}';
const STANDBY = '{"name":"standby","allowance":50}';

/** A monitor over text: `told` has its lines. */
function monitor(json = false, mayRestart = true): { readonly lines: MonitorLines; readonly told: string[] } {
  const told: string[] = [];
  const lines = new MonitorLines({ write: (line) => told.push(line), json, colours: false, mayRestart });
  lines.opened(0);
  return { lines, told };
}

test("a board's story is shown in sentences, with the time since it started, however its lines are cut", () => {
  const { lines, told } = monitor();
  lines.take(`{"name":"standby","allow`, 4000);
  lines.take(`ance":50}\r\n${BOOT}\r\n`, 5000);
  lines.take(`${STANDBY}\r\n`, 7500);
  assert.deepEqual(told, [
    "    5.0 s  board   standby: gives 0.050 Wh to a cable that wants to pay",
    "    0.0 s  socket  boots: plugpay 0.1.0 on regtest, after power-on",
    "    2.5 s  socket  standby: gives 0.050 Wh to a cable that wants to pay",
  ]);
});

test("half a line before a restart loses that line and no other", () => {
  const { lines, told } = monitor();
  lines.take(`${BOOT}\n{"name":"stan{"name":"boot","device":"cable","network":"regtest","reset":"panic"}\n`, 9000);
  assert.match(told[1] ?? "", /cable {3}boots: .* after panic$/);
  lines.take(`{"name":"sta\nESP-ROM:esp32c3-api1-20210207\r\n${BOOT}\n`, 9500);
  assert.deepEqual(
    told.slice(2).map((line) => line.slice(11)),
    [
      'chip    {"name":"sta',
      "chip    ESP-ROM:esp32c3-api1-20210207",
      "socket  boots: plugpay 0.1.0 on regtest, after power-on",
    ],
  );
});

test("noise is counted, not shown, and what follows is understood", () => {
  const { lines, told } = monitor();
  lines.take("\ufffd\u0001\ufffd\ufffd~\ufffd\n", 10);
  lines.take("\u0000\ufffdx".repeat(3000), 20);
  lines.take("\ufffd".repeat(6000), 25);
  lines.take(`the end of it\n${STANDBY}\n`, 30);
  assert.deepEqual(
    told.map((line) => line.slice(11).trim()),
    [
      "noise, 6 characters: is the speed 115,200 baud?",
      "noise: a line without an end",
      "board   standby: gives 0.050 Wh to a cable that wants to pay",
    ],
  );
});

test("names of a peer's choice are shown as they are, and look up nothing", () => {
  const { lines, told } = monitor();
  lines.take('{"name":"constructor","why":"x"}\n{"name":"__proto__"}\n', 10);
  assert.deepEqual(
    told.map((line) => line.slice(11)),
    ["board   constructor, why x", "board   __proto__"],
  );
});

test("with --json each line is an object, the chip's own too", () => {
  const { lines, told } = monitor(true);
  lines.take(`${BOOT}\nGuru Meditation Error: Core 0 panic'ed\n`, 5000);
  lines.take(`${STANDBY}\n`, 5100);
  assert.deepEqual(
    told.map((line) => JSON.parse(line)),
    [
      { atMs: 0, from: "socket", ...JSON.parse(BOOT) },
      { atMs: 0, from: "chip", name: "chip", text: "Guru Meditation Error: Core 0 panic'ed" },
      { atMs: 100, from: "socket", ...JSON.parse(STANDBY) },
    ],
  );
});

test("a board that starts as the port is opened is said to, a later start and a file are not", () => {
  const early = monitor();
  early.lines.take(`${BOOT}\n`, 400);
  assert.match(early.told[0] ?? "", /opening the port restarts some boards/);
  early.lines.take(`${BOOT}\n`, 60_000);
  assert.equal(early.told.filter((line) => line.includes("opening the port")).length, 1);
  const file = monitor(false, false);
  file.lines.take(`${BOOT}\n`, 0);
  assert.equal(file.told.length, 1);
});

test("a port that is not there is named in a line with what to do", () => {
  assert.throws(() => openSource(join(folder, "nowhere")), /nowhere does not open .* is the board connected/);
});

function run(...words: string[]): ChildProcess {
  return spawn(process.execPath, ["--import", "tsx", "tools/firmware/monitor.ts", ...words], { cwd: ROOT });
}

/** Waits until `child` has printed what `wanted` asks for. */
function printed(child: ChildProcess, wanted: RegExp): Promise<string> {
  let text = "";
  return new Promise((resolve, reject) => {
    const take = (data: Buffer): void => {
      text += data;
      if (wanted.test(text)) resolve(text);
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    child.once("close", () => reject(new Error(`it ended, having printed: ${text}`)));
  });
}

test("a file, as an emulator writes one, is shown to its end; --help and a missing port say how", async () => {
  const file = join(folder, "console");
  writeFileSync(file, `${BOOT}\n${STANDBY}\n`);
  const shown = spawnSync(
    process.execPath,
    ["--import", "tsx", "tools/firmware/monitor.ts", "--port", file, "--json"],
    {
      cwd: ROOT,
      encoding: "utf8",
    },
  );
  assert.equal(shown.status, 0, shown.stderr);
  assert.deepEqual(
    shown.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).name),
    ["boot", "standby"],
  );
  assert.match(await printed(run("--help"), /--json/), /restarts some boards/);
  assert.match(await printed(run(), /--help/), /--port: expected a serial port/);
});

const noPython = spawnSync("python3", ["--version"]).error ? "skipped: python3 makes the serial line" : false;

test("a serial line is shown as it speaks, and nothing is written to it", { skip: noPython }, async () => {
  const pty = join(ROOT, "host-tests/power-gate/pty.py");
  const line = spawn("python3", [pty], { stdio: ["pipe", "pipe", "inherit"] });
  const path = await new Promise<string>((resolve) =>
    line.stdout.once("data", (data: Buffer) => resolve(data.toString().trim())),
  );
  let written = "";
  line.stdout.on("data", (data: Buffer) => {
    written += data;
  });
  const child = run("--port", path);
  try {
    await printed(child, /listening/);
    line.stdin.write(`${BOOT}\r\n\x00\xff${STANDBY}\r\n`);
    const text = await printed(child, /standby: gives 0\.050 Wh/);
    assert.match(text, /socket {2}boots: plugpay 0\.1\.0/);
    assert.equal(written.trim(), "", "but for the end of the line with the path");
  } finally {
    child.kill();
    line.stdin.end();
  }
});
