// What is paid for is given before anything is refused, to the cable that shows its ticket, and
// stays where it was paid.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PEER } from "../../lab/model/link";
import { cableJournal } from "../../lab/model/records";
import { alone, type Bench, Customer, MINUTE, plugged } from "../../lab/stage/bench";
import { energyFor } from "../../shared/kernel/units";
import { Fault, type FaultName } from "../../shared/protocol/faults";
import type { PaymentResult } from "../../shared/protocol/types";

const TICKET = "ab".repeat(16);
const HOUSE = { increment: 2_500 } as const;
/** More payments than may wait for blocks. */
const MANY = 30;

function refuses(name: FaultName): (error: unknown) => boolean {
  return (error) => error instanceof Fault && error.fault === name;
}

function ask(payer: Customer, ticket?: string, scheme: "basic" | "single-fee" = "basic") {
  const request = { address: payer.address, scheme, ...(ticket === undefined ? {} : { ticket }) };
  return payer.bench.clock.finish(payer.bench.socket.powerRequest(request, payer.host));
}

async function pay(payer: Customer, scheme: "basic" | "single-fee" = "basic"): Promise<PaymentResult> {
  return payer.send({ ...payer.sign(await ask(payer, TICKET, scheme)), ticket: TICKET });
}

/** What the bench's cable knows to be paid, in satoshi, over all restarts. */
function paidBy({ cableStore }: Bench): number {
  return cableJournal(cableStore).load()?.totalPaid ?? 0;
}

/**
 * A cable that paid until the socket may hold no more without a block, then both lost their power.
 */
async function cutAtTheLimit(): Promise<{ bench: Bench; payer: Customer; left: number }> {
  const bench = alone({ socket: HOUSE });
  const payer = new Customer(bench, 21);
  const payments = async () => {
    for (let n = 0; n < MANY; n++) {
      await pay(payer);
      await bench.clock.run(1_000);
    }
  };
  let left = 0;
  // A session that a cut has ended leaves some room; after a few cuts settlements alone fill it.
  for (let cuts = 0; cuts < 6; cuts++) {
    await assert.rejects(payments(), refuses("exposure-limit"));
    left = Math.max(left, (await payer.status()).remaining);
    bench.restartSocket();
  }
  assert.equal((await payer.status()).state, "standby");
  assert.ok(left >= 10_000, `credit before the cuts: ${left} mWh`);
  return { bench, payer, left };
}

test("after a power cut at the settlement limit the credit is taken up, and only then more is refused", async () => {
  const { payer, left } = await cutAtTheLimit();
  await assert.rejects(ask(payer, TICKET), refuses("exposure-limit"));
  const { state, remaining } = await payer.status();
  assert.deepEqual({ state, remaining }, { state: "paid", remaining: left });
});

test("at the settlement limit too, credit is only for a caller that shows its ticket", async () => {
  const { bench, payer } = await cutAtTheLimit();
  await assert.rejects(ask(payer, "cd".repeat(16)), refuses("exposure-limit"));
  await bench.clock.run(10_000);
  await assert.rejects(ask(new Customer(bench, 22), TICKET), refuses("exposure-limit"));
  assert.equal((await payer.status()).state, "standby");
});

test("a stranger who asked first does not keep a cable from the credit that it left", async () => {
  const bench = alone({ socket: HOUSE });
  const payer = new Customer(bench, 21);
  await pay(payer);
  await bench.clock.run(1_000);
  bench.restartSocket();
  const stranger = new Customer(bench, 22);
  const offer = await stranger.ask("basic");
  await ask(payer, TICKET);
  assert.equal((await payer.status()).remaining, 10_000);
  await assert.rejects(stranger.pay(offer), refuses("session-ended"));
  assert.equal((await payer.status()).remaining, 10_000, "nothing is added to what another one drew on");
});

test("credit is given also where its scheme is no longer sold", async () => {
  const bench = alone({ socket: HOUSE });
  const payer = new Customer(bench, 21);
  await pay(payer);
  await bench.clock.run(1_000);
  bench.configure({ socket: { schemes: ["single-fee"] } });
  bench.restartSocket();
  await assert.rejects(ask(payer, TICKET), refuses("unknown-scheme"));
  assert.equal((await payer.status()).remaining, 10_000);
});

for (const [why, fault, prepare] of [
  ["the chain is away", "chain-unavailable", ({ view }: Bench) => Object.assign(view, { fault: "away" })],
  [
    "too many of its payments wait for a block",
    "exposure-limit",
    (bench: Bench) => bench.configure({ socket: { exposureLimit: 2_500 } }),
  ],
] as const) {
  test(`credit is given also where ${why}, and only then more is refused`, async () => {
    const bench = alone({ socket: HOUSE });
    const payer = new Customer(bench, 21);
    await pay(payer);
    await bench.clock.run(1_000);
    prepare(bench);
    bench.restartSocket();
    await assert.rejects(ask(payer, TICKET), refuses(fault));
    assert.equal((await payer.status()).remaining, 10_000);
  });
}

test("a release that is nonsense keeps nobody from its credit", async () => {
  const bench = alone({ socket: HOUSE });
  const payer = new Customer(bench, 21);
  await pay(payer);
  await bench.clock.run(1_000);
  for (const release of ["00", "ff".repeat(200), "01000000000101"]) {
    bench.restartSocket();
    const request = { address: payer.address, scheme: "basic", ticket: TICKET, release } as const;
    await bench.clock.finish(bench.socket.powerRequest(request, payer.host));
    assert.equal((await payer.status()).remaining, 10_000);
  }
});

test("a recorded payment that is sent again from another host moves no session there", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  const request = payer.sign(await ask(payer, TICKET, "single-fee"));
  await payer.send(request);
  const thief = new Customer(bench, 22);
  await thief.send(request);
  await assert.rejects(thief.ask(), refuses("socket-busy"));
  assert.equal((await pay(payer, "single-fee")).credited, 40_000);
});

test("an offer tells the credit that is being drawn only to a caller that shows its ticket", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  const first = await pay(payer, "single-fee");
  assert.equal(first.next?.credit, 40_000, "the payment showed it");
  assert.equal((await ask(payer, TICKET, "single-fee")).credit, 40_000);
  assert.equal((await ask(payer, undefined, "single-fee")).credit, 0);
  assert.equal((await ask(payer, "cd".repeat(16), "single-fee")).credit, 0);
});

test("a socket that starts on flash that takes nothing is in standby and gives nothing", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  await pay(payer, "single-fee");
  bench.socketStore.isFull = true;
  bench.restartSocket();
  const stranger = new Customer(bench, 22);
  const { state, remaining, standbyRemaining } = await stranger.status();
  assert.deepEqual({ state, remaining, standbyRemaining }, { state: "standby", remaining: 0, standbyRemaining: 0 });
  await bench.clock.run(MINUTE);
  assert.equal(bench.circuit.socket.read().closed, false, "what cannot be written is not given");
  bench.socketStore.isFull = false;
  await bench.clock.run(MINUTE);
  assert.ok((await stranger.status()).standbyRemaining > 0, "once it takes something again, all is as it was");
});

test("what a cable has paid flows, though its socket is cut at the settlement limit again and again and no block comes", async () => {
  const schemes = ["basic"] as const;
  const bench = plugged({ coins: [2_000_000], socket: { ...HOUSE, schemes }, cable: { schemes } });
  const left = async () => (await bench.clock.finish(bench.socket.getStatus({}, PEER))).remaining;
  const isHeld = () =>
    bench.events.some(({ device, name, reason }) => device === "cable" && name === "held" && reason === "waiting");
  let cutWith = 0;
  for (let cuts = 0; cuts < 6; cuts++) {
    bench.events.length = 0;
    // Until the socket sells no more, and most of the last increment is still there.
    for (let second = 0; second < 600 && !(isHeld() && (await left()) > 0); second++) await bench.clock.run(1_000);
    cutWith = Math.max(cutWith, isHeld() ? await left() : 0);
    bench.restartSocket();
    await bench.clock.run(10_000);
  }
  assert.ok(cutWith > 2_000, `expected a cut with credit left at the limit, the most was ${cutWith} mWh`);
  await bench.clock.run(20 * MINUTE);
  const bought = energyFor(paidBy(bench), 250_000);
  const flowed = bench.circuit.delivered / 1000;
  assert.ok(flowed >= 0.98 * bought, `${bought} mWh were bought, ${flowed} flowed`);
});
