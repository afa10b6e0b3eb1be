// A configuration file that is wrong is put right from the messages alone: a reader here knows
// nothing but what they say.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { addressOf } from "../../shared/bitcoin/address";
import { buildConfig, checkComplete } from "../../tools/firmware/config";
import { TARGETS } from "../../tools/firmware/targets";

type Json = Record<string, unknown>;
type Device = "socket" | "cable";

const PAYOUT = addressOf(`0014${"11".repeat(20)}`, "signet");
/** Its 32 bytes are the x of no point: whatever is paid there is lost. */
const NO_POINT = addressOf(`5120${"00".repeat(31)}05`, "signet");
const WIFI = { ssid: "home", password: "12345678" };
const RIGHT: Readonly<Record<Device, Json>> = {
  socket: { ...WIFI, esplora: "http://10.0.0.2", settings: { network: "signet", payoutAddress: PAYOUT } },
  cable: { ...WIFI, settings: { network: "signet" } },
};

/** What is wrong with a file, and the one line that is said to it. */
const WRONG: readonly (readonly [what: string, device: Device, change: Json, says: RegExp])[] = [
  ["a limit as a text", "cable", { settings: { maxFee: "5000" } }, /^settings\.maxFee: .* \(sat\) from 0 .* "5000"$/],
  ["a misspelt limit", "cable", { settings: { maxDialy: 100 } }, /^settings\.maxDialy: .* did you mean maxDaily\?$/],
  ["another's capitals", "socket", { settings: { exposurelimit: 9 } }, /did you mean exposureLimit\?$/],
  ["a misspelt payout", "socket", { settings: { payoutAdress: PAYOUT } }, /did you mean payoutAddress\?$/],
  ["no settings", "cable", { settings: "none" }, /^settings: expected an object of settings, came "none"$/],
  [
    "an unknown scheme",
    "cable",
    { settings: { schemes: ["foo"] } },
    /^settings\.schemes: .*"basic", "channel", came \["foo"\]$/,
  ],
  ["a word for a choice", "socket", { direct: "yes" }, /^configuration\.direct: .*true or false, came "yes"$/],
  ["a server without scheme", "socket", { esplora: "mempool.space/api" }, /^configuration\.esplora: .*a URL with its/],
  ["a long Wi-Fi name", "socket", { ssid: "x".repeat(33) }, /^configuration\.ssid: expected a text of 1 to 32 bytes/],
  ["a negative price", "socket", { settings: { price: -1 } }, /^settings\.price: .*from 1 to .*, came -1$/],
  [
    "a payout that is no point",
    "socket",
    { settings: { payoutAddress: NO_POINT } },
    /^settings\.payoutAddress: .*P2TR/,
  ],
  [
    "an unknown network",
    "cable",
    { settings: { network: "signett" } },
    /^settings\.network: .*signet.*, came "signett"$/,
  ],
  [
    "chain and esplora",
    "socket",
    { chain: { backends: [{ kind: "esplora", url: "http://a" }] } },
    /instead of esplora/,
  ],
  [
    "a setting of the other device",
    "cable",
    { esplora: "http://10.0.0.2" },
    /only a socket has it and this is a cable$/,
  ],
];

function withChange(device: Device, change: Json): Json {
  const { settings } = change;
  const isMore = typeof settings === "object";
  return {
    ...RIGHT[device],
    ...change,
    ...(isMore && { settings: { ...(RIGHT[device].settings as Json), ...(settings as Json) } }),
  };
}

function complaints(device: Device, given: Json): readonly string[] {
  try {
    checkComplete(buildConfig(given, device, TARGETS.esp32c6, false), device);
    return [];
  } catch (error) {
    return (error as Error).message.split("\n");
  }
}

for (const [what, device, change, says] of WRONG)
  test(`${what}: one line, and the file is right once its reader has done what it says`, () => {
    let given = withChange(device, change);
    const lines = complaints(device, given);
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.match(String(lines[0]), says);
    given = mended(given, String(lines[0]));
    assert.deepEqual(complaints(device, given), []);
  });

test("all at once: what is wrong together is told together", () => {
  const apart = WRONG.filter(([, device, { settings }]) => device === "socket" && settings !== "none");
  const names = apart.filter(([what]) => !/point|payout|chain/.test(what)).map(([, , change]) => change);
  const settings = Object.assign({}, ...names.map((change) => change.settings ?? {}));
  const lines = complaints("socket", withChange("socket", { ...Object.assign({}, ...names), settings }));
  assert.equal(lines.length, names.length, lines.join("\n"));
});

test("the command prints the lines, and nothing else, and exits with 1", () => {
  const folder = mkdtempSync(join(tmpdir(), "broken-"));
  const file = join(folder, "cable.json");
  writeFileSync(file, JSON.stringify(withChange("cable", { pasword: "x", settings: { maxFee: "5000", maxDialy: 1 } })));
  try {
    const main = join(import.meta.dirname, "../../tools/firmware/main.ts");
    const given = ["--import", "tsx", main, "--device", "cable", "--target", "esp32c6", "--config", file];
    const { status, stdout, stderr } = spawnSync(process.execPath, given, { encoding: "utf8" });
    assert.equal(status, 1);
    assert.equal(stdout, "");
    const [first = "", second = "", third = "", ...rest] = stderr.trimEnd().split("\n");
    assert.match(first, /^configuration\.pasword: .*did you mean password\?$/);
    assert.match(second, /^settings\.maxFee: /);
    assert.match(third, /did you mean maxDaily\?$/);
    assert.deepEqual(rest, []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** The file of a reader that does what `line` says. */
function mended(given: Json, line: string): Json {
  const [, place = "", saying = ""] = /^([\w.]+): (.*)$/.exec(line) ?? [];
  const [room, name] = place.includes(".") ? place.split(".") : ["configuration", place];
  const within = room === "settings" ? (given.settings as Json) : given;
  const changed = Object.entries(within).flatMap(([key, value]) =>
    key === name ? followed(saying, key, value, within) : [[key, value] as const],
  );
  const result = Object.fromEntries(changed);
  return room === "settings" ? { ...given, settings: result } : result;
}

/** What becomes of a setting: another name, another value, or nothing. */
function followed(saying: string, name: string, value: unknown, all: Json): readonly (readonly [string, unknown])[] {
  const near = /did you mean (\w+)\?/.exec(saying)?.[1];
  if (near) return near in all ? [] : [[near, value]];
  if (/it instead of|only a \w+ has it/.test(saying)) return [];
  if (/expected an object/.test(saying)) return [[name, {}]];
  const least = /whole number .*from (\d+)/.exec(saying)?.[1];
  if (least) return [[name, typeof value === "string" ? Number(value) : Number(least)]];
  const most = /text of \d+ to (\d+) bytes/.exec(saying)?.[1];
  if (most) return [[name, String(value).slice(0, Number(most))]];
  if (/true or false/.test(saying)) return [[name, value === "yes"]];
  if (/a URL with its scheme/.test(saying)) return [[name, `http://${value}`]];
  const word = /a list of .*? of "([\w-]+)"/.exec(saying)?.[1];
  if (word) return [[name, [word]]];
  if (/P2TR address whose/.test(saying)) return [[name, PAYOUT]];
  if (/or signet/.test(saying)) return [[name, "signet"]];
  throw new Error(`a reader cannot tell what to do: ${saying}`);
}
