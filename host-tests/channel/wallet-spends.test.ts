// An ordinary wallet, bcoin's own, spends what comes out of channels: change and share of a
// closing, and a refund.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import bcoin from "bcoin";
import { BitcoinNode } from "../../lab/node/bitcoin-node";
import { channelFrame, type Deposit, signClosing, signHalf } from "../../shared/channel/closing";
import { depositCoin, type Funding, signFunding } from "../../shared/channel/funding";
import { signRefund } from "../../shared/channel/refund";
import { depositScript } from "../../shared/channel/script";
import { cable, keys, payee, payeeScript, stranger } from "./cases";

let node: BitcoinNode;

/**
 * A wallet of the one key that `secret` fills, which has seen these transactions, pays a stranger
 * all that it has.
 */
async function sweep(secret: number, transactions: readonly string[], worth: number): Promise<void> {
  const database = new bcoin.WalletDB({ network: "regtest", memory: true });
  await database.open();
  try {
    const ring = bcoin.KeyRing.fromPrivate(Buffer.alloc(32, secret));
    ring.witness = true;
    const wallet = database.primary;
    await wallet.importKey(0, ring);
    for (const raw of transactions) await database.addTX(bcoin.TX.fromRaw(Buffer.from(raw, "hex")));
    assert.equal((await wallet.getBalance()).unconfirmed, worth);
    const script = bcoin.Script.fromRaw(Buffer.from(stranger.script, "hex"));
    const spend = await wallet.createTX({ outputs: [{ script, value: worth }], rate: 2_000, subtractFee: true });
    await wallet.sign(spend);
    const txid = await node.submit(spend.toRaw().toString("hex"));
    await node.mine(1);
    assert.equal(node.transaction(txid)?.block?.height, node.tip().height);
  } finally {
    await database.close();
  }
}

describe("an ordinary wallet", () => {
  before(async () => {
    node = await BitcoinNode.start();
  });
  after(() => node.stop());

  it("spends the cable's change of a funding and of its closing, and the owner's share", async () => {
    const coin = { ...(await node.fund(cable.script, 60_000)), amount: 60_000 };
    await node.mine(1);
    const funding: Funding = { keys, inputs: [coin], deposit: 20_000, fee: 199 };
    const raw = signFunding(funding, cable);
    await node.submit(raw);
    const deposit: Deposit = { keys, coin: depositCoin(funding), version: 3 };
    const frame = channelFrame(deposit);
    const state = { change: 17_000, half: signHalf(frame, 17_000, cable) };
    await node.mine(6);
    const closing = signClosing(deposit, frame, state, { payeeScript, fee: 170, coins: [] }, payee);
    await node.submit(closing);
    await node.mine(1);
    await sweep(7, [raw, closing], 60_000 - 20_000 - 199 + 17_000);
    await sweep(9, [closing], 3_000 - 170);
  });

  it("spends a refund", async () => {
    const short = { ...keys, delay: 4 };
    const shape = { keys: short, version: 3 };
    const script = depositScript(
      channelFrame({ ...shape, coin: { txid: "00".repeat(32), vout: 0, amount: 9_000 } }).script,
    );
    const { txid } = await node.fund(script, 9_000);
    await node.mine(4);
    const deposit: Deposit = { ...shape, coin: { txid, vout: 0, amount: 9_000 } };
    const refund = signRefund(deposit, channelFrame(deposit), 121, cable);
    await node.submit(refund);
    await node.mine(1);
    await sweep(7, [refund], 9_000 - 121);
  });
});
