// The same Python cable by channel, written from docs/protocol.md and docs/channel.md: it funds
// one, pays our socket over it, and has it closed, on a regtest chain. And neither side believes
// the other's lies.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readRawTx } from "../../shared/chain/raw-tx";
import { addressOf, faultsOnThePage, HERE, named, python, type Run, type Socket, skip, startSocket } from "./processes";

const VECTORS = join(HERE, "..", "vectors", "channel");
const KEY = "42".repeat(32);
const NOT_READY = 114;
/** The socket asks its chain about a funding once a minute. */
const READY_WITHIN_MS = 100_000;

describe("a cable by channel, written in Python from the pages alone", { skip }, () => {
  let socket: Socket;
  let folder: string;
  let channel = "";
  let paid = 0;

  const run = (script: string, ...words: string[]): Promise<Run> =>
    python(
      ...[script, ...words, "--socket", socket.address, "--key", KEY, "--network", "regtest"],
      ...["--max-price", "500000", "--journal", join(folder, "channel.json")],
    );

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "plugpay-channel-"));
    socket = await startSocket("channel");
    await socket.fund(addressOf(KEY), 60_000, 50_000);
  });

  after(async () => {
    rmSync(folder, { recursive: true });
    await socket.stop();
  });

  test("signs the sessions on record byte for byte as they went over the wire", async () => {
    const files = readdirSync(VECTORS).map((name) => join(VECTORS, name));
    const { status, lines } = await python("channel_replay.py", ...files);
    assert.equal(status, 0);
    const replayed = named(lines, "replayed");
    assert.deepEqual(
      replayed.filter(({ same }) => same !== true),
      [],
    );
    assert.deepEqual(
      new Set(replayed.map(({ what }) => what)),
      new Set(["ticket", "funding", "increment", "state", "script", "refund"]),
    );
  });

  test("signs no funding but the one that it builds itself, within its owner's limits", async () => {
    const { lines } = await python(
      ...["channel_lies.py", "socket", "--socket", socket.address, "--key", KEY, "--network", "regtest"],
    );
    const why = Object.fromEntries(lines.filter((line) => "lie" in line).map(({ lie, why }) => [lie, why]));
    const reasons: Readonly<Record<string, RegExp>> = {
      "the cable's own key": /not the cable's own/,
      "the cable's own key with the other sign": /not the cable's own/,
      "a key off the curve": /a point of the curve/,
      "a longer delay": /^limit of N, blocks: expected at most 4032, got 4033$/,
      "no delay": /^N is one that the protocol has/,
      "a larger deposit": /^the deposit is the one asked for/,
      "a larger fee": /^fee limit, sat/,
      "says one thing and proposes another": /^the funding is what its parts say/,
      "a version without relative lock times": /^the closing's version is 2 or 3/,
    };
    assert.deepEqual(Object.keys(why), Object.keys(reasons));
    for (const [lie, reason] of Object.entries(reasons)) assert.match(String(why[lie]), reason, lie);
    assert.equal(named(lines, "signed").length, 1);
  });

  test("funds a channel, and pays increments of a few satoshi once it is buried", async () => {
    const opened = await run("channel_cable.py");
    assert.equal(opened.status, 0, JSON.stringify(opened.lines.at(-1)));
    channel = String(named(opened.lines, "funded")[0]?.channel);
    await socket.mine(6);
    const end = Date.now() + READY_WITHIN_MS;
    let visit = await run("channel_cable.py", "--increments", "4");
    while (visit.status === 2 && visit.lines.at(-1)?.code === NOT_READY && Date.now() < end) {
      await sleep(3_000);
      visit = await run("channel_cable.py", "--increments", "4");
    }
    assert.equal(visit.status, 0, JSON.stringify(visit.lines.at(-1)));
    const sums = named(visit.lines, "paid").map(({ paid_sat }) => Number(paid_sat));
    const [first = 0] = sums;
    assert.ok(first >= 294 + 17);
    // How much is asked for follows the power that flows: the electronics of a cable, or nothing.
    assert.ok(
      sums.every((sum, i) => i === 0 || (sum > (sums[i - 1] ?? 0) && sum < (sums[i - 1] ?? 0) + 10)),
      `${sums}`,
    );
    paid = sums.at(-1) ?? 0;
    const credited = socket.events.filter((event) => event.name === "credited" && event.channel === channel);
    assert.deepEqual(
      credited.map(({ paid }) => paid),
      sums,
    );
  });

  test("is told by the promised fault what was wrong with each lie, and can still pay", async () => {
    const { status, lines } = await run("channel_lies.py", "cable");
    assert.equal(status, 0);
    const promised = faultsOnThePage();
    const expected = [
      ["asks without its ticket", "unknown-channel"],
      ["pays without its ticket", "unknown-channel"],
      ["another channel", "unknown-channel"],
      ["signed for less", "bad-increment"],
      ["signed by another key", "bad-increment"],
      ["signed for another version", "bad-increment"],
      ["signed over another amount", "bad-increment"],
      ["sighash ALL", "bad-increment"],
      ["high s", "bad-increment"],
      ["leaves no change", "channel-closing"],
    ] as const;
    assert.deepEqual(
      lines.filter((line) => "lie" in line).map(({ lie, code, string }) => [lie, code, String(string).split(":")[0]]),
      expected.map(([lie, name]) => [lie, promised.get(name), name]),
    );
    const [last] = named(lines, "paid");
    assert.ok(Number(last?.paid_sat) > paid);
    paid = Number(last?.paid_sat);
  });

  test("without its journal finds its channel again by its own signature, and pays on", async () => {
    rmSync(join(folder, "channel.json"));
    const { status, lines } = await run("channel_cable.py");
    assert.equal(status, 0, JSON.stringify(lines.at(-1)));
    assert.deepEqual(named(lines, "adopted"), [{ event: "adopted", channel, paid_sat: paid }]);
    const more = named((await run("channel_cable.py", "--increments", "2")).lines, "paid");
    assert.equal(more.length, 2);
    assert.ok(Number(more[0]?.paid_sat) > paid);
    paid = Number(more[1]?.paid_sat);
  });

  test("has it closed: a real node takes the closing, which pays what was signed", async () => {
    const { status } = await run("channel_cable.py", "--close");
    assert.equal(status, 0);
    const sent = await socket.event(({ name }) => name === "closing-sent");
    await socket.mine(1);
    const answer = await fetch(`${socket.esplora}/tx/${sent.txid}/hex`);
    const { inputs, outputs } = readRawTx((await answer.text()).trim());
    assert.deepEqual(inputs, [{ txid: channel, vout: 0 }]);
    assert.deepEqual(
      outputs.map(({ amount }) => amount),
      [5_000 - paid, paid - Number(sent.fee)],
    );
    const block = await (await fetch(`${socket.esplora}/tx/${sent.txid}/status`)).json();
    assert.equal((block as { confirmed: boolean }).confirmed, true);
  });
});
