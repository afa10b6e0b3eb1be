// Each reason for which a cable stops paying, from a socket (mostly a lying one) that gives it; and
// what it cost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bench, type BenchOptions, CAR, Customer, INCREMENT_UWH, MINUTE, TOASTER } from "../../lab/stage/bench";
import { type Lies, lying } from "../../lab/stage/liar";
import { AUDIT_REASONS } from "../../shared/bitcoin/audit-reasons";
import { type Draft, outputsOf, unsignedHex } from "../../shared/bitcoin/draft";
import { isCheating, STOP_REASONS, type StopReason } from "../../shared/cable/stop";
import { Fault, type FaultName } from "../../shared/protocol/faults";
import type { DraftOffer, SocketCalls } from "../../shared/protocol/types";
import type { SocketController } from "../../shared/socket/controller";

const seen = new Set<StopReason>();

/** Reasons with a test in another file of this folder. */
const ELSEWHERE: readonly StopReason[] = [
  "daily-budget",
  "fee-share",
  "session-limit",
  "claims-open",
  "too-many-coins",
  "paid-already",
  "coin-pledged",
  "not-calibrated",
  "elsewhere",
  "no-socket",
];

function reasons(bench: Bench): string[] {
  return [...bench.named("held"), ...bench.named("stopped")].map((event) => String(event.reason));
}

function start(options: BenchOptions, lies: Lies | ((socket: SocketController) => SocketCalls), load = TOASTER): Bench {
  const bench = new Bench(options);
  bench.front = typeof lies === "function" ? lies : lying(lies);
  bench.socket.start();
  bench.cable.start();
  bench.circuit.load = load;
  return bench;
}

async function stops(reason: StopReason, bench: Bench, time = 2 * MINUTE): Promise<Bench> {
  await bench.clock.run(time);
  assert.ok(reasons(bench).includes(reason), `expected ${reason}, came ${reasons(bench).join(", ") || "none"}`);
  seen.add(reason);
  return bench;
}

/** The draft of an offer, to be changed and told anew in all its parts. */
function retold(offer: DraftOffer, change: (draft: Draft) => Partial<Draft>): DraftOffer {
  const draft: Draft = {
    inputs: offer.inputs,
    payerScript: offer.outputs[1]?.script ?? "",
    socketScript: offer.outputs[0]?.script ?? "",
    value: offer.outputs[0]?.amount ?? 0,
    fee: offer.fee,
  };
  const lie = { ...draft, ...change(draft) };
  return { ...offer, inputs: lie.inputs, outputs: outputsOf(lie), fee: lie.fee, transaction: unsignedHex(lie) };
}

/** Lies about every offer, or from the second increment on. */
function offers(change: (offer: DraftOffer) => DraftOffer, from = 1): Lies {
  return { offer: (offer) => (offer.increment >= from ? change(offer) : offer) };
}

const other = { txid: "ab".repeat(32), vout: 0, amount: 900_000 };

const LIES: readonly (readonly [reason: StopReason, what: string, lies: Lies, options?: BenchOptions])[] = [
  ["malformed-offer", "names a session of another length", offers((offer) => ({ ...offer, session: "00" }))],
  [
    "wrong-session",
    "offers another increment than the next",
    offers((offer) => ({ ...offer, increment: offer.increment + 3 })),
  ],
  ["terms-changed", "changes the end of a session", offers((offer) => ({ ...offer, expiry: offer.expiry + 1 }), 2)],
  ["overpriced", "wants more than the owner allows", { status: (status) => ({ ...status, price: 300_001 }) }],
  ["increment-too-large", "wants more at a time", { status: (status) => ({ ...status, increment: 10_001 }) }],
  [
    "no-common-scheme",
    "takes another scheme only",
    { status: (status) => ({ ...status, schemes: ["other" as "basic"] }) },
  ],
  ["other-protocol", "speaks another version", { status: (status) => ({ ...status, version: 2 }) }],
  ["foreign-coin", "spends another coin later", offers((offer) => retold(offer, () => ({ inputs: [other] })), 2)],
  [
    "duplicate-input",
    "spends a coin twice",
    offers((offer) => retold(offer, ({ inputs }) => ({ inputs: [...inputs, ...inputs] }))),
  ],
  ["amount-changed", "states another amount later", offers(lessInputs, 2)],
  [
    "payee-changed",
    "sends the money elsewhere later",
    offers((offer) => retold(offer, () => ({ socketScript: `0014${"cd".repeat(20)}` })), 2),
  ],
  [
    "redirected-change",
    "keeps the change",
    offers((offer) => retold(offer, () => ({ payerScript: `0014${"cd".repeat(20)}` }))),
  ],
  [
    "overcharged",
    "charges two increments",
    offers((offer) => retold(offer, ({ value }) => ({ value: value + 10_000 }))),
  ],
  [
    "wrong-increment",
    "charges half an increment",
    offers((offer) => retold(offer, ({ value }) => ({ value: value - 5_000 }))),
  ],
  [
    "nothing-bought",
    "sells nothing for the same money",
    offers((offer) => retold(offer, ({ value }) => ({ value: value - 10_000 })), 2),
  ],
  [
    "arrears-refused",
    "invents arrears",
    offers((offer) => ({ ...retold(offer, ({ value }) => ({ value: value + 500 })), arrears: 500 })),
  ],
  ["energy-short", "gives less energy", offers((offer) => ({ ...offer, energy: offer.energy - 1 }))],
  ["hidden-fee", "states another fee", offers((offer) => ({ ...offer, fee: offer.fee + 1 }))],
  ["fee-too-high", "burns the cable's money as fee", offers((offer) => retold(offer, () => ({ fee: 5_001 })))],
  [
    "fee-rate-too-high",
    "pays a rate above the owner's",
    offers((offer) => retold(offer, () => ({ fee: 2_000 }))),
    { cable: { maxFeeRate: 10_000 } },
  ],
  ["wrong-change", "makes dust of the change", offers(dustChange), { coins: [15_100] }],
  [
    "not-canonical",
    "sends other bytes than it says",
    offers((offer) => ({ ...offer, transaction: `${offer.transaction.slice(0, -8)}01000000` })),
  ],
];

function lessInputs(offer: DraftOffer): DraftOffer {
  return retold(offer, ({ inputs }) => ({ inputs: inputs.map((coin) => ({ ...coin, amount: coin.amount - 1_000 })) }));
}

function dustChange(offer: DraftOffer): DraftOffer {
  const [socket, change] = offer.outputs;
  if (!socket || !change) return offer;
  const fee = offer.fee + change.amount - 200;
  return { ...offer, fee, outputs: [socket, { ...change, amount: 200 }] };
}

for (const [reason, what, lies, options] of LIES)
  test(`a socket that ${what} is refused as ${reason}, and nothing more is paid`, async () => {
    const bench = await stops(reason, start(options ?? {}, lies));
    const paid = bench.named("credited").length;
    assert.ok(paid <= 1, `${paid} increments were paid`);
    assert.ok(bench.circuit.consumed <= INCREMENT_UWH + 1_000);
  });

test("a socket that turns the coins of a running session round is refused as wrong-coins", async () => {
  const coins = [20_000, 19_000, 18_000];
  const lies = offers((offer) => retold(offer, ({ inputs }) => ({ inputs: [...inputs].reverse() })), 2);
  await stops("wrong-coins", start({ coins }, lies));
});

test("a socket whose increment is dust is refused as dust-increment", async () => {
  const lies: Lies = {
    status: (status) => ({ ...status, increment: 200 }),
    offer: (offer) => ({ ...retold(offer, () => ({ value: 200 })), energy: 40_000 }),
  };
  await stops("dust-increment", start({}, lies));
});

test("a socket that pays itself from the cable's own script is refused as bad-payee", async () => {
  const bench = new Bench();
  const lies = offers((offer) => retold(offer, () => ({ socketScript: bench.wallet.script })));
  bench.front = lying(lies);
  bench.socket.start();
  bench.cable.start();
  await stops("bad-payee", bench);
});

test("a session that would hold the coins longer than the owner allows is refused as expiry-too-late", async () => {
  const far = offers((offer) => ({ ...offer, expiry: offer.expiry + 100_000 }));
  const latestExpiry = 10_000;
  await stops("expiry-too-late", start({ cable: { latestExpiry } }, far));
  const honest = start({ cable: { latestExpiry } }, {});
  await honest.clock.run(MINUTE);
  assert.deepEqual(reasons(honest), []);
});

test("a cable without coins is out of funds", async () => {
  await stops("out-of-funds", start({ coins: [] }, {}));
});

test("power that stops before what was paid for has flowed is undelivered, and one increment is the loss", async () => {
  let cut = false;
  const refuse = lying({
    status: (status) => (cut ? { ...status, state: "standby", remaining: 0 } : status),
    offer: (offer) => (cut ? { ...offer, credit: 0 } : offer),
  });
  const bench = start({}, refuse);
  await bench.clock.run(20_000);
  cut = true;
  await bench.clock.run(1_000);
  await stops("credit-lost", bench, 30 * MINUTE);
  assert.equal(bench.named("credited").length, 1, "nothing more is paid");
});

/** A socket that from `robs` on says nothing of credit that it owes. */
function silent() {
  const socket = { robs: false };
  const status: Lies["status"] = (status) => (socket.robs ? { ...status, state: "standby", remaining: 0 } : status);
  return { bench: start({}, lying({ status })), socket };
}

test("a socket that stays silent about credit, and serves nothing, does not deliver", async () => {
  const { bench, socket } = silent();
  await bench.clock.run(20_000);
  socket.robs = true;
  await stops("undelivered", bench, 5 * MINUTE);
  assert.equal(bench.named("credited").length, 1);
  const [first, second] = bench.named("stopped").filter((event) => event.reason === "undelivered");
  assert.ok(!second || Number(second.retryMs) > Number(first?.retryMs), "each loss makes the pause longer");
});

test("a cable that has no room to write down a cheat tries again all the same", async () => {
  const { bench, socket } = silent();
  await bench.clock.run(20_000);
  socket.robs = true;
  bench.cableStore.isFull = true;
  await stops("undelivered", bench, 5 * MINUTE);
  assert.ok(bench.named("failed").length > 0, "it says why");
  socket.robs = false;
  bench.cableStore.isFull = false;
  await bench.clock.run(10 * MINUTE);
  assert.equal(bench.cable.state, "powered");
});

test("a socket that claims energy which did not flow gets nothing more", async () => {
  const bench = start(
    {},
    lying({ status: (status) => ({ ...status, remaining: Math.max(0, status.remaining - 9_000) }) }),
  );
  await stops("energy-claimed", bench);
});

test("a neighbour's socket on a shared link is found out by its meter in the first minute", async () => {
  let extra = 0;
  const status: Lies["status"] = (status) => {
    extra += 900;
    return { ...status, used: status.used + extra };
  };
  await stops("wrong-socket", start({ cable: { sharedLink: true, waitMs: 1_000 } }, { status }), MINUTE);
});

test("a neighbour's socket is found out too where the appliance is switched on later, and where it draws little", async () => {
  // It counts what its own appliance draws: nothing.
  const status: Lies["status"] = (status) => ({ ...status, used: 0 });
  for (const [load, time] of [
    [1_300_000, MINUTE],
    [10_000, 5 * MINUTE],
  ] as const) {
    const bench = start({ cable: { sharedLink: true, waitMs: 5_000 } }, { status }, 0);
    await bench.clock.run(3 * MINUTE);
    assert.ok(!reasons(bench).includes("wrong-socket"));
    bench.circuit.load = load;
    await stops("wrong-socket", bench, time);
  }
});

test("the right socket on a shared link is not taken for a neighbour's, nor when a session ends within the minute", async () => {
  const bench = start({ cable: { sharedLink: true }, socket: { sessionMax: 10_000 } }, {}, CAR);
  await bench.clock.run(3 * MINUTE);
  assert.ok(!reasons(bench).includes("wrong-socket"));
  assert.ok(bench.named("session-ended").length >= 2);
});

test("a trip of the cable's own gate stops it, and it tries again when the gate is clear", async () => {
  const bench = start({ cable: { maxCurrent: 6_000 } }, {}, 1_500_000);
  await stops("power-fault", bench, MINUTE / 3);
  bench.circuit.load = 500_000;
  await bench.clock.run(MINUTE);
  assert.equal(bench.cable.state, "powered");
  assert.ok(bench.circuit.cable.closed);
});

test("a cable whose gate tripped once more after three tries says so, asks nobody for power, and works after a restart", async () => {
  const bench = start({ cable: { maxCurrent: 6_000 } }, {}, 1_500_000);
  await stops("power-fault", bench, 5 * MINUTE);
  bench.circuit.load = 500_000;
  const asked = bench.named("negotiating").length;
  for (let i = 0; i < 40; i++) {
    await bench.clock.run(5_000);
    assert.equal(bench.cable.state, "stopped");
  }
  assert.equal(bench.named("negotiating").length, asked);
  bench.unplug();
  await bench.clock.run(MINUTE);
  bench.plugIn();
  await bench.clock.run(MINUTE);
  assert.equal(bench.cable.state, "powered");
  assert.ok(bench.circuit.cable.closed);
});

const FAULTS_MET: readonly (readonly [fault: FaultName, reason: StopReason])[] = [
  ["power-fault", "socket-fault"],
  ["address-refused", "refused"],
  ["bad-address", "refused"],
  ["locked-out", "locked"],
  ["chain-unavailable", "waiting"],
  ["fees-too-high", "waiting"],
];

for (const [fault, reason] of FAULTS_MET)
  test(`a socket that answers ${fault} makes the cable stop as ${reason}, and it does not ask without end`, async () => {
    let calls = 0;
    const refuse = (socket: SocketController): SocketCalls => ({
      getStatus: (request, peer) => socket.getStatus(request, peer),
      powerRequest: () => {
        calls += 1;
        return Promise.reject(new Fault(fault, "", 20_000));
      },
      payTransaction: (request, peer) => socket.payTransaction(request, peer),
    });
    await stops(reason, start({}, refuse));
    assert.ok(calls <= 8, `${calls} calls in two minutes`);
  });

test("a socket that refuses each payment is asked ever more rarely, and given no second increment", async () => {
  const sent = new Set<string>();
  const refuse = (socket: SocketController): SocketCalls => ({
    getStatus: (request, peer) => socket.getStatus(request, peer),
    powerRequest: (request, peer) => socket.powerRequest(request, peer),
    payTransaction: (request) => {
      sent.add(`${request.session}:${request.increment}`);
      return Promise.reject(new Fault("wrong-increment"));
    },
  });
  const bench = start({}, refuse);
  await bench.clock.run(50_000);
  assert.ok(sent.size <= 2, [...sent].join(" "));
});

test("a socket that claims to be in lockout for weeks is asked again after ten minutes", async () => {
  let liar = true;
  const lies: Lies = { status: (status) => (liar ? { ...status, state: "lockout", lockoutMs: 2e9 } : status) };
  const bench = start({}, lies);
  await bench.clock.run(MINUTE);
  assert.equal(bench.cable.state, "stopped");
  liar = false;
  await bench.clock.run(12 * MINUTE);
  assert.equal(bench.cable.state, "powered");
});

test("cheating is remembered, an owner's own limits are nobody's fault", () => {
  assert.ok(isCheating("undelivered") && isCheating("amount-changed") && isCheating("hidden-fee"));
  assert.ok(!isCheating("overpriced") && !isCheating("session-limit") && !isCheating("out-of-funds"));
});

test("a price that the owner of the socket raised is no cheating: the next session has it, and credit keeps flowing", async () => {
  const bench = start({}, {});
  await bench.clock.run(30_000);
  bench.configure({ socket: { price: 280_000 } });
  bench.restartSocket();
  await bench.clock.run(5 * MINUTE);
  assert.deepEqual(
    bench.named("held").filter((event) => isCheating(event.reason as StopReason)),
    [],
  );
  assert.ok(bench.named("credited").length >= 3);
  assert.equal(bench.named("credited").at(-1)?.energy, 35_714);
  assert.equal(bench.cable.state, "powered");
});

test("an owner who lowers the limits between sessions still gets what was paid for, and pays no more", async () => {
  const bench = start({}, {});
  await bench.clock.run(30_000);
  bench.unplug();
  await bench.clock.run(MINUTE);
  bench.configure({ cable: { maxPrice: 100_000 } });
  bench.plugIn();
  await bench.clock.run(5 * MINUTE);
  assert.equal(bench.named("credited").length, 1);
  assert.ok(bench.circuit.delivered >= INCREMENT_UWH * 0.97, `${bench.circuit.delivered} uWh`);
  assert.equal(bench.named("stopped").at(-1)?.reason, "overpriced");
});

test("a socket that restarts on its own gives the credit back when it is asked, and is not called a cheat", async () => {
  const bench = start({}, {});
  await bench.clock.run(20_000);
  bench.restartSocket();
  await bench.clock.run(20_000);
  assert.equal(bench.cable.state, "powered");
  assert.deepEqual(bench.named("stopped"), []);
  assert.equal(bench.named("credited").length, 1);
});

test("a basic payment that was never taken is no arrears", async () => {
  let restarted = false;
  const claims = offers((offer) =>
    restarted ? { ...retold(offer, ({ value }) => ({ value: value + 10_000 })), arrears: 10_000 } : offer,
  );
  const bench = new Bench({ cable: { schemes: ["basic"] } });
  bench.front = (socket) => ({
    ...lying(claims)(socket),
    payTransaction: (request, peer) => {
      if (request.increment > 1) throw new Fault("wrong-increment");
      return lying(claims)(socket).payTransaction(request, peer);
    },
  });
  bench.socket.start();
  bench.cable.start();
  bench.circuit.load = TOASTER;
  await bench.clock.run(2 * MINUTE);
  restarted = true;
  bench.restartSocket();
  await bench.clock.run(2 * MINUTE);
  assert.equal(bench.named("credited").length, 1);
  assert.ok(
    bench.named("held").some(({ reason }) => reason === "arrears-refused"),
    bench.story(),
  );
});

test("another customer of the same socket makes no cable stop", async () => {
  const bench = start({}, {});
  const stranger = new Customer(bench, 22);
  for (let i = 0; i < 5; i++) {
    await bench.clock.run(10_000);
    await stranger.status();
    await assert.rejects(stranger.ask(), Fault);
  }
  assert.deepEqual(bench.named("stopped"), []);
});

test("every reason to stop has been met, here or where it says", () => {
  const all = Object.keys({ ...AUDIT_REASONS, ...STOP_REASONS }) as StopReason[];
  const missing = all.filter((reason) => !seen.has(reason) && !ELSEWHERE.includes(reason));
  assert.deepEqual(missing, []);
});
