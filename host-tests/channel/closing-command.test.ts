// npm run closing, as the owner of a burnt socket types it, against a real node behind an Esplora
// server.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { BitcoinNode } from "../../lab/node/bitcoin-node";
import { EsploraServer } from "../../lab/node/esplora-server";
import { addressOf } from "../../shared/bitcoin/address";
import { bytesToHex } from "../../shared/bitcoin/bytes";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { channelFrame, feeCoinScript, signHalf } from "../../shared/channel/closing";
import { depositCoin, type Funding, signFunding } from "../../shared/channel/funding";
import { payeeWallet } from "../../shared/channel/payee-key";
import { type ChannelEntry, depositOf, entryJournal } from "../../shared/channel/record";
import { channelsShown } from "../../shared/owner/channels";
import { cable, keys, payeeScript, SEED } from "./cases";
import { typed } from "./typed";

const SEED_TEXT = bytesToHex(SEED);
const TO = addressOf(payeeScript, "regtest");
const folder = mkdtempSync(join(tmpdir(), "plugpay-closing-"));
const DEPOSIT = 20_000;

let node: BitcoinNode;
let server: EsploraServer;

/** The command, with a seed on its standard input. */
const closing = (words: readonly string[], seed = SEED_TEXT) =>
  typed("closing.ts", ["--network", "regtest", "--to", TO, ...words], seed);

const online = (...words: string[]) => closing(["--esplora", server.url, ...words]);

/** A socket's entry of a channel whose funding is in a block; `paid` sat were paid on it. */
async function kept(paid: number, index = 0): Promise<ChannelEntry> {
  const coin = { ...(await node.fund(cable.script, 60_000)), amount: 60_000 };
  await node.mine(1);
  const payeeKey = bytesToHex(payeeWallet(SEED, index, ecdsa).publicKey);
  const funding: Funding = { keys: { ...keys, payeeKey }, inputs: [coin], deposit: DEPOSIT, fee: 199 };
  await node.submit(signFunding(funding, cable));
  await node.mine(1);
  const { txid } = depositCoin(funding);
  const open = { phase: "open", version: 3, energy: 0, index, height: node.tip().height } as const;
  const entry: ChannelEntry = { ...funding.keys, ...open, txid, deposit: DEPOSIT, paid };
  return paid === 0 ? entry : { ...entry, half: signHalf(channelFrame(depositOf(entry)), DEPOSIT - paid, cable) };
}

/** What the owner kept of them, in a file. */
function exported(name: string, ...entries: readonly ChannelEntry[]): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(channelsShown(entries)));
  return file;
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

describe("npm run closing", () => {
  it("closes all channels of an export that were paid on, by the seed alone, and a node mines them", async () => {
    const [one, two, unpaid] = [await kept(5_000, 0), await kept(7_000, 3), await kept(0, 4)];
    const file = exported("channels.json", one, two, unpaid);
    const shown = await online("--export", file);
    assert.deepEqual([shown.status, shown.err], [0, ""]);
    assert.match(shown.out, /Nothing was sent/);
    assert.equal(node.spend({ txid: one.txid, vout: 0 }), undefined);
    const { closings, sent } = JSON.parse((await online("--export", file, "--send", "--json")).out);
    assert.deepEqual([sent, closings.length], [true, 2]);
    await node.mine(1);
    for (const [i, entry] of [one, two].entries()) {
      const { txid, paysSat, changeSat, feeSat, vbytes, address } = closings[i];
      assert.equal(node.spend({ txid: entry.txid, vout: 0 })?.txid, txid);
      assert.equal(node.transaction(txid)?.block?.height, node.tip().height, "it is in a block");
      assert.deepEqual([vbytes, feeSat, address], [170, 425, TO], "170 vB at 2.5 sat/vB");
      assert.deepEqual([paysSat, changeSat], [entry.paid - feeSat, DEPOSIT - entry.paid]);
    }
    const late = await online("--export", file, "--channel", one.txid);
    assert.equal(late.status, 1);
    assert.match(late.err, new RegExp(`spent already, by ${closings[0].txid}`));
  });

  it("takes an entry of the socket's flash, and searches the key where its number is not known", async () => {
    const { index: _, ...entry } = await kept(5_000, 11);
    const values = new Map<string, Uint8Array>();
    const store = {
      read: (name: string) => values.get(name),
      write: (name: string, value: Uint8Array) => void values.set(name, value),
      remove: () => {},
    };
    entryJournal(store, 2, () => {}).save(entry);
    const journal = join(folder, "channel.2.a");
    writeFileSync(journal, values.get("channel.2.a") ?? assert.fail());
    const found = JSON.parse((await closing(["--offline", "--json", "--rate", "0.5", "--journal", journal])).out);
    assert.deepEqual([found.sent, found.closings[0].feeSat], [false, 85]);
    await node.submit(found.closings[0].transaction);
    await node.mine(1);
    assert.equal(node.spend({ txid: entry.txid, vout: 0 })?.txid, found.closings[0].txid);
  });

  it("replaces a closing that waits, and spends a coin along where the share does not pay the rate", async () => {
    const entry = await kept(400, 5);
    const file = exported("small.json", entry);
    const low = JSON.parse((await online("--export", file, "--rate", "0.5", "--send", "--json")).out);
    assert.equal(low.closings[0].feeSat, 85);
    // The share alone pays 106 sat at most.
    const most = await online("--export", file, "--rate", "8");
    assert.match(most.out, new RegExp(`less than 8 sat/vB. A coin .* ${addressOf(feeCoinScript(entry), "regtest")}`));
    await node.fund(feeCoinScript(entry), 4_000);
    await node.mine(0);
    const dear = await online("--export", file, "--rate", "8", "--json");
    assert.equal(JSON.parse(dear.out).closings[0].feeCoins, 0, "a coin that waits for a block pays nothing");
    await node.mine(1);
    const other = await kept(400, 6);
    await node.fund(feeCoinScript(other), 4_000);
    await node.mine(1);
    const two = exported("two.json", other);
    const paid = JSON.parse((await online("--export", two, "--rate", "8", "--send", "--json")).out).closings[0];
    assert.deepEqual([paid.feeCoins, paid.feeSat, paid.paysSat], [1, paid.vbytes * 8, 4_400 - paid.vbytes * 8]);
    await node.mine(1);
    assert.equal(node.transaction(paid.txid)?.block?.height, node.tip().height);
  });

  it("closes the others where one cannot be, and says where a coin for that one may be sent", async () => {
    const [small, good] = [await kept(290, 7), await kept(5_000, 8)];
    const answer = await online("--export", exported("mixed.json", small, good), "--json", "--send");
    assert.equal(answer.status, 1);
    assert.match(
      answer.err,
      new RegExp(`290 sat of channel ${small.txid} leave nothing .* ${addressOf(feeCoinScript(small), "regtest")}`),
    );
    assert.deepEqual(
      JSON.parse(answer.out).closings.map(({ channel }: { channel: string }) => channel),
      [good.txid],
    );
    await node.mine(1);
    assert.ok(node.spend({ txid: good.txid, vout: 0 }));
  });

  it("refuses a seed of another socket, an export that somebody changed, and shows nothing of the seed", async () => {
    const entry = await kept(5_000, 9);
    const other = "ab".repeat(32);
    const wrong = await closing(["--offline", "--export", exported("one.json", entry)], other);
    assert.equal(wrong.status, 1);
    assert.match(wrong.err, /the seed is not of the socket of channel/);
    assert.ok(!wrong.err.includes("abab"));
    const changed = await closing(["--offline", "--export", exported("changed.json", { ...entry, paid: 6_000 })]);
    assert.equal(changed.status, 2);
    assert.match(changed.err, /damaged: its half is not the cable's of 6000 sat/);
  });

  const mistakes: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["no export", ["--offline"], /expected --export or --journal/],
    ["both", ["--offline", "--export", "x", "--journal", "x"], /and not both/],
    ["a file that is not there", ["--offline", "--export", "/nonexistent"], /cannot read/],
    ["an export that is none", ["--offline", "--export", "package.json"], /expected what "npm run owner/],
    ["to send without asking", ["--offline", "--send", "--export", "package.json"], /asks nobody/],
    ["two addresses", ["--offline", "--export", "x", "--to", "bc1q"], /--to came twice/],
  ];
  for (const [name, words, why] of mistakes)
    it(`refuses ${name} with a sentence`, async () => {
      const { status, err } = await closing(words);
      assert.equal(status, 2);
      assert.match(err, why);
      assert.ok(!err.includes("    at "), "no stack");
    });

  it("says what it takes (--help)", async () => {
    const { status, out } = await closing(["--help"]);
    assert.equal(status, 0);
    for (const word of ["--export", "--seed", "--to", "closeChannels"]) assert.ok(out.includes(word), word);
  });
});
