// The XML-RPC codec: the specification's examples, what is taken and refused beyond them, and
// properties.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { decodeCall, decodeResponse } from "../../shared/rpc/decode";
import { encodeCall, encodeFault, encodeResponse } from "../../shared/rpc/encode";
import { DEFAULT_LIMITS, type Limits, type Value, XmlRpcError } from "../../shared/rpc/xmlrpc";
import { anyValue, toJson, xmlText } from "./values";

interface Spec {
  readonly calls: readonly { what: string; xml: string; method: string; params: unknown[] }[];
  readonly responses: readonly {
    what: string;
    xml: string;
    value?: unknown;
    fault?: { code: number; message: string };
  }[];
}
interface Dialect {
  readonly accepted: readonly { what: string; xml: string; value: unknown }[];
  readonly refused: readonly { what: string; xml: string }[];
}

const spec = vectors<Spec>("spec");
const dialect = vectors<Dialect>("dialect");
const ROOMY: Limits = { chars: 1 << 20, depth: 8, values: 4096, replaced: 1 << 20, base64: 1 << 20 };

function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/xmlrpc/${name}.json`, import.meta.url), "utf8"));
}

/** As JSON would carry it, so that a member called `__proto__` compares too. */
function json(value: unknown): unknown {
  return JSON.stringify(value);
}

for (const { what, xml, method, params } of spec.calls) {
  test(`the specification's call is read: ${what}`, () => {
    const call = decodeCall(xml);
    assert.equal(call.method, method);
    assert.deepEqual(call.params.map(toJson), params);
  });
}

for (const { what, xml, value, fault } of spec.responses) {
  test(`the specification's answer is read: ${what}`, () => {
    const answer = decodeResponse(xml);
    if (fault) assert.deepEqual(answer, { kind: "fault", ...fault });
    else assert.deepEqual(answer, { kind: "value", value });
  });
}

for (const { what, xml, value } of dialect.accepted) {
  test(`a call is accepted with ${what}`, () => {
    assert.equal(json(toJson(decodeCall(xml).params[0] as Value)), json(value));
  });
}

for (const { what, xml } of dialect.refused) {
  test(`a call is refused with ${what}`, () => {
    assert.throws(() => decodeCall(xml), { name: "XmlRpcError", kind: "malformed" });
  });
}

const FIVE =
  "<methodCall><methodName> \n get_status\t</methodName><params><param><value><int> 5 </int></value></param></params></methodCall>";
const PROLOGS = [
  '<?xml version="1.0" encoding="iso-8859-1"?>',
  '<?xml version="1.0" encoding="windows-1252"?>',
  '<?xml version="1.0" encoding="UTF8"?>\n',
  "<!-- of <a> client -->",
  '<?xml version="1.0"?> <!-- one --> <!----> <!-- < --> ',
];

test("stock clients' prologs and blanks around a name and a number are read", () => {
  for (const prolog of PROLOGS)
    assert.deepEqual(decodeCall(prolog + FIVE), { method: "get_status", params: [5] }, prolog);
});

const REFUSED_PROLOGS = [
  "<!-- a -- b -->",
  "<!-->",
  "<!-- without end ",
  "<!-- x --> text ",
  '<!-- x --><?xml version="1.0"?>',
];
for (const prolog of REFUSED_PROLOGS) {
  test(`a call is refused after ${prolog}`, () => {
    assert.throws(() => decodeCall(prolog + FIVE), { name: "XmlRpcError", kind: "malformed" });
  });
}

test("any value comes back as it was written", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      assert.deepEqual(toJson((decodeResponse(encodeResponse(value), ROOMY) as { value: Value }).value), toJson(value));
    }),
    { numRuns: 400 },
  );
});

test("a call with any parameters comes back as it was written", () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z._:/A-Z0-9]{1,20}$/),
      fc.array(anyValue, { maxLength: 3 }),
      (method, params) => {
        const call = decodeCall(encodeCall(method, params), ROOMY);
        assert.equal(call.method, method);
        assert.deepEqual(call.params.map(toJson), params.map(toJson));
      },
    ),
    { numRuns: 200 },
  );
});

test("a fault comes back as it was written", () => {
  fc.assert(
    fc.property(fc.integer({ min: -40_000, max: 400 }), xmlText, (code, message) => {
      assert.deepEqual(decodeResponse(encodeFault(code, message)), { kind: "fault", code, message });
    }),
  );
});

test("garbage is refused with an XmlRpcError and nothing else", () => {
  const piece = fc.constantFrom(
    ...[
      "<",
      ">",
      "/",
      "&",
      ";",
      "&#",
      "<value>",
      "</value>",
      "<int>",
      "</int>",
      "<struct>",
      "<member>",
      "<methodCall>",
    ],
    ...[
      "<params>",
      "<param>",
      "<?xml",
      "?>",
      "<!--",
      "]]>",
      "<array><data>",
      "1",
      " ",
      "\r",
      "\0",
      "\ud800",
      "\u{1f600}",
    ],
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.array(piece).map((all) => all.join("")),
      ),
      (text) => {
        assert.throws(() => decodeCall(text), XmlRpcError);
        assert.throws(() => decodeResponse(text), XmlRpcError);
      },
    ),
    { numRuns: 1000 },
  );
});

test("a message that lost, gained or changed a character is refused, or still means one thing", () => {
  const message = encodeCall("pay_transaction", [{ session: "00".repeat(16), increment: 3, list: [true, "a&b"] }]);
  fc.assert(
    fc.property(fc.nat(message.length - 1), fc.nat(2), fc.constantFrom(..."<>&/;x0 "), (at, take, put) => {
      const mutated = message.slice(0, at) + put + message.slice(at + take);
      const call = readOrRefuse(mutated);
      if (call === undefined) return;
      const again = decodeCall(encodeCall(call.method, call.params));
      assert.equal(json(again.params.map(toJson)), json(call.params.map(toJson)));
    }),
    { numRuns: 1000 },
  );
});

function readOrRefuse(text: string) {
  try {
    return decodeCall(text);
  } catch (error) {
    assert.ok(error instanceof XmlRpcError, String(error));
    return undefined;
  }
}

test("a text cut off anywhere is refused", () => {
  const message = encodeCall("get_status", [{ wait_ms: 5, more: [1, "two"] }]);
  for (let length = 0; length < message.length; length++) {
    assert.throws(() => decodeCall(message.slice(0, length)), XmlRpcError, `cut at ${length}`);
  }
});

test("size, depth and count are limited, and the limit itself is allowed", () => {
  const nested = (depth: number): Value => (depth === 0 ? 1 : [nested(depth - 1)]);
  const read = (value: Value, limits: object) =>
    decodeResponse(encodeResponse(value), { ...DEFAULT_LIMITS, ...limits });
  const tooLarge = { name: "XmlRpcError", kind: "too-large" };

  read(nested(3), { depth: 3 });
  assert.throws(() => read(nested(4), { depth: 3 }), tooLarge);
  read([1, 2, 3, 4], { values: 5 });
  assert.throws(() => read([1, 2, 3, 4, 5], { values: 5 }), tooLarge);
  const text = encodeResponse("x".repeat(100));
  decodeResponse(text, { ...DEFAULT_LIMITS, chars: text.length });
  assert.throws(() => decodeResponse(text, { ...DEFAULT_LIMITS, chars: text.length - 1 }), tooLarge);
  assert.throws(() => decodeResponse("<".repeat(10_000)), tooLarge);
  read("&".repeat(5), { replaced: 5 });
  assert.throws(() => read("&".repeat(6), { replaced: 5 }), tooLarge);
  const lines = (count: number) => decodeResponse(text + "\r".repeat(count), { ...DEFAULT_LIMITS, replaced: 5 });
  lines(5);
  assert.throws(() => lines(6), tooLarge);
  read(new Uint8Array(6), { base64: 8 });
  assert.throws(() => read(new Uint8Array(7), { base64: 8 }), tooLarge);
});

test("the largest count of values fits into the limit on tags, in whatever container", () => {
  const struct = Object.fromEntries(Array.from({ length: 31 }, (_, i) => [`m${i}`, 1]));
  decodeResponse(encodeResponse(struct), { ...DEFAULT_LIMITS, values: 32 });
  decodeResponse(encodeResponse(Array(31).fill([])), { ...DEFAULT_LIMITS, values: 32 });
});

test("what XML-RPC cannot carry is not written", () => {
  const unwritable = { name: "XmlRpcError", kind: "unwritable" };
  for (const value of [
    2 ** 31,
    -(2 ** 31) - 1,
    1.5,
    Number.NaN,
    "\0",
    "\ud800",
    "a\u0007",
    null,
    undefined,
  ] as Value[]) {
    assert.throws(() => encodeResponse(value), unwritable, String(value));
    assert.throws(() => encodeResponse([value]), unwritable, String(value));
  }
  assert.throws(() => encodeCall("a b", []), unwritable);
});

test("a struct is read as a Map, so that a peer's member names never become names of properties", () => {
  const [struct] = decodeCall(encodeCall("m", [{ constructor: { a: 1 } }])).params;
  assert.deepEqual(struct, new Map([["constructor", new Map([["a", 1]])]]));
});
