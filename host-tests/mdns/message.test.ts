// Messages of multicast DNS: what we write is read back as it was meant, and whatever else comes is
// read with bounds, never beyond its end, never round in a circle.

import assert from "node:assert/strict";
import { test } from "node:test";
import { nameBytes, parseMessage, plainData, readName, TYPE } from "../../shared/mdns/message";
import {
  ALL,
  addressQuery,
  announcement,
  answersTo,
  BIT,
  comesOf,
  legacyAnswer,
  nextName,
  probe,
  recordsOf,
} from "../../shared/mdns/records";
import { chanceOf } from "./link";

const RECORDS = recordsOf({ name: "Plugpay", address: "192.168.1.20", port: 8080 });

function text(characters: string): number[] {
  return [...characters].map((character) => character.charCodeAt(0));
}

test("an announcement reads back as four records, of which three are ours alone", () => {
  const message = parseMessage(announcement(RECORDS, ALL));
  assert.ok(message?.isResponse);
  assert.deepEqual(
    message.answers.map(({ name, type, ttl }) => [name, type, ttl]),
    [
      ["plugpay.local", TYPE.A, 120],
      ["plugpay._plugpay._tcp.local", TYPE.SRV, 120],
      ["plugpay._plugpay._tcp.local", TYPE.TXT, 4500],
      ["_plugpay._tcp.local", TYPE.PTR, 4500],
    ],
  );
  const flush = message.answers.map(({ at }) => message.bytes[at - 8] === 0x80);
  assert.deepEqual(flush, [true, true, true, false]);
  for (const [k, entry] of message.answers.entries())
    assert.deepEqual(plainData(message.bytes, entry), RECORDS[k]?.data);
  assert.deepEqual(
    parseMessage(announcement(RECORDS, ALL, true))?.answers.map(({ ttl }) => ttl),
    [0, 0, 0, 0],
  );
});

test("a probe asks for both names, alone, and says what it would say", () => {
  const message = parseMessage(probe(RECORDS));
  assert.deepEqual(
    message?.questions.map(({ name, type, unicast }) => [name, type, unicast]),
    [
      ["plugpay.local", TYPE.ANY, true],
      ["plugpay._plugpay._tcp.local", TYPE.ANY, true],
    ],
  );
  assert.deepEqual(
    message?.authorities.map(({ type }) => type),
    [TYPE.A, TYPE.SRV, TYPE.TXT],
  );
});

test("an ordinary resolver gets its number and question back, ten seconds at most, and no word about its cache", () => {
  const query = parseMessage(addressQuery(0xbeef, "plugPAY.local"));
  assert.ok(query);
  const message = parseMessage(legacyAnswer(RECORDS, BIT.A, query.id, query.questions));
  assert.equal(message?.id, 0xbeef);
  assert.deepEqual(
    message?.questions.map(({ spelled, type, unicast }) => [spelled, type, unicast]),
    [["plugPAY.local", TYPE.A, false]],
  );
  for (const { ttl, at } of message?.answers ?? []) {
    assert.ok(ttl > 0 && ttl <= 10);
    assert.equal(message?.bytes[at - 8], 0);
  }
  assert.equal(message?.answers.length, 1);
});

test("what is asked about decides what is answered", () => {
  const asks = (name: string, type: number): number => answersTo(name, type, "plugpay");
  assert.equal(asks("PLUGPAY.local", TYPE.A), BIT.A);
  assert.equal(asks("plugpay.local", TYPE.AAAA), BIT.NSEC);
  assert.equal(asks("plugpay.local", TYPE.TXT), 0);
  assert.equal(asks("plugpay._plugpay._tcp.local", TYPE.ANY), BIT.SRV | BIT.TXT);
  assert.equal(asks("_plugpay._tcp.local", TYPE.PTR), BIT.PTR);
  assert.equal(asks("_services._dns-sd._udp.local", TYPE.PTR), BIT.TYPES);
  assert.equal(asks("plugpay-2.local", TYPE.A), 0);
  assert.equal(asks("", TYPE.ANY), 0);
});

test("a name may point back, and never forward, to itself or round in a circle", () => {
  const head = new Array(12).fill(0);
  const at = (...tail: number[]): string | undefined => readName(Uint8Array.from([...head, ...tail]), 12 + 3);
  assert.equal(readName(Uint8Array.from([...head, ...nameBytes("plugpay.local")]), 12), "plugpay.local");
  // "a" stands at 12, and what is read at 15 points to it.
  assert.equal(at(1, 0x61, 0, 0xc0, 12), "a");
  assert.equal(at(1, 0x61, 0, 0xc0, 15), undefined, "itself");
  assert.equal(at(1, 0x61, 0, 0xc0, 17, 1, 0x61, 0), undefined, "forward");
  assert.equal(at(0xc0, 15, 0, 0xc0, 12), undefined, "a circle of two");
  assert.equal(at(1, 0x61, 0, 0xc0, 4), undefined, "into the header");
  assert.equal(at(1, 0x61, 0, 0xc0), undefined, "cut off");
});

test("a label with a point in it is no name of ours", () => {
  const bytes = Uint8Array.from([...new Array(12).fill(0), 13, ...text("plugpay.local"), 0]);
  assert.equal(readName(bytes, 12), "plugpay\\.local");
  assert.equal(answersTo("plugpay\\.local", TYPE.A, "plugpay"), 0);
  assert.deepEqual(nameBytes("plugpay\\.local"), [13, ...text("plugpay.local"), 0]);
});

test("a name longer than any of ours is passed over, and what follows it is read", () => {
  const reverse = [...new Array(32).fill([1, 0x30]).flat(), ...nameBytes("ip6.arpa")];
  const ours = [...nameBytes("plugpay.local"), 0, TYPE.A, 0, 1];
  const head = [0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0];
  const message = parseMessage(Uint8Array.from([...head, ...reverse, 0, TYPE.PTR, 0, 1, ...ours]));
  assert.deepEqual(
    message?.questions.map(({ name }) => name),
    ["", "plugpay.local"],
  );
});

test("what is under names that nobody wants is passed over", () => {
  const message = parseMessage(announcement(RECORDS, ALL), (name) => name === "plugpay.local");
  assert.deepEqual(
    message?.answers.map(({ type }) => type),
    [TYPE.A],
  );
});

test("a message cut off anywhere, or with any byte changed, is refused or read within its bounds", () => {
  const chance = chanceOf(1);
  const queries = [probe(RECORDS), announcement(RECORDS, ALL), addressQuery(7, "plugpay.local")];
  const whole = [...queries, legacyAnswer(RECORDS, BIT.PTR, 1, [{ spelled: "_plugpay._tcp.local", type: TYPE.PTR }])];
  for (const bytes of whole) {
    for (let length = 0; length < bytes.length; length++)
      assert.equal(parseMessage(bytes.slice(0, length)), undefined, `${length} of ${bytes.length} bytes`);
    for (let k = 0; k < bytes.length; k++) {
      const changed = bytes.slice();
      changed[k] = Math.floor(chance() * 256);
      checkBounds(changed);
    }
  }
});

test("anything at all is refused or read within its bounds", () => {
  const chance = chanceOf(2);
  for (let round = 0; round < 4000; round++) {
    const bytes = Uint8Array.from({ length: Math.floor(chance() * 200) }, () => Math.floor(chance() ** 3 * 256));
    bytes.fill(0, 2, 4);
    checkBounds(bytes);
  }
  // Pointers everywhere, and counts as large as they can be.
  const pointers = Uint8Array.from({ length: 1440 }, (_, k) => (k < 4 ? 0 : k < 12 ? 255 : k % 2 ? 12 : 0xc0));
  const labels = Uint8Array.from({ length: 1440 }, (_, k) => (k < 4 ? 0 : k < 12 ? 255 : k % 2 ? 0x61 : 1));
  for (let round = 0; round < 300; round++) for (const bytes of [pointers, labels]) checkBounds(bytes);
});

/** What is read lies inside. */
function checkBounds(bytes: Uint8Array): void {
  const message = parseMessage(bytes);
  if (!message) return;
  const entries = [...message.answers, ...message.authorities, ...message.additionals];
  assert.ok(message.questions.length <= 8 && entries.length <= 12);
  for (const entry of entries) {
    assert.ok(entry.at >= 12 && entry.at + entry.length <= bytes.length);
    assert.ok(entry.name.length <= 2 * 255);
    const data = plainData(bytes, entry);
    assert.ok(data === undefined || data.length <= Math.max(entry.length, 6 + 2 * 255));
  }
}

test("names that follow one another are all different, fit, and are known for what they came of", () => {
  for (const wanted of ["plugpay", "garage-2", "x".repeat(63)]) {
    const seen = new Set([wanted]);
    let name = wanted;
    for (let k = 2; k <= 99; k++) {
      name = nextName(wanted, name);
      assert.ok(name.endsWith(`-${k}`) && name.length <= 63, name);
      assert.ok(comesOf(wanted, name), name);
      seen.add(name);
    }
    assert.equal(seen.size, 99);
    assert.equal(nextName(wanted, name), nextName(wanted, wanted));
  }
  assert.ok(comesOf("plugpay", "plugpay"));
  for (const other of ["garage", "garage-2", "plugpay-1", "plugpay-100", "plugpay-x", "plugpay-", "plugpay-02", ""])
    assert.ok(!comesOf("plugpay", other), other);
});
