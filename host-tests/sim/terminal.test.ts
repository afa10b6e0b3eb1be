// npm run socket and npm run cable on a terminal: what is said, typed and answered stays to be
// read.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { test } from "node:test";

const HAS_PYTHON = spawnSync("python3", ["--version"]).status === 0;
const LIMIT = 60_000;

// Runs a command on a terminal of its own; standard input and output are passed through.
const PTY = `import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:], lambda fd: os.read(fd, 1024), lambda fd: os.read(0, 1024))))`;

/**
 * Types each line once the text before it was shown, ends with Ctrl-C after the last text; gives
 * all that was shown.
 */
async function onTerminal(words: readonly string[], talk: readonly (readonly [string, string])[]): Promise<string> {
  const child = spawn("python3", ["-c", PTY, process.execPath, "--import", "tsx", ...words], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let shown = "";
  let from = 0;
  const rest = [...talk];
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT);
  child.stdout.on("data", (bytes: Buffer) => {
    shown += String(bytes);
    for (let next = rest[0]; next !== undefined && shown.includes(next[0], from); next = rest[0]) {
      from = shown.indexOf(next[0], from) + next[0].length;
      rest.shift();
      child.stdin.write(next[1]);
    }
  });
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  assert.deepEqual(rest, [], `what was shown: ${shown}`);
  return shown;
}

test("a socket on a terminal answers help, status and a wrong word, and erases none of it", {
  skip: !HAS_PYTHON,
}, async () => {
  const shown = await onTerminal(
    ["tools/socket.ts", "--port", "0", "--engine", "node"],
    [
      ["End:       Ctrl-C", "help\r"],
      ["Type: help, status, fund ADDRESS", "status\r"],
      ["300 sat/kWh", "nonsense\r"],
      ["expected: help, status", "mine 2\r"],
      ["height ", "\x03"],
    ],
  );
  // A cursor that goes up would take away what stood.
  const erases = shown.split("\x1b[").some((after) => /^\d*A/.test(after));
  assert.equal(erases, false, JSON.stringify(shown));
});

test("a cable on a terminal says soon that nobody answers at its socket's address", { skip: !HAS_PYTHON }, async () => {
  const port = await closedPort();
  await onTerminal(
    ["tools/cable.ts", "--socket", `127.0.0.1:${port}`, "--engine", "node"],
    [[`Nobody answers at 127.0.0.1:${port} (ECONNREFUSED)`, "\x03"]],
  );
});

function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
