// What `npm run prove` found once its rogues spoke of channels, each as a short story that failed
// before.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "../../lab/model/transaction";
import { alone, Bench, type BenchOptions, MINUTE, TOASTER } from "../../lab/stage/bench";
import { BY_CHANNEL, ChannelCustomer } from "../../lab/stage/channel-customer";
import { unsignedFunding } from "../../shared/channel/funding";
import type { ChannelCalls, ChannelPayment, FundingProposal } from "../../shared/protocol/channel";
import { Fault } from "../../shared/protocol/faults";
import type { SocketController } from "../../shared/socket/controller";

const DEPOSIT = 5_000;
const PAYS = { schemes: ["channel"], maxPrice: 600, maxIncrement: 1_000, maxFee: 1_000 } as const;

const fault =
  (name: string) =>
  (error: unknown): boolean =>
    error instanceof Fault && error.fault === name;

async function opened(socket: BenchOptions["socket"] = {}): Promise<{ bench: Bench; customer: ChannelCustomer }> {
  const bench = alone({ socket: { ...BY_CHANNEL, ...socket } });
  const customer = new ChannelCustomer(bench, 21);
  await customer.open(DEPOSIT);
  return { bench, customer };
}

/** A cable whose channel is buried, that has left; then something stands in front of its socket. */
async function buried(cable: BenchOptions["cable"], front: (calls: ChannelCalls) => ChannelCalls): Promise<Bench> {
  const coins = [30_000, 40_000, 50_000, 1_000_000];
  const bench = new Bench({ coins, socket: BY_CHANNEL, cable: { ...PAYS, ...cable } });
  bench.socket.start();
  bench.cable.start();
  await bench.clock.run(MINUTE);
  bench.unplug();
  await bench.clock.run(2 * MINUTE);
  bench.network.mineMany(6);
  await bench.clock.run(3 * MINUTE);
  bench.front = (socket) => between(socket, front);
  bench.plugIn();
  return bench;
}

function between(socket: SocketController, front: (calls: ChannelCalls) => ChannelCalls) {
  return {
    ...{ getStatus: socket.getStatus.bind(socket), powerRequest: socket.powerRequest.bind(socket) },
    payTransaction: socket.payTransaction.bind(socket),
    channels: front(callsOf(socket.channels ?? assert.fail())),
  };
}

/** The same calls as an object of their own, of which a front takes some. */
function callsOf(calls: ChannelCalls): ChannelCalls {
  return { request: calls.request.bind(calls), pay: calls.pay.bind(calls) };
}

/** Over the same coins, with another key, and of a version that no cable signs for. */
function refused({ inputs, delay, deposit, fee, ...rest }: FundingProposal, cableKey: string): FundingProposal {
  const payeeKey = `02${"ab".repeat(31)}00`;
  const keys = { payeeKey, cableKey, delay };
  const transaction = unsignedFunding({ keys, inputs, deposit, fee });
  return { ...rest, inputs, delay, deposit, fee, payeeKey, transaction, version: 1 };
}

describe("a socket that sells by channel", () => {
  it("takes no first increment that would not pay its closing, also while it sells none at all", async () => {
    const { bench, customer } = await opened({ maxUnclosed: 3_000 });
    bench.network.market = 20_000;
    await customer.status();
    await bench.clock.run(2 * MINUTE);
    assert.equal((await customer.visit()).pay, 0, "the first would be more than may stand unclosed");
    await assert.rejects(customer.payMore(1), fault("unclosed-limit"));
  });

  it("sends a closing again, as it is, that was refused while no block held its funding, and after a restart", async () => {
    const { bench, customer } = await opened({ channelConfirmations: 1 });
    await customer.visit();
    await customer.payMore(2_000);
    const { height } = bench.network.blocks;
    const depth = height - (bench.network.blocks.blockOf(customer.id)?.height ?? 0) + 1;
    bench.network.censored = () => true;
    bench.network.reorganise(depth);
    await customer.request({ channel: customer.id, close: true });
    await bench.clock.run(MINUTE);
    assert.equal(bench.named("closing-sent").length, 0, "a version 3 spends no unconfirmed version 2");
    assert.match(String(bench.named("closing-refused")[0]?.why), /TRUC/);
    bench.network.censored = () => false;
    bench.network.mine();
    await bench.clock.run(6 * MINUTE);
    const closing = bench.network.node.mempool.spenderOf(`${customer.id}:0`) ?? assert.fail(bench.story());
    const fee = bench.network.node.mempool.entries.get(closing)?.fee;
    assert.equal(fee, 17, "no dearer for having been refused");
    bench.restartSocket();
    await bench.clock.run(10 * MINUTE);
    assert.equal(bench.network.node.mempool.spenderOf(`${customer.id}:0`), closing, "nor for a restart");
  });

  it("sends a closing again, as it is, of which nobody knows whether it arrived", async () => {
    const { bench, customer } = await opened();
    await customer.visit();
    await customer.payMore(2_000);
    await bench.clock.run(50_000);
    await customer.request({ channel: customer.id, close: true });
    bench.view.broadcast = async () => {
      Reflect.deleteProperty(bench.view, "broadcast");
      bench.view.fault = "away";
      return bench.view.broadcast("");
    };
    await bench.clock.run(MINUTE);
    bench.view.fault = "none";
    await bench.clock.run(3 * MINUTE);
    assert.ok(bench.network.node.mempool.spenderOf(`${customer.id}:0`), bench.story());
  });

  it("takes no funding over a coin that has paid for a session since it was proposed", async () => {
    const bench = alone({ socket: BY_CHANNEL });
    const customer = new ChannelCustomer(bench, 21, undefined, [60_000]);
    const funding = customer.signFunding(await customer.propose(DEPOSIT));
    await customer.pay();
    await assert.rejects(customer.sendPayment({ funding }), fault("insufficient-funds"));
    assert.equal(bench.named("channel-opened").length, 0);
  });
});

describe("a channel on which nothing was paid until the week before its deadline", () => {
  it("is not dropped where something is paid while the chain is asked", async () => {
    const { bench, customer } = await opened();
    const asked = (): number => bench.view.asked.get("status") ?? 0;
    /** Until the socket asks about the funding the next time. */
    const question = async (): Promise<void> => {
      const before = asked();
      while (asked() === before) await bench.clock.run(5_000);
    };
    bench.network.mineMany(4_032 - 1_008 - 200);
    await question();
    bench.network.mineMany(200);
    bench.view.delay = 20_000;
    await question();
    await customer.payMore((await customer.visit()).pay);
    assert.equal(bench.named("channel-over").length, 0);
    await bench.clock.run(3 * MINUTE);
    bench.view.delay = 50;
    await bench.clock.run(3 * MINUTE);
    assert.equal(bench.named("channel-over").length, 0, "it holds money");
    assert.equal(bench.named("closing-sent").length, 1, bench.story());
  });
});

describe("a cable that pays by channel", () => {
  it("counts a deposit as locked that its socket calls gone, until its owner forgives", async () => {
    // The power flows; but what was paid on is called gone, as by one that never means to close it.
    const gone = new Set<string>();
    const ticket = (): string => `${gone.size}`.padStart(32, "0");
    const bench = await buried({ maxLocked: 12_000 }, (calls) => ({
      request: async (request, peer) => {
        if (request.channel !== undefined && gone.has(request.channel)) throw new Fault("unknown-channel", "", 1_000);
        return calls.request(request.deposit === undefined ? request : { ...request, ticket: ticket() }, peer);
      },
      pay: async (payment, peer) => {
        const result = await calls.pay(payment, peer);
        if (payment.channel !== undefined) gone.add(payment.channel);
        return result;
      },
    }));
    bench.circuit.load = TOASTER;
    const fundings = (): number => bench.named("channel-opened").filter(({ device }) => device === "cable").length;
    for (let i = 0; i < 20; i++) {
      await bench.clock.run(20 * MINUTE);
      bench.network.mineMany(6);
      bench.restartCable();
    }
    assert.equal(fundings(), 2, bench.story());
    bench.configure({ cable: { forgive: "now" } });
    bench.restartCable();
    await bench.clock.run(30 * MINUTE);
    assert.equal(fundings(), 3, bench.story());
  });

  it("keeps count of a funding that it gave away while what should take its place is refused", async () => {
    const offers: FundingProposal[] = [];
    const bench = new Bench({
      ...{ coins: [30_000, 40_000, 50_000], socket: BY_CHANNEL },
      cable: { ...PAYS, maxLocked: 7_000 },
    });
    bench.front = (socket) =>
      between(socket, (calls) => ({
        ...calls,
        request: async (request, peer) => {
          if (request.channel !== undefined) throw new Fault("unknown-channel", "", 1_000);
          const offer = await calls.request(request, peer);
          if (!("inputs" in offer)) return offer;
          offers.push(offer);
          return offers.length === 2 ? refused(offers[0] ?? offer, request.cableKey) : offer;
        },
      }));
    bench.socket.start();
    bench.cable.start();
    for (let i = 0; i < 6; i++) {
      await bench.clock.run(5 * MINUTE);
      bench.restartCable();
    }
    assert.ok(offers.length > 2, "another was proposed");
    const signed = [...bench.network.seen.values()].filter(({ outputs }) => outputs[0]?.amount === DEPOSIT);
    assert.equal(signed.length, 1, bench.story());
  });

  it("signs no more than one increment to a socket that denies each", async () => {
    let most = 0;
    const bench = await buried({}, (calls) => ({
      request: async (request, peer) => {
        const offer = await calls.request(request, peer);
        if (!("paid" in offer)) return offer;
        const { half: _, ...rest } = offer;
        return { ...rest, paid: 0, pay: most + 900 };
      },
      pay: async (payment: ChannelPayment, peer) => {
        if (payment.channel === undefined) return calls.pay(payment, peer);
        most = Math.max(most, payment.paid ?? 0);
        throw new Fault("bad-increment", "", 1_000);
      },
    }));
    bench.circuit.load = TOASTER;
    await bench.clock.run(60 * MINUTE);
    assert.equal(most, 900, bench.story());
  });

  it("says an increment again to its socket that an imitator has collected in its name, and signs none more", async () => {
    const signed: number[] = [];
    let isTrue = false;
    const bench = await buried({}, (calls) => ({
      ...calls,
      pay: async (payment, peer) => {
        if (payment.channel === undefined) return calls.pay(payment, peer);
        signed.push(payment.paid ?? 0);
        if (isTrue) return calls.pay(payment, peer);
        isTrue = true;
        const energy = { credited: 1_036_666, remaining: 1_036_666 };
        return { channel: payment.channel, state: "paid", ...energy, pay: 0, energy: 0 };
      },
    }));
    bench.circuit.load = TOASTER;
    await bench.clock.run(20 * MINUTE);
    assert.deepEqual([...new Set(signed)], [311], bench.story());
    assert.equal(signed.length, 2, bench.story());
    assert.equal(bench.named("credited").filter(({ channel }) => channel !== undefined).length, 1);
    assert.equal(bench.cable.state, "powered", bench.story());
    const [funding] = bench.named("channel-opened");
    assert.ok(parse(bench.network.seen.get(String(funding?.channel))?.hex ?? "").outputs.length > 0);
  });
});
