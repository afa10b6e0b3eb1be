import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CutStore } from "../../lab/model/store";
import { Counters, decodeNote, encodeNote } from "../../shared/journal/counters";
import { Ledger } from "../../shared/journal/ledger";
import type { GateReading, PowerGate, Store } from "../../shared/kernel/ports";

interface Meter {
  readonly total: number;
  readonly uptime: number;
  readonly note: number;
}

function setUp(store: Store) {
  let total = 0;
  const gate = { read: () => ({ total }) as GateReading } as PowerGate;
  const open = (): Ledger<Meter> => {
    const ledger = new Ledger<Meter>({
      store,
      gate,
      report: () => {},
      name: "test",
      version: 1,
      parse: (value) => value as Meter,
      empty: { total: 0, uptime: 0, note: 0 },
    });
    ledger.load();
    total = ledger.record.total;
    return ledger;
  };
  return { open, flow: (energy: number) => (total += energy), total: () => total };
}

test("a note has a layout that does not change, and counts for one record only", () => {
  const note = encodeNote(0x12345678, { total: 123_456_789, uptime: 3_600_000 });
  assert.equal(Buffer.from(note).toString("hex"), `7856341200000054346f9d410000000040774b41${checksum(note)}`);
  assert.deepEqual(decodeNote(0x12345678, note), { total: 123_456_789, uptime: 3_600_000 });
  assert.equal(decodeNote(0x12345679, note), undefined);
  assert.equal(decodeNote(0x12345678, note.subarray(1)), undefined);
  for (let bit = 0; bit < note.length * 8; bit++) {
    const torn = note.slice();
    torn[bit >> 3] = (torn[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.equal(decodeNote(0x12345678, torn), undefined);
  }
});

function checksum(note: Uint8Array): string {
  return Buffer.from(note.subarray(20)).toString("hex");
}

test("counters go on from the last note, and a torn one leaves the note before it", () => {
  const store = new CutStore();
  const { open, flow } = setUp(store);
  const ledger = open();
  ledger.write({ note: 7 });
  for (const uptime of [10, 20, 30]) {
    flow(2_000);
    ledger.writeCounters(uptime);
  }
  assert.deepEqual(open().record, { total: 6_000, uptime: 30, note: 7 });
  store.cutIn = { writes: 1, kind: "torn" };
  flow(2_000);
  ledger.writeCounters(40);
  assert.deepEqual(open().record, { total: 6_000, uptime: 30, note: 7 });
});

test("a note takes 24 bytes, and a record is written where more than counters has changed", () => {
  const store = new CutStore();
  const { open, flow } = setUp(store);
  const ledger = open();
  ledger.write({});
  flow(5);
  ledger.writeCounters(1);
  assert.deepEqual(
    [...store.values].map(([key, value]) => [key, value.length === 24]),
    [
      ["test.a", false],
      ["test.c", true],
    ],
  );
  ledger.change({ note: 3 });
  ledger.writeCounters(2);
  assert.ok(store.values.has("test.b"));
  assert.deepEqual(open().record, { total: 5, uptime: 2, note: 3 });
});

test("where the store takes nothing, nothing has changed: the next note is still a note on the same record", () => {
  const store = new CutStore();
  const { open, flow } = setUp(store);
  const ledger = open();
  ledger.write({ note: 1 });
  store.isFull = true;
  assert.throws(() => ledger.write({ note: 2 }), /the store is full/);
  assert.equal(ledger.record.note, 1, "what is not written is not acted on");
  store.isFull = false;
  flow(5);
  ledger.writeCounters(1);
  assert.deepEqual([...store.values.keys()], ["test.a", "test.c"]);
  assert.deepEqual(open().record, { total: 5, uptime: 1, note: 1 });
});

test("a note of an earlier life of the journal is no energy of the new one", () => {
  const store = new CutStore();
  const { open, flow } = setUp(store);
  const ledger = open();
  ledger.write({});
  flow(1_000_000);
  ledger.writeCounters(5);
  for (const slot of ["test.a", "test.b"]) store.values.delete(slot);
  const anew = open();
  assert.equal(anew.record.total, 0);
  anew.write({ note: 1 });
  assert.equal(open().record.total, 0);
});

test("whatever is written and wherever power goes, the total comes back between the last write and what had flowed", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("counters" as const), flow: fc.nat(5_000) }),
    fc.record({ kind: fc.constant("write" as const), flow: fc.nat(5_000) }),
    fc.record({ kind: fc.constant("change" as const), flow: fc.nat(5_000) }),
  );
  const life = fc.record({
    steps: fc.array(step, { maxLength: 12 }),
    cutAt: fc.nat(12),
    kind: fc.constantFrom("lost" as const, "torn" as const, "kept" as const),
  });
  fc.assert(
    fc.property(fc.array(life, { minLength: 1, maxLength: 5 }), (lives) => {
      const store = new CutStore();
      const { open, flow, total } = setUp(store);
      let durable = 0;
      let note = 0;
      for (const { steps, cutAt, kind } of lives) {
        const ledger = open();
        assert.ok(ledger.record.total >= durable, `${ledger.record.total} came back, ${durable} were written`);
        assert.ok(ledger.record.note <= note);
        let dead = false;
        store.onCut = () => {
          dead = true;
        };
        store.cutIn = { writes: cutAt + 1, kind };
        for (const { kind: what, flow: energy } of steps) {
          flow(energy);
          if (what === "counters") ledger.writeCounters();
          else ledger[what]({ note: ++note });
          if (dead) break;
          if (what !== "change") durable = total();
        }
        const flowed = total();
        const back = open().record.total;
        assert.ok(back >= durable && back <= flowed, `${back} came back; ${durable} written, ${flowed} flowed`);
        durable = back;
      }
    }),
    { numRuns: 300 },
  );
});

test("two keys take turns, so that the newest note is never the one at risk", () => {
  const store = new CutStore();
  const counters = new Counters(store, "x");
  counters.save(1, { total: 1, uptime: 0 });
  counters.save(1, { total: 2, uptime: 0 });
  const again = new Counters(store, "x");
  assert.deepEqual(again.load(1), { total: 2, uptime: 0 });
  store.cutIn = { writes: 1, kind: "torn" };
  again.save(1, { total: 3, uptime: 0 });
  assert.deepEqual(new Counters(store, "x").load(1), { total: 2, uptime: 0 });
});
