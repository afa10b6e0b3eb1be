// Where a cable's key comes from.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CutStore } from "../../lab/model/store";
import { deviceKey, isSecret, KEY_ENTRY } from "../../shared/cable/key";
import type { Random } from "../../shared/kernel/ports";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const ORDER = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
const never = (): Random => assert.fail("no random bytes were expected to be asked for");

/** Gives one draw after the other. */
function draws(...values: readonly string[]): () => Random {
  const left = values.map(bytes);
  return () => ({ bytes: () => left.shift() ?? assert.fail("too many draws") });
}

test("a key that the owner supplied is used on every network, and no random bytes are drawn", () => {
  for (const network of ["regtest", "mainnet"] as const) {
    const store = new CutStore();
    store.write(KEY_ENTRY, bytes("11".repeat(32)));
    assert.deepEqual(deviceKey({ store, network, random: never }), bytes("11".repeat(32)));
  }
});

test("on a test network a key is born once and found again after a restart", () => {
  const store = new CutStore();
  const born = deviceKey({ store, network: "signet", random: draws("22".repeat(32)) });
  assert.deepEqual(deviceKey({ store, network: "signet", random: never }), born);
});

test("on mainnet a device without a key makes none up and says what to do", () => {
  const store = new CutStore();
  assert.throws(() => deviceKey({ store, network: "mainnet", random: never }), /the owner supplies one/);
  assert.equal(store.read(KEY_ENTRY), undefined);
});

test("zero and numbers from the group's order on are no keys: the next draw is taken", () => {
  const random = draws("00".repeat(32), ORDER, "33".repeat(32));
  assert.deepEqual(deviceKey({ store: new CutStore(), network: "regtest", random }), bytes("33".repeat(32)));
});

test("the largest secret is one less than the order", () => {
  assert.ok(isSecret(bytes(ORDER.replace(/1$/, "0"))));
  assert.ok(!isSecret(bytes(ORDER)));
  assert.ok(!isSecret(bytes("01".repeat(31))));
});

test("a stored key that is none stops the device, and the message tells nothing of it", () => {
  const store = new CutStore();
  store.write(KEY_ENTRY, bytes("ab".repeat(31)));
  assert.throws(
    () => deviceKey({ store, network: "regtest", random: never }),
    (error: Error) => /31 bytes/.test(error.message) && !error.message.includes("ab"),
  );
});
