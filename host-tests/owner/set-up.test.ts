// A factory-new pair, set up by somebody with a terminal and no compiler: npm run owner at both
// serial ports, from nothing to power that is sold at a price that was changed.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import type { DeviceName } from "../../lab/sim/bundle";
import { NEXT_PRICE, type NewPair, PAYOUT, PRICE, startNewPair } from "./factory-new";
import { codeRead } from "./terminal-code";

const ROOT = join(import.meta.dirname, "../..");
const HAS_PYTHON = spawnSync("python3", ["--version"]).status === 0;
const OPTIONS = { skip: HAS_PYTHON ? false : "python3 is not installed" };

describe("a factory-new pair, by npm run owner at its serial ports", OPTIONS, () => {
  let pair: NewPair;
  before(async () => {
    pair = await startNewPair();
  });
  after(() => pair?.stop());

  async function owner(device: DeviceName, ...words: string[]): Promise<string> {
    const all = ["--import", "tsx", "tools/owner.ts", "--port", pair[device].serial, ...words];
    const child = spawn(process.execPath, all, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
    assert.equal(child.exitCode, 0, `${words.join(" ")}: ${err}`);
    return out.trim();
  }

  const statusOf = async (device: DeviceName) => JSON.parse(await owner(device, "status", "--json"));

  test("both say what they want, before they do anything", async () => {
    const [socket, cable] = [await statusOf("socket"), await statusOf("cable")];
    assert.deepEqual([socket.state, cable.state], ["not-started", "not-started"]);
    assert.match(socket.reason, /^network: expected "mainnet" or .*; payoutAddress: expected /);
    assert.match(cable.reason, /^network: expected "mainnet" or /);
    assert.equal(socket.network, null);
    assert.equal(JSON.parse(await owner("cable", "address", "--json")).address, null);
  });

  test("a socket is told where its money goes and who knows the chain, and waits for a cable then", async () => {
    const words = ["network", "regtest", "payoutAddress", PAYOUT, "esplora", pair.esplora, "price", `${PRICE}`];
    assert.match(await owner("socket", "set", ...words), /restart +network payoutAddress esplora/);
    await owner("socket", "restart");
    await pair.socket.event("settings");
    assert.match(await owner("socket", "status"), /^reason +standby: it waits for a cable that pays$/m);
  });

  test("a cable is told its network and its limits, draws a key, and is funded from the QR code", async () => {
    await owner("cable", "set", "network", "regtest", "maxPrice", `${2 * PRICE}`);
    await owner("cable", "restart");
    const { address } = await pair.cable.event("address");
    const printed = await owner("cable", "address");
    const uri = codeRead(printed.split("\n").slice(0, -1));
    assert.equal(uri, `BITCOIN:${String(address).toUpperCase()}`);
    // As a wallet does that reads the code.
    pair.socket.type(`fund ${uri?.slice("BITCOIN:".length).toLowerCase()}`);
  });

  test("it pays, and power is sold at the owner's price", async () => {
    await pair.socket.event("credited");
    await pair.cable.event("paid");
    const { state, session, meter } = await statusOf("socket");
    assert.equal(state, "paid");
    assert.equal(session.priceSatPerKwh, PRICE);
    assert.ok(meter.powerW > 1000, `${meter.powerW} W`);
    assert.ok((await statusOf("cable")).spent.totalSat > 0);
  });

  test("the price is changed: the session that runs keeps its own, and the next one has it", async () => {
    const { session } = await statusOf("socket");
    assert.match(await owner("socket", "set", "price", `${NEXT_PRICE}`), /session +price/);
    const from = pair.socket.lines.length;
    for (const each of [pair.socket, pair.cable]) each.type("plug out");
    await pair.socket.event("session-ended", from);
    for (const each of [pair.cable, pair.socket]) each.type("plug in");
    const next = await pair.socket.told(({ name, session: id }) => name === "credited" && id !== session.id, from);
    const { sessions } = JSON.parse(await owner("socket", "sessions", "--json"));
    const priceOf = (id: unknown) => sessions.find((each: { session: string }) => each.session === id)?.priceSatPerKwh;
    assert.deepEqual([priceOf(session.id), priceOf(next.session)], [PRICE, NEXT_PRICE]);
  });
});
