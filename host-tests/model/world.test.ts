// The virtual world does what it says before anything is proven in it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Circuit } from "../../lab/model/circuit";
import { VirtualClock } from "../../lab/model/clock";
import { Life } from "../../lab/model/life";
import { CLEAR_LINE, Link } from "../../lab/model/link";
import { SeededRandom } from "../../lab/model/random";
import { realEcdsa, standInEcdsa } from "../../lab/model/signers";
import { CutStore } from "../../lab/model/store";
import type { GateEvent } from "../../shared/kernel/ports";
import { Fault } from "../../shared/protocol/faults";
import type { SocketCalls, Status } from "../../shared/protocol/types";

describe("the virtual clock", () => {
  it("runs events by instant, then by order of asking, and promises in between", async () => {
    const clock = new VirtualClock();
    const story: string[] = [];
    clock.after(20, () => story.push("late"));
    clock.after(10, () => {
      story.push("first");
      void Promise.resolve().then(async () => {
        await undefined;
        story.push("settled");
      });
    });
    clock.after(10, () => story.push("second"));
    clock.after(15, () => story.push("never"))();
    await clock.run(20);
    assert.deepEqual(story, ["first", "settled", "second", "late"]);
    assert.equal(clock.now(), 20);
  });

  it("keeps thousands of timers in order", async () => {
    const clock = new VirtualClock();
    const random = new SeededRandom(1);
    const seen: number[] = [];
    for (let i = 0; i < 2000; i++) clock.after(random.integer(0, 500), () => seen.push(clock.now()));
    await clock.run(500);
    assert.equal(seen.length, 2000);
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    );
  });
});

describe("the store", () => {
  const old = Uint8Array.of(1, 1, 1, 1);
  const next = Uint8Array.of(2, 2, 2, 2);
  for (const [kind, expected] of [
    ["lost", [1, 1, 1, 1]],
    ["torn", [2, 2, 1, 1]],
    ["kept", [2, 2, 2, 2]],
  ] as const)
    it(`holds what was ${kind} of the write at which the power went`, () => {
      const store = new CutStore();
      let cut = 0;
      store.onCut = () => cut++;
      store.write("k", old);
      store.cutIn = { writes: 2, kind };
      store.write("other", next);
      store.write("k", next);
      assert.deepEqual([...(store.read("k") ?? [])], expected);
      assert.equal(cut, 1);
      store.write("k", next);
    });

  it("is behind until each record that it refused is written again, whatever else is written before", () => {
    const store = new CutStore();
    store.isFull = true;
    assert.throws(() => store.write("socket.d", next), /full/);
    store.isFull = false;
    store.write("channel.0.a", next);
    assert.equal(store.isBehind, true, "what the socket's meter counted is in memory only");
    store.write("socket.a", next);
    assert.equal(store.isBehind, false);
  });
});

describe("the circuit", () => {
  const HOUR = 3_600_000;

  function setUp(errors: { socketError?: number; cableError?: number } = {}) {
    const clock = new VirtualClock();
    const circuit = new Circuit({ clock, electronics: 1_500, ...errors });
    const events: GateEvent[] = [];
    circuit.socket.onEvent = (event) => events.push(event);
    circuit.load = 1_000_000;
    return { clock, circuit, events };
  }

  it("delivers what the lease holds, and no more than one half-wave beyond", async () => {
    const { clock, circuit, events } = setUp();
    circuit.cable.grant({ upTo: 1e12, time: 10 * HOUR, current: 16_000 });
    circuit.socket.grant({ upTo: 40_000_000, time: 10 * HOUR, current: 16_000 });
    await clock.run(HOUR);
    assert.deepEqual(events, [{ kind: "energy-used" }]);
    const halfWave = (1_001_500 * 10) / 3600;
    assert.ok(
      circuit.delivered >= 40_000_000 && circuit.delivered <= 40_000_000 + 2 * halfWave,
      `${circuit.delivered}`,
    );
    assert.ok(circuit.consumed < circuit.delivered);
    assert.equal(circuit.supplied, false);
  });

  it("adds nothing when a lease is granted twice, and ends it in time", async () => {
    const { clock, circuit, events } = setUp();
    circuit.socket.grant({ upTo: 1e9, time: 4_000, current: 16_000 });
    await clock.run(3_000);
    circuit.socket.grant({ upTo: 1e9, time: 4_000, current: 16_000 });
    await clock.run(3_999);
    assert.deepEqual(events, []);
    await clock.run(2);
    assert.deepEqual(events, [{ kind: "time-used" }]);
    assert.equal(circuit.socket.read().closed, false);
  });

  it("meters with each gate's own error", async () => {
    const { clock, circuit } = setUp({ socketError: 0.01, cableError: -0.01 });
    circuit.cable.grant({ upTo: 1e12, time: HOUR, current: 16_000 });
    circuit.socket.grant({ upTo: 1e12, time: HOUR, current: 16_000 });
    await clock.run(HOUR / 2);
    const ratio = circuit.socket.read().total / circuit.cable.read().total;
    assert.ok(Math.abs(ratio - (1.01 * 1_001_500) / (0.99 * 1_000_000)) < 1e-6, `${ratio}`);
  });

  it("trips on more current than leased, and stays open until cleared", async () => {
    const { clock, circuit, events } = setUp();
    circuit.cable.grant({ upTo: 1e12, time: HOUR, current: 16_000 });
    circuit.socket.grant({ upTo: 1e12, time: HOUR, current: 250 });
    await clock.run(200);
    assert.deepEqual(events, [{ kind: "trip", cause: "over-current" }]);
    circuit.socket.grant({ upTo: 1e12, time: HOUR, current: 16_000 });
    assert.equal(circuit.socket.read().closed, false);
    circuit.socket.clear();
    circuit.socket.grant({ upTo: 1e12, time: HOUR, current: 16_000 });
    assert.equal(circuit.socket.read().closed, true);
  });

  it("opens at a power cut and starts from nothing", async () => {
    const { clock, circuit } = setUp();
    circuit.socket.grant({ upTo: 1e12, time: HOUR, current: 16_000 });
    await clock.run(1000);
    circuit.socket.cut();
    assert.equal(circuit.supplied, false);
    circuit.socket.boot();
    circuit.socket.restore(77);
    assert.equal(circuit.socket.read().total, 77);
  });
});

describe("a life", () => {
  it("takes all ports with it when it ends", async () => {
    const clock = new VirtualClock();
    const store = new CutStore();
    const life = new Life();
    store.onCut = () => life.end();
    let ran = 0;
    const ports = { clock: life.clock(clock), store: life.store(store) };
    ports.clock.after(10, () => {
      store.cutIn = { writes: 1, kind: "lost" };
      ports.store.write("k", Uint8Array.of(1));
      ports.store.write("after", Uint8Array.of(1));
    });
    ports.clock.after(20, () => {
      ran += 1;
    });
    await clock.run(100);
    assert.equal(ran, 0);
    assert.equal(store.read("after"), undefined);
    const late = await Promise.race([
      life.socket({ getStatus: async () => ({}) } as unknown as SocketCalls).getStatus({}, "me"),
      new Promise((resolve) => setImmediate(resolve, "silence")),
    ]);
    assert.equal(late, "silence");
  });
});

describe("the link", () => {
  const status = { price: 1 } as Status;
  const socket = (answer: () => Promise<Status>): SocketCalls => ({
    getStatus: answer,
    powerRequest: () => Promise.reject(new Fault("locked-out", "for a while", 5000)),
    payTransaction: () => Promise.reject(new Error("boom")),
  });

  it("loses requests and replies, and the caller gives up", async () => {
    for (const trouble of [{ dropRequest: 1000 }, { dropReply: 1000 }]) {
      const clock = new VirtualClock();
      const link = new Link(clock, new SeededRandom(1));
      let reached = 0;
      link.far = () =>
        socket(async () => {
          reached += 1;
          return status;
        });
      link.trouble = { ...CLEAR_LINE, ...trouble };
      await assert.rejects(clock.finish(link.calls().getStatus({}, "me")), /no answer/);
      assert.equal(reached, "dropReply" in trouble ? 1 : 0);
    }
  });

  it("doubles and delays", async () => {
    const clock = new VirtualClock();
    const link = new Link(clock, new SeededRandom(1));
    let reached = 0;
    link.far = () =>
      socket(async () => {
        reached += 1;
        return status;
      });
    link.trouble = { ...CLEAR_LINE, double: 1000, late: 1000, delay: 4000 };
    assert.deepEqual(await clock.finish(link.calls().getStatus({}, "me")), status);
    await clock.run(20_000);
    assert.equal(reached, 2);
    assert.equal(link.happened.doubled, 1);
  });

  it("carries faults with code and wait, and turns a socket's own failure into one", async () => {
    const clock = new VirtualClock();
    const link = new Link(clock, new SeededRandom(1));
    link.far = () => socket(async () => status);
    const calls = link.calls();
    await assert.rejects(clock.finish(calls.powerRequest({ address: "", scheme: "basic" }, "me")), {
      fault: "locked-out",
      retryAfterMs: 5000,
    });
    await assert.rejects(clock.finish(calls.payTransaction({ session: "", increment: 1, transaction: "" }, "me")), {
      fault: "internal-error",
    });
    link.far = () => undefined;
    await assert.rejects(clock.finish(calls.getStatus({}, "me")), /connection refused/);
  });
});

describe("the signers", () => {
  for (const [name, ecdsa] of [
    ["real", realEcdsa],
    ["stand-in", standInEcdsa],
  ] as const)
    it(`the ${name} one verifies its own and nothing else`, () => {
      const secret = Buffer.alloc(32, 7);
      const digest = Buffer.alloc(32, 9);
      const key = ecdsa.publicKey(secret);
      const der = ecdsa.sign(digest, secret);
      assert.ok(ecdsa.verify(der, digest, key));
      assert.ok(!ecdsa.verify(der, Buffer.alloc(32, 8), key));
      assert.ok(!ecdsa.verify(der.slice(0, -1), digest, key));
      assert.ok(!ecdsa.verify(der, digest, ecdsa.publicKey(Buffer.alloc(32, 6))));
    });
});
