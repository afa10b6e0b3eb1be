// The seed of a socket's payee keys, in its owner's hands: shown to him before mainnet makes a key
// of it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SeededRandom } from "../../lab/model/random";
import { CutStore } from "../../lab/model/store";
import { deviceSeed, holdsChannels, storedSeed } from "../../shared/channel/seed";
import { owned } from "./owned";

const OWN = "ab".repeat(32);
const random = new SeededRandom(5);

const onMainnet = (store: CutStore) => deviceSeed({ store, random, mainnet: true, sells: true });
const onTestnet = (store: CutStore, sells = true) => deviceSeed({ store, random, mainnet: false, sells });
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("hex");

describe("Mainnet makes no payee key unless its seed was shown to the owner", () => {
  test("none is born there, and one that was drawn counts only once he said that he has it", async () => {
    const { bench, socket } = owned();
    const store = bench.socketStore;
    assert.equal(onMainnet(store), undefined);
    assert.equal(storedSeed(store), undefined, "none was drawn");
    assert.equal(
      (await socket.ask("seed.keep", { digits: "00000000" })).error?.data.why,
      "there is no seed yet: seed.show draws one",
    );
    const { seed } = await socket.get("seed.show");
    assert.match(seed, /^[0-9a-f]{64}$/);
    assert.equal((await socket.get("seed.show")).seed, seed, "until he has it, the same again");
    assert.equal(onMainnet(store), undefined, "it was shown, but nobody said that he has it");
    for (const digits of [seed.slice(-7), seed.slice(0, 8), "", undefined])
      assert.equal((await socket.ask("seed.keep", { digits })).error?.code, -32602, String(digits));
    assert.equal(onMainnet(store), undefined);
    assert.deepEqual(await socket.get("seed.keep", { digits: seed.slice(-8).toUpperCase() }), {
      kept: true,
      restart: true,
    });
    assert.equal(hex(onMainnet(store)), seed);
  });

  test("nor does one that was born on a test network, and never shown, count there", () => {
    const store = new CutStore();
    const born = onTestnet(store);
    assert.equal(onMainnet(store), undefined);
    assert.deepEqual(
      onTestnet(store, false),
      born,
      "on its own network it does, also for channels that are sold no more",
    );
  });

  test("one of his own does", async () => {
    const { bench, socket } = owned();
    for (const seed of ["ab", `${OWN}00`, OWN.replace("a", "g"), undefined])
      assert.equal((await socket.ask("seed.import", { seed })).error?.code, -32602);
    assert.deepEqual(await socket.get("seed.import", { seed: OWN.toUpperCase() }), { kept: true, restart: true });
    assert.equal(hex(onMainnet(bench.socketStore)), OWN);
  });
});

test("a seed is never shown again once its owner has it, and never over the link", async () => {
  const { socket } = owned();
  for (const method of ["seed.show", "seed.keep", "seed.import"])
    assert.equal((await socket.ask(method, {}, "http")).error?.code, -32001, method);
  await socket.get("seed.import", { seed: OWN });
  const { error } = await socket.ask("seed.show");
  assert.deepEqual([error?.code, error?.data.why], [-32002, "its owner has it, so it is not shown again"]);
  assert.ok(
    !JSON.stringify([error, socket.told, await socket.get("events"), await socket.get("status")]).includes(
      OWN.slice(0, 8),
    ),
  );
});

test("a seed stays while channels hold keys of it", async () => {
  const { bench, socket } = owned();
  assert.ok(!holdsChannels(bench.socketStore));
  bench.socketStore.write("channel.7.b", new Uint8Array(1));
  assert.ok(holdsChannels(bench.socketStore));
  assert.match((await socket.ask("seed.import", { seed: OWN })).error?.data.why ?? "", /closeChannels closes them/);
  bench.socketStore.remove("channel.7.b");
  await socket.get("seed.import", { seed: OWN });
});

test("a stored seed of another length is refused, and nothing of it told", () => {
  for (const bytes of [new Uint8Array(31), new Uint8Array(33), new Uint8Array(34)]) {
    const store = new CutStore();
    store.write("channel.seed", bytes.fill(0x77, 0, 32));
    assert.throws(() => onMainnet(store), /has \d+ bytes, expected 32; import it again/);
  }
});
