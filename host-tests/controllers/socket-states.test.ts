// The socket's states as a table: from which, by what, to which, and what follows from it: the
// relay, the story's words, the session, and whose the credit is. What is not in the table changes
// no state.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it, test } from "node:test";
import { socketJournal } from "../../lab/model/records";
import { alone, Bench, Customer } from "../../lab/stage/bench";

type State = "standby" | "paid" | "lockout";

/** A socket with a customer; what the two have done so far is told in the bench's story. */
interface Scene {
  readonly bench: Bench;
  readonly payer: Customer;
}

interface Row {
  readonly by: string;
  readonly happens: (scene: Scene) => unknown;
  readonly to: State;
  readonly relay: "closed" | "open";
  /**
   * Lines of the story from then on, with their reason; the rest of the story is not the states'.
   */
  readonly told: readonly string[];
  /** mWh that wait for the payer's return, to the nearest ten thousand; none where absent. */
  readonly waiting?: number;
}

const SECOND = 1_000;
/** Names of the story's lines that states write, or end a session by. */
const LINES = [
  "standby",
  "lockout",
  "credit-used",
  "credit-honoured",
  "suspended",
  "session-ended",
  "credited",
  "trip",
];

// ------------------------------------------------------------ what may happen

const pays = ({ payer }: Scene) => payer.pay();
const time = (seconds: number) => (scene: Scene) => scene.bench.clock.run(seconds * SECOND);
const draws = (power: number, seconds: number) => async (scene: Scene) => {
  scene.bench.draw(power);
  await scene.bench.clock.run(seconds * SECOND);
};

/** Nothing flows, nobody calls. */
async function leaves({ bench }: Scene): Promise<void> {
  bench.circuit.isPlugged = false;
  await bench.clock.run(32 * SECOND);
}

/** Calls, and does not pay. */
async function asksFor(scene: Scene, seconds: number): Promise<void> {
  for (let left = seconds; left > 0; left -= 5) {
    await scene.payer.status();
    await scene.bench.clock.run(5 * SECOND);
  }
}

async function drawsAllThatItPaid({ bench, payer }: Scene): Promise<void> {
  bench.draw(1_300_000);
  for (let left = 400; left > 0 && (await payer.status()).state === "paid"; left--) {
    await bench.clock.run(SECOND);
    // Standby carries no toaster: it would trip.
    if (bench.circuit.socket.read().total > 39_000_000) bench.circuit.load = 20_000;
  }
}

async function spendsItsCoinElsewhere({ bench, payer }: Scene): Promise<void> {
  const offer = await payer.ask();
  const outputs = [{ script: payer.wallet.script, amount: (offer.inputs[0]?.amount ?? 0) - 4_000 }];
  await bench.clock.run(2 * SECOND);
  bench.network.node.submit(payer.sign({ ...offer, fee: 4_000, outputs }).transaction);
  await bench.clock.run(SECOND);
}

async function bringsOutAnOlderCommitment({ bench, payer }: Scene): Promise<void> {
  const older = payer.sign(await payer.ask());
  await payer.send(older);
  await payer.pay();
  await bench.clock.run(2 * SECOND);
  bench.network.node.submit(older.transaction);
  await bench.clock.run(2 * SECOND);
}

/**
 * A cable that draws little and has fallen silent is not loaded: another's request takes its place.
 */
async function anotherAsks({ bench }: Scene): Promise<void> {
  bench.draw(5_000);
  await bench.clock.run(31 * SECOND);
  await new Customer(bench, 31).ask();
}

// ------------------------------------------------------------ the table

const FROM: Readonly<Record<State, (scene: Scene) => unknown>> = {
  standby: () => {},
  paid: pays,
  lockout: (scene) => asksFor(scene, 65),
};

const TABLE: Readonly<Record<State, readonly Row[]>> = {
  standby: [
    { by: "a payment", happens: pays, to: "paid", relay: "closed", told: ["credited"] },
    {
      by: "the return of a cable that left credit here",
      happens: async (scene) => {
        await pays(scene);
        await leaves(scene);
        await scene.payer.ask();
      },
      to: "paid",
      relay: "closed",
      told: ["credited", "standby", "session-ended left", "credit-honoured"],
    },
    {
      by: "a minute in which a visitor did not pay",
      happens: (scene) => asksFor(scene, 65),
      to: "lockout",
      relay: "open",
      told: ["lockout unpaid"],
    },
    {
      by: "a minute in which something drew a little and nobody called",
      happens: draws(1_000, 65),
      to: "lockout",
      relay: "open",
      told: ["lockout unpaid"],
    },
    {
      by: "an allowance that is used up",
      happens: draws(30_000, 10),
      to: "lockout",
      relay: "open",
      told: ["lockout allowance-used"],
    },
    {
      by: "more current than standby gives",
      happens: draws(200_000, 1),
      to: "lockout",
      relay: "open",
      told: ["trip over-current", "lockout over-current"],
    },
    {
      by: "a visitor that leaves before its minute is over",
      happens: async (scene) => {
        await scene.payer.status();
        await leaves(scene);
      },
      to: "standby",
      relay: "closed",
      told: ["standby"],
    },
    { by: "time in which nobody is there", happens: time(300), to: "standby", relay: "closed", told: [] },
    {
      by: "a restart",
      happens: ({ bench }) => bench.restartSocket(),
      to: "standby",
      relay: "closed",
      told: ["standby"],
    },
    {
      by: "its own end",
      happens: ({ bench }) => bench.clock.finish(bench.socket.stop()),
      to: "standby",
      relay: "open",
      told: [],
    },
  ],
  paid: [
    { by: "the next payment", happens: pays, to: "paid", relay: "closed", told: ["credited"] },
    {
      by: "credit that is used up",
      happens: drawsAllThatItPaid,
      to: "standby",
      relay: "closed",
      told: ["credit-used"],
    },
    {
      by: "a cable that left",
      happens: leaves,
      to: "standby",
      relay: "closed",
      told: ["standby", "session-ended left"],
      waiting: 40_000,
    },
    {
      by: "silence while power flows: what was paid for runs on",
      happens: draws(1_300_000, 40),
      to: "paid",
      relay: "closed",
      told: ["session-ended left"],
    },
    {
      by: "another cable, while the first is silent and draws next to nothing",
      happens: anotherAsks,
      to: "standby",
      relay: "closed",
      told: ["session-ended left", "standby"],
      waiting: 40_000,
    },
    {
      by: "more current than its relay may carry: it is tried again for the one that paid",
      happens: draws(5_000_000, 2),
      to: "paid",
      relay: "open",
      told: ["trip over-current"],
    },
    {
      by: "an older commitment that somebody brought to the chain",
      happens: bringsOutAnOlderCommitment,
      to: "standby",
      relay: "closed",
      told: ["credited", "credited", "suspended earlier-commitment", "standby"],
      waiting: 120_000,
    },
    {
      by: "its coin, spent elsewhere: the credit is gone",
      happens: spendsItsCoinElsewhere,
      to: "lockout",
      relay: "open",
      told: ["session-ended double-spend", "lockout double-spend"],
    },
    {
      by: "a restart",
      happens: ({ bench }) => bench.restartSocket(),
      to: "standby",
      relay: "closed",
      told: ["standby"],
      waiting: 40_000,
    },
    {
      by: "its own end",
      happens: ({ bench }) => bench.clock.finish(bench.socket.stop()),
      to: "paid",
      relay: "open",
      told: ["session-ended stopping"],
    },
  ],
  lockout: [
    { by: "a minute", happens: time(62), to: "standby", relay: "closed", told: ["standby"] },
    {
      by: "calls: they neither end nor lengthen it",
      happens: (scene) => asksFor(scene, 30),
      to: "lockout",
      relay: "open",
      told: [],
    },
    {
      by: "a payment: it is refused",
      happens: ({ payer }) => assert.rejects(payer.ask(), /in lockout/),
      to: "lockout",
      relay: "open",
      told: [],
    },
    {
      by: "a restart: it begins anew",
      happens: ({ bench }) => bench.restartSocket(),
      to: "lockout",
      relay: "open",
      told: ["lockout restart"],
    },
  ],
};

// ------------------------------------------------------------ played

for (const from of ["standby", "paid", "lockout"] as const)
  describe(`a socket in ${from}`, () => {
    for (const row of TABLE[from])
      it(`is in ${row.to} after ${row.by}`, async () => {
        const bench = alone();
        const scene = { bench, payer: new Customer(bench, 21) };
        await FROM[from](scene);
        assert.equal(stateOf(bench), from, bench.story());
        const before = bench.events.length;
        await row.happens(scene);
        await bench.clock.run(0);
        assert.equal(stateOf(bench), row.to, bench.story());
        assert.equal(bench.circuit.socket.closed ? "closed" : "open", row.relay, bench.story());
        assert.deepEqual(bench.linesAfter(before, LINES), row.told, bench.story());
        assert.equal(Math.round(waitingFor(bench, scene.payer) / 10_000) * 10_000, row.waiting ?? 0);
      });
  });

/** What the comments of a source say, whatever their lines are. */
function comments(source: string): string {
  const lines = source.split("\n").filter((line) => line.includes("//"));
  return lines.map((line) => line.slice(line.indexOf("//") + 2).trim()).join(" ");
}

test("the table in shared/socket/states.ts names each row, in its state", () => {
  const source = readFileSync("shared/socket/states.ts", "utf8");
  const [, standby = "", paid = "", lockout = ""] = source.split(/^function in(?:Standby|Paid|Lockout)\(/m);
  for (const [state, part] of Object.entries({ standby, paid, lockout }))
    for (const { by } of TABLE[state as State]) {
      assert.ok(comments(part).includes(by), `expected a case in ${state} that names "${by}", found none`);
    }
});

test("a lockout is over after its minute, and not before", async () => {
  const bench = alone();
  const scene = { bench, payer: new Customer(bench, 21) };
  await FROM.lockout(scene);
  const { lockoutMs } = await scene.payer.status();
  await bench.clock.run(lockoutMs - 1_001);
  assert.equal(stateOf(bench), "lockout");
  await bench.clock.run(2_001);
  assert.equal(stateOf(bench), "standby");
});

test("a socket that is new is in standby with its whole allowance", () => {
  const bench = new Bench();
  bench.circuit.isPlugged = false;
  bench.socket.start();
  assert.equal(stateOf(bench), "standby");
  assert.equal(bench.named("standby")[0]?.allowance, 50);
});

function stateOf(bench: Bench): State | undefined {
  return socketJournal(bench.socketStore).load()?.state;
}

function waitingFor(bench: Bench, { wallet }: Customer): number {
  const parked = socketJournal(bench.socketStore).load()?.parked ?? [];
  return parked.find(({ script }) => script === wallet.script)?.energy ?? 0;
}
