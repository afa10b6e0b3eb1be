// A cable that pays by channel, with a socket that sells by it: the two controllers together.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { realEcdsa } from "../../lab/model/signers";
import { parse } from "../../lab/model/transaction";
import { Bench, type BenchOptions, MINUTE, TOASTER } from "../../lab/stage/bench";
import { BY_CHANNEL } from "../../lab/stage/channel-customer";
import { addressOf, scriptOfKey } from "../../shared/bitcoin/address";

const PAYS = { schemes: ["channel", "single-fee"], maxPrice: 600, maxIncrement: 1_000, maxFee: 1_000 } as const;

function both(options: BenchOptions = {}): Bench {
  const bench = new Bench({
    coins: [30_000, 1_000_000],
    ...options,
    socket: { ...BY_CHANNEL, ...options.socket },
    cable: { ...PAYS, ...options.cable },
  });
  bench.socket.start();
  bench.cable.start();
  return bench;
}

/** A cable whose channel is buried, that has left. */
async function buried(options: BenchOptions = {}): Promise<{ bench: Bench; channel: string }> {
  const bench = both(options);
  bench.circuit.load = TOASTER;
  await bench.clock.run(MINUTE);
  bench.unplug();
  await bench.clock.run(2 * MINUTE);
  bench.network.mineMany(6);
  await bench.clock.run(3 * MINUTE);
  const channel = bench.named("channel-opened").find(({ device }) => device === "socket")?.channel;
  return { bench, channel: String(channel) };
}

const questions = ({ view }: Bench): number => [...view.asked.values()].reduce((sum, count) => sum + count, 0);
const value = (bench: Bench, name: string, from = 0): number =>
  bench
    .named(name)
    .slice(from)
    .reduce((sum, event) => sum + Number(event.value), 0);

describe("a cable that pays by channel", () => {
  it("funds one at its first visit, and is sold by single-fee over other coins until it is buried", async () => {
    const bench = both();
    bench.circuit.load = TOASTER;
    await bench.clock.run(MINUTE);
    assert.equal(bench.cable.state, "powered", bench.story());
    const opened = bench.named("channel-opened").map(({ device }) => device);
    assert.deepEqual(opened.sort(), ["cable", "socket"]);
    assert.equal(bench.named("paid").length, 1);
    const [funding] = [...bench.network.node.mempool.entries.values()].map(({ tx }) => tx);
    assert.equal(funding?.outputs[0]?.amount, 5_000);
  });

  it("pays its first increment of a later visit without a question to the chain, and goes on over visits", async () => {
    const { bench, channel } = await buried();
    const before = {
      questions: questions(bench),
      paid: bench.named("paid").length,
      credited: bench.named("credited").length,
    };
    for (let visit = 0; visit < 3; visit++) {
      bench.plugIn();
      bench.circuit.load = TOASTER;
      await bench.clock.run(20_000);
      assert.equal(bench.cable.state, "powered", bench.story());
      await bench.clock.run(100 * MINUTE);
      bench.unplug();
      await bench.clock.run(2 * MINUTE);
    }
    const paid = bench.named("paid").slice(before.paid);
    assert.ok(paid.length > 10);
    assert.ok(
      paid.every((event) => event.channel === channel),
      bench.story(),
    );
    assert.equal(value(bench, "paid", before.paid), value(bench, "credited", before.credited));
    const worth = (bench.circuit.delivered * BY_CHANNEL.price) / 1e9;
    assert.ok(Math.abs(value(bench, "paid") - worth) < 1_030, `${value(bench, "paid")} sat for ${worth}`);
    assert.equal(bench.named("held").length, 0, bench.story());
    assert.equal(bench.named("closing-sent").length, 0);
  });

  it("asks the chain nothing on the way to power", async () => {
    const { bench } = await buried();
    const before = questions(bench);
    bench.plugIn();
    bench.circuit.load = TOASTER;
    while (bench.cable.state !== "powered") await bench.clock.run(100);
    assert.equal(questions(bench), before);
  });

  it("goes on by another scheme when the deposit is used up, and the socket closes the channel", async () => {
    const { bench, channel } = await buried({
      socket: { price: 30_000, increment: 1_000 },
      cable: { maxPrice: 60_000 },
    });
    bench.plugIn();
    bench.circuit.load = TOASTER;
    await bench.clock.run(15 * MINUTE);
    assert.equal(bench.cable.state, "powered", bench.story());
    assert.ok(bench.named("paid").some((event) => event.channel === channel));
    const last = bench.named("paid").at(-1);
    assert.equal(last?.channel, undefined, bench.story());
    const closing = bench.network.node.mempool.spenderOf(`${channel}:0`);
    const tx = parse(bench.network.seen.get(closing ?? "")?.hex ?? assert.fail("no closing"));
    assert.equal(tx.outputs[0]?.amount, 294);
  });

  it("leaves for good at its owner's word: the socket closes, the change is the cable's", async () => {
    const { bench, channel } = await buried();
    bench.plugIn();
    bench.circuit.load = TOASTER;
    await bench.clock.run(160 * MINUTE);
    const paid = bench
      .named("paid")
      .filter((event) => event.channel === channel)
      .reduce((sum, each) => sum + Number(each.value), 0);
    bench.configure({ cable: { leaveChannels: "2026-11" } });
    bench.unplug();
    await bench.clock.run(2 * MINUTE);
    bench.plugIn();
    await bench.clock.run(MINUTE);
    const closing = bench.network.node.mempool.spenderOf(`${channel}:0`);
    const tx = parse(bench.network.seen.get(closing ?? "")?.hex ?? assert.fail(bench.story()));
    assert.deepEqual(tx.outputs[0], { amount: 5_000 - paid, script: bench.wallet.script });
    assert.equal(bench.cable.state, "powered", "by the other scheme");
  });

  /** A cable that has paid by channel, and has left. */
  async function paidOn(options: BenchOptions = {}): Promise<{ bench: Bench; channel: string }> {
    const { bench, channel } = await buried(options);
    bench.plugIn();
    bench.circuit.load = TOASTER;
    await bench.clock.run(160 * MINUTE);
    assert.equal(bench.named("paid").at(-1)?.channel, channel, bench.story());
    bench.unplug();
    await bench.clock.run(2 * MINUTE);
    return { bench, channel };
  }

  /**
   * Its socket is gone for good: another one stands in its place, and forgets what the first one
   * knew.
   */
  function replaceSocket(bench: Bench, settings: NonNullable<BenchOptions["socket"]>): void {
    bench.cutSocket();
    bench.socketStore.values.clear();
    bench.configure({ socket: settings });
    bench.restartSocket();
  }

  async function visits(bench: Bench, count: number): Promise<void> {
    for (let visit = 0; visit < count; visit++) {
      bench.plugIn();
      await bench.clock.run(15 * MINUTE);
      bench.unplug();
      await bench.clock.run(2 * MINUTE);
      bench.network.mineMany(6);
      await bench.clock.run(3 * MINUTE);
    }
  }

  const ANOTHER = addressOf(scriptOfKey(realEcdsa.publicKey(new Uint8Array(32).fill(21))), "regtest");
  const refundIn = (bench: Bench, channel: string): unknown => {
    const spender = bench.network.blocks.spenderOf(`${channel}:0`);
    return spender && parse(bench.network.seen.get(spender)?.hex ?? "").outputs;
  };

  it("gets a deposit back from a socket that is never seen again, through any other, which it pays by channel as well", async () => {
    const { bench, channel } = await paidOn({ cable: { maxLocked: 20_000 } });
    replaceSocket(bench, { payoutAddress: ANOTHER });
    bench.configure({ cable: { leaveChannels: "2026-11" } });
    let releases = 0;
    bench.front = (socket) => ({
      ...{ getStatus: socket.getStatus.bind(socket), powerRequest: socket.powerRequest.bind(socket) },
      payTransaction: socket.payTransaction.bind(socket),
      channels: socket.channels && {
        request: async (request, peer) => {
          releases += request.release === undefined ? 0 : 1;
          return (socket.channels ?? assert.fail()).request(request, peer);
        },
        pay: socket.channels.pay.bind(socket.channels),
      },
    });
    await visits(bench, 12);
    const second = bench.named("paid").at(-1)?.channel;
    assert.ok(second !== undefined && second !== channel, bench.story());
    assert.ok(releases > 0, "with what it asks about its channel");
    assert.equal(refundIn(bench, channel), undefined, "not before N blocks");
    bench.network.mineMany(bench.settings.socket.channelDelay);
    await bench.clock.run(8 * 60 * MINUTE);
    await visits(bench, 2);
    assert.deepEqual(refundIn(bench, channel), [{ amount: 5_000 - 121, script: bench.wallet.script }], bench.story());
  });

  it("gets a deposit back from a socket that denies the channel, since it keeps the refund", async () => {
    const { bench, channel } = await paidOn();
    replaceSocket(bench, {});
    bench.configure({ cable: { forgive: "2026-11" } });
    await visits(bench, 4);
    assert.deepEqual([bench.named("channel-lost").length, bench.named("channel-over").length], [1, 1], bench.story());
    bench.network.mineMany(bench.settings.socket.channelDelay);
    await bench.clock.run(8 * 60 * MINUTE);
    await visits(bench, 2);
    assert.deepEqual(refundIn(bench, channel), [{ amount: 5_000 - 121, script: bench.wallet.script }], bench.story());
  });

  it("pays one increment to a socket that delivers nothing, and no more", async () => {
    const { bench } = await buried();
    const before = bench.named("paid").length;
    bench.front = (socket) => ({
      ...{ getStatus: socket.getStatus.bind(socket), powerRequest: socket.powerRequest.bind(socket) },
      payTransaction: socket.payTransaction.bind(socket),
      channels: socket.channels && {
        request: async (request, peer) => {
          const offer = await (socket.channels ?? assert.fail()).request(request, peer);
          return "credit" in offer ? { ...offer, credit: 0 } : offer;
        },
        pay: async (payment, peer) => {
          const result = await (socket.channels ?? assert.fail()).pay(payment, peer);
          return { ...result, remaining: 0, state: "standby" };
        },
      },
    });
    bench.plugIn();
    bench.circuit.load = TOASTER;
    await bench.clock.run(30 * MINUTE);
    assert.ok(bench.named("paid").length - before <= 1, bench.story());
  });

  it("opens another channel after each that its socket closed half used, without a word of its owner", async () => {
    // At 3,000 sat of 5,000 the socket closes. What is left of two of them is more than may be
    // locked.
    const { bench } = await buried({
      socket: { maxUnclosed: 3_000, price: 30_000 },
      cable: { maxLocked: 7_500, maxPrice: 30_000 },
    });
    const fundings = (): number => bench.named("channel-opened").filter(({ device }) => device === "cable").length;
    for (let visit = 0; visit < 24; visit++) {
      bench.plugIn();
      bench.circuit.load = TOASTER;
      await bench.clock.run(6 * MINUTE);
      bench.unplug();
      await bench.clock.run(2 * MINUTE);
      bench.network.mineMany(6);
      await bench.clock.run(2 * MINUTE);
    }
    assert.ok(fundings() >= 6, `${fundings()} fundings`);
    const closings = bench.named("channel-closed");
    assert.ok(closings.every(({ own, paid }) => own === true && Number(paid) < 3_000));
  });

  it("signs no increment above its limits, and no funding beyond what its owner lets be locked", async () => {
    const { bench, channel } = await buried();
    const before = bench.named("paid").length;
    bench.configure({ cable: { maxPrice: 299 } });
    bench.plugIn();
    await bench.clock.run(5 * MINUTE);
    assert.equal(bench.named("paid").length, before);
    assert.ok(bench.named("held").some(({ reason }) => reason === "overpriced"));
    assert.ok(channel);
    const poor = both({ cable: { maxLocked: 4_999 } });
    await poor.clock.run(2 * MINUTE);
    assert.equal(poor.named("channel-opened").length, 0);
    assert.equal(poor.cable.state, "powered");
    const short = both({ cable: { maxDelay: 4_031 } });
    await short.clock.run(2 * MINUTE);
    assert.equal(short.named("channel-opened").length, 0);
  });

  it("goes on with its channel over restarts of either side, and over a lost journal of its own", async () => {
    const { bench, channel } = await buried();
    bench.plugIn();
    bench.circuit.load = TOASTER;
    await bench.clock.run(30_000);
    bench.restartSocket();
    await bench.clock.run(MINUTE);
    bench.restartCable();
    await bench.clock.run(MINUTE);
    assert.equal(bench.cable.state, "powered", bench.story());
    await bench.clock.run(160 * MINUTE);
    assert.ok(
      bench.named("paid").some((event) => event.channel === channel),
      bench.story(),
    );
    bench.cutCable();
    bench.cableStore.values.clear();
    await bench.clock.run(2 * MINUTE);
    bench.restartCable();
    await bench.clock.run(20 * MINUTE);
    assert.equal(bench.named("channel-adopted").length, 1, bench.story());
    assert.equal(bench.named("channel-opened").length, 2);
    await bench.clock.run(60 * MINUTE);
    assert.equal(bench.named("paid").at(-1)?.channel, channel, bench.story());
  });

  it("repeats an increment whose answer was lost with the socket's power, and is credited once", async () => {
    const { bench } = await buried();
    const { front } = bench;
    let isLost = false;
    bench.front = (socket) => ({
      ...{ getStatus: socket.getStatus.bind(socket), powerRequest: socket.powerRequest.bind(socket) },
      payTransaction: socket.payTransaction.bind(socket),
      channels: socket.channels && {
        request: socket.channels.request.bind(socket.channels),
        pay: async (payment, peer) => {
          await socket.channels?.pay(payment, peer);
          isLost = true;
          bench.front = front;
          bench.restartSocket();
          bench.restartCable();
          throw new Error("no answer");
        },
      },
    });
    const before = { paid: value(bench, "credited"), lines: bench.named("credited").length };
    bench.plugIn();
    bench.circuit.load = TOASTER;
    await bench.clock.run(155 * MINUTE);
    assert.ok(isLost, bench.story());
    await bench.clock.run(10 * MINUTE);
    assert.equal(bench.cable.state, "powered", bench.story());
    assert.equal(value(bench, "credited") - before.paid, value(bench, "paid") - before.paid + 311, bench.story());
  });
});

describe("old and new together", () => {
  it("a cable that pays by channel pays a socket without channels by what it has", async () => {
    const bench = both({ socket: { schemes: ["single-fee", "basic"] } });
    await bench.clock.run(2 * MINUTE);
    assert.equal(bench.cable.state, "powered", bench.story());
    assert.equal(bench.named("channel-opened").length + bench.named("no-channel").length, 0);
  });

  it("a cable without channels pays a socket that prefers them by what it has", async () => {
    const bench = both({ cable: { schemes: ["single-fee", "basic"] } });
    await bench.clock.run(2 * MINUTE);
    assert.equal(bench.cable.state, "powered", bench.story());
    assert.equal(bench.named("channel-opened").length, 0);
  });
});
