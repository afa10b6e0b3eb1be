// An owner changes settings: in a running device, and between two starts. The table's `changes`
// says from when each counts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { realEcdsa } from "../../lab/model/signers";
import { alone, type Bench, Customer, MINUTE, plugged } from "../../lab/stage/bench";
import { addressOf } from "../../shared/bitcoin/address";
import { openWallet } from "../../shared/bitcoin/wallet";
import { CABLE_RECORD_VERSION, EMPTY_RECORD, parseCableRecord } from "../../shared/cable/record";
import { Ledger } from "../../shared/journal/ledger";
import { energyFor } from "../../shared/kernel/units";
import { CABLE_TABLE } from "../../shared/settings/cable";
import type { Table } from "../../shared/settings/entry";
import { SOCKET_TABLE } from "../../shared/settings/socket";

const HOUR = 60 * MINUTE;
/** One of the paper's increments, in mWh. */
const PAID_FOR = energyFor(10_000, 250_000);

function unread(table: Table, read: ReadonlySet<string>): readonly string[] {
  const live = table.entries.filter(({ changes }) => changes !== "restart").map(({ name }) => name);
  return live.filter((name) => !read.has(name));
}

test("a setting that needs no restart is read where it is used, not kept from the start", async () => {
  const read = { socket: new Set<string>(), cable: new Set<string>() };
  const bench = plugged({
    onRead: (device, name) => read[device].add(name),
    socket: { schemes: ["single-fee", "basic", "channel"] },
    cable: { sharedLink: true },
  });
  read.socket.clear();
  read.cable.clear();
  await bench.clock.run(5 * MINUTE);
  // A limit that holds the cable, and a visit that pays nothing: what is read then was not read
  // before.
  bench.change({ cable: { maxPrice: 1 } });
  await bench.clock.run(5 * MINUTE);
  bench.network.mine();
  bench.unplug();
  await bench.clock.run(2 * MINUTE);
  bench.network.mine();
  bench.draw(5_000);
  await bench.clock.run(2 * MINUTE);
  assert.deepEqual(unread(SOCKET_TABLE, read.socket), []);
  assert.deepEqual(unread(CABLE_TABLE, read.cable), []);
});

test("a running session keeps its price, increment, maximum and expiry; the next one has what the owner says now", async () => {
  const bench = plugged();
  await bench.clock.run(2 * MINUTE);
  const customer = new Customer(bench, 21);
  bench.change({
    socket: { price: 500_000, increment: 12_000, sessionMax: 24_000, sessionBlocks: 20 },
    cable: { maxPrice: 500_000, maxIncrement: 12_000 },
  });
  const asked = bench.named("credited").length;
  await bench.clock.run(4 * MINUTE);
  const after = bench.named("credited").slice(asked);
  assert.ok(after.length >= 2);
  for (const { value, energy } of after) assert.deepEqual([value, energy], [10_000, PAID_FOR]);
  assert.equal(bench.named("stopped").length + bench.named("held").length, 0, bench.story());
  bench.unplug();
  await bench.clock.run(2 * MINUTE);
  const offer = await customer.ask();
  assert.equal(offer.outputs[0]?.amount, 12_000);
  assert.equal(offer.energy, energyFor(12_000, 500_000));
  assert.equal(offer.sessionMax, 24_000);
  assert.equal(offer.expiry, bench.network.blocks.height + 20);
});

test("a price limit that is lowered holds the running cable before it pays again; raised, it goes on", async () => {
  const bench = plugged();
  await bench.clock.run(MINUTE);
  bench.change({ cable: { maxPrice: 249_999 } });
  await bench.clock.run(8 * MINUTE);
  const paid = bench.named("paid").length;
  assert.equal(bench.named("held")[0]?.reason ?? bench.named("stopped")[0]?.reason, "overpriced", bench.story());
  assert.notEqual(bench.cable.state, "powered");
  bench.change({ cable: { maxPrice: 250_000 } });
  await bench.clock.run(5 * MINUTE);
  assert.ok(bench.named("paid").length > paid, bench.story());
});

test("a smaller largest current opens the relay of a running socket", async () => {
  const bench = plugged();
  await bench.clock.run(MINUTE);
  assert.ok(bench.circuit.socket.read().current > 5_000);
  bench.change({ socket: { maxCurrent: 5_000 } });
  await bench.clock.run(10_000);
  assert.ok(bench.named("trip").length > 0, bench.story());
});

test("another choice of schemes makes another session, and neither side takes it for cheating", async () => {
  for (const device of ["socket", "cable"] as const) {
    const bench = plugged();
    await bench.clock.run(2 * MINUTE);
    bench.change({ [device]: { schemes: ["basic"] } });
    await bench.clock.run(6 * MINUTE);
    assert.ok(bench.named("broadcast").length >= 2, `${device}\n${bench.story()}`);
    assert.equal(bench.cable.state, "powered", bench.story());
    assert.deepEqual(cheats(bench), [], bench.story());
  }
});

function cheats(bench: Bench): readonly unknown[] {
  return bench.events.filter(({ reason }) => ["refused", "energy-claimed", "undelivered"].includes(String(reason)));
}

test("where the money goes changes at the next start only", async () => {
  const bench = alone();
  const other = openWallet(new Uint8Array(32).fill(11), realEcdsa);
  bench.change({ socket: { payoutAddress: addressOf(other.script, "regtest") } });
  assert.equal((await new Customer(bench, 22).ask()).outputs[0]?.script, bench.payout.script);
  bench.restartSocket();
  assert.equal((await new Customer(bench, 23).ask()).outputs[0]?.script, other.script);
});

test("the owner's words act at a start, not in a running device", async () => {
  const bench = plugged();
  await bench.clock.run(MINUTE);
  bench.change({ socket: { forgive: "today" }, cable: { forgive: "today", release: "today" } });
  await bench.clock.run(2 * MINUTE);
  assert.equal(bench.named("forgiven").length + bench.named("released").length, 0);
  bench.restartSocket();
  bench.restartCable();
  assert.equal(bench.named("forgiven").length, 2);
  assert.equal(bench.named("released").length, 1);
});

for (const ownPower of [500, 2_000])
  test(`a cable that is told to draw ${ownPower} mW in place of 1000 keeps its credit, and pays on`, async () => {
    const bench = plugged({ cable: { ownPower: 1_000 } });
    await bench.clock.run(2 * MINUTE);
    bench.cutCable();
    makeOlder(bench, 1_000 * HOUR);
    bench.configure({ cable: { ownPower } });
    bench.restartCable();
    const [last] = bench.named("paid").slice(-1);
    const [start] = bench.named("start").slice(-1);
    const drawn = (1_300_000 * (Number(start?.at) - Number(last?.at))) / HOUR;
    assert.ok(Math.abs(Number(start?.credit) - (Number(last?.remaining) - drawn)) < 5_000, bench.story());
    const before = bench.named("paid").length;
    await bench.clock.run(5 * MINUTE);
    assert.ok(bench.named("paid").length >= before + 2, bench.story());
    assert.equal(bench.named("stopped").length + bench.named("held").length, 0, bench.story());
  });

/** The cable's journal as after `time` more of being powered, in which its electronics drew 1 W. */
function makeOlder({ cableStore: store, circuit, events }: Bench, time: number): void {
  const ledger = new Ledger({
    store,
    gate: circuit.cable,
    report: (event) => events.push({ device: "cable", at: 0, ...event }),
    name: "cable",
    version: CABLE_RECORD_VERSION,
    parse: parseCableRecord,
    empty: EMPTY_RECORD,
  });
  ledger.load();
  const { uptime, agreedUptime, daySince, paidUpTo, agreedAt } = ledger.record;
  const drawn = (1_000 * time) / 3_600;
  ledger.write({
    uptime: uptime + time,
    agreedUptime: agreedUptime + time,
    daySince: daySince + time,
    paidUpTo: paidUpTo + drawn,
    agreedAt: agreedAt + drawn,
  });
}
