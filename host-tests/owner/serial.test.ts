// The serial console's way in: lines of JSON-RPC and Improv's packets beside each other, whatever
// comes in between.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { VirtualClock } from "../../lab/model/clock";
import { improvPacket } from "../../shared/owner/improv";
import { JsonRpc } from "../../shared/owner/json-rpc";
import { OwnerSerial } from "../../shared/owner/serial";

/** As improv-wifi's own client (improv-wifi-serial-sdk) writes and reads them. */
function packet(type: number, data: readonly number[]): number[] {
  const bytes = [...Buffer.from("IMPROV"), 1, type, data.length, ...data];
  return [...bytes, bytes.reduce((sum, byte) => sum + byte, 0) & 0xff];
}

function rpc(command: number, payload: readonly number[] = []): number[] {
  return packet(3, [command, payload.length, ...payload]);
}

function texts(...all: readonly string[]): number[] {
  return all.flatMap((text) => [Buffer.byteLength(text), ...Buffer.from(text)]);
}

const PAGE = "http://plugpay.local:8081/";

function begin({ refuses = false } = {}) {
  const clock = new VirtualClock();
  const out: string[] = [];
  const joined: string[][] = [];
  const methods = new JsonRpc({
    methodOf: (name) => (name === "echo" ? { params: ["text"], call: (given) => given.get("text") } : undefined),
    onError: (error) => {
      throw error;
    },
  });
  const serial = new OwnerSerial({
    clock,
    write: (bytes) => out.push(Buffer.from(bytes).toString("hex")),
    print: (line) => out.push(line),
    answer: (request) => methods.answer(request, "serial"),
    improv: {
      state: () => (joined.length > 0 ? 4 : 2),
      join: (ssid, password) => {
        if (refuses) throw new Error("a session is open");
        joined.push([ssid, password]);
      },
      page: () => PAGE,
      info: ["plugpay", "0.1.0", "ESP32-C3", "socket"],
    },
  });
  const take = async (...pieces: readonly (string | readonly number[])[]) => {
    const before = out.length;
    for (const piece of pieces) serial.take(typeof piece === "string" ? Buffer.from(piece) : Uint8Array.from(piece));
    await clock.run(1);
    return out.slice(before);
  };
  return { clock, take, joined };
}

const hex = (bytes: readonly number[]): string => Buffer.from(bytes).toString("hex");
const ask = (text: string): string => `${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "echo", params: [text] })}\n`;
const answer = (text: string): string => `{"jsonrpc":"2.0","result":${JSON.stringify(text)},"id":1}`;

describe("lines", () => {
  test("are requests, however the bytes are cut, with any line end and blank lines between", async () => {
    const { take } = begin();
    assert.deepEqual(await take(...ask("one")), [answer("one")]);
    assert.deepEqual(await take("\r\n\n  ", ask("two").replace("\n", "\r\n"), ask("three")), [
      answer("two"),
      answer("three"),
    ]);
  });

  test("of anything else are told what was expected", async () => {
    const { take } = begin();
    const [told] = await take("help\n");
    assert.match(told ?? "", /"code":-32700,"message":"Parse error","data":\{"why":"expected a value at byte 0"\}/);
    assert.match((await take("IMPOSSIBLE\n"))[0] ?? "", /-32700/);
    assert.match((await take("I\n"))[0] ?? "", /-32700/);
  });

  test("that do not end are dropped, and the next one counts", async () => {
    const { take, clock } = begin();
    const told = await take("x".repeat(100_000), "\n", ask("after"));
    assert.equal(told.length, 2);
    assert.match(told.find((line) => line.includes("error")) ?? "", /expected a line of at most 4096 bytes/);
    await take('{"jsonrpc":');
    await clock.run(61_000);
    assert.deepEqual(await take(ask("later")), [answer("later")]);
  });

  test("without an id are not answered", async () => {
    assert.deepEqual(await begin().take('{"jsonrpc":"2.0","method":"echo"}\n'), []);
  });
});

describe("Improv", () => {
  test("packets are what its own client expects", () => {
    assert.equal(hex([...improvPacket("state", [2])]), hex(packet(1, [2])));
    assert.equal(hex(packet(1, [2])), "494d50524f5601010102e2");
  });

  test("tells state and what it is", async () => {
    const { take } = begin();
    assert.deepEqual(await take(rpc(2)), [hex(packet(1, [2]))]);
    const info = texts("plugpay", "0.1.0", "ESP32-C3", "socket");
    assert.deepEqual(await take(rpc(3)), [hex(packet(4, [3, info.length, ...info]))]);
  });

  test("takes credentials, and answers with the device's page", async () => {
    const { take, joined } = begin();
    const data = texts("Campsite \u{1f3d5}", "a secret");
    const page = texts(PAGE);
    assert.deepEqual(await take(rpc(1, data)), [
      hex(packet(2, [0])),
      hex(packet(1, [3])),
      hex(packet(1, [4])),
      hex(packet(4, [1, page.length, ...page])),
    ]);
    assert.deepEqual(joined, [["Campsite \u{1f3d5}", "a secret"]]);
    assert.deepEqual(await take(rpc(2)), [hex(packet(1, [4])), hex(packet(4, [2, page.length, ...page]))]);
  });

  test("says that it cannot, where credentials may not be set now", async () => {
    const { take } = begin({ refuses: true });
    assert.deepEqual(await take(rpc(1, texts("net", "12345678"))), [hex(packet(2, [3])), hex(packet(1, [2]))]);
  });

  test("finds no networks, and knows no other command", async () => {
    const { take } = begin();
    assert.deepEqual(await take(rpc(4)), [hex(packet(4, [4, 0]))]);
    assert.deepEqual(await take(rpc(9)), [hex(packet(2, [2]))]);
  });

  const broken: readonly (readonly [what: string, bytes: readonly number[]])[] = [
    ["a wrong sum", [...rpc(2).slice(0, -1), 0]],
    ["another version", [...Buffer.from("IMPROV"), 2, 3, 2, 2, 0, 0]],
    ["a length that is not its payload's", packet(3, [2, 5])],
    ["no command", packet(3, [])],
    ["credentials that end early", rpc(1, [4, 110])],
    ["one text where two belong", rpc(1, texts("net"))],
    ["three", rpc(1, texts("a", "b", "c"))],
    ["a name that is no UTF-8", rpc(1, [1, 0xff, 0])],
  ];
  for (const [what, bytes] of broken)
    test(`refuses ${what}`, async () => assert.deepEqual(await begin().take(bytes), [hex(packet(2, [1]))]));

  test("and lines stand beside each other, cut anywhere", async () => {
    const { take } = begin();
    const told = await take(...[...Buffer.from(ask("a")), ...rpc(2), ...Buffer.from(ask("b"))].map((byte) => [byte]));
    assert.deepEqual([...told].sort(), [answer("a"), answer("b"), hex(packet(1, [2]))].sort());
  });

  test("a packet that stays away is dropped, and the next line counts", async () => {
    const { take, clock } = begin();
    await take(rpc(1, texts("net", "12345678")).slice(0, 12));
    await clock.run(1001);
    assert.deepEqual(await take(ask("a")), [answer("a")]);
  });
});
