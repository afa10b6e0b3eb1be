import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hex } from "@scure/base";
import { Script, ScriptNum } from "@scure/btc-signer";
import { scriptOfKey } from "../../shared/bitcoin/address";
import { bytesToHex, sha256d } from "../../shared/bitcoin/bytes";
import {
  cableScript,
  channelScript,
  depositScript,
  keysFault,
  MAX_DELAY,
  MIN_DELAY,
  pushNumber,
  SCRIPT_BYTES,
} from "../../shared/channel/script";
import { cable, keys } from "./cases";

describe("a channel's script", () => {
  it("is the very bytes that the protocol says", () => {
    assert.equal(channelScript({ ...keys, delay: 4_032 }), `21${keys.payeeKey}ac6402c00fb2696821${keys.cableKey}ac`);
  });

  it("is what another library writes for the same words", () => {
    const other = Script.encode([
      hex.decode(keys.payeeKey),
      "CHECKSIG",
      "NOTIF",
      ScriptNum().encode(BigInt(keys.delay)),
      "CHECKSEQUENCEVERIFY",
      "VERIFY",
      "ENDIF",
      hex.decode(keys.cableKey),
      "CHECKSIG",
    ]);
    assert.equal(channelScript(keys), hex.encode(other));
  });

  it("has the same length at both ends of the delay", () => {
    for (const delay of [MIN_DELAY, MAX_DELAY])
      assert.equal(channelScript({ ...keys, delay }).length, 2 * SCRIPT_BYTES, `${delay}`);
  });

  it("is hashed once into a P2WSH output, and the cable is paid at its own key", () => {
    const script = channelScript(keys);
    assert.match(depositScript(script), /^0020[0-9a-f]{64}$/);
    assert.notEqual(depositScript(script), `0020${bytesToHex(sha256d(hex.decode(script)))}`);
    assert.equal(cableScript(keys), scriptOfKey(cable.publicKey));
  });
});

describe("a pushed number (BIP62, minimal data)", () => {
  const vectors: readonly (readonly [number, string])[] = [
    [0, "00"],
    [1, "51"],
    [16, "60"],
    [17, "0111"],
    [127, "017f"],
    [128, "028000"],
    [255, "02ff00"],
    [256, "020001"],
    [32_767, "02ff7f"],
    [32_768, "03008000"],
    [65_535, "03ffff00"],
    [0x400000, "03000040"],
    [0x7fffffff, "04ffffff7f"],
  ];
  for (const [value, expected] of vectors)
    it(`${value} is ${expected}`, () => assert.equal(pushNumber(value), expected));

  it("agrees with another library beyond the numbers that have an opcode", () => {
    for (let value = 17; value < 70_000; value += 37)
      assert.equal(pushNumber(value), hex.encode(Script.encode([ScriptNum().encode(BigInt(value))])), `${value}`);
  });
});

describe("what a cable makes no channel of", () => {
  const otherSign = (key: string): string => (key.startsWith("02") ? "03" : "02") + key.slice(2);
  const faulty: readonly (readonly [string, object, RegExp])[] = [
    ["a key that is cut short", { payeeKey: keys.payeeKey.slice(2) }, /compressed/],
    ["a key in upper case", { payeeKey: keys.payeeKey.toUpperCase() }, /compressed/],
    ["an uncompressed key", { payeeKey: `04${keys.payeeKey.slice(2)}${"00".repeat(32)}` }, /compressed/],
    ["a key with another first byte", { payeeKey: `05${keys.payeeKey.slice(2)}` }, /compressed/],
    ["something that is no text", { payeeKey: undefined }, /compressed/],
    // 5 is no x of secp256k1; the second is the field's order.
    ["an x off the curve", { payeeKey: `02${"00".repeat(31)}05` }, /on the curve/],
    ["an x beyond the field", { payeeKey: `02${"ff".repeat(27)}fefffffc2f` }, /on the curve/],
    ["its own key", { payeeKey: keys.cableKey }, /own/],
    ["its own key with the other sign", { payeeKey: otherSign(keys.cableKey) }, /own/],
    ["a delay one block too short", { delay: MIN_DELAY - 1 }, /delay/],
    ["a delay one block too long", { delay: MAX_DELAY + 1 }, /delay/],
    ["half a block", { delay: 4_032.5 }, /delay/],
    ["a delay that BIP68 reads as seconds", { delay: 0x400000 | 4_032 }, /delay/],
    ["a delay that BIP68 ignores", { delay: 0x80000000 + 4_032 }, /delay/],
    ["no number", { delay: "4032" }, /delay/],
  ];
  for (const [name, change, why] of faulty)
    it(name, () => assert.match(keysFault({ ...keys, ...change }) ?? "accepted", why));

  it("is nothing else", () => {
    assert.equal(keysFault(keys), undefined);
    assert.equal(keysFault({ ...keys, payeeKey: otherSign(keys.payeeKey) }), undefined);
    for (const delay of [MIN_DELAY, MAX_DELAY]) assert.equal(keysFault({ ...keys, delay }), undefined);
  });
});
