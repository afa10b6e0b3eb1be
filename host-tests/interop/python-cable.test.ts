// The pages suffice: a cable that was written in Python from docs/protocol.md and docs/faults.md
// alone, sharing no line with ours, pays our socket on a regtest chain. And neither side believes
// the other's lies.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  addressOf,
  faultsOnThePage,
  HERE,
  type Line,
  named,
  python,
  type Run,
  type Socket,
  skip,
  startSocket,
} from "./processes";

const VECTORS = join(HERE, "..", "vectors", "protocol");
const KEY = "42".repeat(32);
const PENNILESS = "43".repeat(32);

async function rawTransaction(socket: Socket, txid: unknown): Promise<string> {
  const answer = await fetch(`${socket.esplora}/tx/${txid}/hex`);
  assert.equal(answer.status, 200, `${txid} is known to the chain`);
  return (await answer.text()).trim();
}

describe("a cable written in Python from the pages alone", { skip }, () => {
  let socket: Socket;
  let basic: Socket;
  let folder: string;
  /**
   * What the Python cable says that it paid in the single-fee session, which all tests but the last
   * go on with.
   */
  const paid: Line[] = [];
  /** Satoshi that the mined commitment of a session pays less than its last one. */
  let owed = 0;

  async function run(script: string, ...options: string[]): Promise<Run> {
    const journal = join(folder, "single-fee.json");
    const { status, lines } = await python(
      script,
      ...options,
      ...["--socket", socket.address, "--key", KEY, "--network", "regtest", "--journal", journal],
    );
    paid.push(...named(lines, "paid"));
    return { status, lines };
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "plugpay-interop-"));
    [socket, basic] = await Promise.all([startSocket("single-fee"), startSocket("basic")]);
    const address = addressOf(KEY);
    await Promise.all([socket.fund(address, 60_000, 50_000), basic.fund(address, 100_000)]);
  });

  after(async () => {
    rmSync(folder, { recursive: true });
    await Promise.all([socket.stop(), basic.stop()]);
  });

  test("signs the sessions on record byte for byte as they went over the wire", async () => {
    const files = readdirSync(VECTORS).map((name) => join(VECTORS, name));
    const { status, lines } = await python("replay.py", ...files);
    assert.equal(status, 0);
    const payments = named(lines, "replayed");
    assert.deepEqual(
      payments.filter(({ same }) => same !== true),
      [],
    );
    assert.deepEqual(
      new Set(payments.map(({ session }) => `${session}.json`)),
      new Set(readdirSync(VECTORS)),
      "each session has payments",
    );
  });

  test("is told by the promised fault what was wrong with each lie, and can still pay", async () => {
    const { status, lines } = await run("lies.py", "cable");
    assert.equal(status, 0);
    const promised = faultsOnThePage();
    const expected = [
      ["no such method", "method-not-found"],
      ["no parameters", "invalid-parameters"],
      ["unknown member", "invalid-parameters"],
      ["address of another network", "bad-address"],
      ["unknown scheme", "unknown-scheme"],
      ["no coins", "insufficient-funds"],
      ["no such session", "unknown-session"],
      ["an increment ahead", "wrong-increment"],
      ["cut short", "malformed-transaction"],
      ["another coin", "wrong-inputs"],
      ["pays itself", "wrong-payee"],
      ["pays a satoshi less", "underpaid"],
      ["change to another script", "wrong-change"],
      ["pays less fee", "wrong-fee"],
      ["not replaceable", "not-the-draft"],
      ["signed for another amount", "bad-signature"],
      ["sighash NONE", "wrong-sighash"],
      ["high s", "malleable-signature"],
      ["another key", "wrong-key"],
      ["an earlier commitment anew", "already-superseded"],
    ] as const;
    assert.deepEqual(
      lines.filter((line) => "lie" in line).map(({ lie, code, string }) => [lie, code, String(string).split(":")[0]]),
      expected.map(([lie, name]) => [lie, promised.get(name), name]),
    );
    assert.equal(named(lines, "paid").length, 2);
  });

  test("refuses each offer that would cost it more than agreed, and signs the honest one", async () => {
    const { status, lines } = await run("lies.py", "socket");
    assert.equal(status, 0);
    const why = new Map(lines.filter((line) => "lie" in line).map((line) => [line.lie, String(line.why)]));
    const reasons: readonly (readonly [string, RegExp])[] = [
      ["charges a satoshi more", /^the socket is paid what is due: expected 40000, got 40001$/],
      ["charges arrears that nobody owes", /^arrears are those owed/],
      ["sells less energy", /^the energy is worth the increment: 39999 mWh for 10000 sat$/],
      ["keeps the change", /^the rest goes back to the cable/],
      ["drops the change", /^fee limit, sat/],
      ["burns a fee", /^fee limit, sat/],
      ["belittles a coin", /keeps its amount: expected 60000, got 59000$/],
      ["another payee", /^the payee stays the same/],
      ["another coin", /^the inputs are those of the session/],
      ["pays nobody in particular", /^the payee is a native SegWit script: 6a$/],
      ["changes the maximum", /^session_max_sat stays the same/],
      ["skips a number", /^drafts are numbered without gaps: expected 4, got 5$/],
      ["says one thing and drafts another", /^the draft is what its parts say/],
    ];
    assert.deepEqual(
      [...why.keys()],
      reasons.map(([lie]) => lie),
    );
    for (const [lie, reason] of reasons) assert.match(why.get(lie) ?? "", reason, lie);
    assert.equal(named(lines, "paid").length, 2);
  });

  test("goes on after crashes before and after it sent a payment, and pays nothing twice", async () => {
    const next = paid.length + 1;
    const { status, lines } = await run("lies.py", "crash");
    assert.equal(status, 0);
    const signed = named(lines, "offer").map(({ increment }) => increment);
    assert.deepEqual(signed, [next, next, next + 1], "what was never sent is signed anew, what was taken is not");
    assert.deepEqual(named(lines, "unheard"), [
      { event: "unheard", increment: next, credited_mwh: ["40000", "40000"] },
    ]);
    assert.equal(named(lines, "paid")[0]?.value_sat, 10_000 * (next + 1));
  });

  test("does not buy at a price over its owner's limit", async () => {
    const { status, lines } = await run("cable.py", "--ahead", "--max-price", "249999");
    assert.equal(status, 1);
    assert.match(
      String(named(lines, "refused")[0]?.why),
      /^price limit, msat\/Wh: expected at most 249999, got 250000$/,
    );
    assert.deepEqual(named(lines, "paid"), []);
  });

  test("goes on from its journal to the session's maximum, and its last signature is what the socket broadcasts", async () => {
    for (const increments of ["2", "99"]) {
      const { status, lines } = await run("cable.py", "--ahead", "--increments", increments);
      assert.equal(status, 0, JSON.stringify(lines.at(-1)));
    }
    const credited = socket.events.filter(({ name }) => name === "credited");
    assert.deepEqual(
      credited.map(({ increment, value, energy }) => [increment, value, energy]),
      Array.from({ length: 10 }, (_, i) => [i + 1, 10_000, 40_000]),
    );
    const last = paid.at(-1);
    const sent = await socket.event(({ name }) => name === "broadcast");
    assert.deepEqual([last?.increment, last?.value_sat], [10, 100_000]);
    assert.equal(sent.txid, last?.txid);
    assert.equal(last?.broadcast, last?.txid, "the answer that ends the session names the transaction");
    assert.equal(await rawTransaction(socket, last?.txid), last?.transaction);
  });

  test("is paid by an earlier commitment where somebody broadcast that one behind the socket's back", async () => {
    const address = addressOf(KEY);
    await socket.fund(address, 46_000);
    const session = await run("cable.py", "--ahead", "--increments", "1");
    const early = named(session.lines, "paid")[0];
    await run("cable.py", "--ahead", "--increments", "2");
    owed = Number(paid.at(-1)?.value_sat) - Number(early?.value_sat);
    assert.equal(owed, 20_000);
    await socket.publish(String(early?.transaction));
    await socket.fund(address, 60_000, 1_000);
    // Somebody else asks for power, so the session ends now and not when the socket next looks at
    // its coins.
    const other = await python("cable.py", "--socket", socket.address, "--key", PENNILESS);
    assert.equal(other.lines.at(-1)?.code, 103);
    const buried = await socket.event(({ name, value }) => name === "buried" && value === early?.value_sat);
    assert.deepEqual([buried.txid, buried.owed], [early?.txid, owed]);
  });

  test("pays the arrears that its own journal shows, and an increment with them", async () => {
    const { status, lines } = await run("cable.py", "--ahead", "--increments", "1");
    assert.equal(status, 0, JSON.stringify(lines.at(-1)));
    assert.equal(named(lines, "offer")[0]?.arrears_sat, String(owed));
    assert.equal(paid.at(-1)?.value_sat, owed + 10_000);
  });

  test("pays each increment of the basic scheme with a transaction of its own, over the change of the last", async () => {
    const { status, lines } = await python(
      "cable.py",
      ...["--socket", basic.address, "--key", KEY, "--scheme", "basic", "--increments", "3", "--ahead"],
    );
    assert.equal(status, 0, JSON.stringify(lines.at(-1)));
    const bought = named(lines, "paid");
    assert.equal(bought.length, 3);
    assert.deepEqual(
      bought.map((line) => [line.increment, line.value_sat, line.broadcast]),
      bought.map((line, i) => [i + 1, 10_000, line.txid]),
    );
    for (const line of bought) assert.equal(await rawTransaction(basic, line.txid), line.transaction);
  });
});
