// An owner's key on its way into a cable.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../tools/firmware/image";
import { nvsCsv, parseKey, partitionIn } from "../../tools/firmware/key";

/** The secret 1, as Bitcoin Core's and BIP173's examples have it. */
const ONE = `${"0".repeat(63)}1`;
const WIF_MAINNET = "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn";
const WIF_TEST = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA";
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("a key is read from hexadecimal and from WIF", () => {
  assert.equal(hex(parseKey(ONE, "regtest")), ONE);
  assert.equal(hex(parseKey(WIF_MAINNET, "mainnet")), ONE);
  assert.equal(hex(parseKey(WIF_TEST, "signet")), ONE);
});

test("a WIF key of another network is refused", () => {
  assert.throws(() => parseKey(WIF_MAINNET, "regtest"), /expected a WIF key for regtest, came one for mainnet/);
  assert.throws(() => parseKey(WIF_TEST, "mainnet"), /came one for test networks/);
});

test("what is no key is refused, and the message does not repeat it", () => {
  for (const text of ["0".repeat(64), "f".repeat(64), "hunter2", WIF_MAINNET.slice(0, -1)]) {
    assert.throws(
      () => parseKey(text, "mainnet"),
      (error: Error) => /^key: expected/.test(error.message) && !error.message.includes(text),
    );
  }
});

test("the NVS entry is the one that the cable reads: namespace cable, key, 32 raw bytes", () => {
  assert.equal(
    nvsCsv(parseKey(ONE, "regtest")),
    `key,type,encoding,value\ncable,namespace,,\nkey,data,hex2bin,${ONE}\n`,
  );
});

test("a partition is found by its name", () => {
  const csv = "# Name, Type\nnvs,      data, nvs,      0x9000,   0x14000,\n";
  assert.deepEqual(partitionIn(csv, "nvs"), { offset: "0x9000", size: "0x14000" });
  assert.throws(() => partitionIn(csv, "nvs_keys"), /no nvs_keys/);
});

test("the tool shows the key's address, never the key, and writes nothing that was not asked for", () => {
  const folder = mkdtempSync(join(tmpdir(), "plugpay-"));
  try {
    const file = join(folder, "cable.json");
    writeFileSync(file, JSON.stringify({ key: WIF_MAINNET, settings: { network: "mainnet" } }));
    const run = (...more: string[]) =>
      spawnSync(
        process.execPath,
        ["--import", "tsx", join(ROOT, "tools/firmware/provision.ts"), "--config", file, "--mainnet", ...more],
        {
          cwd: ROOT,
          encoding: "utf8",
        },
      );
    const shown = run();
    assert.match(shown.stdout, /bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4/);
    assert.match(shown.stdout, /Nothing was written/);
    const refused = run("--port", "/dev/null");
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /its journal too: say --erase/);
    for (const { stdout, stderr } of [shown, refused])
      assert.ok(!(stdout + stderr).includes(WIF_MAINNET) && !(stdout + stderr).includes(ONE));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
