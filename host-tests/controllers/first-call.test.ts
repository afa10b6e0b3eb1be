// The cable's first call, and the address that it keeps beside its key: believed in questions, and
// never in a signature.

import assert from "node:assert/strict";
import { test } from "node:test";
import { realEcdsa } from "../../lab/model/signers";
import { Bench, plugged, TOASTER } from "../../lab/stage/bench";
import { addressOf } from "../../shared/bitcoin/address";
import { openWallet } from "../../shared/bitcoin/wallet";
import { ADDRESS_ENTRY } from "../../shared/cable/address";
import { decodeUtf8, encodeUtf8 } from "../../shared/kernel/utf8";
import { Fault } from "../../shared/protocol/faults";
import type { PowerRequest, SocketCalls, StatusRequest } from "../../shared/protocol/types";
import type { SocketController } from "../../shared/socket/controller";

/** Keeps what is asked. */
function heard(bench: Bench) {
  const asked: { status: StatusRequest[]; power: PowerRequest[] } = { status: [], power: [] };
  bench.front = (socket: SocketController): SocketCalls => ({
    getStatus: (request, peer) => {
      asked.status.push(request);
      return socket.getStatus(request, peer);
    },
    powerRequest: (request, peer) => {
      asked.power.push(request);
      return socket.powerRequest(request, peer);
    },
    payTransaction: (request, peer) => socket.payTransaction(request, peer),
  });
  return asked;
}

/** A bench on which the cable's store has `entry` as its address, not yet started. */
function keeping(entry: string): Bench {
  const bench = new Bench();
  bench.cableStore.write(ADDRESS_ENTRY, encodeUtf8(entry));
  return bench;
}

function begin(bench: Bench): void {
  bench.socket.start();
  bench.cable.start();
  bench.circuit.load = TOASTER;
}

const kept = (bench: Bench): string => decodeUtf8(bench.cableStore.values.get(ADDRESS_ENTRY) ?? new Uint8Array());

test("the address is kept at the first dealing, and from then on comes with the first call and with no other", async () => {
  const bench = plugged();
  const asked = heard(bench);
  const address = addressOf(bench.wallet.script, "regtest");
  await bench.clock.run(10_000);
  assert.deepEqual(asked.status[0], {}, "there was none yet");
  assert.equal(kept(bench), address);
  bench.unplug();
  await bench.clock.run(1_000);
  asked.status.length = 0;
  bench.plugIn();
  await bench.clock.run(10_000);
  assert.deepEqual(asked.status[0], { address, scheme: "single-fee" });
  assert.ok(asked.status.slice(1).every((request) => request.address === undefined));
  assert.equal(bench.cable.state, "powered");
});

test("a cable that has no address yet derives it while the first answer is on its way", async () => {
  const bench = plugged();
  const before: string[] = [];
  bench.front = (socket) => ({
    getStatus: async (request, peer) => {
      await new Promise<void>((resolve) => bench.clock.after(100, resolve));
      before.push(kept(bench));
      return socket.getStatus(request, peer);
    },
    powerRequest: (request, peer) => socket.powerRequest(request, peer),
    payTransaction: (request, peer) => socket.payTransaction(request, peer),
  });
  await bench.clock.run(5_000);
  assert.equal(before[0], addressOf(bench.wallet.script, "regtest"));
  assert.equal(bench.cable.state, "powered");
});

test("a socket that refuses the members is asked again as version 1 has it", async () => {
  const bench = keeping(addressOf(openWallet(new Uint8Array(32).fill(7), realEcdsa).script, "regtest"));
  let refused = 0;
  bench.front = (socket) => ({
    getStatus: async (request, peer) => {
      if (request.address === undefined) return socket.getStatus(request, peer);
      refused++;
      throw new Fault("invalid-parameters", "Expected wait_ms.");
    },
    powerRequest: (request, peer) => socket.powerRequest(request, peer),
    payTransaction: (request, peer) => socket.payTransaction(request, peer),
  });
  begin(bench);
  await bench.clock.run(2_000);
  assert.equal(refused, 1);
  assert.equal(bench.cable.state, "powered", bench.story());
});

test("a stored address that is not the key's: nothing is signed for it, it is told by name, and the right one is written back", async () => {
  // One with coins, so that the socket makes an offer over them.
  const other = openWallet(new Uint8Array(32).fill(8), realEcdsa);
  const wrong = addressOf(other.script, "regtest");
  const bench = keeping(wrong);
  bench.network.grant(other.script, 1_000_000);
  bench.network.mineMany(3);
  const asked = heard(bench);
  const right = addressOf(bench.wallet.script, "regtest");
  const { sign } = bench.wallet;
  let signatures = 0;
  bench.wallet.sign = (digest) => {
    assert.ok(
      asked.power.some(({ address }) => address === right),
      "it signs what was asked for under its own address only",
    );
    assert.equal(kept(bench), right, "and after the right one was written back");
    signatures++;
    return sign.call(bench.wallet, digest);
  };
  begin(bench);
  await bench.clock.run(5_000);
  assert.deepEqual(
    asked.power.slice(0, 2).map(({ address }) => address),
    [wrong, right],
  );
  assert.deepEqual(
    bench.named("address-corrected").map((event) => [event.kept, event.address]),
    [[wrong, right]],
  );
  assert.equal(kept(bench), right);
  assert.equal(bench.cable.state, "powered", bench.story());
  assert.ok(signatures > 0);
  await bench.clock.run(5_000);
  bench.unplug();
  await bench.clock.run(60_000);
  bench.network.mine();
  assert.ok(bench.received() > 0);
  const change = [...bench.network.blocks.unspent.values()].filter(({ script }) => script === bench.wallet.script);
  assert.equal(change.length, 1, "the change came back to the key");
});

test("a stored address that no socket takes only costs another question", async () => {
  const right = addressOf(openWallet(new Uint8Array(32).fill(7), realEcdsa).script, "regtest");
  const bench = keeping(`${right.slice(0, -1)}${right.endsWith("q") ? "p" : "q"}`);
  begin(bench);
  await bench.clock.run(5_000);
  assert.equal(kept(bench), right);
  assert.equal(bench.cable.state, "powered", bench.story());
  assert.deepEqual(bench.named("held"), []);
});

test("what is stored for another network, or is no text, is not sent", async () => {
  for (const entry of ["bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bcrt1q", "\u0000".repeat(44)]) {
    const bench = keeping(entry);
    const asked = heard(bench);
    begin(bench);
    await bench.clock.run(5_000);
    const right = addressOf(bench.wallet.script, "regtest");
    assert.deepEqual(asked.status[0], {});
    assert.ok(asked.power.every(({ address }) => address === right));
    assert.equal(kept(bench), right);
  }
});

test("flash that takes no address costs nothing but the next start's head start", async () => {
  const bench = plugged();
  const write = bench.cableStore.write.bind(bench.cableStore);
  bench.cableStore.write = (key, value) => {
    if (key === ADDRESS_ENTRY) throw new Error("the flash takes nothing");
    write(key, value);
  };
  await bench.clock.run(5_000);
  assert.equal(bench.cable.state, "powered");
});
