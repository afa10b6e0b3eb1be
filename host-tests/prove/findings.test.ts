// What the property tests have found, kept as the short plans that they shrank to: each once broke
// a bound.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Circuit } from "../../lab/model/circuit";
import { VirtualClock } from "../../lab/model/clock";
import { cableJournal, socketJournal } from "../../lab/model/records";
import { CutStore } from "../../lab/model/store";
import { PAPER } from "../../lab/paper";
import type { Plan, Step } from "../../lab/prove/moves";
import { run } from "../../lab/prove/run";
import type { Terms } from "../../lab/prove/stage";
import { alone, Bench, Customer, MINUTE, TOASTER } from "../../lab/stage/bench";
import { Grabber, INCREMENT } from "../../lab/stage/grabber";
import { Inlet } from "../../shared/cable/inlet";
import { CABLE_RECORD_VERSION, type CableRecord, EMPTY_RECORD, parseCableRecord } from "../../shared/cable/record";
import { cableSettings } from "../../shared/cable/settings";
import { Ledger } from "../../shared/journal/ledger";
import type { Coin, GateEvent } from "../../shared/kernel/ports";
import { Fault } from "../../shared/protocol/faults";
import type { SocketRecord } from "../../shared/socket/record";

const TERMS: Terms = {
  seed: 1,
  realSigner: false,
  coins: [5_646],
  socketError: 0,
  cableError: 0,
  electronics: 1_000,
  socket: {
    increment: 294,
    price: 588_000,
    sessionMax: 294,
    checkpoint: 294,
    exposureLimit: 294,
    confirmations: 1,
    schemes: ["single-fee", "basic"],
  },
  cable: {},
};

/** A channel beside `basic`, for sessions of one increment of 1,000 sat, 33 Wh. */
const CHANNEL: Terms = {
  ...TERMS,
  realSigner: true,
  coins: [4_000, 12_000, 12_000],
  socket: {
    increment: 1_000,
    price: 30_000,
    sessionMax: 1_000,
    checkpoint: 1_000,
    exposureLimit: 1_000,
    confirmations: 1,
    schemes: ["channel", "basic"],
    channelConfirmations: 1,
    depositMin: 10_000,
    maxUnclosed: 20_000,
  },
  cable: {
    maxPrice: 90_000,
    maxIncrement: 1_000,
    maxSession: 1_000,
    maxFeeShare: 1_000,
    schemes: ["channel", "single-fee", "basic"],
    deposit: 10_000,
    maxLocked: 20_000,
  },
};

function rogue(trick: string, wait = 1, choice = 0): Step {
  return { wait, move: { kind: "rogue", trick, choice } };
}

/** The fault with which a call is refused; undefined where it is not. */
async function faultOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Fault) return error.fault;
    throw error;
  }
  return undefined;
}

async function holds(plan: Plan): Promise<void> {
  const outcome = await run(plan);
  assert.equal(outcome.violation, undefined, outcome.story.join("\n"));
}

/**
 * A payment that is double-spent for good, after another was made with its change: at a limit of
 * just these two.
 */
async function lostWithItsChange(): Promise<{ bench: Bench; payer: Customer; change: Coin }> {
  const bench = alone({ socket: { sessionMax: 10_000, exposureLimit: 20_000 } });
  const payer = new Customer(bench, 11);
  const first = await payer.ask();
  const { txid } = await payer.pay(first);
  await bench.clock.run(1_000);
  const second = await payer.ask();
  const [coin] = second.inputs;
  assert.ok(coin && coin.txid === txid, "the second is paid with the change of the first");
  await payer.pay(second);
  await bench.clock.run(1_000);
  const { node } = bench.network;
  assert.equal(node.mempool.entries.size, 2, "both are on their way");
  const total = first.inputs.reduce((sum, { amount }) => sum + amount, 0);
  const outputs = [{ script: payer.wallet.script, amount: total - 20_000 }];
  node.submit(payer.sign({ ...first, fee: 20_000, outputs }).transaction);
  assert.equal(node.mempool.entries.size, 1, "the rival threw both out");
  for (let block = 0; block < 20 && bench.named("lost").length < 2; block++) {
    bench.network.mine();
    await bench.clock.run(MINUTE);
  }
  assert.ok(
    bench.named("rival").every(({ rival }) => rival === "foreign"),
    bench.story(),
  );
  return { bench, payer, change: coin };
}

describe("a socket", () => {
  it("does not sell a stock of unconfirmed credit beyond its exposure limit", async () => {
    const bench = alone({ socket: { checkpoint: 10_000, exposureLimit: 10_000 } });
    const payer = new Customer(bench, 11);
    const paid = await payer.pay();
    assert.equal(paid.remaining, paid.credited, "all of it is still to be drawn");
    assert.equal(paid.next, undefined);
    assert.equal(await faultOf(payer.ask()), "exposure-limit");
  });

  it("knows a payment as lost whose coin was the change of another that was double-spent", async () => {
    const { bench } = await lostWithItsChange();
    const values = bench.named("lost").map(({ value }) => value);
    assert.deepEqual(values, [10_000, 10_000], bench.story());
    // Both are on the books, and fill the limit.
    assert.equal(await faultOf(new Customer(bench, 12).ask()), "exposure-limit");
  });

  it("takes no change of a double-spent payment either, should a reorganisation bring it back", async () => {
    const { bench, payer, change } = await lostWithItsChange();
    const journal = socketJournal(bench.socketStore);
    const record = journal.load();
    assert.ok(record?.cheats.includes(payer.wallet.script), bench.story());
    bench.cutSocket();
    // Its address was forgotten among many, what was settled too, and what is owed was paid.
    journal.save({ ...(record as SocketRecord), cheats: [], settled: [], debts: [] });
    bench.restartSocket();
    bench.view.utxos = () => Promise.resolve([{ ...change, height: 1 }]);
    bench.view.outspend = () => Promise.resolve(undefined);
    await bench.clock.run(2 * MINUTE);
    assert.equal(await faultOf(payer.ask()), "address-refused");
  });
});

describe("a socket whose chain is behind", () => {
  it("sells nothing a second time for a transaction that is settled", async () => {
    const bench = alone({ socket: { sessionMax: 10_000 } });
    const payer = new Customer(bench, 11);
    const offer = await payer.ask();
    const coins = await bench.clock.finish(bench.view.utxos(payer.wallet.script, 20));
    await payer.pay(offer);
    for (let block = 0; block < 20 && bench.named("buried").length === 0; block++) {
      await bench.clock.run(MINUTE);
      bench.network.mine();
    }
    assert.equal(bench.named("buried").length, 1, bench.story());
    let listed = 0;
    bench.view.utxos = () => {
      listed += 1;
      return Promise.resolve(coins);
    };
    bench.view.outspend = () => Promise.resolve(undefined);
    assert.equal(await faultOf(payer.ask()), "input-spent");
    assert.ok(listed > 0, "the coin was listed once more");
  });
});

describe("a socket whose chain answers late", () => {
  it("does not take a payment for buried that a longer branch took back between two of its questions", async () => {
    const terms: Terms = { ...TERMS, socket: { ...TERMS.socket, confirmations: 2, exposureLimit: 2_940 } };
    for (let wait = 21; wait < 33; wait++) {
      const outcome = await run({
        cast: "rogue-cable",
        terms,
        steps: [
          rogue("pay", 2),
          { wait: 3, move: { kind: "chain", fault: "none", delay: 4_000 } },
          { wait, move: { kind: "mine", blocks: 1 } },
          rogue("rival-reorg", 60),
        ],
      });
      assert.equal(outcome.violation, undefined, outcome.story.join("\n"));
    }
  });
});

describe("a socket that was asked twice while its chain was slow", () => {
  it("credits no transaction a second time in another session", async () => {
    const bench = alone();
    const payer = new Customer(bench, 11);
    const utxos = bench.view.utxos.bind(bench.view);
    let answer = (): void => {};
    const slow = new Promise<void>((resolve) => {
      answer = resolve;
    });
    bench.view.utxos = async (script, limit) => {
      bench.view.utxos = utxos;
      const coins = await utxos(script, limit);
      await slow;
      return coins;
    };
    const late = faultOf(bench.socket.powerRequest({ address: payer.address, scheme: "single-fee" }, payer.host));
    await payer.pay();
    assert.equal(bench.named("credited").length, 1, "paid while the first call waits");
    answer();
    assert.equal(await bench.clock.finish(late), "socket-busy");
    await bench.clock.run(10 * MINUTE);
    bench.network.mine();
    assert.equal(bench.received(), 10_000, bench.story());
  });
});

/**
 * Six hours before a socket that takes each payment, says so, and gives no power; the cable loses
 * its own every hour.
 */
async function faced(payee: (offer: number) => number): Promise<{ bench: Bench; grabber: Grabber }> {
  const bench = new Bench({ coins: [] });
  const hex = (n: number, digits: number): string => (n + 1).toString(16).padStart(digits, "0");
  const grabber = new Grabber(
    bench,
    (n) => ({ session: hex(n, 32), payee: payee(n), coin: { txid: hex(n, 64), vout: 0, amount: 500_000 } }),
    async () => ({ credited: 40_000, state: "paid", remaining: 40_000 }),
  );
  bench.front = () => grabber;
  bench.socket.start();
  bench.cable.start();
  bench.circuit.load = TOASTER;
  for (let hour = 0; hour < 6; hour++) {
    await bench.clock.run(60 * MINUTE);
    bench.restartCable();
  }
  return { bench, grabber };
}

describe("a cable", () => {
  const DEFAULTS: Terms = { ...TERMS, coins: [463_000, 250_000], socket: {}, cable: {} };

  it("accuses no honest socket whose answers are late, at full power", async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const outcome = await run({
        cast: "honest",
        terms: { ...DEFAULTS, seed },
        steps: [
          { wait: 5, move: { kind: "load", power: 3_000_000 } },
          { wait: 120, move: { kind: "line", drop: 50, lose: 300, double: 50, late: 300 } },
          { wait: 120, move: { kind: "mine", blocks: 1 } },
        ],
      });
      assert.equal(outcome.violation, undefined, outcome.story.join("\n"));
      assert.ok(!outcome.story.some((line) => line.includes("energy-claimed")), outcome.story.join("\n"));
    }
  });

  it("pays no further face of a socket that owes it more than its limit", async () => {
    const { bench, grabber } = await faced((n) => n);
    assert.ok(
      bench.events.some(({ reason }) => reason === "undelivered"),
      bench.story(),
    );
    assert.ok(
      bench.events.some(({ reason }) => reason === "claims-open"),
      bench.story(),
    );
    // Three increments, and one more.
    assert.equal(grabber.total(), 4 * INCREMENT);
    // As it was found.
    const faces = [1, 2, 3, 4].flatMap(() => [
      rogue("starve", 3),
      rogue("new-script"),
      rogue("cycle", 40),
      rogue("broadcast-now", 40),
    ]);
    const outcome = await run({ cast: "rogue-socket", terms: DEFAULTS, opening: "honest", steps: faces });
    assert.equal(outcome.violation, undefined, outcome.story.join("\n"));
    assert.ok(outcome.increments <= 2, `${outcome.increments} increments went to faces that delivered nothing`);
  });

  it("keeps apart what two faces of a socket owe it, though it refuses one of them and then loses power", async () => {
    const { bench, grabber } = await faced((n) => n % 2);
    assert.ok(
      bench.events.some(({ reason }) => reason === "credit-lost"),
      bench.story(),
    );
    assert.equal(grabber.total(), 2 * INCREMENT, "one from each");
    const { claims = [], session } = cableJournal(bench.cableStore).load() ?? {};
    assert.deepEqual(
      [...claims.map(({ script }) => script), session?.socketScript].sort(),
      [...new Set(grabber.taken.map(({ payee }) => payee))].sort(),
      "one owes what it has now, the other what is written down",
    );
    assert.ok(
      claims.every(({ value }) => value > 0.9 * INCREMENT && value <= INCREMENT),
      JSON.stringify(claims),
    );
    // As it was found.
    await holds({
      cast: "rogue-socket",
      terms: {
        ...TERMS,
        seed: 1_294_808_965,
        coins: [3_294, 3_294, 3_294, 3_294, 3_294, 3_294],
        socket: { ...TERMS.socket, price: 7_350, schemes: ["basic"] },
        cable: { maxPrice: 2 ** 40, maxIncrement: 294, maxSession: 294, maxFeeShare: 1_000 },
      },
      opening: "no-credit",
      steps: [
        rogue("lie-payee", 61),
        rogue("honest", 5),
        rogue("cycle", 5),
        { wait: 1, move: { kind: "load", power: 0 } },
        rogue("honest", 5),
      ],
    });
  });

  it("counts the fee of a payment that was never acknowledged: it may be mined all the same", () =>
    holds({
      cast: "honest",
      terms: {
        ...TERMS,
        realSigner: true,
        coins: [5_646, 10_056, 10_644],
        socket: {
          ...TERMS.socket,
          price: 147_000,
          sessionMax: 882,
          exposureLimit: 1_470,
          schemes: ["basic"],
        },
        cable: { maxPrice: 2 ** 40, maxIncrement: 294, maxSession: 882, maxFeeShare: 1_000 },
      },
      steps: [
        { wait: 0, move: { kind: "mine", blocks: 1 } },
        { wait: 0, move: { kind: "market", rate: 8_000 } },
        { wait: 5, move: { kind: "unplug" } },
        { wait: 0, move: { kind: "cut-socket", writes: 1, how: "lost", off: 1 } },
        { wait: 0, move: { kind: "load", power: 1_450_240 } },
        { wait: 5, move: { kind: "chain", fault: "swallows", delay: 20 } },
        { wait: 27, move: { kind: "plug" } },
        { wait: 5, move: { kind: "chain", fault: "none", delay: 500 } },
        { wait: 13, move: { kind: "cut-cable", writes: 1, how: "torn", off: 29 } },
        { wait: 115, move: { kind: "mine", blocks: 1 } },
      ],
    }));

  it("is not drained by small bites that two meters could explain one at a time", () => {
    const clock = new VirtualClock();
    const gate = new Circuit({ clock, electronics: 1_000 }).cable;
    gate.boot();
    const options = { store: new CutStore(), gate, report: () => {} };
    const ledger = new Ledger<CableRecord>({
      ...options,
      name: "cable",
      version: CABLE_RECORD_VERSION,
      parse: parseCableRecord,
      empty: EMPTY_RECORD,
    });
    const settings = cableSettings({ network: "regtest", ...PAPER.cable });
    const inlet = new Inlet({ clock, gate, ledger, settings, report: options.report });
    inlet.start();
    ledger.write({ paidUpTo: 40_000_000 });
    // No energy and no time: what a restart may have lost, and no more, may be conceded.
    const most = 2 * settings.writeEvery + settings.toleranceBase;
    let bitten = 0;
    for (let bites = 0; bites < 60; bites++) {
      const bite = settings.toleranceBase;
      bitten += bite;
      ledger.write(inlet.agreed(inlet.remaining() - bite));
    }
    assert.ok(bitten > most, `${bitten} mWh asked for, more than ${most}`);
    assert.ok(ledger.record.conceded > 0, "some was conceded");
    assert.ok(ledger.record.conceded <= most, `${ledger.record.conceded} mWh conceded, expected at most ${most}`);
    assert.ok(inlet.remaining() >= 40_000 - most - 1, `${inlet.remaining()} mWh left`);
  });

  it("burns nothing when a socket collects two signings under different amounts and mixes them", async () => {
    const outcome = await run({
      cast: "rogue-socket",
      terms: DEFAULTS,
      opening: "lie-amount",
      steps: [rogue("halves", 60), rogue("halves", 60)],
    });
    assert.equal(outcome.violation, undefined, outcome.story.join("\n"));
    assert.ok(
      outcome.story.some((line) => line.includes("amount-changed")),
      outcome.story.join("\n"),
    );
  });

  it("keeps the credit of a payment that arrived while the gate told of the old lease's end", async () => {
    const bench = alone();
    const payer = new Customer(bench, 11);
    const { next } = await payer.pay();
    const { socket: gate } = bench.circuit;
    const tell = gate.onEvent;
    const held: GateEvent[] = [];
    gate.onEvent = (event) => {
      if (event.kind !== "energy-used") return tell(event);
      held.push(event);
      // Or standby, which carries no toaster, would trip.
      bench.circuit.load = 0;
    };
    bench.draw(TOASTER);
    for (let second = 0; second < 600 && held.length === 0; second++) {
      await payer.status();
      await bench.clock.run(1_000);
    }
    assert.equal(held.length, 1, "the gate tells that the old lease is used up");
    const paid = await payer.pay(next);
    assert.equal(paid.state, "paid");
    for (const event of held) tell(event);
    const { state, remaining } = await payer.status();
    assert.equal(state, "paid", bench.story());
    assert.ok(remaining > paid.credited / 2, `${remaining} mWh left of ${paid.credited}`);
  });

  it("forgets no more than was paid for where flash that was full takes a channel's entry again, but not yet the meter's", async () => {
    await holds({
      cast: "honest",
      terms: CHANNEL,
      steps: [
        { wait: 45, move: { kind: "release" } },
        { wait: 43, move: { kind: "market", rate: 0 } },
        { wait: 1, move: { kind: "load", power: 0 } },
        { wait: 5, move: { kind: "cut-socket", writes: 2, how: "lost", off: 1 } },
        { wait: 5, move: { kind: "full-socket", time: 39 } },
        { wait: 5, move: { kind: "load", power: 1300000 } },
        { wait: 102, move: { kind: "release" } },
        { wait: 4, move: { kind: "line", drop: 82, lose: 28, double: 387, late: 150 } },
        { wait: 75, move: { kind: "market", rate: 3000 } },
        { wait: 3, move: { kind: "mine", blocks: 2 } },
      ],
    });
  });
});
