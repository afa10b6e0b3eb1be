// The ticket with which a cable draws the credit that it left: one a payee, and none for a
// stranger. Devices of earlier versions, whose one ticket all sockets saw, leave and find theirs
// too.

import assert from "node:assert/strict";
import { test } from "node:test";
import { realEcdsa } from "../../lab/model/signers";
import { type Bench, MINUTE, plugged } from "../../lab/stage/bench";
import { addressOf } from "../../shared/bitcoin/address";
import { openWallet } from "../../shared/bitcoin/wallet";
import { EMPTY_RECORD, parseCableRecord } from "../../shared/cable/record";
import { ticketsFor } from "../../shared/cable/tickets";
import { Counters } from "../../shared/journal/counters";
import { Journal } from "../../shared/journal/journal";
import { Fault } from "../../shared/protocol/faults";
import type { PaymentRequest, PowerRequest, SocketCalls } from "../../shared/protocol/types";
import type { SocketController } from "../../shared/socket/controller";

const AWAY = 2 * MINUTE;
const OTHER_OWNER = 11;

/** Shows `see` each call that carries a ticket, as anybody on the link reads it. */
function overheard(see: (ticket: string | undefined, call: "ask" | "pay") => void) {
  return (socket: SocketController): SocketCalls => ({
    getStatus: (request, peer) => socket.getStatus(request, peer),
    powerRequest: (request, peer) => {
      see(request.ticket, "ask");
      return socket.powerRequest(request, peer);
    },
    payTransaction: (request, peer) => {
      see(request.ticket, "pay");
      return socket.payTransaction(request, peer);
    },
  });
}

/**
 * A socket of an earlier version: it names no payee, and refuses members of get_status that it does
 * not know.
 */
function earlier(socket: SocketController): SocketCalls {
  return {
    getStatus: async (request, peer) => {
      const { waitMs, ...more } = request;
      if (Object.keys(more).length > 0) throw new Fault("invalid-parameters", "Expected wait_ms.");
      const { payee, ...status } = await socket.getStatus(waitMs === undefined ? {} : { waitMs }, peer);
      return status;
    },
    powerRequest: (request, peer) => socket.powerRequest(request, peer),
    payTransaction: (request, peer) => socket.payTransaction(request, peer),
  };
}

/** What a cable of an earlier version says instead: the one ticket, with each call. */
function withOneTicket(bench: Bench) {
  const ticket = bench.wallet.oneTicket;
  return (socket: SocketController): SocketCalls => ({
    getStatus: (request, peer) => socket.getStatus(request, peer),
    powerRequest: (request: PowerRequest, peer) => socket.powerRequest({ ...request, ticket }, peer),
    payTransaction: (request: PaymentRequest, peer) => socket.payTransaction({ ...request, ticket }, peer),
  });
}

/** The cable's journal as an earlier version left it: without a word about tickets. */
function asEarlierRecord({ cableStore: store }: Bench): void {
  const options = { store, name: "cable", version: EMPTY_RECORD.version, parse: parseCableRecord, report: () => {} };
  const journal = new Journal(options);
  const { oneTicket, ...record } = journal.load() ?? EMPTY_RECORD;
  assert.ok(oneTicket, "this version writes it");
  journal.save({ ...record, ...new Counters(store, "cable").load(journal.mark) });
}

/** A cable that paid once, drew a little and went. */
async function left(bench: Bench): Promise<void> {
  await bench.clock.run(30_000);
  assert.equal(bench.cable.state, "powered");
  bench.unplug();
  await bench.clock.run(AWAY);
}

async function back(bench: Bench): Promise<void> {
  bench.plugIn();
  await bench.clock.run(30_000);
}

function assertHonoured(bench: Bench, paid: number): void {
  assert.equal(bench.named("credit-honoured").length, 1, bench.story());
  assert.equal(bench.named("credited").length, paid, "nothing is paid while credit lasts");
  assert.deepEqual(bench.named("stopped"), []);
}

test("a ticket is one payee's, and none is the one of earlier versions", () => {
  const wallet = openWallet(new Uint8Array(32).fill(7), realEcdsa);
  const [a, b] = [wallet.ticket(`0014${"aa".repeat(20)}`), wallet.ticket(`0014${"bb".repeat(20)}`)];
  assert.equal(new Set([a, b, wallet.oneTicket]).size, 3);
  assert.equal(wallet.ticket(`0014${"aa".repeat(20)}`), a, "the same each time");
  const other = openWallet(new Uint8Array(32).fill(8), realEcdsa);
  assert.notEqual(other.ticket(`0014${"aa".repeat(20)}`), a);
});

test("what one socket saw draws nothing at another, and the cable still finds its credit at both", async () => {
  const seen: (string | undefined)[] = [];
  const bench = plugged({ coins: [500_000, 500_000] });
  bench.front = overheard((ticket) => seen.push(ticket));
  await left(bench);
  const first = new Map(bench.socketStore.values);
  const atFirst = seen.splice(0);
  assert.equal(atFirst[0], undefined, "a cable that was never here has nothing to show");
  const [ticket] = atFirst.filter((each) => each !== undefined);
  bench.exchangeSocket(OTHER_OWNER);
  bench.plugIn();
  await left(bench);
  assert.equal(bench.named("credited").length, 2);
  assert.ok(!seen.includes(ticket), "nor does it show another payee's");
  const request = { address: addressOf(bench.wallet.script, "regtest"), scheme: "single-fee" } as const;
  const stranger = (shown: string | undefined) =>
    bench.clock.finish(bench.socket.powerRequest({ ...request, ...(shown && { ticket: shown }) }, "169.254.9.9:1"));
  assert.equal((await stranger(ticket)).credit, 0);
  assert.equal(bench.named("credit-honoured").length, 0);
  const own = seen.find((each) => each !== undefined);
  assert.ok((await stranger(own)).credit > 0, "at the same payee it does: that is what is left");
  bench.exchangeSocket(9);
  for (const [name, value] of first) bench.socketStore.values.set(name, value);
  bench.restartSocket();
  const before = bench.named("credit-honoured").length;
  await back(bench);
  assert.equal(bench.named("credit-honoured").length, before + 1, "and at the first its credit still waits");
  assert.deepEqual(bench.named("stopped"), []);
});

test("a socket that names a payee whom the cable never paid is shown no ticket", async () => {
  const seen: (string | undefined)[] = [];
  const bench = plugged();
  const listen = overheard((ticket, call) => call === "ask" && seen.push(ticket));
  bench.front = listen;
  await left(bench);
  const named = `0014${"cc".repeat(20)}`;
  bench.front = (socket) => ({
    ...listen(socket),
    getStatus: async (request, peer) => ({ ...(await socket.getStatus(request, peer)), payee: named }),
  });
  seen.length = 0;
  await back(bench);
  assert.equal(seen[0], undefined);
  assertHonoured(bench, 1);
});

test("a cable of an earlier version left credit at a socket of this one, and finds it after its update", async () => {
  const bench = plugged();
  bench.front = withOneTicket(bench);
  await left(bench);
  asEarlierRecord(bench);
  bench.front = (socket) => socket;
  await back(bench);
  assertHonoured(bench, 1);
});

test("once a payment with the payee's own ticket was acknowledged, the one of earlier versions is never shown again", async () => {
  const seen: (string | undefined)[] = [];
  const bench = plugged();
  bench.front = withOneTicket(bench);
  await left(bench);
  asEarlierRecord(bench);
  bench.front = overheard((ticket) => seen.push(ticket));
  bench.plugIn();
  await bench.clock.run(2 * MINUTE);
  assert.ok(seen.includes(bench.wallet.oneTicket));
  assert.ok(bench.named("credited").length >= 2, bench.story());
  bench.unplug();
  await bench.clock.run(AWAY);
  seen.length = 0;
  await back(bench);
  assert.ok(seen.length > 0 && !seen.includes(bench.wallet.oneTicket), seen.join(" "));
  assert.equal(bench.named("credit-honoured").length, 2);
  assert.deepEqual(bench.named("stopped"), []);
});

test("a payment with the new ticket whose answer was lost before the cable's restart leaves its credit findable", async () => {
  const bench = plugged();
  bench.front = withOneTicket(bench);
  await left(bench);
  asEarlierRecord(bench);
  // What was paid last with the one ticket and acknowledged, and then paid with its own and not
  // acknowledged.
  bench.front = (socket) => ({
    ...withOneTicket(bench)(socket),
    powerRequest: (request, peer) => socket.powerRequest(request, peer),
    payTransaction: async (request, peer) => {
      await socket.payTransaction(request, peer);
      throw new Error("the answer is lost");
    },
  });
  bench.plugIn();
  for (let i = 0; i < 300 && bench.named("credited").length < 2; i++) await bench.clock.run(1_000);
  assert.equal(bench.named("credited").length, 2);
  bench.unplug();
  await bench.clock.run(AWAY);
  bench.front = (socket) => socket;
  await back(bench);
  assert.equal(bench.cable.state, "powered", bench.story());
  assert.deepEqual(bench.named("stopped"), []);
});

test("a cable of this version finds the credit that it left at a socket of an earlier one", async () => {
  const bench = plugged();
  bench.front = earlier;
  await left(bench);
  await back(bench);
  assertHonoured(bench, 1);
});

test("at a socket of an earlier version that it visited before the last one, too", async () => {
  const bench = plugged({ coins: [500_000, 500_000] });
  bench.front = earlier;
  await left(bench);
  const first = new Map(bench.socketStore.values);
  bench.exchangeSocket(OTHER_OWNER);
  bench.plugIn();
  await left(bench);
  bench.exchangeSocket(9);
  for (const [name, value] of first) bench.socketStore.values.set(name, value);
  bench.restartSocket();
  const paid = bench.named("credited").length;
  await back(bench);
  assertHonoured(bench, paid);
});

test("a cable of an earlier version finds what it left at a socket of this one", async () => {
  const bench = plugged();
  bench.front = withOneTicket(bench);
  await left(bench);
  await back(bench);
  assertHonoured(bench, 1);
});

test("where a payment with either ticket may be the last, both are shown, the earlier one first", () => {
  const wallet = openWallet(new Uint8Array(32).fill(7), realEcdsa);
  const payee = `0014${"aa".repeat(20)}`;
  const { oneTicket, ...old } = { ...EMPTY_RECORD, claims: [{ script: payee, energy: 1, value: 1 }] };
  assert.deepEqual(ticketsFor(old, wallet, payee), [wallet.oneTicket, wallet.ticket(payee)]);
  assert.deepEqual(ticketsFor({ ...old, oneTicket: [] }, wallet, payee), [wallet.ticket(payee)]);
  assert.deepEqual(ticketsFor(old, wallet, `0014${"dd".repeat(20)}`), []);
});
