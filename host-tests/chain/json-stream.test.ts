// The JSON reader: the same as JSON.parse whatever the pieces, but stricter, exact and bounded.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Decimal } from "../../shared/chain/decimal";
import { type Json, JsonReader, type JsonReaderOptions } from "../../shared/chain/json-stream";

const WIDE: JsonReaderOptions = { limitBytes: 1e7, limitKept: 1e7, limitDepth: 100 };

function read(text: string, sizes: readonly number[] = [], options: JsonReaderOptions = WIDE): Json {
  const reader = new JsonReader(options);
  const bytes = Uint8Array.from(Buffer.from(text));
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : (sizes[i % sizes.length] as number);
    reader.push(bytes.subarray(at, at + size));
    at += size;
  }
  return reader.end();
}

/** As JSON.parse would have it. */
function plain(value: Json): unknown {
  if (value instanceof Decimal) return Number(value.text);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const object = {};
  for (const [key, item] of Object.entries(value)) {
    Object.defineProperty(object, key, { value: plain(item), enumerable: true, writable: true, configurable: true });
  }
  return object;
}

function accepts(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}

const spaces = fc.constantFrom("", " ", "\n", "\t", "\r\n", "  ");
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
const unicode = fc.jsonValue({ stringUnit: "binary", maxDepth: 5 });

describe("the JSON reader", () => {
  it("gives what JSON.parse gives, at any chunking", () => {
    fc.assert(
      fc.property(unicode, spaces, sizes, (value, indent, pieces) => {
        const text = JSON.stringify(value, null, indent === "" ? undefined : "\t ");
        assert.deepStrictEqual(plain(read(text, pieces)), JSON.parse(text));
      }),
      { numRuns: 400 },
    );
  });

  it("reads escapes of every kind, one byte at a time", () => {
    const text = String.raw`{"a\u0062\"\\\/\b\f\n\r\t": ["\ud83d\ude00", "\ud800", "é€😀", "\u00e9"], "__proto__": 1}`;
    assert.deepStrictEqual(plain(read(text, [1])), JSON.parse(text));
  });

  it("accepts exactly what JSON.parse accepts, but for a key that comes twice", () => {
    const edits = fc.tuple(fc.nat(), fc.constantFrom("", ...'{}[]:,"\\eE+-.0129 \ntrufalsn\u0001é'));
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 3 }),
        fc.array(edits, { minLength: 1, maxLength: 3 }),
        sizes,
        (json, changes, pieces) => {
          let text = json;
          for (const [at, character] of changes) {
            const place = at % (text.length + 1);
            text = text.slice(0, place) + character + text.slice(place + 1);
          }
          text = Buffer.from(text).toString();
          const ours = accepts(() => read(text, pieces));
          const theirs = accepts(() => JSON.parse(text));
          if (ours) assert.ok(theirs, `accepted ${text}`);
          else if (theirs) assert.throws(() => read(text), /twice/, `refused ${text}`);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("never takes what arrives for what was sent: every proper prefix of an object is refused", () => {
    const text = '{"a": [1, {"b": "c\\n"}, true], "d": null}';
    for (let length = 0; length < text.length; length++) {
      assert.ok(!accepts(() => read(text.slice(0, length))), text.slice(0, length));
    }
  });

  it("refuses what is not JSON", () => {
    const wrong = [
      "",
      " ",
      "NaN",
      "Infinity",
      "-Infinity",
      "undefined",
      "{'a':1}",
      "[1,]",
      '{"a":1,}',
      "01",
      "+1",
      ".5",
      "5.",
      "1e",
      "0x10",
      "[1 2]",
      '{"a" 1}',
      '{1:"a"}',
      '"\t"',
      '"\\x41"',
      '"\\u12g4"',
      "[1]]",
      "[]{}",
      "// comment\n1",
      "<!DOCTYPE html>",
      '{"a":1,"a":1}',
    ];
    for (const text of wrong) assert.ok(!accepts(() => read(text, [3])), text);
  });

  it("refuses bytes that are not UTF-8", () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0xef, 0xbb, 0xbf, 0x31],
    ]) {
      const reader = new JsonReader();
      const readAll = (): Json => {
        reader.push(Uint8Array.from(bytes));
        return reader.end();
      };
      assert.ok(!accepts(readAll), String(bytes));
    }
  });

  it("keeps numbers that are no safe integers as they came", () => {
    const [whole, large, small, exponent] = read("[9007199254740991, 9007199254740993, 0.00012345, 1e3]") as Json[];
    assert.equal(whole, 9007199254740991);
    assert.deepEqual(large, new Decimal("9007199254740993"));
    assert.deepEqual(small, new Decimal("0.00012345"));
    assert.deepEqual(exponent, new Decimal("1e3"));
  });

  it("hands items over one by one and leaves the rest", () => {
    const seen: Json[] = [];
    const options = { each: { "result.coins.*": (item: Json) => seen.push(item) }, skip: ["result.hex"] };
    const rest = read('{"id":1,"result":{"coins":[{"a":1},[2],"3",4],"hex":"00ff","height":5}}', [4], options);
    assert.deepStrictEqual(seen.map(plain), [{ a: 1 }, [2], "3", 4]);
    assert.deepStrictEqual(plain(rest), { id: 1, result: { coins: [], height: 5 } });
  });

  it("needs the memory of one item for an answer of any length", () => {
    let count = 0;
    const reader = new JsonReader({ each: { "*": () => count++ }, limitBytes: 1e7, limitKept: 500 });
    const item = Buffer.from(`{"txid":"${"ab".repeat(32)}","vout":1,"value":1000,"status":{"confirmed":true}}`);
    reader.push(Buffer.from("["));
    for (let i = 0; i < 20_000; i++) {
      if (i > 0) reader.push(Buffer.from(","));
      reader.push(item);
    }
    reader.push(Buffer.from("]"));
    reader.end();
    assert.equal(count, 20_000);
  });

  it("stops at the limit of bytes, of what it keeps, and of depth", () => {
    assert.throws(() => read(`[${"1,".repeat(600)}1]`, [10], { limitBytes: 1000 }), /at most 1000 bytes of JSON/);
    assert.throws(() => read(`["${"x".repeat(600)}"]`, [10], { limitKept: 500 }), /at most 500 bytes/);
    assert.throws(() => new JsonReader().push(Buffer.from(`["${"x".repeat(20_000)}"]`)), /at most 16384 bytes/);
    assert.throws(() => read(`[${"1,".repeat(60)}1]`, [10], { limitKept: 500 }), /at most 500 bytes/);
    assert.throws(
      () => read(`{${Array.from({ length: 30 }, (_, i) => `"key-${i}":0`)}}`, [10], { limitKept: 500 }),
      /500/,
    );
    assert.throws(() => read("[".repeat(40), [10], { limitDepth: 32 }), /at most 32 levels/);
    assert.throws(() => read("1".repeat(100)), /over 64 characters/);
  });

  it("passes over what is not wanted without keeping it", () => {
    const text = `{"vin":[${`{"witness":["${"ab".repeat(100)}"]},`.repeat(50)}0],"txid":"x"}`;
    assert.deepStrictEqual(plain(read(text, [13], { skip: ["vin"], limitKept: 200 })), { txid: "x" });
  });
});
