// Fuzzes the owner's side: whatever comes over serial or HTTP is answered by JSON-RPC's own errors,
// within bounds, changes no setting to a value that the table refuses, and starts no image but the
// one that was signed.
//
// The first byte of an input says which reader gets the rest.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { decodeLatin1, encodeUtf8 } from "../../shared/kernel/utf8";
import { secretOf } from "../../shared/owner/credentials";
import { readDigest, verifyDigest } from "../../shared/owner/digest";
import { isObject, JsonError, type JsonObject, readJson } from "../../shared/owner/json";
import { RpcError } from "../../shared/owner/json-rpc";
import { Nonces } from "../../shared/owner/nonces";
import { OwnerSettings } from "../../shared/owner/settings";
import { sellingSettings } from "../../shared/socket/settings";
import { UpdateError } from "../../shared/update/error";
import { manifestText, readManifest } from "../../shared/update/manifest";
import { signedFile, signedIn } from "../../shared/update/pull";
import { SECTOR } from "../../shared/update/slots";
import { Updater } from "../../shared/update/updater";
import { bodyIn, ModelFlash, modelImage } from "../model/flash";
import { standInEcdsa } from "../model/signers";
import { CutStore } from "../model/store";
import { fuzzBytes } from "./target";

export const name = "owner";

export function fuzz(runs: number, seed: number): void {
  fuzzBytes({ runs, seed, good: GOOD, dictionary: DICTIONARY, check: replay });
}

export function replay(input: Uint8Array): void {
  const readers = [checkJson, checkSettings, checkDigest, checkManifest, checkPieces];
  const reader = readers[(input[0] ?? 0) % readers.length] as (bytes: Uint8Array) => void;
  reader(input.subarray(1));
}

/** What is read is what JSON.parse reads; what it refuses is refused, and some more. */
function checkJson(bytes: Uint8Array): void {
  let value: unknown;
  try {
    value = plain(readJson(bytes));
  } catch (error) {
    assert.ok(error instanceof JsonError, String(error));
    return;
  }
  assert.deepEqual(value, JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)));
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  const all: Record<string, unknown> = {};
  for (const [key, each] of value)
    Object.defineProperty(all, key, { value: plain(each), enumerable: true, configurable: true, writable: true });
  return all;
}

const IMAGE = {
  network: "regtest",
  payoutAddress: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",
};
const FILE = { esplora: "http://10.0.0.9:3000" };

function open(store: CutStore): OwnerSettings {
  const resolve = (given: object) => ({ ...sellingSettings(given as never) });
  return new OwnerSettings({ device: "socket", store, image: IMAGE, file: FILE, resolve, report: () => {} });
}

function checkSettings(bytes: Uint8Array): void {
  let changes: JsonObject;
  try {
    const read = readJson(bytes);
    if (!isObject(read)) return;
    changes = read;
  } catch (error) {
    assert.ok(error instanceof JsonError);
    return;
  }
  const store = new CutStore();
  const settings = open(store);
  const before = JSON.stringify(settings.get());
  try {
    settings.set(changes, "serial");
  } catch (error) {
    assert.ok(error instanceof RpcError, String(error));
    assert.equal(JSON.stringify(settings.get()), before, "what is refused changes nothing");
    assert.equal(store.writes, 0);
    return;
  }
  // What was taken is taken at the next start too.
  const again = open(store);
  assert.deepEqual((again.get() as { refused: unknown[] }).refused, []);
  again.start();
}

function checkDigest(bytes: Uint8Array): void {
  const claim = readDigest(decodeLatin1(bytes));
  if (!claim) return;
  const nonces = new Nonces({ now: () => 0, after: () => () => {} }, new Uint8Array(32).fill(1));
  const request = { method: "POST", target: "/owner", secret: secretOf("correct horse"), nonces };
  assert.equal(verifyDigest(claim, request), "wrong", "nobody guesses a nonce and a response");
}

/** A file beside an image, and a manifest in it that its owner is said to have signed. */
function checkManifest(bytes: Uint8Array): void {
  const ecdsa = { ...standInEcdsa, verify: () => true };
  try {
    const signed = signedIn(decodeLatin1(bytes));
    assert.deepEqual(signedIn(signedFile(signed)), signed);
    const manifest = readManifest(signed, KEY, ecdsa);
    assert.deepEqual(readManifest({ ...signed, manifest: manifestText(manifest) }, KEY, ecdsa), manifest);
    assert.throws(() => readManifest(signed, KEY, standInEcdsa), UpdateError, "nobody guesses a signature");
  } catch (error) {
    assert.ok(error instanceof UpdateError, String(error));
  }
}

/**
 * Pieces of an image in any order: four bytes each, offset and length. What is started is what was
 * signed.
 */
function checkPieces(bytes: Uint8Array): void {
  const flash = new ModelFlash(OLD, 4 * SECTOR);
  flash.boot();
  const slots = flash.slots();
  const updater = new Updater({
    clock: { now: () => 0, after: () => () => {} },
    report: () => {},
    slots,
    ecdsa: { ...standInEcdsa, verify: () => true },
    publicKey: () => KEY,
    here: () => ({ device: "socket", chip: "simulated", network: "regtest", version: "0.1.0", journals: [] }),
    settle: async () => {},
    restart: () => {},
  });
  const manifest = { ...ABOUT, size: IMAGE_2.length, sha256: createHash("sha256").update(IMAGE_2).digest("hex") };
  updater.open(updater.check({ manifest: manifestText(manifest), signature: "00" }, false));
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const [high = 0, low = 0, length = 0, change = 0] = bytes.subarray(at, at + 4);
    const offset = high * 40 + low;
    const piece = IMAGE_2.slice(offset, offset + length * 16);
    if (change > 250) piece.fill(change, 0, 1);
    try {
      updater.write(offset, piece);
    } catch (error) {
      assert.ok(error instanceof UpdateError, String(error));
    }
  }
  try {
    updater.finish();
  } catch (error) {
    assert.ok(error instanceof UpdateError, String(error));
  }
  const body = flash.boot();
  const isNew = body?.length === bodyIn(IMAGE_2)?.length;
  assert.deepEqual(body, isNew ? bodyIn(IMAGE_2) : bodyIn(OLD));
}

const KEY = `02${"5e".repeat(32)}`;
const OLD = modelImage(encodeUtf8("the old image"));
const IMAGE_2 = modelImage(Uint8Array.from({ length: 9000 }, (_, at) => (at * 7) & 0xff));
const ABOUT = { device: "socket", chip: "simulated", network: "regtest", version: "0.2.0", journals: [] } as const;
const MANIFEST = manifestText({ ...ABOUT, size: 9040, sha256: "ab".repeat(32) });

const GOOD: readonly Uint8Array[] = [
  [0, '{"jsonrpc":"2.0","id":1,"method":"settings.set","params":{"settings":{"price":250}}}'],
  [
    0,
    '[{"jsonrpc":"2.0","method":"status"},{"jsonrpc":"2.0","id":"\\u00e9\\n","method":"events","params":[1.5e3,-0]}]',
  ],
  [0, '"\u{1f50c}\\ud83d\\udd0c"'],
  [0, " { } "],
  [3, signedFile({ manifest: MANIFEST, signature: "3006020101020101" })],
  [
    4,
    String.fromCharCode(0, 0, 255, 0, 102, 0, 127, 0, 102, 16, 255, 0, 153, 0, 255, 0, 204, 0, 127, 0, 204, 0, 127, 0),
  ],
  [1, '{"price":250,"increment":2000,"sessionMax":20000,"forgive":"a","schemes":["basic"]}'],
  [1, '{"payoutAddress":"bcrt1qqvs9e7k64k36kvzu6dg9clmrvs0xa798arkh39","price":null}'],
  [
    1,
    '{"chain":{"backends":[{"kind":"esplora","url":"http://a"},{"kind":"core","url":"http://b","user":"u","password":"p"}]}}',
  ],
  [1, '{"ownerPassword":"correct horse","metricsToken":"0123456789abcdef","ssid":"net","password":"12345678"}'],
  [
    2,
    'Digest username="owner", realm="plugpay", nonce="00000000000000000100112233445566778899aabbccddeeff", uri="/owner", algorithm=SHA-256, nc=00000001, cnonce="a\\"b", qop=auth, response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"',
  ],
].map(([reader, text]) => Uint8Array.of(reader as number, ...encodeUtf8(text as string)));

const DICTIONARY: readonly Uint8Array[] = [
  ...["{", "}", "[", "]", ":", ",", '"', "\\", "\\u0000", "\\ud800", "null", "true", "-", "1e9", "0.", "[[[[[[[[[[[["],
  ...[
    '"__proto__":',
    '"constructor":',
    '"price":',
    '"network":"mainnet"',
    "9007199254740993",
    "-1",
    "\0",
    "\ufeff",
    "\r\n",
  ],
  ...["nc=", 'qop="auth"', "=", '"",', "Digest ", ", , ,"],
].map(encodeUtf8);
