// A socket that sells by channel, called by hand: openings, visits, increments, restarts, closings.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "../../lab/model/transaction";
import { alone, type Bench, type BenchOptions, Customer, MINUTE, TOASTER } from "../../lab/stage/bench";
import { BY_CHANNEL, ChannelCustomer } from "../../lab/stage/channel-customer";
import { MAX_SOCKET_CHANNELS } from "../../shared/channel/record";
import { FAULTS, Fault, type FaultName } from "../../shared/protocol/faults";

const DEPOSIT = 5_000;
const DAY = 1_440 * MINUTE;

/** A socket by itself, and a customer with a buried channel. */
async function opened(
  socket: BenchOptions["socket"] = {},
  deposit = DEPOSIT,
): Promise<{ bench: Bench; customer: ChannelCustomer }> {
  const bench = alone({ socket: { ...BY_CHANNEL, ...socket } });
  const customer = new ChannelCustomer(bench, 21);
  await customer.open(deposit);
  return { bench, customer };
}

const given = new Set<string>();
const fault =
  (name: string) =>
  (error: unknown): boolean => {
    given.add(name);
    return error instanceof Fault && error.fault === name;
  };

const questions = ({ view }: Bench): number => [...view.asked.values()].reduce((sum, count) => sum + count, 0);
const entryOf = (bench: Bench): string =>
  [...bench.socketStore.values.keys()].filter((key) => /^channel\.\d/.test(key)).join();

describe("opening a channel", () => {
  it("get_status names the scheme with its terms; a socket without a seed, or whose owner does not name it, does not", async () => {
    const bench = alone({ socket: BY_CHANNEL });
    const customer = new ChannelCustomer(bench, 21);
    const { schemes, channel } = await customer.status();
    assert.deepEqual(schemes, ["channel", "single-fee"]);
    const { payeeKey, first, ...terms } = channel ?? assert.fail("no terms");
    assert.match(payeeKey, /^0[23][0-9a-f]{64}$/);
    assert.ok(first >= 294 + 17, "the first covers the payee's output and the closing");
    const told = {
      depositLeast: 5_000,
      depositMost: 100_000,
      delay: 4_032,
      confirmations: 6,
      margin: 1_008,
      version: 3,
      step: 1,
    };
    assert.deepEqual(terms, told);
    const plain = alone();
    const { schemes: others, channel: none } = await new Customer(plain, 21).status();
    assert.deepEqual([others, none, plain.socket.channels], [["single-fee", "basic"], undefined, undefined]);
  });

  it("proposes a funding over coins that pay nothing else, takes it signed, and brings it to the network", async () => {
    const bench = alone({ socket: BY_CHANNEL });
    const customer = new ChannelCustomer(bench, 21, undefined, [6_000, 90_000, 400_000]);
    const offer = await customer.propose(DEPOSIT);
    assert.deepEqual(
      offer.inputs.map(({ amount }) => amount),
      [6_000],
      "the smallest coin that is enough",
    );
    const signed = customer.signFunding(offer);
    const result = await customer.sendPayment({ funding: signed });
    assert.equal(result.channel, customer.id);
    assert.ok(bench.network.node.mempool.has(customer.id));
    assert.deepEqual(await customer.sendPayment({ funding: signed }), result, "said again: the same answer");
    assert.equal(bench.named("channel-opened").length, 1);
  });

  it("takes no other funding than the proposed one, nor one that another key signed", async () => {
    const bench = alone({ socket: BY_CHANNEL });
    const customer = new ChannelCustomer(bench, 21);
    const offer = await customer.propose(DEPOSIT);
    const less = customer.signFunding({ ...offer, deposit: DEPOSIT - 1 });
    await assert.rejects(customer.sendPayment({ funding: less }), fault("bad-funding"));
    const signed = customer.signFunding(offer);
    const tampered = signed.slice(0, -10 - 66) + "03".repeat(33) + signed.slice(-10);
    await assert.rejects(customer.sendPayment({ funding: tampered }), fault("bad-funding"));
    assert.equal(entryOf(bench), "", "nothing was written");
  });

  it("refuses deposits beyond its terms, coins that a session holds, and one channel more than it keeps", async () => {
    const bench = alone({ socket: BY_CHANNEL });
    const customer = new ChannelCustomer(bench, 21);
    await assert.rejects(customer.propose(4_999), fault("bad-deposit"));
    await assert.rejects(customer.propose(100_001), fault("bad-deposit"));
    await customer.pay();
    await assert.rejects(customer.propose(DEPOSIT), fault("insufficient-funds"));
    await bench.clock.run(2 * MINUTE);
    for (let key = 30; key < 30 + MAX_SOCKET_CHANNELS; key++) {
      await new ChannelCustomer(bench, key).fund(DEPOSIT);
      // Who opens a channel and does not pay has a minute, as everybody.
      await bench.clock.run(3 * MINUTE);
    }
    await assert.rejects(new ChannelCustomer(bench, 50).propose(DEPOSIT), fault("too-many-channels"));
  });

  it("forgets a funding that the network refuses, and keeps no place for it", async () => {
    const bench = alone({ socket: BY_CHANNEL });
    const customer = new ChannelCustomer(bench, 21);
    const funding = customer.signFunding(await customer.propose(DEPOSIT));
    bench.network.node.mempool.policy = { ...bench.network.node.mempool.policy, mempoolMin: 50_000 };
    await assert.rejects(customer.sendPayment({ funding }), fault("broadcast-refused"));
    assert.equal(entryOf(bench), "");
  });

  it("sends a funding again that the network forgot, and gives up one whose coins are spent by another for good", async () => {
    const bench = alone({ socket: BY_CHANNEL });
    const customer = new ChannelCustomer(bench, 21);
    bench.view.fault = "swallows";
    await customer.fund(DEPOSIT);
    assert.ok(!bench.network.node.mempool.has(customer.id));
    bench.view.fault = "none";
    await bench.clock.run(2 * MINUTE);
    assert.ok(bench.network.node.mempool.has(customer.id));
  });
});

describe("a visit by channel", () => {
  it("gives power for the first increment without a question to the chain", async () => {
    const { bench, customer } = await opened();
    const before = questions(bench);
    const offer = await customer.visit();
    assert.equal(offer.pay, 294 + 17, "dust and the closing's fee at 0.1 sat/vB");
    assert.equal(offer.energy, Math.floor((offer.pay * 1_000_000) / 300));
    const result = await customer.payMore(offer.pay);
    assert.deepEqual([result.state, result.credited, result.pay], ["paid", offer.energy, 1]);
    assert.equal(questions(bench), before);
    assert.ok(bench.circuit.socket.read().closed);
  });

  it("sells increments of one satoshi, and of half a minute at the power that flows", async () => {
    const { bench, customer } = await opened();
    const { pay } = await customer.visit();
    await customer.payMore(pay);
    assert.equal((await customer.payMore(1)).credited, 3_333);
    bench.draw(TOASTER);
    await bench.clock.run(5_000);
    const { pay: next, energy } = await customer.visit();
    assert.equal(next, 4);
    assert.ok(energy >= (TOASTER * 30) / 3_600);
  });

  it("answers an increment that is said again as before, and takes none that is older, less, forged or another channel's", async () => {
    const { customer } = await opened();
    const { pay } = await customer.visit();
    const first = { channel: customer.id, paid: pay, half: customer.half(pay) };
    const wrong = (payment: object, name: string): Promise<void> =>
      assert.rejects(customer.sendPayment({ ...first, ...payment }), fault(name));
    await wrong({ half: customer.half(pay + 1) }, "bad-increment");
    await wrong({ paid: pay - 1, half: customer.half(pay - 1) }, "bad-increment");
    await wrong({ paid: DEPOSIT, half: first.half }, "channel-closing");
    await wrong({ channel: "ab".repeat(32) }, "unknown-channel");
    await wrong({ ticket: "ab".repeat(16) }, "unknown-channel");
    const taken = await customer.payMore(pay);
    const again = await customer.sendPayment(first);
    assert.deepEqual([again.credited, again.remaining], [0, taken.remaining]);
    await customer.payMore(5);
    await wrong({}, "already-superseded");
  });

  it("tells nobody of a channel who does not show its ticket, and closes none for him", async () => {
    const { bench, customer } = await opened();
    const { pay } = await customer.visit();
    await customer.payMore(pay);
    for (const members of [{ channel: customer.id }, { channel: customer.id, close: true }])
      await assert.rejects(customer.request({ ...members, ticket: "ab".repeat(16) }), fault("unknown-channel"));
    await bench.clock.run(MINUTE);
    const stranger = new ChannelCustomer(bench, 33);
    await assert.rejects(stranger.request({ channel: customer.id }), fault("unknown-channel"));
    assert.equal(bench.named("closing-sent").length, 0);
  });

  it("keeps what is left for the cable's return: over its leaving, a restart and a lockout, once", async () => {
    const { bench, customer } = await opened();
    const { pay, energy } = await customer.visit();
    await customer.payMore(pay);
    bench.draw(TOASTER);
    await bench.clock.run(MINUTE);
    bench.draw(0);
    bench.unplug();
    await bench.clock.run(2 * MINUTE);
    assert.equal((await customer.status()).state, "standby");
    const drawn = Math.round(TOASTER / 60);
    const back = await customer.visit();
    assert.ok(Math.abs(back.credit - (energy - drawn)) < 100, `${back.credit} of ${energy - drawn}`);
    bench.restartSocket();
    await bench.clock.run(1_000);
    const after = await customer.visit();
    assert.ok(Math.abs(after.credit - back.credit) < 100, `${after.credit} of ${back.credit}`);
    bench.unplug();
    await bench.clock.run(2 * MINUTE);
    // Nobody pays: a lockout begins and ends.
    bench.draw(0);
    await bench.clock.run(70_000);
    assert.equal((await customer.status()).state, "lockout");
    bench.unplug();
    await bench.clock.run(3 * MINUTE);
    const last = await customer.visit();
    assert.ok(
      last.credit > back.credit - 3_000 && last.credit <= back.credit + 100,
      `${last.credit} of ${back.credit}`,
    );
  });

  it("writes the channel's entry and nothing else for an increment; the meter's notes stay notes", async () => {
    const { bench, customer } = await opened();
    await customer.payMore((await customer.visit()).pay);
    bench.draw(TOASTER);
    await bench.clock.run(10_000);
    const { values, writes } = bench.socketStore;
    const record = () => [...values].filter(([key]) => /^socket\.[ab]$/.test(key)).join();
    const before = [writes, record(), entryOf(bench)];
    for (let increment = 1; increment <= 5; increment++) {
      await customer.payMore(20);
      assert.equal(bench.socketStore.writes, writes + increment, "one write for each");
    }
    await bench.clock.run(MINUTE);
    const notes = bench.socketStore.writes - writes - 5;
    assert.ok(notes > 0 && record() === before[1], `${notes} notes of the meter, the record as it was`);
    // What was paid meanwhile is there after a restart all the same, with what a meter forgets.
    bench.draw(0);
    const { remaining } = await customer.status();
    assert.ok(remaining > 0);
    bench.restartSocket();
    await bench.clock.run(1_000);
    const { credit } = await customer.visit();
    assert.ok(credit >= remaining && credit <= remaining + 2_400, `${credit} of ${remaining}`);
  });

  it("is over where its cable falls silent; the channel is not", async () => {
    const { bench, customer } = await opened();
    const { pay } = await customer.visit();
    await customer.payMore(pay);
    await bench.clock.run(MINUTE);
    assert.equal(bench.named("visit-ended").length, 1);
    await assert.rejects(customer.payMore(1), fault("unknown-session"));
    customer.owes -= 1;
    assert.equal((await customer.visit()).paid, pay);
    assert.equal(bench.named("closing-sent").length, 0);
  });

  it("is served to one cable at a time, and another one does not get its power", async () => {
    const { bench, customer } = await opened();
    const other = new ChannelCustomer(bench, 22);
    await other.open(DEPOSIT);
    const { pay } = await customer.visit();
    await customer.payMore(pay);
    await assert.rejects(other.visit(), fault("socket-busy"));
    await assert.rejects(other.pay(), fault("socket-busy"));
    await bench.clock.run(MINUTE);
    const theirs = await other.visit();
    assert.equal(theirs.credit, 0);
    await other.payMore(theirs.pay);
    await bench.clock.run(2 * MINUTE);
    assert.ok((await customer.visit()).credit > 0, "its own waited");
  });

  it("goes on where a session of the same cable paid before: what is left is the channel's then, and drawn once", async () => {
    const { bench, customer } = await opened();
    await customer.pay();
    const left = (await customer.status()).remaining;
    const offer = await customer.visit();
    const { remaining } = await customer.payMore(offer.pay);
    assert.equal(remaining, left + offer.energy);
    await bench.clock.run(MINUTE);
    const back = await customer.visit();
    assert.ok(Math.abs(back.credit - remaining) <= 1, `${back.credit} of ${remaining}`);
    assert.ok(bench.named("session-ended").some(({ why }) => why === "by-channel"));
    await bench.clock.run(MINUTE);
    const { credit } = await customer.ask();
    assert.equal(credit, 0, "who does not show the ticket sees none of it");
  });
});

describe("a socket that has restarted, or whose chain is away", () => {
  it("sells nothing on a channel before it has asked, and asks at the first visit where it did not yet", async () => {
    const { bench, customer } = await opened();
    bench.view.fault = "away";
    bench.restartSocket();
    await assert.rejects(customer.visit(), fault("channel-not-ready"));
    bench.view.fault = "none";
    const offer = await customer.visit();
    assert.equal((await customer.payMore(offer.pay)).state, "paid");
  });

  it("sells on for a day without its chain, and not a minute longer", async () => {
    const { bench, customer } = await opened();
    const first = await customer.visit();
    await customer.payMore(first.pay);
    bench.view.fault = "away";
    await bench.clock.run(DAY - 15 * MINUTE);
    const offer = await customer.visit();
    assert.equal((await customer.payMore(offer.pay)).state, "paid");
    await bench.clock.run(4 * 60 * MINUTE);
    await assert.rejects(customer.visit(), fault("channel-not-ready"));
  });

  it("asks in the background, so that a cable that comes the next day waits for no answer", async () => {
    const { bench, customer } = await opened();
    await bench.clock.run(5 * DAY);
    const before = questions(bench);
    const { pay } = await customer.visit();
    assert.equal(questions(bench) - before, 1, "the fee rates of a first increment, which nobody kept fresh");
    await customer.payMore(pay);
    await bench.clock.run(2 * DAY);
    const later = questions(bench);
    await customer.payMore((await customer.visit()).pay);
    assert.equal(questions(bench), later);
  });

  it("takes nothing on a funding that is not buried, or that a reorganisation has unburied", async () => {
    const bench = alone({ socket: BY_CHANNEL });
    const customer = new ChannelCustomer(bench, 21);
    await customer.open(DEPOSIT, 5);
    await assert.rejects(customer.visit(), fault("channel-not-ready"));
    bench.network.mine();
    await bench.clock.run(2 * MINUTE);
    const { pay } = await customer.visit();
    await customer.payMore(pay);
    bench.network.reorganise(6);
    await bench.clock.run(8 * 60 * MINUTE);
    const tip = bench.network.blocks.height;
    const height = bench.network.blocks.blockOf(customer.id)?.height;
    if (height !== undefined && tip - height + 1 >= 6) return;
    await assert.rejects(customer.visit(), fault("channel-not-ready"));
  });
});

describe("closing a channel", () => {
  const closingOf = (bench: Bench, customer: ChannelCustomer): string | undefined =>
    bench.network.node.mempool.spenderOf(`${customer.id}:0`) ?? bench.network.blocks.spenderOf(`${customer.id}:0`);

  it("at the cable's word: the latest state goes out, nothing more is sold, and the entry goes once it is buried", async () => {
    const { bench, customer } = await opened();
    const { pay } = await customer.visit();
    await customer.payMore(pay);
    await customer.payMore(700);
    const answer = await customer.request({ channel: customer.id, close: true });
    assert.ok("closing" in answer && answer.closing && answer.pay === 0);
    await assert.rejects(customer.payMore(1), fault("unknown-session"));
    customer.owes -= 1;
    await bench.clock.run(30_000);
    const txid = closingOf(bench, customer) ?? assert.fail("no closing");
    const closing = parse(bench.network.seen.get(txid)?.hex ?? "");
    assert.equal(closing.outputs[0]?.amount, DEPOSIT - customer.owes);
    assert.equal(closing.outputs[1]?.script, bench.payout.script);
    bench.network.mineMany(6);
    await bench.clock.run(3 * MINUTE);
    assert.equal(bench.named("channel-closed").at(-1)?.own, true);
    // What it had paid for and not drawn still waits.
    const left = await customer.visit();
    assert.ok(left.credit > 0 && left.closing);
    assert.equal(bench.received(), customer.owes - 17);
  });

  it("at the owner's word, once for each word", async () => {
    const { bench, customer } = await opened();
    await customer.payMore((await customer.visit()).pay);
    bench.configure({ socket: { closeChannels: "2026-11" } });
    bench.restartSocket();
    await bench.clock.run(2 * MINUTE);
    assert.ok(closingOf(bench, customer));
    const other = new ChannelCustomer(bench, 22);
    await other.open(DEPOSIT);
    await other.payMore((await other.visit()).pay);
    bench.restartSocket();
    await bench.clock.run(2 * MINUTE);
    assert.equal(closingOf(bench, other), undefined);
  });

  it("when the deposit is used up, and when all channels together hold what may stand unclosed: the oldest", async () => {
    const { bench, customer } = await opened();
    await customer.visit();
    const { pay } = await customer.payMore(DEPOSIT - 294);
    assert.equal(pay, 0);
    await bench.clock.run(30_000);
    assert.ok(closingOf(bench, customer));

    const limited = alone({ socket: { ...BY_CHANNEL, maxUnclosed: 6_000 } });
    const [first, second] = [new ChannelCustomer(limited, 21), new ChannelCustomer(limited, 22)];
    await first.open(DEPOSIT);
    await second.open(DEPOSIT);
    await first.visit();
    await first.payMore(4_000);
    await limited.clock.run(MINUTE);
    await second.visit();
    await second.payMore(2_000);
    await assert.rejects(second.payMore(1), fault("unclosed-limit"));
    second.owes -= 1;
    await limited.clock.run(MINUTE);
    assert.ok(closingOf(limited, first), "the oldest");
    assert.equal(closingOf(limited, second), undefined);
  });

  it("a week of blocks before the deadline, without a cable and without a word, dearer each day until a block takes it", async () => {
    const { bench, customer } = await opened();
    await customer.visit();
    await customer.payMore(2_000);
    bench.network.censored = () => true;
    bench.network.mineMany(4_032 - 1_008 - 90);
    await bench.clock.run(4 * 60 * MINUTE);
    assert.equal(closingOf(bench, customer), undefined);
    bench.network.mineMany(90);
    await bench.clock.run(4 * 60 * MINUTE);
    const first = closingOf(bench, customer) ?? assert.fail("no closing");
    await bench.clock.run(DAY + 60 * MINUTE);
    const second = closingOf(bench, customer) ?? assert.fail("no closing");
    assert.notEqual(second, first);
    const fee = (txid: string): number => bench.network.node.mempool.entries.get(txid)?.fee ?? 0;
    assert.ok(fee(second) > 17);
    await assert.rejects(customer.payMore(1), fault("unknown-session"));
  });

  it("raises the fee out of its own share when the market rose fifty times, and again where the first one lies under the relay minimum", async () => {
    const { bench, customer } = await opened();
    await customer.visit();
    await customer.payMore(3_000);
    await customer.request({ channel: customer.id, close: true });
    await bench.clock.run(30_000);
    const first = closingOf(bench, customer) ?? assert.fail("no closing");
    bench.network.market = 5_000;
    bench.network.node.mempool.policy = { ...bench.network.node.mempool.policy, minRelay: 5_000 };
    await bench.clock.run(DAY + 60 * MINUTE);
    const second = closingOf(bench, customer) ?? assert.fail("no closing");
    assert.notEqual(second, first);
    bench.network.mineMany(6);
    await bench.clock.run(3 * MINUTE);
    assert.ok(bench.received() >= 294 && bench.received() < 3_000);
  });

  it("sells nothing more where somebody else spends the deposit, and brings the latest state against it", async () => {
    const { bench, customer } = await opened();
    await customer.visit();
    await customer.payMore(2_000);
    bench.network.censored = () => true;
    bench.network.mineMany(4_032);
    const refund = customer.refund(200);
    bench.network.node.submit(refund);
    await bench.clock.run(4 * 60 * MINUTE);
    assert.notEqual(closingOf(bench, customer), parse(refund).txid, "the closing pays more");
  });
});

describe("the catalogue of faults", () => {
  it("has none of channels that was not given above", () => {
    const missing = (Object.keys(FAULTS) as FaultName[]).filter(
      (name) => /channel|deposit|unclosed|bad-(funding|increment)/.test(name) && !given.has(name),
    );
    assert.deepEqual(missing, []);
  });
});
