// Boots the socket's image in the emulator, where both are there: it starts, and answers over its
// network.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { LINK_ADDRESS, LINK_PORT } from "../../shared/protocol/types";
import { ChipFrames } from "../../tools/firmware/chip-frames";
import { EmulatedBoard } from "../../tools/firmware/emulated-board";
import { OUT } from "../../tools/firmware/image";
import { findQemu, flashOf, pinOf } from "../../tools/firmware/qemu";

const FRAME_MS = 20;
const REQUEST = "<?xml version='1.0'?><methodCall><methodName>get_status</methodName><params/></methodCall>";

function missing(): string | undefined {
  try {
    findQemu(undefined);
    flashOf(join(OUT, "sdk/bin/esp32/release/socket-esp32c3-qemu"));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const why = missing();

test("the socket's image boots, starts and answers get_status", {
  skip: why ? `skipped: ${why}` : false,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "booted-"));
  const file = (name: string): string => join(folder, name);
  writeFileSync(file("flash"), flashOf(join(OUT, "sdk/bin/esp32/release/socket-esp32c3-qemu")));
  const hostPort = await freePort();
  let starts = (): void => {};
  const started = new Promise<void>((resolve) => {
    starts = resolve;
  });
  const board = new EmulatedBoard(
    findQemu(undefined),
    {
      flash: file("flash"),
      console: file("console"),
      chip: file("chip"),
      monitor: file("monitor"),
      gdb: file("gdb"),
      address: LINK_ADDRESS,
      way: { port: LINK_PORT, hostPort },
    },
    pinOf("relay"),
    { onEvent: ({ name }) => name === "start" && starts(), onTrouble: () => {} },
  );
  let over = false;
  try {
    await board.start();
    const frames = new ChipFrames();
    void (async () => {
      for (; !over; await pause(FRAME_MS)) board.feed(frames.next({ volts: 230, watts: 0 }, FRAME_MS / 1000));
    })();
    await started;
    const response = await fetch(`http://127.0.0.1:${hostPort}/RPC2`, {
      method: "POST",
      headers: { "Content-Type": "text/xml" },
      body: REQUEST,
    });
    assert.equal(response.status, 200);
    assert.match(await response.text(), /<name>price_msat_per_wh<\/name>/);
  } finally {
    over = true;
    await board.cut();
    rmSync(folder, { recursive: true });
  }
});
