// A signature that was handed over counts in full, whatever the peer says afterwards, and stops no
// cable for good.

import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { cableJournal } from "../../lab/model/records";
import { Bench, type BenchOptions, MINUTE, TOASTER } from "../../lab/stage/bench";
import { Grabber, INCREMENT, type Names } from "../../lab/stage/grabber";
import { outputsOf, unsignedHex } from "../../shared/bitcoin/draft";
import type { Coin } from "../../shared/kernel/ports";
import { Fault } from "../../shared/protocol/faults";
import type { DraftOffer, PowerRequest, SocketCalls } from "../../shared/protocol/types";

const HOUR = 60 * MINUTE;
/** Default of the cable: three increments that are out, and one more. */
const MOST = 4 * INCREMENT;

function coinOf(n: number): Coin {
  return { txid: (n + 1).toString(16).padStart(64, "0"), vout: 0, amount: 500_000 };
}

/** A cable before a socket that grabs, for six hours. */
async function grabbed(names: (offer: number) => Names, restarts = false): Promise<Grabber> {
  const bench = new Bench({ coins: [] });
  const grabber = new Grabber(bench, names);
  bench.front = () => grabber;
  bench.socket.start();
  bench.cable.start();
  bench.circuit.load = TOASTER;
  for (let hour = 0; hour < 6; hour++) {
    await bench.clock.run(HOUR);
    if (restarts) bench.restartCable();
  }
  assert.ok(grabber.taken.length >= 2, `expected payments to be grabbed, came ${grabber.taken.length}`);
  return grabber;
}

const ID = "ab".repeat(16);

function idOf(n: number): string {
  return (n + 1).toString(16).padStart(32, "0");
}

const MANNERS: Readonly<Record<string, (offer: number) => Names>> = {
  "one session id, another payee each time": (n) => ({ session: ID, payee: n, coin: coinOf(n) }),
  "one session id, two payees in turn": (n) => ({ session: ID, payee: n % 2, coin: coinOf(n) }),
  "another session each time, one payee": (n) => ({ session: idOf(n), payee: 1, coin: coinOf(n) }),
  "another session and payee each time": (n) => ({ session: idOf(n), payee: n, coin: coinOf(n) }),
  "two sessions in turn, another payee each third time": (n) => ({
    session: idOf(n % 2),
    payee: Math.floor(n / 3),
    coin: coinOf(n),
  }),
};

describe("a socket that takes each payment and denies it gets no more than the owner's limit", () => {
  for (const [manner, names] of Object.entries(MANNERS))
    for (const restarts of [false, true])
      it(`${manner}${restarts ? ", over restarts" : ""}`, async () => {
        const grabber = await grabbed(names, restarts);
        assert.ok(grabber.total() <= MOST, `expected at most ${MOST} sat, ${grabber.total()} were taken`);
      });
});

test("what was handed over to one payee is signed over the same coin to no other", async () => {
  const grabber = await grabbed((n) => ({ session: idOf(n), payee: n, coin: coinOf(Math.floor(n / 2)) }));
  for (const { payee, inputs } of grabber.taken)
    for (const other of grabber.taken)
      assert.ok(other.payee === payee || JSON.stringify(other.inputs) !== JSON.stringify(inputs));
});

test("fees of payments that were denied stay within the owner's limit", async () => {
  const grabber = await grabbed((n) => ({ session: ID, payee: n, coin: coinOf(n) }));
  const fees = grabber.taken.reduce((sum, { fee }) => sum + fee, 0);
  assert.ok(fees <= 5_000 + INCREMENT * grabber.taken.length * 0.1);
});

/**
 * Sockets that take one payment and vanish, each with a coin of its own in view; then one that is
 * honest.
 */
async function vanishing(count: number, options: BenchOptions = {}): Promise<Bench> {
  const bench = new Bench({ ...options, coins: [] });
  bench.socket.start();
  bench.cable.start();
  bench.circuit.load = TOASTER;
  for (let n = 0; n < count; n++) {
    const grabber = new Grabber(
      bench,
      () => ({ session: idOf(n), payee: n, coin: coinOf(n) }),
      () => new Promise(() => {}),
    );
    bench.front = () => grabber;
    await bench.clock.run(2 * MINUTE);
    bench.restartCable();
  }
  bench.network.grant(bench.wallet.script, 600_000);
  bench.network.mineMany(3);
  bench.front = (socket) => socket;
  return bench;
}

test("three sockets that vanish with a payment cost their claims, and the fourth is paid all the same", async () => {
  const bench = await vanishing(3);
  bench.restartCable();
  await bench.clock.run(5 * MINUTE);
  assert.ok(bench.named("paid").length > 0, bench.story());
});

test("a socket is told which coins a vanished one holds, and sells over the others", async () => {
  const bench = new Bench({ coins: [500_000, 400_000] });
  const [largest] = [...bench.network.blocks.unspent.values()].sort((a, b) => b.amount - a.amount);
  assert.ok(largest);
  const vanished = new Grabber(
    bench,
    () => ({ session: ID, payee: 1, coin: largest }),
    () => new Promise(() => {}),
  );
  bench.front = () => vanished;
  bench.socket.start();
  bench.cable.start();
  bench.circuit.load = TOASTER;
  await bench.clock.run(MINUTE);
  assert.equal(vanished.total(), INCREMENT);
  bench.front = (socket) => socket;
  bench.restartCable();
  await bench.clock.run(10 * MINUTE);
  assert.ok(bench.named("paid").length > 3, bench.story());
});

test("a socket of version 1, which refuses a member that it does not know, stops the cable with the coin's reason", async () => {
  const bench = await vanishing(1);
  const other = new Grabber(bench, () => ({ session: idOf(9), payee: 9, coin: coinOf(0) }));
  const powerRequest = other.powerRequest.bind(other);
  other.powerRequest = async (request?: PowerRequest) => {
    if (request?.promised) throw new Fault("invalid-parameters");
    return powerRequest();
  };
  bench.front = () => other;
  bench.restartCable();
  await bench.clock.run(5 * MINUTE);
  assert.ok(bench.events.some(({ reason }) => reason === "coin-pledged"));
  assert.equal(other.taken.length, 0);
});

test("five sockets vanish one after the other; after the owner's word the cable pays the sixth", async () => {
  const bench = await vanishing(5);
  bench.restartCable();
  await bench.clock.run(5 * MINUTE);
  const held = bench.events.filter(({ reason }) => reason === "claims-open");
  assert.ok(held.length > 0, "expected the bound to hold before the owner's word");
  assert.equal(bench.named("paid").length, 0);
  bench.configure({ cable: { forgive: "2026-11-26" } });
  bench.restartCable();
  await bench.clock.run(5 * MINUTE);
  assert.equal(bench.named("forgiven")[0]?.unanswered, MOST);
  assert.ok(bench.named("paid").length > 0, bench.story());
});

test("the owner's word frees no coin: what a vanished socket holds is signed to nobody else", async () => {
  const bench = await vanishing(1);
  bench.configure({ cable: { forgive: "once" } });
  const other = new Grabber(bench, () => ({ session: idOf(9), payee: 9, coin: coinOf(0) }));
  bench.front = () => other;
  bench.restartCable();
  await bench.clock.run(10 * MINUTE);
  assert.equal(other.taken.length, 0);
  assert.ok(bench.events.some(({ reason }) => reason === "coin-pledged"));
});

test("more payments than a cable can remember are not made, however much its owner allows", async () => {
  const bench = await vanishing(12, { cable: { maxClaims: 1_000_000 } });
  const late = new Grabber(bench, () => ({ session: idOf(20), payee: 20, coin: coinOf(20) }));
  bench.front = () => late;
  bench.restartCable();
  await bench.clock.run(10 * MINUTE);
  assert.equal(late.taken.length, 0);
  assert.ok(
    bench.events.some(({ reason }) => reason === "paid-already"),
    bench.story(),
  );
});

test("an unplug while a payment is in flight stops no cable that owns a second coin of the same size", async () => {
  for (const lost of ["cable", "socket"] as const) {
    const bench = new Bench({ coins: [300_000, 300_000] });
    bench.circuit.load = TOASTER;
    bench.socket.start();
    bench.cable.start();
    const { front } = bench;
    let cuts = 0;
    bench.front = (socket) => ({
      getStatus: (request, peer) => socket.getStatus(request, peer),
      powerRequest: (request, peer) => socket.powerRequest(request, peer),
      payTransaction: () => {
        cuts += 1;
        bench.front = front;
        if (lost === "cable") bench.unplug();
        else bench.restartSocket();
        return new Promise(() => {});
      },
    });
    await bench.clock.run(10_000);
    assert.equal(cuts, 1);
    if (lost === "socket") bench.unplug();
    for (let visit = 0; visit < 3; visit++) {
      await bench.clock.run(2 * MINUTE);
      bench.network.mineMany(3);
      bench.plugIn();
      await bench.clock.run(MINUTE);
      assert.equal(bench.cable.state, "powered", `${lost}, visit ${visit}: ${bench.story()}`);
      bench.unplug();
    }
  }
});

test("a payee that a third machine swapped once is owed nothing, and owes what it was handed", async () => {
  const bench = new Bench({ coins: [500_000, 300_000] });
  const swapper = new Swapper(bench.wallet.script, `0014${"77".repeat(20)}`);
  bench.front = (socket) => swapper.before(socket);
  bench.socket.start();
  bench.cable.start();
  bench.circuit.load = TOASTER;
  await bench.clock.run(10 * MINUTE);
  assert.equal(swapper.swapped, 1);
  assert.equal(bench.cable.state, "powered", bench.story());
  assert.ok(bench.named("paid").length > 3, bench.story());
  const record = cableJournal(bench.cableStore).load();
  const owing = record?.pledges.map(({ socketScript, unanswered }) => [socketScript, unanswered]);
  assert.deepEqual(owing, [[swapper.payee, INCREMENT]]);
  assert.deepEqual(record?.claims, []);
  assert.equal(record?.session?.socketScript, bench.payout.script);
});

/**
 * In the first offer it puts its own payee, in the session and over the coins of the true socket;
 * what is signed it keeps.
 */
class Swapper {
  swapped = 0;

  constructor(
    private readonly payer: string,
    readonly payee: string,
  ) {}

  before(socket: SocketCalls): SocketCalls {
    return {
      getStatus: (request, peer) => socket.getStatus(request, peer),
      powerRequest: async (request, peer) => this.swap(await socket.powerRequest(request, peer)),
      payTransaction: (request, peer) =>
        this.swapped > 0 && request.transaction.includes(this.payee)
          ? Promise.reject(new Fault("wrong-payee"))
          : socket.payTransaction(request, peer),
    };
  }

  private swap(offer: DraftOffer): DraftOffer {
    if (this.swapped > 0) return offer;
    this.swapped += 1;
    const [socket] = offer.outputs;
    const value = socket?.amount ?? 0;
    const draft = { inputs: offer.inputs, payerScript: this.payer, socketScript: this.payee, value, fee: offer.fee };
    return { ...offer, outputs: outputsOf(draft), transaction: unsignedHex(draft) };
  }
}
