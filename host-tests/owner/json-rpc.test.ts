// JSON-RPC 2.0 as the specification has it (jsonrpc.org/specification, section 7, "Examples"), and
// what it leaves open.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Json } from "../../shared/owner/json";
import { JsonRpc, type Method, RpcError } from "../../shared/owner/json-rpc";

const number = (value: Json | undefined): number => Number(value);

const METHODS: Readonly<Record<string, Method>> = {
  subtract: {
    params: ["minuend", "subtrahend"],
    call: (params) => number(params.get("minuend")) - number(params.get("subtrahend")),
  },
  sum: {
    params: ["a", "b", "c"],
    call: (params) => [...params.values()].reduce((sum: number, n) => sum + number(n), 0),
  },
  update: { params: ["a", "b", "c", "d", "e"], call: () => "updated" },
  notify_sum: { params: ["a", "b", "c"], call: () => 7 },
  notify_hello: { params: ["a"], call: () => null },
  get_data: { params: [], call: () => ["hello", 5] },
  fails: {
    params: [],
    call: () => {
      throw new Error("a secret of the inside");
    },
  },
  later: { params: [], call: () => Promise.resolve("done") },
  refuses: {
    params: [],
    call: (_, way) => {
      throw new RpcError("serial-only", `came by ${way}`);
    },
  },
};

const seen: string[] = [];
const rpc = new JsonRpc({
  methodOf: (name) => (Object.hasOwn(METHODS, name) ? METHODS[name] : undefined),
  onError: (error, method) => seen.push(`${method}: ${(error as Error).message}`),
});

async function ask(text: string): Promise<unknown> {
  const answer = await rpc.answer(new TextEncoder().encode(text), "serial");
  return answer === undefined ? undefined : withoutData(JSON.parse(answer));
}

/** The specification leaves `data` to the server. */
function withoutData(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(withoutData);
  const { error, ...rest } = answer as { error?: { data?: unknown } };
  if (!error) return rest;
  const { data: _, ...told } = error;
  return { ...rest, error: told };
}

const PARSE = { jsonrpc: "2.0", error: { code: -32700, message: "Parse error" }, id: null };
const INVALID = { jsonrpc: "2.0", error: { code: -32600, message: "Invalid Request" }, id: null };

const EXAMPLES: readonly (readonly [what: string, request: string, answer: unknown])[] = [
  [
    "positional parameters",
    '{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}',
    { jsonrpc: "2.0", result: 19, id: 1 },
  ],
  [
    "positional parameters, the other way round",
    '{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}',
    { jsonrpc: "2.0", result: -19, id: 2 },
  ],
  [
    "named parameters",
    '{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}',
    { jsonrpc: "2.0", result: 19, id: 3 },
  ],
  [
    "named parameters in another order",
    '{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}',
    { jsonrpc: "2.0", result: 19, id: 4 },
  ],
  ["a notification", '{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}', undefined],
  ["a notification of a method that there is not", '{"jsonrpc": "2.0", "method": "foobar"}', undefined],
  [
    "a method that there is not",
    '{"jsonrpc": "2.0", "method": "foobar", "id": "1"}',
    { jsonrpc: "2.0", error: { code: -32601, message: "Method not found" }, id: "1" },
  ],
  ["invalid JSON", '{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]', PARSE],
  ["an invalid request object", '{"jsonrpc": "2.0", "method": 1, "params": "bar"}', INVALID],
  [
    "a batch of invalid JSON",
    '[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc": "2.0", "method"]',
    PARSE,
  ],
  ["an empty batch", "[]", INVALID],
  ["a batch that is invalid and not empty", "[1]", [INVALID]],
  ["an invalid batch", "[1,2,3]", [INVALID, INVALID, INVALID]],
  [
    "a batch",
    `[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
      {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
      {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
      {"foo": "boo"},
      {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
      {"jsonrpc": "2.0", "method": "get_data", "id": "9"}]`,
    [
      { jsonrpc: "2.0", result: 7, id: "1" },
      { jsonrpc: "2.0", result: 19, id: "2" },
      INVALID,
      { jsonrpc: "2.0", error: { code: -32601, message: "Method not found" }, id: "5" },
      { jsonrpc: "2.0", result: ["hello", 5], id: "9" },
    ],
  ],
  [
    "a batch of notifications",
    '[{"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},{"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}]',
    undefined,
  ],
];

describe("the specification's examples", () => {
  for (const [what, request, answer] of EXAMPLES) test(what, async () => assert.deepEqual(await ask(request), answer));
});

describe("what the specification leaves open", () => {
  const error = (code: number, message: string, id: unknown) => ({ jsonrpc: "2.0", error: { code, message }, id });
  const cases: readonly (readonly [what: string, request: string, answer: unknown])[] = [
    ["another version is an invalid request", '{"jsonrpc":"1.0","method":"get_data","id":1}', { ...INVALID, id: 1 }],
    ["no version is one", '{"method":"get_data","id":1}', { ...INVALID, id: 1 }],
    [
      "an id of null is an id",
      '{"jsonrpc":"2.0","method":"get_data","id":null}',
      { jsonrpc: "2.0", result: ["hello", 5], id: null },
    ],
    ["an id may be a fraction", '{"jsonrpc":"2.0","method":"sum","id":1.5}', { jsonrpc: "2.0", result: 0, id: 1.5 }],
    ["an object is no id", '{"jsonrpc":"2.0","method":"sum","id":{}}', INVALID],
    ["nor is a number that JavaScript rounds", '{"jsonrpc":"2.0","method":"sum","id":9007199254740993}', INVALID],
    ["nor a long text", `{"jsonrpc":"2.0","method":"sum","id":"${"x".repeat(65)}"}`, INVALID],
    ["a text is no parameters", '{"jsonrpc":"2.0","method":"sum","params":"a","id":1}', { ...INVALID, id: 1 }],
    ["parameters of null are none", '{"jsonrpc":"2.0","method":"sum","params":null,"id":1}', { ...INVALID, id: 1 }],
    [
      "too many parameters",
      '{"jsonrpc":"2.0","method":"get_data","params":[1],"id":1}',
      error(-32602, "Invalid params", 1),
    ],
    [
      "a parameter of another name",
      '{"jsonrpc":"2.0","method":"sum","params":{"z":1},"id":1}',
      error(-32602, "Invalid params", 1),
    ],
    [
      "a parameter named as what objects have",
      '{"jsonrpc":"2.0","method":"sum","params":{"__proto__":1},"id":1}',
      error(-32602, "Invalid params", 1),
    ],
    ["a method named so", '{"jsonrpc":"2.0","method":"__proto__","id":1}', error(-32601, "Method not found", 1)],
    [
      "an answer that comes later",
      '{"jsonrpc":"2.0","method":"later","id":1}',
      { jsonrpc: "2.0", result: "done", id: 1 },
    ],
    [
      "a server's own error",
      '{"jsonrpc":"2.0","method":"refuses","id":1}',
      error(-32001, "Only over the serial port", 1),
    ],
    ["eleven requests are too many", `[${Array(11).fill('{"jsonrpc":"2.0","method":"sum"}').join()}]`, INVALID],
    ["nothing", "", PARSE],
    ["two values", "{}{}", PARSE],
    ["a name that comes twice", '{"jsonrpc":"2.0","jsonrpc":"2.0","method":"sum","id":1}', PARSE],
    ["lists without end", "[".repeat(5000), PARSE],
    ["more values than anybody needs", `[${Array(2000).fill("1").join()}]`, PARSE],
    ["half of a surrogate pair", '{"jsonrpc":"2.0","method":"\\ud800","id":1}', PARSE],
    ["a number beyond all numbers", '{"jsonrpc":"2.0","method":"sum","id":1e999}', PARSE],
  ];
  for (const [what, request, answer] of cases) test(what, async () => assert.deepEqual(await ask(request), answer));

  test("what nobody expected is told on the device's own side, and to the client only that it was", async () => {
    seen.length = 0;
    const answer = await rpc.answer(new TextEncoder().encode('{"jsonrpc":"2.0","method":"fails","id":1}'), "http");
    assert.match(String(answer), /"code":-32603,"message":"Internal error"/);
    assert.ok(!String(answer).includes("secret"));
    assert.deepEqual(seen, ["fails: a secret of the inside"]);
  });

  test("texts are read whatever they are made of", async () => {
    const echo = new JsonRpc({
      methodOf: () => ({ params: ["a"], call: (given) => given.get("a") }),
      onError: () => {},
    });
    for (const text of ["", 'a"b\\c/d', "\b\f\n\r\t", "h\u00e9 \u{1f50c}", "\u0000"]) {
      const request = JSON.stringify({ jsonrpc: "2.0", method: "echo", params: [text], id: 1 });
      for (const written of [
        request,
        request.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
      ])
        assert.equal(JSON.parse((await echo.answer(new TextEncoder().encode(written), "serial")) ?? "").result, text);
    }
  });
});
