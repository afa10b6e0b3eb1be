// Anybody can send dust to a cable's address: how much of a long list is read, and that nothing is
// lost by reading it quickly.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { blockCypherOver, coreOver, UNLIMITED } from "../../lab/chain/backends";
import { SCRIPT } from "../../lab/chain/canned";
import { FakeHttp, FakeLines } from "../../lab/chain/fakes";
import { VirtualClock } from "../../lab/model/clock";
import { Decimal } from "../../shared/chain/decimal";
import { Electrum } from "../../shared/chain/electrum";
import { Esplora } from "../../shared/chain/esplora";
import { type Json, JsonReader } from "../../shared/chain/json-stream";
import { MOST_COINS } from "../../shared/chain/largest-coins";
import { messageOf } from "../../shared/kernel/message";
import type { Chain } from "../../shared/kernel/ports";

const ADDRESS = "bcrt1qzyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3lgth6c";
const HONEST = 500_000;

const txid = (n: number): string => n.toString(16).padStart(64, "a7");

interface Served {
  readonly chain: Chain;
  /** Bytes of lists that the server sent. */
  readonly sent: () => number;
}

/** Servers whose list has `count` coins of dust, the `at`th worth more. */
const SERVERS: Readonly<Record<string, (count: number, at: number) => Served>> = {
  Esplora: (count, at) => {
    const coins = listed(count, at, (n, value) => ({ txid: txid(n), vout: 0, status: { confirmed: false }, value }));
    const http = new FakeHttp(() => ({ status: 200, body: JSON.stringify(coins) }));
    const options = { http, clock: new VirtualClock(), url: "http://esplora.test", bucket: UNLIMITED };
    return { chain: new Esplora(options), sent: () => 0 };
  },
  "Bitcoin Core": (count, at) => {
    const coins = listed(count, at, (n, value) => {
      const amount = `@${(value / 1e8).toFixed(8)}@`;
      return { txid: txid(n), vout: 0, scriptPubKey: SCRIPT, amount, height: 7 };
    });
    const scan = JSON.stringify({ success: true, unspents: coins }).replace(/"@([0-9.]+)@"/g, "$1");
    const chain = coreOver((_head, body) => {
      const { id, method } = JSON.parse(body) as { id: number; method: string };
      const result = method === "scantxoutset" ? scan : '{"confirmations":3}';
      return { status: 200, body: `{"result":${result},"error":null,"id":${id}}` };
    });
    return { chain, sent: () => 0 };
  },
  Electrum: (count, at) => {
    const coins = listed(count, at, (n, value) => ({ tx_hash: txid(n), tx_pos: 0, height: 7, value }));
    const dialer = new FakeLines((line) => {
      const { id, method } = JSON.parse(line) as { id: number; method: string };
      return JSON.stringify({ id, result: method === "server.version" ? ["Fake", "1.4"] : coins });
    }, 4_096);
    const options = { dialer, clock: new VirtualClock(), host: "electrum.test", port: 50001, bucket: UNLIMITED };
    return { chain: new Electrum(options), sent: () => dialer.delivered };
  },
  BlockCypher: (count, at) => {
    const txrefs = listed(count, at, (n, value) => {
      return { tx_hash: txid(n), block_height: 7, tx_output_n: 0, value, spent: false, script: SCRIPT };
    });
    const chain = blockCypherOver(() => ({ status: 200, body: JSON.stringify({ address: ADDRESS, txrefs }) }));
    return { chain, sent: () => 0 };
  },
};

function listed(count: number, at: number, coin: (n: number, value: number) => object): readonly object[] {
  return Array.from({ length: count }, (_, n) => coin(n, n === at ? HONEST : 546));
}

for (const [name, serve] of Object.entries(SERVERS))
  describe(`${name}, asked about an address that was dusted`, () => {
    it("finds the one good coin among 400", async () => {
      const { chain } = serve(400, 399);
      const coins = await chain.utxos(SCRIPT, 20);
      assert.deepEqual([coins.length, coins[0]?.amount], [20, HONEST]);
    });

    it(`reads no more than ${MOST_COINS} coins, and takes the largest of those`, async () => {
      const { chain, sent } = serve(4 * MOST_COINS, MOST_COINS - 1);
      const [first] = await chain.utxos(SCRIPT, 20);
      assert.equal(first?.amount, HONEST);
      assert.ok(sent() < 2 * MOST_COINS * 120, `${sent()} bytes of 4 times as many coins`);
      const [best] = await serve(4 * MOST_COINS, MOST_COINS).chain.utxos(SCRIPT, 20);
      assert.equal(best?.amount, 546, "what comes after them is not seen");
    });
  });

/** What `each` was given, in pieces of `size` bytes; or the error. */
function read(text: string, size: number): readonly Json[] | string {
  const items: Json[] = [];
  const reader = new JsonReader({ each: { "*": (item) => items.push(item) } });
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.length; at += size) reader.push(Uint8Array.from(bytes.subarray(at, at + size)));
    reader.end();
    return items.map(plain);
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * Decimals by their value, so that both ways of reading compare; what is exact in one is exact in
 * the other.
 */
function plain(value: Json): Json {
  if (value instanceof Decimal) return Number(value.text);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

describe("an item that is read whole", () => {
  const good: readonly string[] = [
    '[{"a":1,"b":{"c":[1,{"d":2}]}},{"e":"x"}]',
    '[{"a": 1, "b": "two words"} ,\n {"c":\t[]}]',
    '[{"a":0.00100000},{"a":1e5},{"a":12345678901234567890}]',
    '[{"brace":"}"},{"brace":"{"},{"quote":"\\"}"},{"u":"\\u007d"}]',
    '[{"ä":"€ and 𝄞"},{}]',
    '[1,"{",{"a":{}},[{"a":1}],null]',
    `[{"long":"${"x".repeat(600)}"},{"a":1}]`,
    `[${'{"a":'.repeat(20)}1${"}".repeat(20)},{"a":${"[".repeat(20)}${"]".repeat(20)}},{"b":{"c":{"d":{}}}}]`,
    "[]",
  ];
  for (const text of good)
    it(`is what JSON says, in pieces of any size: ${text.slice(0, 50)}`, () => {
      const expected = JSON.parse(text) as Json;
      for (let size = 1; size <= text.length + 1; size++) assert.deepEqual(read(text, size), expected, `${size}`);
    });

  const bad: readonly string[] = [
    '[{"a":1,"a":2}]',
    '[{"a":1}{"b":2}]',
    '[{"a":1},]',
    '[{"a":01}]',
    '[{"a":1]}',
    '[{"a":1}',
    '[{"a":"x\ny"}]',
    '[{"a":{"b":1}]',
    '{"a":1}}',
  ];
  for (const text of bad)
    it(`is refused in pieces of any size, in the same words: ${JSON.stringify(text)}`, () => {
      const slowly = read(text, 1);
      assert.equal(typeof slowly, "string", `${JSON.stringify(slowly)}`);
      for (let size = 2; size <= text.length + 1; size++) assert.deepEqual(read(text, size), slowly, `${size}`);
    });

  it("keeps what JavaScript could not hold exactly as it came", () => {
    const kept: Json[] = [];
    const reader = new JsonReader({ each: { "*": (item) => kept.push(item) } });
    reader.push(Buffer.from('[{"a":0.10000000},{"a":9007199254740993}]'));
    reader.end();
    const texts = kept.map((item) => (item as { a: Decimal }).a.text);
    assert.deepEqual(texts, ["0.10000000", "9007199254740993"]);
  });
});
