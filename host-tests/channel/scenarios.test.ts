// The scenarios of payment channels, on a real node.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import bcoin from "bcoin";
import type { ChannelAccount } from "../../lab/channel-account";
import { CHANNEL_SCENARIOS, runChannelScenario } from "../../lab/channel-scenarios";
import { startOptions } from "../../lab/sim/start-options";

async function play(name: string): Promise<{ account: ChannelAccount; lines: string[] }> {
  const lines: string[] = [];
  const account = await runChannelScenario(name, { seed: 1, json: true, print: (line) => lines.push(line) });
  return { account, lines };
}

const stories = (lines: readonly string[]): string =>
  lines
    .slice(0, -1)
    .map((line) => String(JSON.parse(line).name))
    .join("\n");

describe("cafe", () => {
  it("pays for sixty batches of toast, some twelve satoshi each, by two transactions in all", async () => {
    const { account, lines } = await play("cafe");
    assert.deepEqual(JSON.parse(lines.at(-1) ?? ""), account);
    assert.deepEqual([account.visits, account.each.length], [60, 60]);
    for (const { visit, drawnSat } of account.each)
      assert.ok(drawnSat > 11.5 && drawnSat < 12.5, `visit ${visit}: ${drawnSat}`);
    const drawn = account.each.reduce((sum, { drawnSat }) => sum + drawnSat, 0);
    // The cable's own watt, and what is left of the last increment, are paid too.
    assert.ok(
      account.paidSat >= drawn - 1 && account.paidSat < drawn + 10,
      `${account.paidSat} sat paid, ${drawn} sat drawn`,
    );
    assert.equal(account.each[0]?.paidSat, 311, "the first covers dust and the closing's fee");
    const free = account.each.slice(1).findIndex(({ paidSat }) => paidSat > 0);
    assert.ok(free >= 23 && free <= 27, `it carries two dozen visits, ${free + 1}`);
    assert.deepEqual(
      account.transactions.map(({ kind }) => kind),
      ["funding", "closing"],
    );
    for (const { hex, txid, vbytes, feeSat, height } of account.transactions) {
      const tx = bcoin.TX.fromRaw(Buffer.from(hex, "hex"));
      assert.deepEqual([tx.txid(), tx.getVirtualSize()], [txid, vbytes]);
      assert.equal(feeSat, Math.ceil(vbytes / 10));
      assert.ok(height > 400);
    }
    const [funding, closing] = account.transactions;
    assert.equal(account.socketReceivedSat + (closing?.feeSat ?? 0), account.paidSat);
    assert.equal(account.socketReceivedSat + account.cableReceivedSat + (closing?.feeSat ?? 0), account.depositSat);
    assert.ok((closing?.height ?? 0) > (funding?.height ?? 0));
    assert.deepEqual(account.otherwise, { transactions: 3, vbytes: 423, feeSat: 45, paidSat: 882 });
    assert.equal(account.lockedSat, 5_000);
  });
});

describe("channel-offline", () => {
  it("sells on a known channel without its chain, nothing after a power cut, and again once the chain answers", async () => {
    const { account, lines } = await play("channel-offline");
    const drawn = account.each.map(({ drawnSat }) => drawnSat > 0);
    assert.deepEqual(drawn, [true, true, true, true, false, true]);
    for (const visit of [3, 4]) assert.ok((account.each[visit - 1]?.paidSat ?? 0) > 0, "without a chain");
    assert.equal(account.each[4]?.paidSat, 0);
    assert.match(stories(lines), /not buried yet, or the chain was not asked/);
    assert.equal(account.transactions.length, 2);
  });
});

describe("channel-fees", () => {
  it("closes at fifty times the fee out of the socket's own share; the cable's change is as it signed", async () => {
    const { account } = await play("channel-fees");
    const [, closing] = account.transactions;
    assert.equal(closing?.feeSat, (closing?.vbytes ?? 0) * 5);
    assert.equal(account.cableReceivedSat, account.depositSat - account.paidSat);
    assert.equal(account.socketReceivedSat, account.paidSat - (closing?.feeSat ?? 0));
  });
});

describe("channel-refund", () => {
  it("gives the deposit back after N blocks, and not one earlier", async () => {
    const { account, lines } = await play("channel-refund");
    const story = stories(lines);
    assert.equal(story.match(/release-refused .*non-BIP68-final/g)?.length, 2, story);
    assert.equal(story.match(/release-sent/g)?.length, 1, story);
    const [funding, refund] = account.transactions;
    assert.equal(refund?.kind, "refund");
    assert.equal((refund?.height ?? 0) - (funding?.height ?? 0), 2_016);
    assert.ok(account.paidSat > 0, "which a socket that never closes has lost");
    assert.deepEqual(
      [account.cableReceivedSat, account.socketReceivedSat],
      [account.depositSat - (refund?.feeSat ?? 0), 0],
    );
  });
});

describe("channel-thief", () => {
  it("gets nothing of the cable's, and the payee's unclosed share with key and half only", async () => {
    const { account, lines } = await play("channel-thief");
    const story = stories(lines);
    assert.equal(story.match(/refused \(/g)?.length, 3, story);
    assert.ok(!story.includes("must not"), story);
    assert.equal(account.cableReceivedSat, account.depositSat - account.paidSat);
    assert.equal(account.socketReceivedSat, 0);
    assert.match(story, /socket: channel-closed \w+ \d+ false/, "the socket has seen it, and sells nothing more on it");
  });
});

describe("the scenarios of channels", () => {
  it("are asked for like any other, and take no board's options", () => {
    for (const name of CHANNEL_SCENARIOS)
      assert.deepEqual(startOptions(["--scenario", name, "--scheme", "channel"], false).what, { channel: name });
    assert.throws(() => startOptions(["--scenario", "cafe", "--engine", "xs"], false), /takes no --engine/);
    assert.throws(() => startOptions(["--scenario", "cafe", "--scheme", "basic"], false), /takes no --scheme basic/);
  });

  it("play no unknown one", async () => {
    await assert.rejects(runChannelScenario("lido", { seed: 1, json: true }), /expected one of cafe, /);
  });
});
