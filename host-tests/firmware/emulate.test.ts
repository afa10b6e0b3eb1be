// What boots an image in the emulator, as far as it goes without one: what is missing is said, the flash is laid out as
// the partitions say, and the console's reader sees what no board may do.

import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ConsoleReader } from "../../tools/firmware/console";
import { ROOT } from "../../tools/firmware/image";
import { findQemu, flashOf, qemuArguments, renewed } from "../../tools/firmware/qemu";

const folder = mkdtempSync(join(tmpdir(), "emulate-"));
after(() => rmSync(folder, { recursive: true }));

/** A program in place of the emulator, that knows these machines. */
function program(name: string, machines: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\necho "${machines}"\n`);
  chmodSync(path, 0o755);
  return path;
}

test("an emulator that is missing, or not Espressif's, is named in a line with what to do", () => {
  assert.throws(() => findQemu(undefined, { PATH: folder }), /no qemu-system-riscv32 in PATH.*idf_tools\.py.*--qemu/);
  assert.throws(() => findQemu(join(folder, "nowhere"), {}), /no .*nowhere\. Install/);
  assert.throws(() => findQemu(program("plain", "virt RISC-V board")), /knows no machine esp32c3/);
  const path = program("qemu-system-riscv32", "esp32c3 Espressif ESP32-C3 machine");
  assert.equal(findQemu(undefined, { PATH: folder }), path);
});

test("the flash has bootloader, partitions and application where the table says, and keeps what a device wrote", () => {
  assert.throws(() => flashOf(folder), /bootloader\.bin is missing/);
  for (const [name, byte] of [
    ["bootloader.bin", 1],
    ["partition-table.bin", 2],
    ["xs_esp32.bin", 3],
  ] as const) {
    writeFileSync(join(folder, name), Uint8Array.of(byte, byte));
  }
  const table = readFileSync(join(ROOT, "manifests/partitions/4mb.csv"), "utf8");
  const at = (name: string): number => Number(table.match(new RegExp(`^${name},[^,]*,[^,]*,\\s*(\\w+)`, "m"))?.[1]);
  const flash = flashOf(folder);
  assert.equal(flash.length, 4 << 20);
  assert.deepEqual([flash[0], flash[0x8000], flash[at("factory")], flash[at("nvs")]], [1, 2, 3, 0xff]);

  const used = Uint8Array.from(flash);
  used[at("nvs") + 5] = 7;
  writeFileSync(join(folder, "xs_esp32.bin"), Uint8Array.of(4));
  const next = renewed(used, flashOf(folder));
  assert.deepEqual([next[at("factory")], next[at("factory") + 1], next[at("nvs") + 5]], [4, 0xff, 7]);
});

test("the board's port is reached on this machine alone, at its fixed address on the link", () => {
  const board = { flash: "f", console: "t", chip: "c", address: "169.254.80.80", port: 8080, hostPort: 18_080 };
  const line = qemuArguments(board).join(" ");
  assert.match(line, /hostfwd=tcp:127\.0\.0\.1:18080-169\.254\.80\.80:8080/);
  assert.match(line, /model=open_eth/);
});

test("the console's reader tells of a board that gives up, starts again, trips or errs, and of nothing else", () => {
  const events: string[] = [];
  const troubles: string[] = [];
  const reader = new ConsoleReader({
    onEvent: ({ name }) => events.push(name),
    onTrouble: (why) => troubles.push(why.split(":")[0] ?? ""),
  });
  reader.take('ESP-ROM:esp32c3\n{"name":"boot","reset":"power-on"}\r\n{"name":"list');
  reader.take('ening","port":8080}\n{"name":\n[1]\n{"no":"name"}\n');
  assert.deepEqual([events, troubles], [["boot", "listening"], []]);
  reader.take('{"name":"trip","cause":"samples-lost"}\n{"name":"error","why":"x"}\n');
  reader.take("Guru Meditation Error: Core  0 panic'ed\n");
  reader.take('{"name":"boot","reset":"panic"}\n');
  assert.deepEqual(troubles, [
    "the power gate tripped",
    "the board told of an error",
    "the board gave up",
    "the board started again",
  ]);
});
