// One honest answer for each question to each backend, as its documents show them, about a coin and
// the transaction that spends it. Hostile answers and fuzzing start from these.

import { BlockCypher } from "../../shared/chain/blockcypher";
import { Core } from "../../shared/chain/core";
import { Electrum } from "../../shared/chain/electrum";
import { Esplora } from "../../shared/chain/esplora";
import { readRawTx } from "../../shared/chain/raw-tx";
import type { Chain } from "../../shared/kernel/ports";
import { VirtualClock } from "../model/clock";
import { UNLIMITED } from "./backends";
import { FakeHttp, FakeLines, type Reply } from "./fakes";

export const SCRIPT = `0014${"11".repeat(20)}`;
const ADDRESS = "bcrt1qzyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3lgth6c";
const WITNESS = `0247${"30".repeat(71)}21${"02".repeat(33)}`;
/** Pays 100,000 sat to SCRIPT. */
const FUNDING = `02000000000101${"ab".repeat(32)}0000000000fdffffff01a08601000000000016${SCRIPT}${WITNESS}00000000`;
export const COIN = { txid: readRawTx(FUNDING).txid, vout: 0 };
const SPENT_OUTPOINT = `${(COIN.txid.match(/../g) ?? []).reverse().join("")}00000000`;
/** Spends it. */
export const RAW = `02000000000101${SPENT_OUTPOINT}00fdffffff01b88201000000000016${`0014${"22".repeat(20)}`}${WITNESS}00000000`;
export const TXID = readRawTx(RAW).txid;
const BLOCK = "0f".repeat(32);
const HEADER = `${"00".repeat(79)}ff`;
const OTHER = "5e".repeat(32);

/** Decides what is really answered; `nth` counts the requests of one call from 0. */
export type Spoil = (honest: Reply, nth: number) => Reply;

export interface Canned {
  readonly name: string;
  make(spoil: Spoil): { chain: Chain; clock: VirtualClock };
}

/** The calls of the port, by name. */
export const CALLS = {
  utxos: (chain: Chain): Promise<unknown> => chain.utxos(SCRIPT, 3),
  outspend: (chain: Chain): Promise<unknown> => chain.outspend(COIN),
  broadcast: (chain: Chain): Promise<unknown> => chain.broadcast(RAW),
  status: (chain: Chain): Promise<unknown> => chain.status(TXID),
  feeRates: (chain: Chain): Promise<unknown> => chain.feeRates(),
  tip: (chain: Chain): Promise<unknown> => chain.tip(),
};
export type CallName = keyof typeof CALLS;
export const CALL_NAMES = Object.keys(CALLS) as readonly CallName[];

function overHttp(answer: (method: string, path: string, body: string) => string, spoil: Spoil): FakeHttp {
  let nth = 0;
  return new FakeHttp(({ method, path }, body) => spoil({ status: 200, body: answer(method, path, body) }, nth++));
}

const confirmed = { confirmed: true, block_height: 500, block_hash: BLOCK, block_time: 1600000000 };

function esploraAnswer(_method: string, path: string): string {
  const answers: Record<string, unknown> = {
    "/fee-estimates": { "2": 2.0005, "144": 1.027 },
    "/blocks/tip/height": 501,
    [`/tx/${COIN.txid}/outspend/0`]: { spent: true, txid: TXID, vin: 0, status: confirmed },
    [`/tx/${TXID}/status`]: { confirmed: false },
    [`/tx/${TXID}`]: {
      txid: TXID,
      version: 2,
      vin: [{ txid: COIN.txid, vout: 0 }],
      vout: [{ value: 99000 }],
      status: confirmed,
    },
  };
  if (path === "/tx") return TXID;
  if (path.endsWith("/utxo")) {
    return JSON.stringify([
      { txid: COIN.txid, vout: 0, status: confirmed, value: 100000 },
      { txid: OTHER, vout: 3, status: { confirmed: false }, value: 5000 },
    ]);
  }
  return JSON.stringify(answers[path] ?? null);
}

function coreAnswer(body: string, hasIndex: boolean, hasScanned: boolean): string {
  const { id, method } = JSON.parse(body) as { id: number; method: string };
  if (method === "getrawtransaction" && !hasIndex) {
    return `{"jsonrpc":"2.0","error":{"code":-5,"message":"No such mempool transaction."},"id":${id}}`;
  }
  const output = `{"bestblock":"${BLOCK}","confirmations":2,"value":0.00100000,"scriptPubKey":{"hex":"${SCRIPT}"},"coinbase":false}`;
  const results: Record<string, string> = {
    scantxoutset: `{"success":true,"height":501,"bestblock":"${BLOCK}","unspents":[{"txid":"${COIN.txid}","vout":0,"scriptPubKey":"${SCRIPT}","amount":0.00100000,"height":500},{"txid":"${OTHER}","vout":3,"scriptPubKey":"${SCRIPT}","amount":0.00005000,"height":501}],"total_amount":0.00105000}`,
    // Coins that a scan found are unspent; the one that is asked about alone is spent in the
    // mempool.
    gettxout: hasScanned || !hasIndex ? output : "null",
    gettxspendingprevout: `[{"txid":"${COIN.txid}","vout":0,"spendingtxid":"${TXID}"}]`,
    getblockhash: `"${BLOCK}"`,
    sendrawtransaction: `"${TXID}"`,
    getrawtransaction: `{"txid":"${TXID}","hex":"00","vin":[],"vout":[],"blockhash":"${BLOCK}","confirmations":2}`,
    getblockheader: `{"hash":"${BLOCK}","confirmations":2,"height":500}`,
    getmempoolinfo: '{"mempoolminfee":0.00000100,"minrelaytxfee":0.00000100,"incrementalrelayfee":0.00000100}',
    estimatesmartfee: '{"feerate":0.00002000,"blocks":3}',
    getblockcount: "501",
  };
  return `{"jsonrpc":"2.0","result":${results[method] ?? "null"},"id":${id}}`;
}

function electrumAnswer(line: string): string {
  const { id, method, params } = JSON.parse(line) as { id: number; method: string; params: readonly unknown[] };
  const results: Record<string, unknown> = {
    "server.version": ["FakeX 1.0", "1.6"],
    "blockchain.scripthash.listunspent": [{ tx_hash: OTHER, tx_pos: 3, height: 0, value: 5000 }],
    "blockchain.scripthash.get_history": [
      { tx_hash: COIN.txid, height: 499 },
      { tx_hash: TXID, height: 500 },
    ],
    "blockchain.transaction.get": params[0] === TXID ? RAW : FUNDING,
    "blockchain.transaction.broadcast": TXID,
    "blockchain.block.header": HEADER,
    "blockchain.headers.subscribe": { height: 501, hex: HEADER },
    "blockchain.estimatefee": 0.00002,
    "mempool.get_info": { mempoolminfee: 0.000001, minrelaytxfee: 0.000001, incrementalrelayfee: 0.000001 },
  };
  return JSON.stringify({ jsonrpc: "2.0", result: results[method] ?? null, id });
}

function blockCypherAnswer(method: string, path: string): string {
  const output = { value: 100000, script: SCRIPT, spent_by: TXID };
  const shared = { block_height: 500, block_hash: BLOCK, double_spend: false, confirmations: 2 };
  if (method === "POST") return JSON.stringify({ tx: { hash: TXID, block_height: -1 } });
  if (path.startsWith("/txs/")) {
    const hash = path.slice(5, 69);
    return JSON.stringify({ ...shared, hash, inputs: [], outputs: [output] });
  }
  if (path.startsWith("/addrs/")) {
    const ref = { tx_input_n: -1, spent: false, double_spend: false, script: SCRIPT };
    return JSON.stringify({
      address: ADDRESS,
      balance: 105000,
      txrefs: [{ ...ref, tx_hash: COIN.txid, block_height: 500, tx_output_n: 0, value: 100000 }],
      unconfirmed_txrefs: [{ ...ref, tx_hash: OTHER, block_height: -1, tx_output_n: 3, value: 5000 }],
    });
  }
  return JSON.stringify({
    height: 501,
    hash: BLOCK,
    high_fee_per_kb: 3000,
    medium_fee_per_kb: 2000,
    low_fee_per_kb: 500,
  });
}

const ENDPOINT = { url: "http://backend.test:3000", bucket: UNLIMITED } as const;

function cannedCore(name: string, hasIndex: boolean): Canned {
  return {
    name,
    make: (spoil) => {
      const clock = new VirtualClock();
      let hasScanned = false;
      const answer = (_method: string, _path: string, body: string): string => {
        hasScanned ||= body.includes("scantxoutset");
        return coreAnswer(body, hasIndex, hasScanned);
      };
      return {
        chain: new Core({ ...ENDPOINT, clock, http: overHttp(answer, spoil), user: "u", password: "p" }),
        clock,
      };
    },
  };
}

export const CANNED: readonly Canned[] = [
  {
    name: "Esplora",
    make: (spoil) => {
      const clock = new VirtualClock();
      return { chain: new Esplora({ ...ENDPOINT, clock, http: overHttp(esploraAnswer, spoil) }), clock };
    },
  },
  cannedCore("Bitcoin Core", true),
  cannedCore("Bitcoin Core without a transaction index", false),
  {
    name: "BlockCypher",
    make: (spoil) => {
      const clock = new VirtualClock();
      const http = overHttp(blockCypherAnswer, spoil);
      return { chain: new BlockCypher({ ...ENDPOINT, clock, http, network: "regtest" }), clock };
    },
  },
  {
    name: "Electrum",
    make: (spoil) => {
      const clock = new VirtualClock();
      let nth = 0;
      const dialer = new FakeLines((line) => {
        const { body } = spoil({ status: 200, body: electrumAnswer(line) }, nth++);
        return typeof body === "string" ? body : Buffer.from(body).toString("latin1");
      });
      return { chain: new Electrum({ dialer, clock, host: "electrum.test", port: 50001, bucket: UNLIMITED }), clock };
    },
  },
];
