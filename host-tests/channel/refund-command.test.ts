// npm run refund, as a person types it, against a real node behind an Esplora server.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { BitcoinNode } from "../../lab/node/bitcoin-node";
import { EsploraServer } from "../../lab/node/esplora-server";
import { addressOf } from "../../shared/bitcoin/address";
import { bytesToHex } from "../../shared/bitcoin/bytes";
import { type ChannelFrame, channelFrame, type Deposit, signClosing, signHalf } from "../../shared/channel/closing";
import { depositCoin, type Funding, signFunding } from "../../shared/channel/funding";
import { type ChannelEntry, entryJournal } from "../../shared/channel/record";
import { MIN_DELAY } from "../../shared/channel/script";
import { cable, keys, payee, payeeScript, stranger } from "./cases";
import { typed } from "./typed";

const CABLE_KEY = bytesToHex(new Uint8Array(32).fill(7));
const STRANGER_KEY = bytesToHex(new Uint8Array(32).fill(13));
const folder = mkdtempSync(join(tmpdir(), "plugpay-refund-"));

let node: BitcoinNode;
let server: EsploraServer;

/** The command, with a key on its standard input. */
const refund = (words: readonly string[], key = CABLE_KEY) =>
  typed("refund.ts", ["--network", "regtest", ...words], key);

const online = (...words: string[]) => refund(["--esplora", server.url, ...words]);

/** A channel of the shortest delay, its funding in a block. */
async function funded(): Promise<{ deposit: Deposit; frame: ChannelFrame; raw: string; height: number }> {
  const coin = { ...(await node.fund(cable.script, 60_000)), amount: 60_000 };
  await node.mine(1);
  const funding: Funding = { keys: { ...keys, delay: MIN_DELAY }, inputs: [coin], deposit: 20_000, fee: 199 };
  const raw = signFunding(funding, cable);
  await node.submit(raw);
  await node.mine(1);
  const deposit = { keys: funding.keys, coin: depositCoin(funding), version: 3 };
  return { deposit, frame: channelFrame(deposit), raw, height: node.tip().height };
}

before(async () => {
  node = await BitcoinNode.start();
  server = await EsploraServer.start(node, { feeEstimates: { "6": 2.5 } });
});

after(async () => {
  await server.stop();
  await node.stop();
  rmSync(folder, { recursive: true });
});

describe("npm run refund", () => {
  it("refuses one that is too early and says when to come back, then sends what a node mines", async () => {
    const { deposit, height } = await funded();
    const { txid } = deposit.coin;
    const early = await online("--funding", txid);
    assert.equal(early.status, 1);
    assert.equal(early.out, "");
    assert.match(
      early.err,
      new RegExp(
        `^Too early: .* block ${height}, .* block ${height + MIN_DELAY} .* Come back in 2015 blocks, some 14 days`,
      ),
    );
    assert.equal((await online("--funding", txid, "--early", "--send")).status, 1, "nothing early is sent");
    const kept = JSON.parse((await online("--funding", txid, "--early", "--json")).out);
    await node.mine(MIN_DELAY - 2);
    assert.match((await online("--funding", txid)).err, /Come back in 1 blocks?, some 1 day\./);
    await assert.rejects(node.submit(kept.transaction), /non-BIP68-final/);
    await node.mine(1);
    const shown = await online("--funding", txid);
    assert.match(shown.out, /Nothing was sent/);
    const sent = JSON.parse((await online("--funding", txid, "--send", "--json")).out);
    assert.deepEqual([sent.sent, sent.feeSat, sent.paysSat], [true, 303, 20_000 - 303], "121 vB at 2.5 sat/vB");
    assert.equal(sent.transaction, kept.transaction, "the same bytes each time");
    await node.mine(1);
    assert.equal(node.transaction(sent.txid)?.block?.height, height + MIN_DELAY);
    assert.equal(node.tip().height, sent.fromHeight);
    const late = await online("--funding", txid);
    assert.equal(late.status, 1);
    assert.match(late.err, new RegExp(`spent already, by ${sent.txid}`));
  });

  it("says who closed a channel that is closed", async () => {
    const { deposit, frame } = await funded();
    const state = { change: 18_000, half: signHalf(frame, 18_000, cable) };
    const closing = await node.submit(signClosing(deposit, frame, state, { payeeScript, fee: 300, coins: [] }, payee));
    assert.match(
      (await online("--funding", deposit.coin.txid, "--early")).err,
      new RegExp(`spent already, by ${closing}`),
    );
  });

  it("needs only the funding's bytes, or the cable's journal", async () => {
    const { deposit, raw } = await funded();
    const file = join(folder, "funding.hex");
    writeFileSync(file, `${raw}\n`);
    const entry: ChannelEntry = {
      ...deposit.keys,
      version: 3,
      txid: deposit.coin.txid,
      deposit: 20_000,
      phase: "open",
      paid: 311,
      energy: 0,
    };
    const values = new Map<string, Uint8Array>();
    const store = {
      read: (name: string) => values.get(name),
      write: (name: string, value: Uint8Array) => void values.set(name, value),
      remove: () => {},
    };
    entryJournal(store, 1, () => {}).save(entry);
    const journal = join(folder, "channel.1.a");
    writeFileSync(journal, values.get("channel.1.a") ?? assert.fail());
    const answers = await Promise.all(
      [
        ["--funding", raw],
        ["--funding", file],
        ["--journal", journal],
      ].map((words) => refund(["--offline", "--json", "--rate", "0.5", ...words])),
    );
    const [one, two, three] = answers.map(({ out }) => JSON.parse(out).transaction);
    assert.equal(one, two);
    assert.equal(one, three);
    const { feeSat, fromHeight, address } = JSON.parse(answers[0]?.out ?? "");
    assert.deepEqual([feeSat, fromHeight, address], [61, null, addressOf(cable.script, "regtest")]);
  });

  it("refuses another key, and says which one is wanted", async () => {
    const { raw } = await funded();
    const { status, out, err } = await refund(["--offline", "--funding", raw], STRANGER_KEY);
    assert.deepEqual([status, out], [2, ""]);
    assert.ok(err.includes(`no funding by ${addressOf(stranger.script, "regtest")}`), err);
    assert.ok(err.includes(`give the key of that address`) && err.includes(addressOf(cable.script, "regtest")), err);
    assert.ok(!err.includes(STRANGER_KEY.slice(0, 16)));
  });

  const mistakes: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["no funding", ["--offline"], /expected --funding or --journal/],
    ["both", ["--offline", "--funding", "00", "--journal", "x"], /and not both/],
    ["a word", ["--offline", "--funding", "deposit"], /expected a transaction's id or bytes/],
    ["half an id", ["--offline", "--funding", "ab".repeat(16)], /expected an id of 64 digits, got 32/],
    ["bytes that are no transaction", ["--offline", "--funding", "ab".repeat(40)], /expected the funding's bytes/],
    ["an id and nobody to ask", ["--offline", "--funding", "ab".repeat(32)], /for which a server has to be asked/],
    ["to send without asking", ["--offline", "--send", "--funding", "00"], /asks nobody/],
    ["a rate of nothing", ["--offline", "--rate", "0", "--funding", "00"], /--rate: expected satoshi a vbyte/],
    ["no server", ["--funding", "ab".repeat(32)], /--esplora: expected a server's URL on regtest/],
    ["a server that is none", ["--esplora", "mempool", "--funding", "ab".repeat(32)], /expected a URL such as/],
    ["a file that is not there", ["--offline", "--journal", "/nonexistent"], /cannot read/],
  ];
  for (const [name, words, why] of mistakes)
    it(`refuses ${name} with a sentence`, async () => {
      const { status, err } = await refund(words);
      assert.equal(status, 2);
      assert.match(err, why);
      assert.ok(!err.includes("    at "), "no stack");
    });

  it("refuses a transaction without the memo, a fee that eats the deposit up, and tells of a server that is away", async () => {
    const { deposit, raw } = await funded();
    const plain = await node.fund(payeeScript, 5_000);
    await node.mine(1);
    assert.match((await online("--funding", plain.txid)).err, /expected a channel's funding, with an OP_RETURN/);
    const dear = await refund(["--offline", "--funding", raw, "--rate", "163"]);
    assert.match(
      dear.err,
      /a fee of 19.723 sat leaves less than 294 sat of the deposit of 20.000 sat: give a lower --rate/,
    );
    const away = await refund(["--esplora", "http://127.0.0.1:9", "--funding", deposit.coin.txid]);
    assert.match(away.err, /no answer from http:\/\/127\.0\.0\.1:9/);
    assert.match((await online("--funding", "ab".repeat(32))).err, /answered 404/);
  });
});
