// What an update does to what a device remembers: debts, cheats, pins and pledges are not forgotten
// by a newer image, nor by an older one.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { CutStore } from "../../lab/model/store";
import { CABLE_OLDER } from "../../shared/cable/older-record";
import { CABLE_RECORD_VERSION, EMPTY_RECORD, parseCableRecord } from "../../shared/cable/record";
import { encodeSlot, Journal, type Older } from "../../shared/journal/journal";
import { jsonOf } from "../../shared/journal/json";
import { whyUnreadable } from "../../shared/journal/readable";
import type { DeviceEvent } from "../../shared/kernel/ports";
import { journalsOf, whyCannotGoOn } from "../../shared/owner/journals";
import { parseSocketRecord, EMPTY_RECORD as SOCKET_EMPTY, SOCKET_RECORD_VERSION } from "../../shared/socket/record";
import { impossible } from "../../shared/update/fits";
import { HeldStore } from "../../shared/update/held-store";
import { HERE, manifestOf, NEW } from "./stage";

const TXID = "ab".repeat(32);
const PAYEE = "0014751e76e8199196d454941c45d1b3a323f1433bd6";
const SHOWN = new URL("../../shared/", import.meta.url);

/** As commit 6d7be30's parent wrote it: a cable with all that it must not forget. */
const CABLE_1 = {
  ...{ version: 1, total: 5000, uptime: 60_000, paidUpTo: 4000, agreedAt: 0, agreedUptime: 0, conceded: 7 },
  pins: [{ txid: TXID, vout: 1, amount: 60_000, shared: true }],
  pledges: [
    {
      scheme: "single-fee",
      socketScript: PAYEE,
      outpoints: [{ txid: TXID, vout: 1 }],
      commitments: [
        { txid: TXID, value: 10_000 },
        { txid: TXID, value: 20_000 },
      ],
      expiry: 500,
      open: true,
    },
  ],
  claims: [{ script: PAYEE, energy: 4000, value: 1000 }],
  ...{ daySpent: 20_000, daySince: 0, totalPaid: 30_000, totalFees: 400, cheats: [PAYEE], losses: 2 },
};

const SOCKET = {
  ...SOCKET_EMPTY,
  total: 77,
  debts: [{ script: PAYEE, amount: 12_000, txid: TXID }],
  cheats: [PAYEE],
  cheatCoins: ["ab".repeat(12)],
};

/** A socket's record as a version to come might have it: cheats with what they owe. */
const NEXT = SOCKET_RECORD_VERSION + 1;
const TO_COME: Older = {
  from: SOCKET_RECORD_VERSION,
  upgrade: (value) => {
    const { cheats, ...rest } = value as typeof SOCKET;
    return { ...rest, version: NEXT, cheats: cheats.map((script) => ({ script, owes: 0 })) };
  },
};

function journal<T>(store: CutStore | HeldStore, version: number, parse: (value: unknown) => T, older?: Older) {
  const told: DeviceEvent[] = [];
  const report = (event: DeviceEvent) => void told.push(event);
  return { journal: new Journal({ store, name: "socket", version, parse, older, report }), told };
}

const toCome = (value: unknown) => value as { version: number; cheats: { script: string }[]; debts: object[] };

describe("a newer image", () => {
  test("goes on from a cable's record of version 1: pins, pledges, claims and cheats are there, and what is open counts in full", () => {
    const store = new CutStore();
    store.write("cable.a", encodeSlot(1, 8, jsonOf(CABLE_1)));
    assert.equal(whyCannotGoOn("cable", { own: store, owner: new CutStore() }), undefined);
    const told: DeviceEvent[] = [];
    const kept = { store, name: "cable", version: CABLE_RECORD_VERSION, older: CABLE_OLDER, parse: parseCableRecord };
    const cable = new Journal({ ...kept, report: (event) => void told.push(event) });
    const record = cable.load();
    assert.deepEqual(told, []);
    assert.deepEqual(record?.pins, CABLE_1.pins);
    assert.deepEqual(record?.claims, CABLE_1.claims);
    assert.deepEqual(record?.cheats, CABLE_1.cheats);
    const [pledge] = record?.pledges ?? [];
    assert.deepEqual(pledge?.outpoints, CABLE_1.pledges[0]?.outpoints);
    assert.deepEqual([pledge?.unanswered, pledge?.forgiven], [20_000, false]);
    assert.deepEqual([record?.totalPaid, record?.losses, record?.conceded], [30_000, 2, 7]);
    // What it writes next is of its own version, and read again.
    cable.save(record ?? EMPTY_RECORD);
    assert.deepEqual(new Journal({ ...kept, report: () => {} }).load(), record);
  });

  test("counts what a session of version 1 has handed over", () => {
    const session = {
      ...{ id: "5e".repeat(16), scheme: "single-fee", payerScript: PAYEE, socketScript: PAYEE, price: 250_000 },
      ...{ increment: 10_000, max: 100_000, arrears: 0, expiry: 600, inputs: [], paid: 20_000 },
      commitments: [{ txid: TXID, value: 20_000, fee: 220 }],
    };
    const signed = { increment: 3, pay: 10_000, fee: 230, txid: TXID, sent: true };
    const { handed } = parseCableRecord(CABLE_OLDER.upgrade({ ...CABLE_1, session, signed }, 1));
    assert.deepEqual(handed, { paid: 30_000, fee: 230 });
  });

  test("goes on from what this one wrote of a socket, and its first write keeps debts and cheats", () => {
    const store = new CutStore();
    journal(store, SOCKET_RECORD_VERSION, parseSocketRecord).journal.save(SOCKET);
    const newer = journal(store, NEXT, toCome, TO_COME);
    const record = newer.journal.load();
    assert.deepEqual(newer.told, []);
    assert.deepEqual(record?.debts, SOCKET.debts);
    assert.deepEqual(record?.cheats, [{ script: PAYEE, owes: 0 }]);
    newer.journal.save(record as never);
    assert.deepEqual(journal(store, NEXT, toCome, TO_COME).journal.load(), record);
  });

  test("that goes back before it was confirmed leaves every record as the older one wrote it", () => {
    const store = new CutStore();
    journal(store, SOCKET_RECORD_VERSION, parseSocketRecord).journal.save(SOCKET);
    const before = new Map(store.values);
    const newer = journal(new HeldStore(store), NEXT, toCome, TO_COME).journal;
    const record = newer.load();
    newer.save(record as never);
    newer.save(record as never);
    assert.deepEqual(store.values, before);
    const { journal: older, told } = journal(store, SOCKET_RECORD_VERSION, parseSocketRecord);
    assert.deepEqual([older.load(), told], [SOCKET, []]);
  });
});

describe("an older image", () => {
  test("is refused beforehand where it would not read what this device keeps", () => {
    const here = { ...HERE, journals: [{ name: "socket", from: SOCKET_RECORD_VERSION, to: NEXT }] };
    const older = manifestOf(NEW, { version: "0.0.9", journals: journalsOf("socket") });
    assert.match(impossible(older, here, 1 << 20) ?? "", /does not read the record "socket" of version 2/);
  });

  test("that met a newer record all the same would not confirm itself: it says which, and the next start goes back", () => {
    const store = new CutStore();
    journal(store, SOCKET_RECORD_VERSION, parseSocketRecord).journal.save(SOCKET);
    const newer = journal(store, NEXT, toCome, TO_COME).journal;
    newer.save(newer.load() as never);
    // One slot is of its own version still, and older: going on from that would forget.
    const why = whyCannotGoOn("socket", { own: new HeldStore(store), owner: new CutStore() });
    assert.match(why ?? "", /^socket\.b has a record of version 2, and this image reads 1 to 1$/);
  });

  test("goes on where a cut of power tore the slot that was being written, as it would without an update", () => {
    const store = new CutStore();
    const kept = { store, name: "socket", version: SOCKET_RECORD_VERSION, parse: parseSocketRecord };
    assert.equal(whyUnreadable(kept), undefined);
    const { journal: own } = journal(store, SOCKET_RECORD_VERSION, parseSocketRecord);
    own.save(SOCKET);
    store.write("socket.b", (store.read("socket.a") as Uint8Array).slice(0, 60));
    assert.equal(whyUnreadable(kept), undefined);
    store.write("socket.a", encodeSlot(SOCKET_RECORD_VERSION, 3, '{"version":1}'));
    assert.match(whyUnreadable(kept) ?? "", /^socket cannot be read: /);
  });
});

describe("the fields of a record", () => {
  /** Of each version, as an image of that version reads them. */
  const FIELDS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = JSON.parse(
    readFileSync(new URL("./record-fields.json", import.meta.url), "utf8"),
  );
  const VERSIONS: Readonly<Record<string, number>> = {
    "socket/record": SOCKET_RECORD_VERSION,
    "cable/record": CABLE_RECORD_VERSION,
    "channel/record": 1,
    "payment/shape": 1,
  };

  for (const [file, version] of Object.entries(VERSIONS))
    test(`of ${file} are those of its version: an older image would forget one that was added without a new version`, () => {
      const text = readFileSync(new URL(`${file}.ts`, SHOWN), "utf8");
      const shapes = text.slice(text.search(/: Check</));
      const fields = [
        ...new Set(
          [
            ...shapes.matchAll(
              /\b(\w+): (?:optional|hex|integer|boolean|text|oneOf|arrayOf|object|\w+Shape|PHASES)\b/g,
            ),
          ].map(([, name = ""]) => name),
        ),
      ];
      assert.deepEqual(
        fields.sort(),
        FIELDS[file]?.[version],
        "give the record a new version and read the older one (shared/journal/journal.ts, Older); or, where nothing is lost if an older image forgets it, add it to record-fields.json",
      );
    });
});
