// An emulated board's program is ended by a debugger: what that sends, and what it finds of the
// relay.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CRASHES, type CrashName, crash, type Ended, symbolsIn } from "../../tools/firmware/crashes";
import { Debugger, Packets, packed } from "../../tools/firmware/gdb";

const folder = mkdtempSync(join(tmpdir(), "crashes-"));
after(() => rmSync(folder, { recursive: true }));

const NAMES = [
  ...["plugpay_gate_read", "abort", "esp_restart", "fxAbort", "pxCurrentTCBs", "esp_panic_handler", "esp_restart_noos"],
];
const SYMBOLS = new Map(NAMES.map((name, at) => [name, 0x4200_0000 + 16 * at]));
const RELAY = 10;

/** A chip whose relay opens between the two places where it stops, or does not. */
async function end(name: CrashName, opens: boolean): Promise<{ ended: Ended; heard: readonly string[] }> {
  const heard: string[] = [];
  let stops = 0;
  const answers = (text: string): string => {
    if (text === "c") return stops++ === 0 ? "T05thread:1;" : "S05";
    if (text === "m60004004,4") return stops === 2 && opens ? "00000000" : "00040000";
    if (text.startsWith("q")) return "l<target/>";
    if (text.startsWith("P") && !heard.some((before) => before.startsWith("q"))) return "";
    if (text.startsWith("m")) return "0010c83f";
    return "OK";
  };
  const path = join(folder, `${name}-${opens}`);
  const server = createServer((socket) => {
    const packets = new Packets();
    socket.setEncoding("latin1").on("data", (data: string) => {
      for (const text of packets.take(data)) {
        heard.push(text);
        socket.write(`+${packed(answers(text))}`);
      }
    });
  }).listen(path);
  await new Promise((resolve) => server.once("listening", resolve));
  const chip = new Debugger(connect(path));
  const ended = await crash(chip, { name, relayPin: RELAY, symbols: SYMBOLS });
  server.close();
  return { ended, heard };
}

const place = (name: string): string => `0,${SYMBOLS.get(name)?.toString(16)},2`;

test("a packet has the sum of its bytes, and is read in pieces", () => {
  assert.equal(packed("OK"), "$OK#9a");
  const packets = new Packets();
  assert.deepEqual([...packets.take("+$T05#b"), ...packets.take("9+$O")], ["T05"]);
  assert.deepEqual(packets.take("K#9a$#00"), ["OK", ""]);
});

test("the program goes on in abort() in place of what it did, and the relay is looked at where ESP-IDF's panic begins", async () => {
  const { ended, heard } = await end("abort", true);
  assert.deepEqual(ended, { before: true, after: false });
  assert.deepEqual(heard, [
    ...[`Z${place("plugpay_gate_read")}`, "c", `z${place("plugpay_gate_read")}`, "m60004004,4"],
    ...["qXfer:features:read:target.xml:0,ffb", "P20=10000042"],
    ...[`Z${place("esp_panic_handler")}`, "c", `z${place("esp_panic_handler")}`, "m60004004,4", "D"],
  ]);
});

test("a relay that is still closed by then is seen", async () => {
  assert.deepEqual((await end("restart", false)).ended, { before: true, after: true });
});

test("XS ends by the number that its function takes, JavaScript's stack by what stands at its end", async () => {
  const overflow = (await end("overflow", true)).heard;
  assert.deepEqual(overflow.slice(5, 7), ["Pb=02000000", "P20=30000042"]);
  const stack = (await end("stack", true)).heard;
  assert.deepEqual(stack.slice(4, 8), ["m42000040,4", "m3fc81030,4", "M3fc81000,4:00000000", "M3fc81004,4:00000000"]);
});

test("each end is one that ESP-IDF's panic or restart sees; an image without the function is refused by its name", async () => {
  for (const { end: place } of Object.values(CRASHES)) assert.ok(SYMBOLS.has(place));
  assert.deepEqual(
    [...symbolsIn("\nxs.elf:  file format elf32\n\n40384a4a g     F .iram0.text\t00000078 abort\n")],
    [["abort", 0x4038_4a4a]],
  );
});
