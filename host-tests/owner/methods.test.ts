// What an owner sees and does of a running socket and cable.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CAR, MINUTE } from "../../lab/stage/bench";
import { robbed } from "../../lab/stage/grabber";
import { RunningCable } from "../../shared/owner/cable";
import { METHODS } from "../../shared/owner/methods";
import { owned } from "./owned";

describe("status", () => {
  test("of a socket that sells says state, reason, W V A Hz, energy, credit, session, exposure, chain, link, heap", async () => {
    const { bench, socket } = owned();
    await bench.clock.run(2 * MINUTE);
    const status = await socket.get("status");
    const { meter, energy, session, chain, earned } = status;
    assert.deepEqual(
      [status.device, status.state, status.network, status.calibrated, status.version],
      ["socket", "paid", "regtest", false, "0.1.0"],
    );
    assert.match(status.reason, /^a cable has paid: [\d.]+ Wh are left/);
    assert.ok(
      meter.powerW > 1200 && meter.voltageV > 200 && meter.currentA > 5 && meter.frequencyHz === 50,
      JSON.stringify(meter),
    );
    assert.equal(meter.relayClosed, true);
    assert.ok(energy.totalMwh > 40_000 && energy.sinceStartMwh === energy.totalMwh, JSON.stringify(energy));
    assert.ok(status.creditMwh > 0 && status.creditMwh < 160_000);
    assert.equal(session.priceSatPerKwh, 250_000);
    assert.ok(session.paidSat >= 20_000 && session.usedMwh > 0);
    assert.ok(status.exposureSat > 0 && status.exposureSat <= session.paidSat);
    assert.deepEqual([earned.confirmedSat, earned.unconfirmedSat], [0, session.paidSat]);
    assert.equal(chain.tip, bench.network.blocks.height);
    assert.deepEqual(chain.backends, ["esplora 10.0.0.9:3000"]);
    assert.equal(status.link.address, "169.254.80.80");
    assert.equal(status.heap.free, 90_000);
    assert.equal(status.uptimeMs, 120_000);
  });

  test("of a cable that pays says what it spent, its session and its credit", async () => {
    const { bench, cable } = owned();
    await bench.clock.run(2 * MINUTE);
    const status = await cable.get("status");
    assert.equal(status.state, "powered");
    assert.match(status.reason, /^it has paid: /);
    assert.equal(status.spent.totalSat, status.session.paidSat);
    assert.ok(status.spent.todaySat >= status.spent.totalSat && status.spent.feesSat > 0);
    assert.ok(status.creditMwh > 0);
    assert.deepEqual(status.stuck, []);
  });

  test("asks nobody: neither the chain nor the other side hears of it", async () => {
    const { bench, socket, cable } = owned();
    await bench.clock.run(2 * MINUTE);
    const writes = [bench.socketStore.writes, bench.cableStore.writes];
    const told = bench.events.length;
    const before = bench.clock.now();
    for (let k = 0; k < 100; k++) {
      await socket.get("status");
      await cable.get("status");
    }
    assert.deepEqual([bench.socketStore.writes, bench.cableStore.writes], writes);
    assert.equal(bench.events.length, told);
    assert.equal(bench.clock.now(), before);
  });

  test("of a cable whose payment nobody acknowledged names coins, sum and the one action; forgiving frees the sums", async () => {
    const { bench, cable } = owned({ coins: [500_000, 500_000, 500_000, 500_000, 500_000] });
    const { coins } = await robbed(bench, () =>
      cable.owner.started(new RunningCable({ controller: bench.cable, gate: bench.circuit.cable, calibrated: false })),
    );
    await bench.clock.run(2 * MINUTE);
    const { stuck, unansweredSat, stop, reason } = await cable.get("status");
    assert.equal(unansweredSat, 40_000, bench.story());
    assert.equal(stop, "claims-open");
    assert.match(reason, /^Sockets still owe what was paid for, or never acknowledged a payment/);
    const names = coins.slice(0, 4).map(({ txid, vout }) => `${txid}:${vout}`);
    assert.deepEqual(
      stuck.flatMap((each: { coins: string[] }) => each.coins),
      names,
    );
    for (const each of stuck) {
      assert.equal(each.sat, 10_000);
      assert.match(each.action, /set release/);
    }
    await cable.get("forgive");
    const after = await cable.get("status");
    assert.deepEqual([after.unansweredSat, after.claims.sat], [0, 0]);
  });

  test("of a socket that may sell no more says what waits, and what to do", async () => {
    const { bench, socket } = owned({ socket: { exposureLimit: 20_000, checkpoint: 20_000 } });
    await bench.clock.run(10 * MINUTE);
    const { stuck, reason, exposureSat, exposureLimitSat } = await socket.get("status");
    assert.ok(exposureSat <= exposureLimitSat);
    assert.match(reason, /nothing more is sold before a block/, bench.story());
    assert.deepEqual(
      stuck.map(({ action }: { action: string }) => action),
      ["wait for a block"],
    );
  });
});

describe("settings", () => {
  test("a price that is changed while a session runs counts in the next one; the running one keeps its terms", async () => {
    const { bench, socket } = owned();
    await bench.clock.run(2 * MINUTE);
    const change = await socket.get("settings.set", { settings: { price: 200_000 } }, "http");
    assert.deepEqual(change, { changed: ["price"], session: ["price"], restart: [] });
    await bench.clock.run(2 * MINUTE);
    assert.equal((await socket.get("status")).session.priceSatPerKwh, 250_000);
    bench.unplug();
    await bench.clock.run(2 * MINUTE);
    bench.plugIn();
    await bench.clock.run(MINUTE);
    assert.equal((await socket.get("status")).session.priceSatPerKwh, 200_000, bench.story());
  });

  test("a wrong value is an error of JSON-RPC's own that names the setting", async () => {
    const { error } = await owned().socket.ask("settings.set", { settings: { price: "much" } });
    assert.equal(error?.code, -32602);
    assert.match(error?.data.why ?? "", /^price: expected a whole number/);
  });
});

describe("events", () => {
  test("are told from the first on by a cursor, over the pages in flash", async () => {
    const { bench, socket } = owned({}, CAR);
    for (let k = 0; k < 8; k++) {
      await bench.clock.run(2 * MINUTE);
      bench.unplug();
      await bench.clock.run(2 * MINUTE);
      bench.network.mine();
      bench.plugIn();
    }
    const all = await socket.get("events");
    assert.ok(all.events.length === 50, `${all.events.length}`);
    const pieces: { n: number; name: string }[] = [];
    for (let after = (all.events[0]?.n ?? 0) - 1; ; ) {
      const { events, next } = await socket.get("events", { after, limit: 3 });
      if (events.length === 0) break;
      pieces.push(...events);
      after = next;
    }
    assert.deepEqual(pieces, all.events);
    assert.deepEqual(
      all.events.map(({ name }: { name: string }) => name),
      bench.events
        .filter(({ device, name }) => device === "socket" && name !== "cadence")
        .map(({ name }) => name)
        .slice(-50),
    );
    assert.deepEqual(await socket.get("events", { after: all.next }), { events: [], next: all.next });
  });
});

describe("sessions", () => {
  test("say what was paid, delivered, broadcast and confirmed; and status what was earned", async () => {
    const { bench, socket, cable } = owned();
    await bench.clock.run(3 * MINUTE);
    bench.unplug();
    await bench.clock.run(2 * MINUTE);
    const [sold] = (await socket.get("sessions")).sessions;
    const drawn = bench.circuit.socket.read().total / 1000;
    assert.equal(sold.why, "left");
    assert.ok(sold.paidSat >= 20_000 && Math.abs(sold.energyMwh - drawn) < 100, JSON.stringify(sold));
    assert.match(sold.txid, /^[0-9a-f]{64}$/);
    assert.equal(sold.confirmedSat, 0);
    for (let k = 0; k < 3; k++) {
      bench.network.mine();
      await bench.clock.run(MINUTE);
    }
    const [settled] = (await socket.get("sessions")).sessions;
    assert.equal(settled.confirmedSat, settled.paidSat, bench.story());
    const { earned } = await socket.get("status");
    assert.deepEqual(earned, { confirmedSat: settled.paidSat, unconfirmedSat: 0, lostSat: 0 });
    assert.equal(bench.received(), settled.paidSat);
    const [bought] = (await cable.get("sessions")).sessions;
    assert.equal(bought.paidSat, sold.paidSat);
    assert.ok(bought.feesSat > 0);
  });

  test("cost a payment no write: they are written when it is over", async () => {
    const { bench, socket, cable } = owned();
    const writes: number[] = [];
    const { onTold } = bench;
    bench.onTold = (device, event) => {
      const before = socket.store.writes + cable.store.writes;
      onTold(device, event);
      writes.push(socket.store.writes + cable.store.writes - before);
    };
    await bench.clock.run(6 * MINUTE);
    assert.ok(writes.length > 6);
    assert.deepEqual(
      writes.filter((count) => count > 0),
      [],
    );
    assert.ok(socket.store.writes > 0);
  });

  test("are the last twenty", async () => {
    const { bench, socket } = owned({}, CAR);
    for (let k = 0; k < 24; k++) {
      await bench.clock.run(2 * MINUTE);
      bench.unplug();
      await bench.clock.run(2 * MINUTE);
      bench.network.mine();
      bench.plugIn();
    }
    await bench.clock.run(MINUTE);
    const { sessions } = await socket.get("sessions");
    assert.equal(sessions.length, 20, bench.story().slice(-2000));
    const ends = bench.events.filter(({ name }) => name === "session-ended").map(({ session }) => session);
    assert.deepEqual(
      sessions.slice(1, 10).map(({ session }: { session: string }) => session),
      ends.slice(-9).reverse(),
    );
  });
});

describe("what an owner does", () => {
  test("clear ends a latched trip once somebody has looked; a relay that is broken stays", async () => {
    const { bench, socket } = owned();
    await bench.clock.run(MINUTE);
    bench.circuit.socket.tripOn("short-circuit");
    await bench.clock.run(MINUTE);
    assert.equal((await socket.get("status")).trip, "short-circuit");
    assert.match((await socket.get("status")).reason, /short circuit: unplug the appliance/);
    assert.deepEqual(await socket.get("clear", {}, "http"), { cleared: "short-circuit" });
    assert.equal((await socket.get("status")).trip, null);
    bench.circuit.socket.tripOn("relay-welded");
    await bench.clock.run(1000);
    const { error } = await socket.ask("clear");
    assert.equal(error?.code, -32002);
    assert.equal((await socket.get("status")).trip, "relay-welded");
  });

  test("identify blinks for as long as is asked for", async () => {
    const { socket } = owned();
    assert.deepEqual(await socket.get("identify", { seconds: 3 }), { seconds: 3 });
    assert.equal(socket.blinked, 3000);
    assert.equal((await socket.ask("identify", { seconds: 61 })).error?.code, -32602);
  });

  test("restart settles first, and answers before", async () => {
    const { bench, socket } = owned();
    await bench.clock.run(2 * MINUTE);
    assert.deepEqual(await socket.get("restart", {}, "http"), { restarts: true });
    assert.equal(socket.restarts, 0);
    await bench.clock.run(10_000);
    assert.equal(socket.restarts, 1);
    assert.equal(bench.named("session-ended")[0]?.why, "stopping");
    assert.equal(bench.named("broadcast").length, 1);
    assert.equal((await socket.ask("restart")).error?.code, -32002);
  });

  test("reset is refused while anything is unsettled, then says what is lost and wants it confirmed", async () => {
    const { bench, socket } = owned();
    await bench.clock.run(2 * MINUTE);
    assert.match(
      (await socket.ask("reset", { confirm: "erase" })).error?.data.why ?? "",
      /unsettled: a session is open/,
    );
    bench.unplug();
    await bench.clock.run(2 * MINUTE);
    assert.match((await socket.ask("reset", { confirm: "erase" })).error?.data.why ?? "", /settlements? wait/);
    for (let k = 0; k < 3; k++) {
      bench.network.mine();
      await bench.clock.run(MINUTE);
    }
    const { error } = await socket.ask("reset");
    assert.match(error?.data.why ?? "", /would be lost: .*the meter's total of .* confirm "erase"/);
    assert.equal((await socket.ask("reset", { confirm: "erase" }, "http")).error?.code, -32001);
    const { restarts } = await socket.get("reset", { confirm: "erase" });
    assert.equal(restarts, true);
    await bench.clock.run(MINUTE);
    assert.equal(socket.restarts, 1);
    assert.ok(socket.store.read("reset"));
  });

  test("forgive writes debts off, over the serial port only", async () => {
    const { bench, socket } = owned();
    await bench.clock.run(MINUTE);
    assert.equal((await socket.ask("forgive", {}, "http")).error?.code, -32001);
    await socket.get("forgive");
    assert.equal(bench.named("forgiven").length, 1);
    assert.deepEqual(bench.socket.view().record.debts, []);
  });
});

describe("a cable's own methods", () => {
  test("address and limits", async () => {
    const { bench, cable } = owned({ cable: { maxDaily: 900_000 } });
    await bench.clock.run(2 * MINUTE);
    assert.match((await cable.get("address")).address, /^bcrt1q/);
    const { limits, used } = await cable.get("limits", {}, "http");
    assert.deepEqual(limits, { maxPrice: 300_000, maxDaily: 900_000 });
    assert.ok(used.todaySat > 0);
  });

  test("a key is replaced only by who names its address, with nothing unsettled, over the serial port; and is never read back", async () => {
    const { bench, cable } = owned();
    await bench.clock.run(2 * MINUTE);
    const { address } = await cable.get("address");
    const key = "11".repeat(32);
    assert.equal((await cable.ask("key.import", { key, replaces: address }, "http")).error?.code, -32001);
    assert.match((await cable.ask("key.import", { key })).error?.data.why ?? "", /there is a key already/);
    assert.match((await cable.ask("key.import", { key, replaces: address })).error?.data.why ?? "", /unsettled/);
    const idle = owned();
    idle.bench.unplug();
    const before = (await idle.cable.get("address")).address;
    for (const wrong of ["", "zz", "0".repeat(64), "f".repeat(64), key.slice(1)]) {
      const { error } = await idle.cable.ask("key.import", { key: wrong, replaces: before });
      assert.equal(error?.code, -32602, wrong);
      assert.ok(wrong === "" || !error?.data.why.includes(wrong));
    }
    const result = await idle.cable.get("key.import", { key, replaces: before });
    assert.equal(result.restart, true);
    assert.match(result.address, /^bcrt1q/);
    assert.notEqual(result.address, before);
    assert.ok(!JSON.stringify(result).includes(key));
    assert.deepEqual(idle.bench.cableStore.read("key"), new Uint8Array(32).fill(0x11));
    const born = await idle.cable.get("key.new", { replaces: before });
    assert.notEqual(born.address, result.address);
  });

  test("a socket has none of them", async () => {
    const { socket } = owned();
    for (const { name, ...rest } of METHODS)
      if ("only" in rest && rest.only === "cable") assert.equal((await socket.ask(name)).error?.code, -32601, name);
  });
});

test("a device that did not start says why, and its settings can be put right", async () => {
  const { socket } = owned();
  const side = new (socket.constructor as typeof import("./owned").Side)(
    "socket",
    { network: "regtest" },
    socket.bench,
  );
  side.owner.failed("RangeError: settings.payoutAddress: expected a text, came nothing");
  const status = await side.get("status");
  assert.deepEqual([status.state, status.reason.includes("payoutAddress")], ["not-started", true]);
  assert.equal((await side.ask("forgive")).error?.code, -32002);
  const change = await side.get("settings.set", {
    settings: { payoutAddress: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080" },
  });
  assert.deepEqual(change.restart, ["payoutAddress"]);
});

test("a cut of power during a reset leaves the device as it was, or one that goes on forgetting", async () => {
  const { askReset, finishReset } = await import("../../shared/owner/reset");
  const { CutStore } = await import("../../lab/model/store");
  const kept = new Map([["key", Uint8Array.of(1)]]);
  const filled = (names: readonly string[]) => {
    const store = new CutStore();
    for (const name of names) store.values.set(name, Uint8Array.of(7));
    return store;
  };
  for (let cut = 1; cut < 90; cut++) {
    const owner = filled(["owner.a", "owner.b", "sum.a", "e0", "e5", "s0", "s19"]);
    const device = filled(["socket.a", "socket.b", "socket.c", "socket.d"]);
    for (const [name, value] of kept) device.values.set(name, value);
    askReset(owner);
    let left = cut;
    const goes = (store: typeof owner) => ({
      read: (key: string) => store.read(key),
      write: (key: string, value: Uint8Array) => store.write(key, value),
      remove: (key: string) => {
        if (left-- === 0) throw new Error("power goes");
        store.remove(key);
      },
    });
    try {
      finishReset({ owner: goes(owner), device: goes(device), kind: "socket" });
    } catch {
      assert.ok(owner.read("reset"), "it goes on at the next start");
      finishReset({ owner, device, kind: "socket" });
    }
    assert.deepEqual([...owner.values.keys()], []);
    assert.deepEqual([...device.values.keys()], ["key"]);
  }
});

test("a cable's record stays with its key", async () => {
  const { askReset, finishReset } = await import("../../shared/owner/reset");
  const { bench } = owned();
  await bench.clock.run(2 * MINUTE);
  const before = new Map(bench.cableStore.values);
  askReset(bench.cableStore);
  finishReset({ owner: bench.cableStore, device: bench.cableStore, kind: "cable" });
  for (const [key, value] of before) assert.deepEqual(bench.cableStore.read(key), value, key);
});
