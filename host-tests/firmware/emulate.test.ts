// What boots an image in the emulator, as far as it goes without one: what is missing is said, the
// flash is laid out as the partitions say, and the console's reader sees what no board may do.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { checkComplete, imageConfig, readConfig } from "../../tools/firmware/config";
import { ConsoleReader } from "../../tools/firmware/console";
import { Learned } from "../../tools/firmware/ethernet-switch";
import { ROOT } from "../../tools/firmware/image";
import { type Board, builtConfig, findQemu, flashOf, pinOf, qemuArguments, renewed } from "../../tools/firmware/qemu";
import { Monitor, Replies, wordsIn } from "../../tools/firmware/qmp";
import { TARGETS } from "../../tools/firmware/targets";
import { isOver, known, type Told, verdict } from "../../tools/firmware/verdict";

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

const BOARD: Board = { flash: "f", console: "t", chip: "c", monitor: "m", gdb: "g", address: "169.254.80.80" };

test("the board's port is reached on this machine alone, at its fixed address on the link", () => {
  const line = qemuArguments({ ...BOARD, way: { port: 8080, hostPort: 18_080 } }).join(" ");
  assert.match(line, /hostfwd=tcp:127\.0\.0\.1:18080-169\.254\.80\.80:8080/);
  assert.match(line, /-nic user,id=card,model=open_eth,/);
  assert.doesNotMatch(line, /udp=/);
});

test("two boards hang on a switch, and this machine on a port of its own; a cable has its wire alone", () => {
  const way = { port: 8080, hostPort: 18_080, wire: { own: 3333, other: 4444 } };
  const socket = qemuArguments({ ...BOARD, wire: { own: 1111, other: 2222 }, way });
  const cable = qemuArguments({ ...BOARD, wire: { own: 5555, other: 6666 } });
  const after = (line: readonly string[], option: string): readonly string[] =>
    line.filter((_, at) => line[at - 1] === option);
  assert.deepEqual(after(cable, "-nic"), ["socket,id=card,model=open_eth,udp=127.0.0.1:6666,localaddr=127.0.0.1:5555"]);
  assert.deepEqual(after(cable, "-netdev"), []);
  assert.deepEqual(after(socket, "-nic"), [
    "socket,id=card,model=open_eth,udp=127.0.0.1:2222,localaddr=127.0.0.1:1111",
  ]);
  const [user, , out] = after(socket, "-netdev");
  assert.match(String(user), /^user,id=here,.*hostfwd=tcp:127\.0\.0\.1:18080-169\.254\.80\.80:8080$/);
  assert.equal(out, "socket,id=out,udp=127.0.0.1:4444,localaddr=127.0.0.1:3333");
});

test("the switch learns where addresses are, and shows a frame to nobody else", () => {
  const learned = new Learned(3);
  const frame = (to: number, from: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 8, 0);
  const toAll = (from: number): Uint8Array => Uint8Array.of(255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, from, 8, 6);
  assert.deepEqual(learned.portsFor(frame(2, 1), 0), []);
  assert.deepEqual(learned.portsFor(toAll(2), 1), [0, 2]);
  assert.deepEqual(learned.portsFor(frame(2, 1), 0), [1]);
  assert.deepEqual(learned.portsFor(frame(1, 2), 1), [0]);
  assert.deepEqual(learned.portsFor(frame(1, 3), 0), []);
  assert.deepEqual(learned.portsFor(Uint8Array.of(1, 2), 0), []);
});

test("what an emulated board is built with is read from its manifest, and its relay's pin from the table of pins", () => {
  assert.throws(
    () => builtConfig("cable", folder),
    /No image to boot.*--config tools\/firmware\/emulated\/cable\.json/,
  );
  mkdirSync(join(folder, "cable-esp32c3-qemu"));
  writeFileSync(join(folder, "cable-esp32c3-qemu/manifest.json"), '{"config":{"link":"qemu"}}');
  assert.deepEqual(builtConfig("cable", folder), { link: "qemu" });
  assert.equal(pinOf("relay"), 10);
});

test("the configurations that come with the emulator are whole, and their prices and limits agree", () => {
  const [socket, cable] = (["socket", "cable"] as const).map((device) => {
    const given = readConfig(join(ROOT, `tools/firmware/emulated/${device}.json`));
    const config = imageConfig(given, device, TARGETS.esp32c3, false);
    checkComplete(config, device);
    assert.equal(config.link, "qemu");
    return config.image.settings as Record<string, number>;
  });
  assert.ok(Number(cable?.maxPrice) >= Number(socket?.price));
});

test("QEMU's monitor: what it says unasked is passed over, pieces are put together, a word is read", () => {
  const replies = new Replies();
  assert.deepEqual(replies.take('{"QMP": {}}\r\n{"return": {'), []);
  assert.deepEqual(replies.take('}}\n{"event": "RESET"}\n{"error": {"desc": "no"}}\n'), [
    { return: {} },
    { error: { desc: "no" } },
  ]);
  const shown = "0000000060004004: 0x80000400 0x00000001 0x00000002 0x00000003\r\n0000000060004014: 0x00000004\r\n";
  assert.deepEqual(wordsIn(shown), [0x8000_0400, 1, 2, 3, 4]);
  assert.throws(() => wordsIn("Cannot access memory"), /expected addresses and words, came Cannot/);
});

test("the monitor answers in order, refuses in QEMU's words, and says when the emulator has ended", async () => {
  const path = join(folder, "monitor");
  const server = createServer((socket) => {
    socket.write('{"QMP": {}}\n');
    socket.setEncoding("utf8").on("data", (text: string) => {
      for (const line of text.trim().split("\n")) {
        const { execute } = JSON.parse(line);
        if (execute === "qmp_capabilities") socket.write('{"return": {}}\n{"event": "RESUME"}\n');
        else if (execute === "set_link") socket.write('{"error": {"desc": "Device not found"}}\n');
        else if (execute === "quit") socket.destroy();
        else socket.write(`{"return": "0000000060004004: 0x00000400\\r\\n"}\n`);
      }
    });
  }).listen(path);
  const socket = connect(path);
  const monitor = new Monitor(socket);
  const [word, refused] = await Promise.allSettled([monitor.words(0x6000_4004, 1), monitor.command("set_link")]);
  assert.deepEqual(word, { status: "fulfilled", value: [0x400] });
  assert.match(String((refused as PromiseRejectedResult).reason), /Device not found/);
  await assert.rejects(monitor.command("quit"), /the emulator has ended/);
  await assert.rejects(monitor.command("stop"), /the emulator has ended/);
  server.close();
});

const GOOD: readonly Told[] = [
  { from: "socket", event: { name: "boot" } },
  { from: "cable", event: { name: "paid", value: 1000 } },
  { from: "socket", event: { name: "credited", energy: 6666 } },
  { from: "cable", event: { name: "paid", value: 1000 } },
  { from: "socket", event: { name: "credited", energy: 6666 } },
  { from: "socket", event: { name: "session-ended", paid: 2000 } },
];

test("a pair that paid, renewed and settled is judged good; what is missing is said", () => {
  assert.deepEqual(verdict(GOOD, { settled: 2000, deliveredMilliwattHours: 9000 }), []);
  assert.deepEqual(verdict(GOOD, { settled: 1000, deliveredMilliwattHours: 9000 }), [
    "expected 2000 sat of ended sessions in blocks, came 1000",
  ]);
  assert.match(
    String(verdict(GOOD, { settled: 2000, deliveredMilliwattHours: 14_000 })),
    /at most 13332 mWh.*14000 flowed/,
  );
  assert.match(
    String(verdict(GOOD, { settled: 2000, deliveredMilliwattHours: 0 })),
    /power flows to the load, came none/,
  );
  const once = GOOD.filter((_, at) => at !== 3);
  assert.match(String(verdict(once, { settled: 2000, deliveredMilliwattHours: 9000 })), /cable calls paid, came 1/);
  assert.match(
    String(verdict(GOOD.slice(0, 5), { settled: 0, deliveredMilliwattHours: 9000 })),
    /a session that was paid on and ended/,
  );
});

test("a socket that started again settles what its last run was paid, without a session's end", () => {
  const again: readonly Told[] = [
    { from: "socket", event: { name: "boot" } },
    ...GOOD.map(({ from, event }): Told => {
      if (event.name === "session-ended") return { from, event: { ...event, paid: 1000 } };
      return { from, event: event.name === "credited" ? { ...event, value: 1000 } : event };
    }),
  ];
  for (const settled of [2000, 3000]) assert.deepEqual(verdict(again, { settled, deliveredMilliwattHours: 9000 }), []);
  for (const settled of [1000, 4000])
    assert.match(
      String(verdict(again, { settled, deliveredMilliwattHours: 9000 })),
      /expected 2000 to 3000 sat in blocks, .*, came \d000/,
    );
});

test("an increment counts when the cable knows of it too: a plug is not pulled while the answer is under way", () => {
  assert.equal(known(GOOD), 2);
  const unanswered = GOOD.filter(({ from }, at) => from !== "cable" || at < 3);
  assert.equal(known(unanswered), 1);
});

test("a story is over when the session of its last payment is", () => {
  assert.equal(isOver(GOOD), true);
  assert.equal(isOver([...GOOD, ...GOOD.slice(1, 3)]), false);
});

test("a line of the console that lost its end is told, and the one that follows on it is heard", () => {
  const events: string[] = [];
  const troubles: string[] = [];
  const reader = new ConsoleReader({
    onEvent: ({ name }) => events.push(name),
    onTrouble: (why) => troubles.push(why),
  });
  reader.take('{"name":"cadence","stand{"name":"address","address":"bcrt1"}\n{"name":"held","why":"{\\"name\\":1}"}\n');
  assert.deepEqual(events, ["address", "held"]);
  assert.match(troubles.join(), /^the console lost what stood between: \{"name":"cadence"/);
});

test("a start that somebody brought about is no trouble; the next one is", () => {
  const troubles: string[] = [];
  const reader = new ConsoleReader({ onEvent: () => {}, onTrouble: (why) => troubles.push(why) });
  reader.take('{"name":"boot"}\n{"name":"cred');
  reader.expectBoot();
  reader.expectBoot();
  reader.take('ESP-ROM:esp32c3\n{"name":"boot","reset":"power-on"}\n');
  assert.deepEqual(troubles, []);
  reader.take('{"name":"boot","reset":"software"}\n');
  assert.match(String(troubles), /^the board started again/);
});

test("what a board says of an end that somebody brought about is no trouble, until it has started again", () => {
  const troubles: string[] = [];
  const reader = new ConsoleReader({ onEvent: () => {}, onTrouble: (why) => troubles.push(why) });
  reader.take('{"name":"boot","reset":"power-on"}\n');
  reader.expectEnd();
  reader.take('abort() was called at PC 0x4\nRebooting...\n{"name":"boot","reset":"panic"}\n');
  assert.deepEqual(troubles, []);
  reader.take("abort() was called at PC 0x4\n");
  assert.equal(troubles.length, 1);
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
