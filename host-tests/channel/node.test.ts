// A channel on a real node: bcoin's regtest chain takes funding, closing and refund, each at its
// time and not before.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { BitcoinNode } from "../../lab/node/bitcoin-node";
import { readRawTx } from "../../shared/chain/raw-tx";
import {
  type Channel,
  complete,
  confirmedAt,
  deadline,
  opened,
  prepare,
  record,
  startClosing,
} from "../../shared/channel/channel";
import { type ChannelFrame, channelFrame, type Deposit, feeCoinScript } from "../../shared/channel/closing";
import { depositCoin, type Funding, signFunding } from "../../shared/channel/funding";
import { signRefund } from "../../shared/channel/refund";
import { depositScript } from "../../shared/channel/script";
import { cable, keys, payee, payeeScript } from "./cases";

let node: BitcoinNode;

/**
 * A deposit in the chain whose refund waits for a few blocks only, fewer than a cable would take.
 */
async function shortDeposit(delay: number): Promise<{ channel: Channel; frame: ChannelFrame; height: number }> {
  const shape = { keys: { ...keys, delay }, coin: { txid: "", vout: 0, amount: 20_000 }, version: 3 };
  const script = depositScript(channelFrame({ ...shape, coin: { ...shape.coin, txid: "00".repeat(32) } }).script);
  const { txid } = await node.fund(script, 20_000);
  await node.mine(1);
  const deposit: Deposit = { ...shape, coin: { ...shape.coin, txid } };
  const { height } = node.tip();
  return { channel: confirmedAt(opened(deposit), height), frame: channelFrame(deposit), height };
}

function paid(channel: Channel, frame: ChannelFrame, sum: number): Channel {
  const increment = prepare(channel, frame, sum, cable);
  assert.ok(increment);
  return startClosing(record(channel, increment));
}

async function refused(transaction: string, why: RegExp): Promise<void> {
  await assert.rejects(node.submit(transaction), (error: Error) => why.test(error.message), `expected ${why}`);
}

describe("a channel on a real node", () => {
  before(async () => {
    node = await BitcoinNode.start();
  });
  after(() => node.stop());

  it("is funded by the cable, paid in steps, and closed by the payee", async () => {
    const coin = { ...(await node.fund(cable.script, 60_000)), amount: 60_000 };
    await node.mine(1);
    const funding: Funding = { keys, inputs: [coin], deposit: 20_000, fee: 199 };
    const txid = await node.submit(signFunding(funding, cable));
    assert.equal(txid, depositCoin(funding).txid);
    await node.mine(6);
    const deposit: Deposit = { keys, coin: depositCoin(funding), version: 3 };
    const frame = channelFrame(deposit);
    let channel = confirmedAt(opened(deposit), node.tip().height - 5);
    for (const pay of [311, 12, 12, 1, 5_000]) {
      const increment = prepare(channel, frame, pay, cable);
      assert.ok(increment);
      channel = record(channel, increment);
    }
    const closing = complete(startClosing(channel), frame, { payeeScript, fee: 17, coins: [] }, payee);
    const closingId = await node.submit(closing);
    await node.mine(1);
    assert.deepEqual(
      readRawTx(closing).outputs.map(({ amount }) => amount),
      [20_000 - 5_336, 5_336 - 17],
    );
    assert.equal(node.transaction(closingId)?.block?.height, node.tip().height);
    assert.equal(node.spend(deposit.coin)?.txid, closingId);
  });

  it("is not closed under the relay minimum, and is at a higher fee, with a coin sent to the payee key where need be", async () => {
    const { channel, frame } = await shortDeposit(2_016);
    const small = paid(channel, frame, 300);
    await refused(complete(small, frame, { payeeScript, fee: 0, coins: [] }, payee), /min relay fee not met/);
    assert.throws(() => complete(small, frame, { payeeScript, fee: 17, coins: [] }, payee), /at least 294 sat/);
    const coin = { ...(await node.fund(feeCoinScript(channel.deposit.keys), 3_000)), amount: 3_000 };
    await node.mine(1);
    const closing = complete(small, frame, { payeeScript, fee: 2_000, coins: [coin] }, payee);
    await node.submit(closing);
    await node.mine(1);
    assert.deepEqual(
      node
        .utxos(payeeScript)
        .map(({ amount }) => amount)
        .sort((a, b) => a - b),
      [300 + 3_000 - 2_000, 5_319],
    );
  });

  it("is refunded N blocks after the funding's, and not one before", async () => {
    const delay = 9;
    const { channel, frame, height } = await shortDeposit(delay);
    const refund = signRefund(channel.deposit, frame, 121, cable);
    assert.equal(deadline(channel), height + delay);
    for (let next = height + 1; next < height + delay; next++) {
      await refused(refund, /non-BIP68-final/);
      await node.mine(1);
    }
    assert.equal(node.tip().height + 1, deadline(channel), "the next block may hold it");
    const txid = await node.submit(refund);
    await node.mine(1);
    assert.equal(node.transaction(txid)?.block?.height, deadline(channel));
  });

  it("is refunded later where a reorganisation moved the funding", async () => {
    const delay = 9;
    const { channel, frame, height } = await shortDeposit(delay);
    await node.mine(3);
    await node.reorganise(4);
    await node.mine(1);
    const moved = confirmedAt(channel, node.transaction(channel.deposit.coin.txid)?.block?.height);
    assert.ok((moved.height ?? 0) > height, "the funding is in a later block than before");
    const refund = signRefund(channel.deposit, frame, 121, cable);
    await node.mine((deadline(channel) ?? 0) - node.tip().height - 1);
    await refused(refund, /non-BIP68-final/);
    await node.mine((deadline(moved) ?? 0) - node.tip().height - 1);
    await node.submit(refund);
  });

  it("goes to whoever is first: after a closing no refund, after a refund no closing", async () => {
    const closedFirst = await shortDeposit(2);
    const closing = complete(
      paid(closedFirst.channel, closedFirst.frame, 2_000),
      closedFirst.frame,
      { payeeScript, fee: 170, coins: [] },
      payee,
    );
    await node.mine(2);
    await node.submit(closing);
    const late = signRefund(closedFirst.channel.deposit, closedFirst.frame, 121, cable);
    await refused(late, /conflict|missingorspent/);
    await node.mine(1);
    await refused(late, /missingorspent/);
    const refundedFirst = await shortDeposit(2);
    await node.mine(1);
    await node.submit(signRefund(refundedFirst.channel.deposit, refundedFirst.frame, 121, cable));
    await node.mine(1);
    const lost = complete(
      paid(refundedFirst.channel, refundedFirst.frame, 2_000),
      refundedFirst.frame,
      { payeeScript, fee: 170, coins: [] },
      payee,
    );
    await refused(lost, /missingorspent/);
  });
});
