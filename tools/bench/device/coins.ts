// Reads lists of an address's coins as each backend does, and counts what a list costs.

import { BlockCypher } from "../../../shared/chain/blockcypher";
import { Core } from "../../../shared/chain/core";
import { Electrum } from "../../../shared/chain/electrum";
import { Esplora } from "../../../shared/chain/esplora";
import type { Http } from "../../../shared/chain/http-port";
import type { Chain, Clock, Connection, Dialer } from "../../../shared/kernel/ports";
import { decodeUtf8 } from "../../../shared/kernel/utf8";
import { calibrate, count, report } from "./host";

const SCRIPT = `0014${"11".repeat(20)}`;
const ADDRESS = "bcrt1qzyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3lgth6c";
/** As many as a socket asks for. */
const LIMIT = 20;
/** About what a TCP segment carries. */
const PIECE = 1024;
/** As `utxos` asks them, with the answer's frame around the list. */
const SIZES = [20, 100, 400];

const clock: Clock = { now: () => 0, after: () => () => {} };
const url = "http://backend.test";
const bucket = { burst: 1e6, perMinute: 6e7, patience: 1000 };

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function txid(n: number): string {
  return (n + 0x10000).toString(16).padStart(64, "a7");
}

/** Dust, and one honest coin in the middle. */
function amount(n: number, length: number): number {
  return n === length >> 1 ? 500_000 : 546 + n;
}

type Item = (n: number, value: number) => string;

function list(length: number, item: Item): string {
  return Array.from({ length }, (_, n) => item(n, amount(n, length))).join(",");
}

const BLOCK = `"block_height":800000,"block_hash":"${"0f".repeat(32)}","block_time":1700000000`;
const ITEMS = {
  Esplora: (n, value) => `{"txid":"${txid(n)}","vout":${n % 7},"status":{"confirmed":true,${BLOCK}},"value":${value}}`,
  Electrum: (n, value) => `{"height":800000,"tx_hash":"${txid(n)}","tx_pos":${n % 7},"value":${value}}`,
  Core: (n, value) =>
    `{"txid":"${txid(n)}","vout":${n % 7},"scriptPubKey":"${SCRIPT}","desc":"addr(${ADDRESS})#00000000","amount":${(value / 1e8).toFixed(8)},"coinbase":false,"height":800000,"blockhash":"${"0f".repeat(32)}","confirmations":7}`,
  BlockCypher: (n, value) =>
    `{"tx_hash":"${txid(n)}","block_height":800000,"tx_input_n":-1,"tx_output_n":${n % 7},"value":${value},"ref_balance":${value},"spent":false,"confirmations":7,"confirmed":"2026-01-01T00:00:00Z","double_spend":false,"script":"${SCRIPT}"}`,
} satisfies Record<string, Item>;

/**
 * Instructions for the dearest answer that was read; what it came from is not the device's work.
 */
let dearest = 0;

function read(bytes: Uint8Array, take: (piece: Uint8Array) => void): void {
  const { cost } = count(() => {
    for (let at = 0; at < bytes.length; at += PIECE) take(bytes.subarray(at, at + PIECE));
  });
  dearest = Math.max(dearest, cost);
}

function answering(text: (body: string) => string): Http {
  return {
    request: async ({ onChunk, body = "" }) => {
      const bytes = bytesOf(text(String(body)));
      read(bytes, (piece) => onChunk?.(piece));
      return { status: 200, headers: new Map(), body: new Uint8Array(0) };
    },
  };
}

function coreAnswer(size: number): (body: string) => string {
  return (body) => {
    const id = /"id":([0-9]+)/.exec(body)?.[1];
    if (body.includes("gettxout")) return `{"result":null,"error":null,"id":${id}}`;
    return `{"result":{"success":true,"txouts":1,"height":800006,"unspents":[${list(size, ITEMS.Core)}],"total_amount":1.0},"error":null,"id":${id}}`;
  };
}

function dialer(size: number): Dialer {
  const lineOf = (request: string): string => {
    const id = /"id":([0-9]+)/.exec(request)?.[1];
    if (request.includes("server.version")) return `{"jsonrpc":"2.0","result":["Fake","1.4"],"id":${id}}\n`;
    return `{"jsonrpc":"2.0","result":[${list(size, ITEMS.Electrum)}],"id":${id}}\n`;
  };
  const connect = async (): Promise<Connection> => {
    const connection: Connection = {
      peer: "fake:50001",
      write: (data) => {
        const bytes = bytesOf(lineOf(decodeUtf8(data)));
        void Promise.resolve().then(() => {
          read(bytes, (piece) => connection.onData(piece));
        });
      },
      close: () => {},
      onData: () => {},
      onClose: () => {},
    };
    return connection;
  };
  return { connect };
}

function backends(size: number): readonly (readonly [name: string, chain: Chain])[] {
  const common = { clock, url, bucket };
  const esplora = answering(() => `[${list(size, ITEMS.Esplora)}]`);
  const cypher = answering(() => `{"address":"${ADDRESS}","txrefs":[${list(size, ITEMS.BlockCypher)}]}`);
  return [
    ["Esplora", new Esplora({ ...common, http: esplora })],
    ["Core", new Core({ ...common, http: answering(coreAnswer(size)), user: "u", password: "p" })],
    ["Electrum", new Electrum({ clock, bucket, dialer: dialer(size), host: "fake", port: 50001 })],
    ["BlockCypher", new BlockCypher({ ...common, http: cypher, network: "regtest" })],
  ];
}

async function measureAll(): Promise<void> {
  calibrate();
  for (const size of SIZES)
    for (const [name, chain] of backends(size)) {
      dearest = 0;
      await chain.utxos(SCRIPT, LIMIT);
      report(`${name}_${size}`, dearest);
    }
}

export function main(): void {
  void measureAll();
}
