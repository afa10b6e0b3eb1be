// What an owner sees of payment channels: deposits and what is not closed yet, and what he keeps to
// close one without the device.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { realEcdsa } from "../../lab/model/signers";
import { CHANNEL_SEED, MINUTE } from "../../lab/stage/bench";
import { BY_CHANNEL } from "../../lab/stage/channel-customer";
import { readRawTx } from "../../shared/chain/raw-tx";
import { channelFrame, signClosing } from "../../shared/channel/closing";
import { payeeWallet } from "../../shared/channel/payee-key";
import { type Owned, owned, type Side } from "./owned";

const PAYS = { schemes: ["channel", "single-fee"], maxPrice: 600, maxIncrement: 1_000, maxFee: 1_000 } as const;

/** A cable whose channel is buried, and that has paid over it. */
async function paidOn(): Promise<Owned> {
  const all = owned({ coins: [30_000, 1_000_000], socket: { ...BY_CHANNEL, increment: 300 }, cable: PAYS });
  await all.bench.clock.run(MINUTE);
  all.bench.network.mineMany(6);
  await all.bench.clock.run(150 * MINUTE);
  return all;
}

const metric = ({ owner }: Side, name: string): number =>
  Number(new RegExp(`^plugpay_${name} (.+)$`, "m").exec(owner.metrics("openmetrics"))?.[1]);

describe("an owner", () => {
  test("sees deposits, what is locked and what is not closed, by status and as metrics, on both sides", async () => {
    const { socket, cable, bench } = await paidOn();
    const paid = bench.named("paid").reduce((sum, { channel, value }) => sum + (channel ? Number(value) : 0), 0);
    assert.ok(paid > 311, bench.story());
    assert.deepEqual((await socket.get("status")).channels, {
      open: 1,
      closing: 0,
      depositsSat: 5_000,
      unclosedSat: paid,
    });
    assert.deepEqual((await cable.get("status")).channels, {
      ...{ open: 1, closing: 0, depositsSat: 5_000 },
      lockedSat: 5_000 - paid,
    });
    const gauges = (side: Side, ...names: string[]) => names.map((name) => metric(side, name));
    assert.deepEqual(gauges(socket, "channels", "deposit_satoshis", "unclosed_satoshis"), [1, 5_000, paid]);
    assert.deepEqual(gauges(cable, "channels", "deposit_satoshis", "locked_satoshis"), [1, 5_000, 5_000 - paid]);
  });

  test("closes a burnt socket's channel with what he kept of it and his seed", async () => {
    const { socket, bench } = await paidOn();
    const [kept] = (await socket.get("channels", undefined, "http")).channels;
    const { payeeKey, cableKey, delayBlocks: delay, txVersion: version, paidSat, depositSat, half } = kept;
    const coin = { txid: kept.channel, vout: 0, amount: depositSat };
    const deposit = { keys: { payeeKey, cableKey, delay }, coin, version };
    const state = { change: depositSat - paidSat, half };
    const terms = { payeeScript: bench.payout.script, fee: 17, coins: [] };
    const key = payeeWallet(CHANNEL_SEED, kept.keyIndex, realEcdsa);
    const closing = signClosing(deposit, channelFrame(deposit), state, terms, key);
    bench.network.node.submit(closing);
    assert.deepEqual(readRawTx(closing).outputs, [
      { script: bench.wallet.script, amount: depositSat - paidSat },
      { script: bench.payout.script, amount: paidSat - 17 },
    ]);
  });

  test("replaces no key that alone takes a locked deposit back", async () => {
    const { cable } = await paidOn();
    const { address } = await cable.get("address");
    const { error } = await cable.ask("key.new", { replaces: address });
    assert.match(error?.data.why ?? "", /a deposit is locked/);
  });
});
