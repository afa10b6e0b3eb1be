// A socket that closes channels while fees rise: out of its share, and with coins of its own where
// that does not suffice.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Purse } from "../../lab/model/purse";
import { realEcdsa } from "../../lab/model/signers";
import { parse, type Transaction } from "../../lab/model/transaction";
import { alone, type Bench, CHANNEL_SEED, MINUTE } from "../../lab/stage/bench";
import { BY_CHANNEL, ChannelCustomer } from "../../lab/stage/channel-customer";
import { payeeScriptOf } from "../../shared/bitcoin/address";
import { bytesToHex } from "../../shared/bitcoin/bytes";
import { inputsHex, outputsHex, unsignedFrom } from "../../shared/bitcoin/draft";
import { releaseDraft } from "../../shared/bitcoin/release";
import { signDraft } from "../../shared/bitcoin/sign";
import { feeCoinScript, push, signWhole, withStacks } from "../../shared/channel/closing";
import { payeeWallet } from "../../shared/channel/payee-key";
import { wholeDigest } from "../../shared/channel/sighash";

const DEPOSIT = 5_000;
const DAY = 1_440 * MINUTE;
const SEQUENCE = 0xfffffffd;

/**
 * A channel on which `paid` sat were paid, and whose cable has asked for its end; no block takes
 * anything.
 */
async function closing(paid: number): Promise<{ bench: Bench; customer: ChannelCustomer }> {
  const bench = alone({ socket: BY_CHANNEL });
  const customer = new ChannelCustomer(bench, 21);
  await customer.open(DEPOSIT);
  await customer.visit();
  await customer.payMore(paid);
  bench.network.censored = () => true;
  await customer.request({ channel: customer.id, close: true });
  return { bench, customer };
}

/** The transaction of the socket's, in mempool or block, that spends the deposit. */
function closingOf(bench: Bench, { id }: ChannelCustomer): Transaction | undefined {
  const txid = bench.network.node.mempool.spenderOf(`${id}:0`) ?? bench.network.blocks.spenderOf(`${id}:0`);
  return txid === undefined ? undefined : parse(bench.network.seen.get(txid)?.hex ?? "");
}

const feeOf = (bench: Bench, tx: Transaction | undefined): number =>
  bench.network.node.mempool.entries.get(tx?.txid ?? "")?.fee ?? assert.fail("not in the mempool");

/** What nodes ask for from now on, msat/vB. */
function market(bench: Bench, rate: number): void {
  bench.network.market = rate;
  bench.network.node.mempool.policy = { ...bench.network.node.mempool.policy, minRelay: Math.min(rate, 5_000) };
}

/** Sends a coin to the channel's payee key, in a block of its own. */
function feeCoin(bench: Bench, { deposit }: ChannelCustomer, amount: number): void {
  const { censored } = bench.network;
  bench.network.censored = () => false;
  bench.network.grant(feeCoinScript(deposit?.keys ?? assert.fail()), amount);
  bench.network.mine();
  bench.network.censored = censored;
}

const nameOf = ({ txid, vout }: { txid: string; vout: number }): string => `${txid}:${vout}`;
const day = (bench: Bench): Promise<void> => bench.clock.run(DAY + 60 * MINUTE);

describe("a closing whose share does not pay the fee of the day", () => {
  it("waits, says to which address a coin for its fee may be sent, and spends that coin along", async () => {
    const { bench, customer } = await closing(311);
    market(bench, 5_000);
    await bench.clock.run(DAY);
    const told = bench.named("closing-worthless");
    assert.ok(told.length > 0 && told.length <= 25, `once an hour at most: ${told.length}`);
    const { address } = told.at(-1) ?? assert.fail(bench.story());
    assert.equal(payeeScriptOf(String(address), "regtest"), feeCoinScript(customer.deposit?.keys ?? assert.fail()));
    feeCoin(bench, customer, 3_000);
    await bench.clock.run(3 * 60 * MINUTE);
    const tx = closingOf(bench, customer) ?? assert.fail(bench.story());
    assert.deepEqual([tx.inputs.length, tx.outputs.length], [2, 2]);
    assert.deepEqual(tx.outputs[0], { amount: DEPOSIT - 311, script: customer.wallet.script });
    assert.equal(feeOf(bench, tx), 238 * 5);
    assert.deepEqual(tx.outputs[1], { amount: 311 + 3_000 - 238 * 5, script: bench.payout.script });
    bench.network.censored = () => false;
    bench.network.mineMany(6);
    await bench.clock.run(3 * MINUTE);
    assert.equal(bench.named("channel-closed").at(-1)?.own, true, bench.story());
  });

  it("is raised further with the same coin, which no list shows any more, and with a second one", async () => {
    const { bench, customer } = await closing(311);
    market(bench, 2_000);
    feeCoin(bench, customer, 1_500);
    await day(bench);
    const first = closingOf(bench, customer);
    assert.equal(first?.inputs.length, 2, bench.story());
    market(bench, 4_000);
    await day(bench);
    const second = closingOf(bench, customer);
    assert.notEqual(second?.txid, first?.txid, bench.story());
    assert.deepEqual(second?.inputs.map(nameOf), first?.inputs.map(nameOf));
    assert.ok(feeOf(bench, second) >= 238 * 4);
    market(bench, 9_000);
    feeCoin(bench, customer, 2_000);
    await day(bench);
    const third = closingOf(bench, customer);
    assert.equal(third?.inputs.length, 3, bench.story());
    assert.ok(feeOf(bench, third) >= (170 + 2 * 68) * 9);
  });

  it("goes on without a coin that its owner has spent elsewhere, at the fee of the day", async () => {
    const { bench, customer } = await closing(2_000);
    market(bench, 20_000);
    feeCoin(bench, customer, 4_000);
    await bench.clock.run(2 * 60 * MINUTE);
    const first = closingOf(bench, customer) ?? assert.fail(bench.story());
    assert.equal(feeOf(bench, first), 238 * 20);
    const coin = { ...(first.inputs[1] ?? assert.fail()), amount: 4_000 };
    bench.network.node.mempool.entries.clear();
    const key = payeeWallet(CHANNEL_SEED, 0, realEcdsa);
    const elsewhere = signDraft(releaseDraft([coin], key.script, 1_000), key);
    bench.network.censored = ({ txid }) => txid !== parse(elsewhere).txid;
    bench.network.node.submit(elsewhere);
    bench.network.mine();
    market(bench, 5_000);
    await day(bench);
    const second = closingOf(bench, customer) ?? assert.fail(bench.story());
    assert.deepEqual(second.inputs.map(nameOf), [`${customer.id}:0`]);
    assert.equal(feeOf(bench, second), 170 * 5);
  });
});

/**
 * Somebody sends a coin to the channel's payee key, by a transaction that a branch may leave out.
 */
function sentCoin(bench: Bench, { deposit }: ChannelCustomer, amount: number): { readonly instead: Transaction } {
  const { network } = bench;
  const sender = new Purse("a sender");
  const { txid, vout } = network.grant(sender.script, amount + 1_000);
  const coin = [{ txid, vout, amount: amount + 1_000 }];
  const sent = sender.spend(coin, 1_000, { script: feeCoinScript(deposit?.keys ?? assert.fail()) });
  const { censored } = network;
  network.censored = (tx) => tx.txid !== sent.txid;
  network.node.submit(sent.hex);
  network.mine();
  network.censored = censored;
  return { instead: sender.spend(coin, 500) };
}

describe("a closing whose coin is gone", () => {
  it("is made without a coin that a branch has left out, at the best fee that the share pays", async () => {
    const { bench, customer } = await closing(1_500);
    market(bench, 8_000);
    const { instead } = sentCoin(bench, customer, 4_000);
    await bench.clock.run(2 * 60 * MINUTE);
    assert.equal(closingOf(bench, customer)?.inputs.length, 2, bench.story());
    bench.network.reorganise(1, [instead.hex]);
    assert.equal(closingOf(bench, customer), undefined, "no node has a closing any more");
    await day(bench);
    const second = closingOf(bench, customer) ?? assert.fail(bench.story());
    assert.deepEqual(second.inputs.map(nameOf), [`${customer.id}:0`]);
    assert.equal(feeOf(bench, second), 1_500 - 294, "all that leaves no dust");
  });

  it("is made without it also by a backend that calls what is gone spent, and names no spender", async () => {
    const { bench, customer } = await closing(1_500);
    market(bench, 8_000);
    const { instead } = sentCoin(bench, customer, 4_000);
    await bench.clock.run(2 * 60 * MINUTE);
    const outspend = bench.view.outspend.bind(bench.view);
    bench.view.outspend = async (outpoint) => (outpoint.txid === customer.id ? outspend(outpoint) : {});
    bench.network.reorganise(1, [instead.hex]);
    await day(bench);
    const second = closingOf(bench, customer) ?? assert.fail(bench.story());
    assert.deepEqual(second.inputs.map(nameOf), [`${customer.id}:0`]);
  });
});

describe("a closing that left already", () => {
  it("is sent again as it was after a restart, while it pays the rate of the day, and is raised only from the next day on", async () => {
    const { bench, customer } = await closing(3_000);
    await bench.clock.run(MINUTE);
    const first = closingOf(bench, customer) ?? assert.fail(bench.story());
    for (let restart = 0; restart < 3; restart++) {
      bench.restartSocket();
      await bench.clock.run(2 * MINUTE);
    }
    assert.equal(closingOf(bench, customer)?.txid, first.txid, bench.story());
    market(bench, 1_000);
    bench.restartSocket();
    await bench.clock.run(2 * MINUTE);
    assert.equal(feeOf(bench, closingOf(bench, customer)), 170, "a restart finds that the market rose");
    await day(bench);
    assert.ok(feeOf(bench, closingOf(bench, customer)) > 170);
  });

  it("replaces itself with a child of the cable's on it, within minutes and at no more than twice what that takes", async () => {
    const { bench, customer } = await closing(3_000);
    await bench.clock.run(MINUTE);
    const first = closingOf(bench, customer) ?? assert.fail(bench.story());
    const child = pin(customer, first, 400);
    bench.network.node.submit(child);
    assert.ok(bench.network.node.mempool.has(parse(child).txid), "the child is in the mempool");
    await day(bench);
    const second = closingOf(bench, customer) ?? assert.fail(bench.story());
    assert.notEqual(second.txid, first.txid, bench.story());
    assert.ok(bench.named("closing-refused").length < 20, bench.story());
    const least = 17 + 400 + 17;
    assert.ok(feeOf(bench, second) >= least && feeOf(bench, second) <= 2 * least, `${feeOf(bench, second)}`);
    assert.ok(!bench.network.node.mempool.has(parse(child).txid));
  });
});

/** A child of version 3 that spends the cable's change of a closing. */
function pin(customer: ChannelCustomer, parent: Transaction, fee: number): string {
  const { wallet } = customer;
  const change = parent.outputs[0] ?? assert.fail();
  const coin = { txid: parent.txid, vout: 0, amount: change.amount };
  const outputs = outputsHex([{ script: wallet.script, amount: change.amount - fee }]);
  const digest = wholeDigest(
    { version: 3, sequence: SEQUENCE, inputs: [coin], outputs },
    coin,
    `76a914${wallet.script.slice(4)}88ac`,
  );
  const unsigned = `03${unsignedFrom(inputsHex([coin]), 1, outputs).slice(2)}`;
  return withStacks(unsigned, `02${push(signWhole(wallet, digest))}${push(bytesToHex(wallet.publicKey))}`);
}
