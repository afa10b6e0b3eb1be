import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  addressOf,
  decodeSegwit,
  isNetwork,
  isPayeeScript,
  isPayerScript,
  type Network,
  PREFIXES,
  payeeScriptOf,
  payerScriptOf,
  scriptOfKey,
} from "../../shared/bitcoin/address";
import { hexToBytes } from "../../shared/bitcoin/bytes";
import bip173 from "../vectors/bip173.json" with { type: "json" };
import bip350 from "../vectors/bip350.json" with { type: "json" };
import { hex } from "./cases";

const NETWORKS = Object.keys(PREFIXES) as Network[];

for (const [bip, vectors] of [
  ["BIP173", bip173],
  ["BIP350", bip350],
] as const) {
  test(`every valid address of ${bip} gives its script, and the script gives the address`, () => {
    for (const { address, network, script } of vectors.valid) {
      assert.equal(decodeSegwit(address, network as Network), script, address);
      assert.equal(addressOf(script, network as Network), address.toLowerCase());
    }
  });

  test(`every invalid address of ${bip} is refused on every network`, () => {
    for (const { address, reason } of vectors.invalid)
      for (const network of NETWORKS) assert.throws(() => decodeSegwit(address, network), Error, reason);
  });
}

test("an address of another network is refused, and the error names the expected one", () => {
  const mainnet = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
  assert.throws(() => payerScriptOf(mainnet, "regtest"), /regtest address \(bcrt1/);
  assert.throws(() => payeeScriptOf(mainnet, "signet"), /signet address \(tb1/);
});

test("a payer is P2WPKH and nothing else", () => {
  assert.equal(
    payerScriptOf("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "mainnet"),
    "0014751e76e8199196d454941c45d1b3a323f1433bd6",
  );
  for (const { address, network, script } of bip350.valid)
    if (!script.startsWith("0014")) assert.throws(() => payerScriptOf(address, network as Network), /P2WPKH/);
});

test("a payee is P2WPKH, P2WSH or P2TR; a version that anybody could spend is refused", () => {
  const spendable = /^(0014|0020|5120)/;
  for (const { address, network, script } of bip350.valid) {
    if (spendable.test(script)) assert.equal(payeeScriptOf(address, network as Network), script);
    else assert.throws(() => payeeScriptOf(address, network as Network), /P2WPKH, P2WSH or P2TR/);
  }
  assert.equal(isPayeeScript("51024e73"), false, "pay to anchor");
});

test("the generator's key has the script of BIP173's example", () => {
  const key = hexToBytes("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
  assert.equal(scriptOfKey(key), "0014751e76e8199196d454941c45d1b3a323f1433bd6");
});

test("script and address are each other's inverse on every network", () => {
  fc.assert(
    fc.property(hex(20), hex(32), fc.constantFrom(...NETWORKS), (short, long, network) => {
      for (const script of [`0014${short}`, `0020${long}`, `5120${long}`]) {
        const address = addressOf(script, network);
        assert.equal(payeeScriptOf(address, network), script);
        assert.equal(payeeScriptOf(address.toUpperCase(), network), script);
        assert.equal(isPayerScript(script), script.startsWith("0014"));
      }
    }),
  );
});

test("any single changed character makes an address invalid", () => {
  const address = addressOf("0014751e76e8199196d454941c45d1b3a323f1433bd6", "regtest");
  fc.assert(
    fc.property(fc.nat(address.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
      fc.pre(character !== address[at]);
      assert.throws(() => payerScriptOf(address.slice(0, at) + character + address.slice(at + 1), "regtest"));
    }),
    { numRuns: 2000 },
  );
});

test("nothing that is not an address is taken for one", () => {
  fc.assert(fc.property(fc.string({ maxLength: 120 }), (text) => assert.throws(() => payerScriptOf(text, "mainnet"))));
});

test("a script that is no witness program has no address", () => {
  for (const script of ["", "00", "0014", "0015751e76", "76a914751e76e8199196d454941c45d1b3a323f1433bd688ac", "6a00"])
    assert.throws(() => addressOf(script, "mainnet"), /native SegWit script/);
});

test("only the five networks have a name", () => {
  for (const network of NETWORKS) assert.ok(isNetwork(network));
  for (const other of ["testnet5", "toString", "", 1, undefined]) assert.equal(isNetwork(other), false);
});
