// What stands between a broker's bytes and the client module.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SeededRandom } from "../../lab/model/random";
import { MOST_PACKET_BYTES, MOST_PACKETS, PacketGuard } from "../../shared/mqtt/guard";

const CONNACK = [0x20, 2, 0, 0];
const SUBACK = [0x90, 3, 0, 2, 0];
const PINGRESP = [0xd0, 0];

function message(topic: string, payload: string, first = 0x30): number[] {
  const rest = [0, topic.length, ...Buffer.from(topic), ...Buffer.from(payload)];
  const length = rest.length < 128 ? [rest.length] : [(rest.length & 127) | 128, rest.length >> 7];
  return [first, ...length, ...rest];
}

function guarded() {
  const packets: number[][] = [];
  const wrong: string[] = [];
  const guard = new PacketGuard({
    onPacket: (packet) => packets.push([...packet]),
    onWrong: (why) => wrong.push(why),
  });
  return { packets, wrong, guard, take: (...bytes: number[]) => guard.take(Uint8Array.from(bytes)) };
}

describe("a broker's packets", () => {
  test("pass whole, however they are cut into pieces", () => {
    const all = [CONNACK, SUBACK, message("homeassistant/status", "online"), PINGRESP, message("a", "b".repeat(140))];
    for (const size of [1, 2, 3, 7, 1000]) {
      const { packets, wrong, take } = guarded();
      const bytes = all.flat();
      for (let at = 0; at < bytes.length; at += size) take(...bytes.slice(at, at + size));
      assert.deepEqual(packets, all, `in pieces of ${size}`);
      assert.deepEqual(wrong, []);
    }
  });

  test("a message without a payload is left out: the SDK's client never comes back from one", () => {
    const { packets, wrong, take } = guarded();
    take(...CONNACK, ...message("homeassistant/status", ""), ...PINGRESP);
    assert.deepEqual(packets, [CONNACK, PINGRESP]);
    assert.deepEqual(wrong, []);
  });

  const refusals: readonly (readonly [what: string, bytes: readonly number[], why: RegExp])[] = [
    ["what is no broker", [...Buffer.from("HTTP/1.1 400")], /no MQTT broker/],
    ["a message before the broker took us in", message("a", "b"), /no MQTT broker/],
    ["a wrong password", [0x20, 2, 0, 4], /user name or password is wrong/],
    ["a user that may not", [0x20, 2, 0, 5], /this user may not connect/],
    ["a code that nobody knows", [0x20, 2, 0, 99], /refuses with code 99/],
    ["a second CONNACK", [...CONNACK, ...CONNACK], /make no sense/],
    ["QoS 1, which nobody asked for", [...CONNACK, ...message("a", "b", 0x32)], /not asked for/],
    ["a topic that claims more than the packet has", [...CONNACK, 0x30, 4, 0xff, 0xff, 1, 2], /not asked for/],
    ["a message without a topic", [...CONNACK, 0x30, 3, 0, 0, 1], /not asked for/],
    ["a packet of 16 KB", [...CONNACK, 0x30, 0xff, 0x7f], /too long/],
    ["a packet of 256 MB", [...CONNACK, 0x30, 0xff, 0xff, 0xff, 0x7f], /too long/],
    ["a command", [...CONNACK, 0x10, 0], /make no sense/],
    ["an acknowledgement that is long", [...CONNACK, 0x90, 4, 0, 1, 0, 0], /make no sense/],
  ];
  for (const [what, bytes, why] of refusals)
    test(`${what} ends the connection, and nothing passes after it`, () => {
      const { packets, wrong, take } = guarded();
      take(...bytes);
      const before = packets.length;
      take(...CONNACK, ...PINGRESP);
      assert.equal(wrong.length, 1, wrong.join());
      assert.match(wrong[0] ?? "", why);
      assert.equal(packets.length, before);
    });

  test("more than some of them in one turn end the connection; in the next turn as many may come", () => {
    const { wrong, guard, take } = guarded();
    take(...CONNACK);
    for (let k = 1; k < MOST_PACKETS; k++) take(...PINGRESP);
    guard.renew();
    for (let k = 0; k < MOST_PACKETS; k++) take(...PINGRESP);
    assert.deepEqual(wrong, []);
    take(...PINGRESP);
    assert.match(wrong[0] ?? "", /packet after packet/);
  });

  test("of random bytes only whole packets of the four kinds pass, none longer than the bound", () => {
    const random = new SeededRandom(15);
    for (let run = 0; run < 3000; run++) {
      const { packets, wrong, take } = guarded();
      take(...CONNACK);
      for (let k = 0; k < 20; k++) {
        const first = [0x30, 0x90, 0xd0, random.integer(0, 255)][random.integer(0, 3)] ?? 0;
        take(first, random.integer(0, 40), ...random.bytes(random.integer(0, 40)));
      }
      assert.ok(wrong.length <= 1);
      for (const packet of packets) {
        assert.ok(packet.length <= MOST_PACKET_BYTES);
        assert.ok([2, 3, 9, 13].includes((packet[0] ?? 0) >> 4), `${packet[0]}`);
        const body = (packet[1] ?? 0) < 128 ? 2 : 3;
        if ((packet[0] ?? 0) >> 4 === 3)
          assert.ok(2 + (packet[body] ?? 0) * 256 + (packet[body + 1] ?? 0) < packet.length - body);
      }
    }
  });
});
