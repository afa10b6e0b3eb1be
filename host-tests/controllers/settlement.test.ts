// What makes a socket settle, and how it stays with a settlement until it is buried.

import assert from "node:assert/strict";
import { test } from "node:test";
import { alone, type Bench, Customer, MINUTE, plugged } from "../../lab/stage/bench";
import { ChainError } from "../../shared/chain/error";
import { Fault } from "../../shared/protocol/faults";

/** A socket that holds three increments of one session, unsettled. */
async function holding(options?: ConstructorParameters<typeof Bench>[0]): Promise<{ bench: Bench; payer: Customer }> {
  const bench = alone(options);
  const payer = new Customer(bench, 21);
  const { next } = await payer.pay();
  const third = await payer.pay(next);
  await payer.pay(third.next);
  assert.equal(bench.named("broadcast").length, 0, "nothing is settled yet");
  return { bench, payer };
}

/** The one settlement pays all three increments. */
function settled(bench: Bench, why?: string): void {
  const [broadcast, more] = bench.named("broadcast");
  assert.equal(broadcast?.value, 30_000);
  assert.equal(more, undefined);
  if (why !== undefined) assert.equal(bench.named("session-ended")[0]?.why, why);
}

/** Keeps calling for `time`, as a cable that sits there does. */
async function stay(payer: Customer, time: number): Promise<void> {
  for (let t = 0; t < time; t += 20_000) {
    await payer.bench.clock.run(20_000);
    await payer.status();
  }
}

test("a session is settled when its cable has made no call for 30 s", async () => {
  const { bench } = await holding();
  await bench.clock.run(29_000);
  assert.equal(bench.named("broadcast").length, 0);
  await bench.clock.run(3_000);
  settled(bench, "left");
});

test("a session is settled at its maximum, in the answer to the last payment", async () => {
  const bench = alone({ socket: { sessionMax: 30_000 } });
  const payer = new Customer(bench, 21);
  const first = await payer.pay();
  const second = await payer.pay(first.next);
  const last = await payer.pay(second.next);
  assert.equal(last.next, undefined);
  assert.match(last.txid ?? "", /^[0-9a-f]{64}$/);
  await bench.clock.run(1_000);
  settled(bench, "complete");
  assert.equal(bench.named("broadcast")[0]?.txid, last.txid);
});

test("a session is settled when credit is used up and nobody renews: lockout", async () => {
  const { bench, payer } = await holding();
  bench.draw(3_600_000);
  // 120 Wh at 3.6 kW last two minutes; the standby current trips at once then.
  await stay(payer, 3 * MINUTE);
  settled(bench, "lockout");
});

test("a session is settled before it expires", async () => {
  const { bench, payer } = await holding();
  bench.network.mineMany(137);
  await stay(payer, 2 * MINUTE);
  assert.equal(bench.named("broadcast").length, 0, "at 137 blocks it still runs");
  bench.network.mine();
  await stay(payer, 2 * MINUTE);
  settled(bench, "expiry");
});

test("a session is settled before a restart", async () => {
  const { bench } = await holding();
  await bench.clock.finish(bench.socket.stop());
  settled(bench, "stopping");
});

test("a commitment that was never settled goes out first thing at boot", async () => {
  const { bench } = await holding();
  bench.restartSocket();
  await bench.clock.run(200);
  settled(bench);
});

test("a chain that is away for an hour delays a settlement and loses nothing", async () => {
  const { bench } = await holding();
  bench.view.fault = "away";
  await bench.clock.run(60 * MINUTE);
  assert.equal(bench.named("broadcast").length, 0);
  bench.view.fault = "none";
  await bench.clock.run(MINUTE);
  settled(bench, "left");
});

test("a commitment is brought out when somebody else spends an input, and whose coins they were is not dealt with again", async () => {
  const { bench, payer } = await holding();
  const offer = await payer.ask();
  const [coin] = offer.inputs;
  const outputs = [{ script: payer.wallet.script, amount: (coin?.amount ?? 0) - 4_000 }];
  await bench.clock.run(2_000);
  bench.network.node.submit(payer.sign({ ...offer, fee: 4_000, outputs }).transaction);
  await bench.clock.run(1_000);
  assert.equal(bench.named("rival")[0]?.rival, "foreign", "a push of the chain is enough, no round was due");
  assert.equal((await payer.status()).state, "lockout");
  assert.equal(bench.named("session-ended")[0]?.why, "double-spend", "not the lockout that follows from it");
  assert.ok(!bench.circuit.socket.closed, "the relay is open");
});

test("a backend that does not push is asked every ten seconds", async () => {
  const { bench, payer } = await holding();
  Object.defineProperty(bench.view, "watch", { value: undefined });
  bench.restartSocket();
  await bench.clock.run(MINUTE);
  bench.network.mine();
  const offer = await payer.ask();
  await payer.pay(offer);
  const [coin] = offer.inputs;
  const outputs = [{ script: payer.wallet.script, amount: (coin?.amount ?? 0) - 4_000 }];
  bench.network.node.submit(payer.sign({ ...offer, fee: 4_000, outputs }).transaction);
  await bench.clock.run(12_000);
  assert.equal(bench.named("rival").at(-1)?.rival, "foreign");
});

test("a settlement is followed until two blocks are on it, and one that the network forgot is sent again", async () => {
  const { bench } = await holding();
  await bench.clock.run(MINUTE);
  settled(bench);
  bench.network.node.mempool.entries.clear();
  await bench.clock.run(MINUTE);
  assert.equal(bench.named("broadcast").length, 2, "it was sent again");
  bench.network.mine();
  await bench.clock.run(MINUTE);
  assert.equal(bench.named("mined").length, 1);
  assert.equal(bench.named("buried").length, 0);
  bench.network.mine();
  await bench.clock.run(MINUTE);
  assert.equal(bench.named("buried")[0]?.owed, 0);
});

test("a reorganisation that undoes a settlement is noticed, and it is mined again", async () => {
  const { bench } = await holding();
  await bench.clock.run(MINUTE);
  bench.network.mine();
  await bench.clock.run(MINUTE);
  bench.network.censored = () => true;
  bench.network.reorganise(1);
  await bench.clock.run(MINUTE);
  assert.equal(bench.named("reorganised").length, 1);
  bench.network.censored = () => false;
  bench.network.mineMany(2);
  await bench.clock.run(MINUTE);
  assert.equal(bench.named("buried")[0]?.value, 30_000);
});

test("no payment is buried whose parent is in no block, whatever a backend says that mixes old answers with new", async () => {
  const bench = alone({ socket: { schemes: ["basic"] } });
  const payer = new Customer(bench, 21);
  const { next } = await payer.pay(await payer.ask("basic"));
  const { txid } = await payer.pay(next);
  bench.network.mineMany(1);
  await bench.clock.run(MINUTE);
  assert.equal(bench.named("mined").length, 2);
  const { height } = bench.network.blocks;
  bench.view.status = async (asked) => (asked === txid ? { state: "confirmed", height } : { state: "unknown" });
  bench.network.mineMany(1);
  await bench.clock.run(2 * MINUTE);
  assert.deepEqual(bench.named("buried"), []);
});

test("a backend that names no spender does not make a cheat of an honest cable", async () => {
  const { bench, payer } = await holding();
  const { outspend, broadcast } = bench.view;
  Object.defineProperty(bench.view, "outspend", {
    value: async (outpoint: never) => ((await outspend.call(bench.view, outpoint)) ? {} : undefined),
  });
  Object.defineProperty(bench.view, "broadcast", {
    value: async (hex: string) => {
      await broadcast.call(bench.view, hex);
      throw new ChainError("conflict", "its inputs are spent (by itself)");
    },
  });
  bench.restartSocket();
  await bench.clock.run(MINUTE);
  assert.deepEqual(bench.named("rival"), []);
  bench.network.mineMany(2);
  await bench.clock.run(MINUTE);
  assert.equal(bench.named("buried").length, 1);
  assert.ok((await payer.ask()).credit > 119_000);
});

test("a backend that names no spender does not make a cheat of a cable whose earlier commitment was mined", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  const early = payer.sign(await payer.ask());
  const { next } = await payer.send(early);
  await payer.pay(next);
  const { outspend } = bench.view;
  Object.defineProperty(bench.view, "watch", { value: undefined });
  Object.defineProperty(bench.view, "outspend", {
    value: async (outpoint: never) => ((await outspend.call(bench.view, outpoint)) ? {} : undefined),
  });
  bench.network.node.submit(early.transaction);
  bench.network.mineMany(2);
  await bench.clock.run(2 * MINUTE);
  assert.deepEqual(
    bench.named("rival").map(({ rival }) => rival),
    ["earlier-commitment"],
  );
  assert.equal(bench.named("buried")[0]?.owed, 10_000);
  assert.equal((await payer.ask()).arrears, 10_000, "it is dealt with, and asked for the rest");
});

test("a backend that takes a coin for spent whose parent was forgotten makes no cheat of a cable either", async () => {
  const bench = alone({ socket: { sessionMax: 10_000 } });
  const payer = new Customer(bench, 21);
  await payer.pay();
  await bench.clock.run(1_000);
  await payer.pay();
  await bench.clock.run(1_000);
  assert.equal(bench.named("broadcast").length, 2, "the second spends the change of the first");
  const { entries } = bench.network.node.mempool;
  const { outspend, broadcast } = bench.view;
  Object.defineProperty(bench.view, "outspend", {
    value: async (outpoint: { txid: string }) => {
      const isKnown = entries.has(outpoint.txid) || bench.network.blocks.blockOf(outpoint.txid) !== undefined;
      return isKnown ? outspend.call(bench.view, outpoint as never) : {};
    },
  });
  bench.view.broadcast = () => Promise.reject(new ChainError("fee-too-low", "mempool min fee not met"));
  entries.clear();
  await bench.clock.run(2 * MINUTE);
  assert.deepEqual(bench.named("rival"), []);
  bench.view.broadcast = broadcast;
  await bench.clock.run(MINUTE);
  bench.network.mineMany(2);
  await bench.clock.run(2 * MINUTE);
  assert.equal(bench.named("buried").length, 2);
});

/**
 * As Bitcoin Core answers: of what is spent in a block it only knows that some block up to now has
 * it.
 */
function forgetsSpenders(bench: Bench): void {
  const { outspend } = bench.view;
  bench.view.outspend = async (outpoint) => {
    const spend = await outspend.call(bench.view, outpoint);
    return spend?.height === undefined ? spend : { height: bench.network.blocks.height };
  };
}

/** The payer spends the coins of a held session elsewhere, and no block has it yet. */
async function doubleSpent(): Promise<Bench> {
  const { bench, payer } = await holding();
  forgetsSpenders(bench);
  const offer = await payer.ask();
  const [coin] = offer.inputs;
  const outputs = [{ script: payer.wallet.script, amount: (coin?.amount ?? 0) - 4_000 }];
  bench.network.node.submit(payer.sign({ ...offer, fee: 4_000, outputs }).transaction);
  await bench.clock.run(MINUTE);
  assert.deepEqual(bench.named("lost"), [], "nothing is decided while no block has it");
  return bench;
}

test("a double spend is concluded once it is buried, also where the backend knows no block of it", async () => {
  const bench = await doubleSpent();
  bench.network.mine();
  await bench.clock.run(MINUTE);
  assert.deepEqual(bench.named("lost"), [], "one block is not enough");
  bench.restartSocket();
  bench.network.mine();
  await bench.clock.run(MINUTE);
  assert.deepEqual(
    bench.named("lost").map(({ value }) => value),
    [30_000],
  );
  const { length } = bench.named("rival");
  await bench.clock.run(MINUTE);
  assert.equal(bench.named("rival").length, length, "and asked no more");
});

test("a spend whose block alone is known makes no cheat of a cable whose own commitment it is", async () => {
  const { bench } = await holding();
  forgetsSpenders(bench);
  bench.view.broadcast = async (hex) => {
    bench.network.node.submit(hex);
    bench.network.mineMany(3);
    throw new ChainError("conflict", "its inputs are spent (by itself)");
  };
  await bench.clock.run(2 * MINUTE);
  assert.deepEqual([...bench.named("rival"), ...bench.named("lost")], []);
  assert.equal(bench.named("buried").length, 1);
});

test("the blocks on a double spend count anew after a reorganisation took it back", async () => {
  const bench = await doubleSpent();
  bench.network.mine();
  await bench.clock.run(MINUTE);
  bench.network.censored = () => true;
  bench.network.reorganise(1);
  await bench.clock.run(MINUTE);
  bench.network.censored = () => false;
  bench.network.mine();
  await bench.clock.run(MINUTE);
  assert.deepEqual(bench.named("lost"), [], "one block is on it");
  bench.network.mine();
  await bench.clock.run(MINUTE);
  assert.equal(bench.named("lost").length, 1);
});

test("a payment whose broadcast nobody answered is credited once the network turns out to have it (basic)", async () => {
  const bench = plugged({ cable: { schemes: ["basic"] } }, 500_000);
  const { broadcast } = bench.view;
  let lost = 0;
  bench.view.broadcast = async (hex) => {
    await broadcast.call(bench.view, hex);
    if (lost++ > 0) return broadcast.call(bench.view, hex);
    throw new ChainError("away", "no answer in time");
  };
  await bench.clock.run(MINUTE);
  assert.equal(bench.cable.state, "powered");
  assert.equal(bench.network.node.mempool.entries.size, 1, "it is paid once");
  assert.deepEqual(bench.named("rival"), []);
});

test("a payment is credited once, though a round tells the network of it while its own broadcast is unanswered (basic)", async () => {
  const bench = alone({ socket: { schemes: ["basic"] } });
  const payer = new Customer(bench, 21);
  const { broadcast } = bench.view;
  let answer = (): void => {};
  const slow = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const told: string[] = [];
  bench.view.broadcast = async (hex) => {
    told.push(hex);
    const txid = await broadcast.call(bench.view, hex);
    if (told.length === 1) await slow;
    return txid;
  };
  const request = payer.sign(await payer.ask("basic"));
  const late = bench.socket.payTransaction(request, payer.host);
  for (let second = 0; second < 120 && bench.named("session-ended").length === 0; second++)
    await bench.clock.run(1_000);
  const other = new Customer(bench, 22);
  await other.pay(await other.ask("basic"));
  await bench.clock.run(MINUTE);
  assert.equal(told.filter((hex) => hex === request.transaction).length, 2, "a round told of it once more");
  answer();
  await bench.clock.finish(late);
  await bench.clock.run(MINUTE);
  assert.equal((await payer.ask("basic")).credit, 40_000, bench.story());
});

test("a payment that is written off while it is being broadcast is not answered as credited", async () => {
  const bench = alone({ socket: { confirmations: 1 } });
  const payer = new Customer(bench, 21);
  const offer = await payer.ask("basic");
  // The network loses the first payment, and takes its time with the second.
  let answer = (): void => {};
  let isSecond = false;
  bench.view.broadcast = () =>
    new Promise((resolve) => {
      if (isSecond) answer = () => resolve("00".repeat(32));
      else resolve("00".repeat(32));
      isSecond = false;
    });
  const { next } = await payer.pay(offer);
  isSecond = true;
  const late = bench.socket.payTransaction(payer.sign(next ?? offer), payer.host);
  await bench.clock.run(1_000);
  const [coin] = offer.inputs;
  const outputs = [{ script: payer.wallet.script, amount: (coin?.amount ?? 0) - 4_000 }];
  bench.network.node.submit(payer.sign({ ...offer, fee: 4_000, outputs }).transaction);
  bench.network.mineMany(2);
  for (let second = 0; second < 300 && bench.named("lost").length < 2; second++) await bench.clock.run(1_000);
  assert.equal(bench.named("lost").length, 2, bench.story());
  answer();
  await assert.rejects(bench.clock.finish(late), (error) => error instanceof Fault && error.fault === "session-ended");
  assert.equal(bench.named("credited").length, 1);
});

test("a coin that a payment spends of which no node was told yet pays for nothing else: another is chosen", async () => {
  const bench = alone({ socket: { sessionMax: 10_000 } });
  const payer = new Customer(bench, 21, undefined, [400_000, 300_000]);
  bench.view.broadcast = () => Promise.reject(new ChainError("away", "no answer in time"));
  const first = await payer.ask();
  await payer.pay(first);
  const [pledged] = first.inputs;
  const isPledged = ({ txid, vout }: { txid: string; vout: number }): boolean =>
    txid === pledged?.txid && vout === pledged.vout;
  const listed = await bench.clock.finish(bench.view.utxos(payer.wallet.script, 20));
  assert.ok(listed.some(isPledged), "the chain still lists it");
  const second = await payer.ask();
  assert.notEqual(second.session, first.session);
  assert.ok(!second.inputs.some(isPledged));
  assert.equal((await payer.pay(second)).credited, 40_000);
});

test("a session that pays arrears along sells no more than its coins hold beside them", async () => {
  const feeLimit = 5_000;
  const bench = alone({ socket: { feeLimit } });
  const payer = new Customer(bench, 21, undefined, [60_000]);
  const early = payer.sign(await payer.ask());
  const { next } = await payer.send(early);
  await payer.pay(next);
  bench.network.node.submit(early.transaction);
  bench.network.mineMany(2);
  await bench.clock.run(2 * MINUTE);
  const offer = await payer.ask();
  assert.equal(offer.arrears, 10_000);
  const held = offer.inputs.reduce((sum, { amount }) => sum + amount, 0);
  assert.ok(offer.sessionMax + offer.arrears + feeLimit <= held, `${offer.sessionMax} sat of ${held}`);
  assert.ok(offer.sessionMax + offer.arrears + feeLimit > held - 10_000, "not an increment less than they do hold");
});

test("no debt is forgotten, however many leave one: beyond the list's end the oldest are kept as one sum", async () => {
  const thieves = 17;
  const bench = alone({ socket: { sessionMax: 10_000, exposureLimit: thieves * 10_000 } });
  for (let k = 0; k < thieves; k++) {
    const thief = new Customer(bench, 100 + k);
    const offer = await thief.ask();
    await thief.pay(offer);
    const [coin] = offer.inputs;
    const outputs = [{ script: thief.wallet.script, amount: (coin?.amount ?? 0) - 4_000 }];
    bench.network.node.submit(thief.sign({ ...offer, fee: 4_000, outputs }).transaction);
    for (let block = 0; block < 20 && bench.named("lost").length <= k; block++) {
      await bench.clock.run(MINUTE);
      bench.network.mine();
    }
    await bench.clock.run(2 * MINUTE);
  }
  assert.equal(bench.named("lost").length, thieves, bench.story());
  await assert.rejects(
    new Customer(bench, 21).ask(),
    (error) => error instanceof Fault && error.fault === "exposure-limit",
  );
});
