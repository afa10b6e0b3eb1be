import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CutStore } from "../../lab/model/store";
import { crc32 } from "../../shared/journal/crc32";
import { decodeSlot, encodeSlot, Journal } from "../../shared/journal/journal";
import { jsonOf } from "../../shared/journal/json";
import type { DeviceEvent, Store } from "../../shared/kernel/ports";

interface Counter {
  readonly count: number;
  readonly note?: string;
}

function parse(value: unknown): Counter {
  if (typeof value !== "object" || value === null || typeof (value as Counter).count !== "number")
    throw new Error("expected { count }");
  return value as Counter;
}

function open(store: Store, events: DeviceEvent[] = []): Journal<Counter> {
  return new Journal({ store, name: "test", version: 1, parse, report: (event) => events.push(event) });
}

test("the checksum is CRC-32's check value for 123456789", () => {
  assert.equal(crc32(new Uint8Array([..."123456789"].map((c) => c.charCodeAt(0)))), 0xcbf43926);
});

test("the checksum is that of ISO 3309, bit by bit, for any part of any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(8), (bytes, from) => {
      const start = Math.min(from, bytes.length);
      let sum = 0xffffffff;
      for (const byte of bytes.subarray(start)) {
        sum ^= byte;
        for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
      }
      assert.equal(crc32(bytes, start), ~sum >>> 0);
    }),
  );
});

test("an empty store holds no state, and says nothing about it", () => {
  const events: DeviceEvent[] = [];
  assert.equal(open(new CutStore(), events).load(), undefined);
  assert.deepEqual(events, []);
});

test("what was saved last is what is loaded after a restart", () => {
  const store = new CutStore();
  const journal = open(store);
  for (let count = 1; count <= 5; count++) journal.save({ count, note: "Grüße ☕" });
  assert.deepEqual(open(store).load(), { count: 5, note: "Grüße ☕" });
});

test("saving goes on where a restart found it", () => {
  const store = new CutStore();
  open(store).save({ count: 1 });
  const second = open(store);
  second.load();
  second.save({ count: 2 });
  const third = open(store);
  third.load();
  third.save({ count: 3 });
  assert.equal(open(store).load()?.count, 3);
});

test("a last write torn at any byte leaves the state before it, is reported, and can be written again", () => {
  const whole = new CutStore();
  const journal = open(whole);
  journal.save({ count: 1 });
  journal.save({ count: 2 });
  const torn = whole.read("test.b") as Uint8Array;
  for (let length = 0; length < torn.length; length++) {
    const store = new CutStore();
    store.write("test.a", whole.read("test.a") as Uint8Array);
    store.write("test.b", torn.subarray(0, length));
    const events: DeviceEvent[] = [];
    const restarted = open(store, events);
    assert.equal(restarted.load()?.count, 1);
    assert.equal(events[0]?.name, "journal-unreadable");
    assert.deepEqual(store.read("test.bad"), torn.subarray(0, length));
    restarted.save({ count: 3 });
    assert.equal(open(store).load()?.count, 3);
  }
});

test("any changed byte of a slot is noticed", () => {
  const slot = encodeSlot(1, 7, JSON.stringify({ count: 3 }));
  fc.assert(
    fc.property(fc.nat(slot.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = slot.slice();
      changed[at] = (changed[at] as number) ^ change;
      assert.throws(() => decodeSlot(1, changed));
    }),
  );
});

test("a slot of another version is set aside, not guessed at", () => {
  const store = new CutStore();
  store.write("test.a", encodeSlot(2, 1, JSON.stringify({ count: 9 })));
  const events: DeviceEvent[] = [];
  assert.equal(open(store, events).load(), undefined);
  assert.match(String(events[0]?.why), /expected version 1, came 2/);
});

test("a whole slot whose contents make no sense is set aside", () => {
  const store = new CutStore();
  store.write("test.a", encodeSlot(1, 1, JSON.stringify({ cuont: 9 })));
  assert.equal(open(store).load(), undefined);
  assert.ok(store.read("test.bad"));
});

test("records are written as JSON.stringify would write them", () => {
  const plain = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.string({ unit: "binary" }),
      fc.array(tie("value")),
      fc.dictionary(fc.string(), tie("value")),
    ),
  })).value;
  fc.assert(fc.property(plain, (value) => assert.equal(jsonOf(value), JSON.stringify(value))));
  assert.equal(jsonOf({ gone: undefined, kept: 1 }), '{"kept":1}');
});

test("a torn slot is passed over even where flash has no room to set it aside", () => {
  const store = new CutStore();
  const journal = open(store);
  journal.save({ count: 1 });
  journal.save({ count: 2 });
  store.values.set("test.b", (store.read("test.b") as Uint8Array).subarray(0, 20));
  store.isFull = true;
  const events: DeviceEvent[] = [];
  assert.deepEqual(open(store, events).load(), { count: 1 });
  assert.deepEqual(
    events.map(({ name }) => name),
    ["journal-unreadable", "failed"],
  );
});
