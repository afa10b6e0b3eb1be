// Each fault that a socket can give, from the call that deserves it; and none of them touches power
// that is paid for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { socketJournal } from "../../lab/model/records";
import { hash160, parse, serialise, sighash, type Transaction, type TxOutput } from "../../lab/model/transaction";
import { alone, type Bench, Customer, MINUTE } from "../../lab/stage/bench";
import { bytesToHex } from "../../shared/bitcoin/bytes";
import { ChainError } from "../../shared/chain/error";
import { FAULTS, Fault, type FaultName } from "../../shared/protocol/faults";
import type { DraftOffer } from "../../shared/protocol/types";
import type { SocketRecord } from "../../shared/socket/record";

/** Faults that are given before the controllers are asked (shared/rpc): their tests are there. */
const WIRE: readonly FaultName[] = [
  "parse-error",
  "method-not-found",
  "invalid-parameters",
  "internal-error",
  "too-large",
  "too-many-requests",
];

/** Faults of channels: channel-socket.test.ts. */
const CHANNEL_FAULTS: readonly FaultName[] = [
  "unknown-channel",
  "channel-not-ready",
  "channel-closing",
  "too-many-channels",
  "bad-deposit",
  "unclosed-limit",
  "bad-funding",
  "bad-increment",
];

const CURVE_ORDER = BigInt("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
const seen = new Set<FaultName>();

function refuses(name: FaultName): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Fault, String(error));
    assert.equal(error.fault, name, error.message);
    seen.add(name);
    return true;
  };
}

interface Change {
  readonly tx?: (tx: Transaction) => Partial<Transaction>;
  readonly type?: number;
  readonly signature?: (der: Uint8Array) => Uint8Array;
  readonly publicKey?: Uint8Array;
  readonly signer?: Customer;
}

/** The offer's draft with something changed, and then signed all the same. */
function forged(customer: Customer, offer: DraftOffer, change: Change): string {
  const { wallet } = change.signer ?? customer;
  const draft = parse(offer.transaction);
  const bare = parse(serialise({ ...draft, ...change.tx?.(draft) }));
  const type = change.type ?? 1;
  const inputs = bare.inputs.map((input, i) => {
    const amount = offer.inputs[i]?.amount ?? 0;
    const der = wallet.sign(sighash(bare, i, hash160(customer.wallet.publicKey), amount, type));
    const signature = Buffer.concat([change.signature?.(der) ?? der, Buffer.from([type])]);
    return { ...input, witness: [signature, Buffer.from(change.publicKey ?? wallet.publicKey)] };
  });
  return serialise({ ...bare, inputs });
}

/** The same signature with the other S: it verifies, and nodes do not relay it. */
function withHighS(der: Uint8Array): Uint8Array {
  const rLength = der[3] as number;
  const r = der.slice(4, 4 + rLength);
  const s = BigInt(`0x${bytesToHex(der.slice(6 + rLength))}`);
  const high = Buffer.from((CURVE_ORDER - s).toString(16).padStart(64, "0"), "hex");
  const body = Buffer.concat([Buffer.from([2, rLength]), r, Buffer.from([2, 33, 0]), high]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

type Outputs = readonly [socket: TxOutput, change: TxOutput];

function outputs(change: (both: Outputs) => readonly TxOutput[]): Change {
  return { tx: (tx) => ({ outputs: change(tx.outputs as unknown as Outputs) }) };
}

function more(output: TxOutput, by: number): TxOutput {
  return { ...output, amount: output.amount + by };
}

const FORGERIES: readonly (readonly [name: FaultName, what: string, change: Change])[] = [
  ["wrong-inputs", "spends another coin", { tx: (tx) => ({ inputs: tx.inputs.map((i) => ({ ...i, vout: 7 })) }) }],
  ["wrong-payee", "pays the cable itself", outputs(([a, b]) => [{ ...a, script: b.script }, b])],
  ["underpaid", "pays a satoshi less", outputs(([a, b]) => [more(a, -1), b])],
  ["not-the-draft", "pays a satoshi more", outputs(([a, b]) => [more(a, 1), b])],
  ["wrong-change", "has no change", outputs(([a]) => [a])],
  ["wrong-fee", "leaves less to the miner", outputs(([a, b]) => [a, more(b, 1)])],
  ["not-the-draft", "is of version 1", { tx: () => ({ version: 1 }) }],
  ["not-the-draft", "has a lock time", { tx: () => ({ locktime: 500_000 }) }],
  ["not-the-draft", "is final", { tx: (tx) => ({ inputs: tx.inputs.map((i) => ({ ...i, sequence: 0xffffffff })) }) }],
  ["wrong-sighash", "signs no outputs (NONE)", { type: 2 }],
  ["wrong-sighash", "signs for anybody (ALL|ANYONECANPAY)", { type: 0x81 }],
  ["malleable-signature", "has a high S", { signature: withHighS }],
];

/** A socket at which `payer` has paid once and holds the next offer. */
async function paidOnce(
  options?: ConstructorParameters<typeof Bench>[0],
): Promise<{ bench: Bench; payer: Customer; offer: DraftOffer }> {
  const bench = alone(options);
  const payer = new Customer(bench, 21);
  const { next } = await payer.pay();
  assert.ok(next);
  return { bench, payer, offer: next };
}

for (const [name, what, change] of FORGERIES)
  test(`a transaction that ${what} is refused as ${name}, and paid power goes on`, async () => {
    const { bench, payer } = await paidOnce();
    const fresh = await payer.ask();
    const before = await payer.status();
    const transaction = forged(payer, fresh, change);
    await assert.rejects(
      payer.send({ session: fresh.session, increment: fresh.increment, transaction }),
      refuses(name),
    );
    const after = await payer.status();
    assert.equal(after.state, "paid");
    assert.ok(before.remaining - after.remaining < 10, "credit is what it was");
    assert.equal((await payer.pay(fresh)).credited, 40_000, "and the honest signature is still taken");
    assert.ok(bench.circuit.socket.closed);
  });

test("bytes that are no transaction, or not signed, are refused as malformed-transaction", async () => {
  const { payer, offer } = await paidOnce();
  for (const transaction of ["00", "zz", "", offer.transaction, `${payer.sign(offer).transaction}00`])
    await assert.rejects(
      payer.send({ session: offer.session, increment: offer.increment, transaction }),
      refuses("malformed-transaction"),
    );
});

test("signatures of another key, of other amounts, or under another key's name are refused", async () => {
  const { bench, payer, offer } = await paidOnce();
  const thief = new Customer(bench, 66);
  const send = (transaction: string): Promise<unknown> =>
    payer.send({ session: offer.session, increment: offer.increment, transaction });
  await assert.rejects(send(forged(payer, offer, { signer: thief })), refuses("wrong-key"));
  await assert.rejects(
    send(forged(payer, offer, { signer: thief, publicKey: payer.wallet.publicKey })),
    refuses("bad-signature"),
  );
  const lied = { ...offer, inputs: offer.inputs.map((input) => ({ ...input, amount: input.amount + 1 })) };
  await assert.rejects(send(forged(payer, lied, {})), refuses("bad-signature"));
});

test("the last increment again under other bytes is superseded; the same bytes are answered as before", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  const request = payer.sign(await payer.ask());
  const first = await payer.send(request);
  const again = await payer.send(request);
  assert.equal(again.credited, first.credited);
  assert.ok(again.remaining <= first.remaining, "nothing is credited twice");
  await payer.pay(first.next);
  await assert.rejects(payer.send(request), refuses("already-superseded"));
  await assert.rejects(payer.send({ ...request, increment: 9 }), refuses("wrong-increment"));
  await assert.rejects(payer.send({ ...request, session: "00".repeat(16) }), refuses("unknown-session"));
});

test("a session that was settled takes no more", async () => {
  const { bench, payer, offer } = await paidOnce();
  await bench.clock.run(MINUTE);
  await assert.rejects(payer.pay(offer), refuses("session-ended"));
});

test("an address of another kind or network, without coins, or for an unknown scheme opens nothing", async () => {
  const bench = alone({ socket: { schemes: ["single-fee"] } });
  const poor = new Customer(bench, 23, undefined, [12_000]);
  const ask = (address: string): Promise<unknown> =>
    bench.clock.finish(bench.socket.powerRequest({ address, scheme: "single-fee" }, poor.host));
  await assert.rejects(poor.ask(), refuses("insufficient-funds"));
  await assert.rejects(poor.ask("basic"), refuses("unknown-scheme"));
  await assert.rejects(ask("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"), refuses("bad-address"));
  await assert.rejects(ask("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"), refuses("bad-address"));
});

test("a session of basic payments has coins for the fee of each of them", async () => {
  const asked = async (scheme: "basic" | "single-fee"): Promise<number> => {
    const bench = alone({ socket: { sessionMax: 30_000, increment: 10_000, feeLimit: 5_000 } });
    return (await new Customer(bench, 21, undefined, [40_000, 39_000]).ask(scheme)).inputs.length;
  };
  assert.equal(await asked("single-fee"), 1, "one coin holds the session and one fee");
  assert.equal(await asked("basic"), 2);
});

test("another cable's open session is not to be had", async () => {
  const { bench } = await paidOnce();
  await assert.rejects(new Customer(bench, 22).ask(), refuses("socket-busy"));
});

test("a visitor that does not pay in time is locked out, and told for how long", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  const offer = await payer.ask();
  for (let i = 0; i < 7; i++) {
    await bench.clock.run(10_000);
    await payer.status();
  }
  await assert.rejects(
    payer.ask(),
    (error) => refuses("locked-out")(error) && ((error as Fault).retryAfterMs ?? 0) > 0,
  );
  await assert.rejects(payer.pay(offer), refuses("session-ended"));
});

test("a gate that has tripped sells nothing until it is cleared", async () => {
  const { bench, payer, offer } = await paidOnce();
  bench.draw(5_000_000);
  await bench.clock.run(500);
  await assert.rejects(payer.pay(offer), refuses("power-fault"));
  bench.circuit.load = 0;
  await bench.clock.run(12_000);
  assert.equal((await payer.pay(offer)).credited, 40_000);
});

async function doubleSpent(): Promise<{ bench: Bench; payer: Customer }> {
  const { bench, payer, offer } = await paidOnce();
  const [coin] = offer.inputs;
  assert.ok(coin);
  const rival = payer.sign({
    ...offer,
    fee: 5_000,
    outputs: [{ script: payer.wallet.script, amount: coin.amount - 5_000 }],
  });
  bench.network.node.submit(rival.transaction);
  await bench.clock.run(12_000);
  await assert.rejects(payer.pay(offer), (error) => error instanceof Fault);
  await bench.clock.run(MINUTE + 30_000);
  await assert.rejects(payer.ask(), refuses("address-refused"));
  return { bench, payer };
}

test("a coin that somebody else has spent is refused, and its owner for good", async () => {
  await doubleSpent();
});

test("a coin that was double-spent pays nothing either where its owner's address was forgotten", async () => {
  const { bench, payer } = await doubleSpent();
  const journal = socketJournal(bench.socketStore);
  const record = journal.load();
  assert.equal(record?.cheatCoins.length, 1);
  bench.cutSocket();
  journal.save({ ...(record as SocketRecord), cheats: [], settlements: [] });
  // What spent the coin is gone from the chain as the socket sees it.
  const { mempool } = bench.network.node;
  for (const txid of [...mempool.entries.keys()]) mempool.evict(txid);
  bench.restartSocket();
  await assert.rejects(payer.ask(), refuses("address-refused"));
});

test("the owner's word forgives cheats, and what is owed, once", async () => {
  const { bench, payer } = await doubleSpent();
  bench.network.mineMany(3);
  await bench.clock.run(2 * MINUTE);
  bench.network.grant(payer.wallet.script, 300_000);
  bench.configure({ socket: { forgive: "2026-11-22" } });
  bench.restartSocket();
  assert.deepEqual(
    bench.named("forgiven").map(({ debts }) => debts),
    [10_000],
  );
  assert.equal((await payer.ask()).increment, 1);
  bench.restartSocket();
  assert.equal(bench.named("forgiven").length, 1, "the same word does nothing a second time");
});

test("the chain's answer at the last moment counts: input-spent", async () => {
  const bench = alone({ socket: { unspentMaxAge: 0, watchEvery: 600_000 } });
  // A backend that does not push.
  Object.defineProperty(bench.view, "watch", { value: undefined });
  const payer = new Customer(bench, 21);
  bench.restartSocket();
  const offer = await payer.ask();
  const [coin] = offer.inputs;
  assert.ok(coin);
  bench.network.node.submit(
    payer.sign({ ...offer, fee: 5_000, outputs: [{ script: payer.wallet.script, amount: coin.amount - 5_000 }] })
      .transaction,
  );
  await assert.rejects(payer.pay(offer), refuses("input-spent"));
  assert.equal((await payer.status()).state, "standby");
});

test("a payment buys nothing for which the chain's answer came when its session was over, and its coins were spent", async () => {
  const { bench, payer, offer } = await paidOnce({ socket: { unspentMaxAge: 0 } });
  const { outspend } = bench.view;
  let answer = (): void => {};
  const slow = new Promise<void>((resolve) => {
    answer = resolve;
  });
  bench.view.outspend = async (outpoint) => {
    bench.view.outspend = outspend;
    const spend = await outspend.call(bench.view, outpoint);
    await slow;
    return spend;
  };
  const late = bench.socket.payTransaction(payer.sign(offer), payer.host);
  for (let second = 0; second < 120 && bench.named("buried").length === 0; second++) {
    await bench.clock.run(1_000);
    if (bench.named("broadcast").length > 0) bench.network.mine();
  }
  assert.equal(bench.named("buried").length, 1, "the first payment of the session is in a block");
  answer();
  await assert.rejects(bench.clock.finish(late), refuses("wrong-increment"));
  assert.equal(bench.named("credited").length, 1, bench.story());
});

test("without a fee estimate a session that runs keeps the last rate, and no new one begins", async () => {
  const none = async (): Promise<never> => {
    throw new ChainError("no-estimate", "none");
  };
  const { bench, payer, offer } = await paidOnce();
  bench.view.feeRates = none;
  for (let i = 0; i < 3; i++) {
    await bench.clock.run(25_000);
    await payer.status();
  }
  const again = await payer.ask();
  assert.equal(again.session, offer.session);
  assert.equal((await payer.pay(again)).credited, 40_000);

  const idle = alone();
  const { feeRates } = idle.view;
  idle.view.feeRates = none;
  const other = new Customer(idle, 22);
  await assert.rejects(other.ask(), refuses("chain-unavailable"));
  idle.view.feeRates = feeRates;
  await idle.clock.run(10_000);
  assert.equal((await other.pay()).credited, 40_000);
});

test("a chain that is away gives no new credit, and takes none", async () => {
  const { bench, payer, offer } = await paidOnce();
  bench.view.fault = "away";
  await bench.clock.run(29_000);
  await payer.status();
  await bench.clock.run(10_000);
  await assert.rejects(payer.pay(offer), refuses("chain-unavailable"));
  assert.equal((await payer.status()).state, "paid");
  bench.view.fault = "none";
  await bench.clock.run(5_000);
  assert.equal((await payer.pay(offer)).credited, 40_000, "the same signature is good once the chain answers");
});

test("a payment that the network refuses buys nothing (basic)", async () => {
  const bench = alone();
  const payer = new Customer(bench, 21);
  const offer = await payer.ask("basic");
  Object.defineProperty(bench.view, "broadcast", {
    value: () => Promise.reject(new ChainError("fee-too-low", "mempool min fee not met")),
  });
  bench.restartSocket();
  const fresh = await payer.ask("basic");
  assert.notEqual(fresh.session, offer.session);
  await assert.rejects(payer.pay(fresh), refuses("broadcast-refused"));
  assert.equal((await payer.status()).remaining, 0);
});

test("at the exposure limit nothing more is sold before a confirmation", async () => {
  const bench = alone({ socket: { exposureLimit: 20_000, checkpoint: 20_000 } });
  const payer = new Customer(bench, 21);
  const { next } = await payer.pay();
  assert.equal((await payer.pay(next)).next, undefined);
  await bench.clock.run(2_000);
  await assert.rejects(payer.ask(), refuses("exposure-limit"));
  bench.network.mineMany(2);
  await bench.clock.run(12_000);
  assert.equal((await payer.pay()).credited, 40_000);
});

test("fees beyond the socket's limit open no session, and say so", async () => {
  const bench = alone();
  bench.network.market = 100_000;
  const payer = new Customer(bench, 21);
  await assert.rejects(payer.ask(), refuses("fees-too-high"));
  bench.network.market = 1_000;
  await bench.clock.run(3 * MINUTE);
  assert.equal((await payer.pay()).credited, 40_000);
});

test("a socket that is about to restart takes no payments and settles what it has", async () => {
  const { bench, payer, offer } = await paidOnce();
  await bench.clock.finish(bench.socket.stop());
  await assert.rejects(payer.pay(offer), refuses("stopping"));
  await assert.rejects(payer.ask(), refuses("stopping"));
  assert.equal(bench.named("broadcast").length, 1);
});

test("every fault of the catalogue that a controller gives has been given above", () => {
  const elsewhere = [...WIRE, ...CHANNEL_FAULTS];
  const missing = (Object.keys(FAULTS) as FaultName[]).filter((name) => !elsewhere.includes(name) && !seen.has(name));
  assert.deepEqual(missing, []);
});
