// The four backends, each over a server in memory that answers as documented, all from the same
// real node.

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { hex } from "@scure/base";
import { p2wpkh, Transaction } from "@scure/btc-signer";
import { BlockCypher } from "../../shared/chain/blockcypher";
import type { BucketOptions } from "../../shared/chain/bucket";
import { Core } from "../../shared/chain/core";
import { Electrum } from "../../shared/chain/electrum";
import { ChainError, type ChainErrorKind } from "../../shared/chain/error";
import { Esplora } from "../../shared/chain/esplora";
import type { Chain, Outpoint } from "../../shared/kernel/ports";
import { VirtualClock } from "../model/clock";
import type { BitcoinNode } from "../node/bitcoin-node";
import { EsploraApi } from "../node/esplora-api";
import { blockCypherFake } from "./blockcypher-fake";
import { type CoreFakeOptions, coreFake } from "./core-fake";
import { electrumFake } from "./electrum-fake";
import { FakeHttp, type Handler } from "./fakes";

export const KEY = new Uint8Array(32).fill(7);
export const PAYER = p2wpkh(secp256k1.getPublicKey(KEY, true));
export const SCRIPT = hex.encode(PAYER.script);
export const SHOP = `0014${"22".repeat(20)}`;
export const UNLIMITED: BucketOptions = { burst: 1e6, perMinute: 6e7, patience: 1000 };

const URL = "http://backend.test:3000";

export function esploraHandler(node: BitcoinNode): Handler {
  const api = new EsploraApi(node);
  return (request, body) => api.answer(request.method, request.path, body);
}

export function esploraOver(handler: Handler): Esplora {
  return new Esplora({ http: new FakeHttp(handler), clock: new VirtualClock(), url: URL, bucket: UNLIMITED });
}

export function coreOver(handler: Handler): Core {
  const http = new FakeHttp(handler);
  const clock = new VirtualClock();
  return new Core({ http, clock, url: URL, bucket: UNLIMITED, user: "rpcuser", password: "sècret" });
}

export function blockCypherOver(handler: Handler): BlockCypher {
  const http = new FakeHttp(handler);
  const clock = new VirtualClock();
  return new BlockCypher({
    http,
    clock,
    url: `${URL}/v1/btc/test`,
    bucket: UNLIMITED,
    network: "regtest",
    token: "t0",
  });
}

export function electrumOver(node: BitcoinNode, version: "1.4" | "1.6"): Electrum {
  const { dialer } = electrumFake(node, version);
  return new Electrum({ dialer, clock: new VirtualClock(), host: "electrum.test", port: 50001, bucket: UNLIMITED });
}

export function core(node: BitcoinNode, options: CoreFakeOptions = {}): Core {
  return coreOver(coreFake(node, options));
}

export interface Backend {
  readonly name: string;
  readonly make: (node: BitcoinNode) => Chain;
}

export const BACKENDS: readonly Backend[] = [
  { name: "Esplora", make: (node) => esploraOver(esploraHandler(node)) },
  { name: "Bitcoin Core", make: (node) => core(node) },
  {
    name: "Bitcoin Core before 24, without a transaction index",
    make: (node) => core(node, { txindex: false, legacy: true, without: ["gettxspendingprevout"] }),
  },
  { name: "Electrum 1.4", make: (node) => electrumOver(node, "1.4") },
  { name: "Electrum 1.6", make: (node) => electrumOver(node, "1.6") },
  { name: "BlockCypher", make: (node) => blockCypherOver(blockCypherFake(node)) },
];

/** Spends a coin of the payer whole to `to`. */
export function spend(outpoint: Outpoint, amount: number, fee: number, to = SHOP): string {
  const transaction = new Transaction({ version: 2 });
  const witnessUtxo = { script: PAYER.script, amount: BigInt(amount) };
  transaction.addInput({ txid: outpoint.txid, index: outpoint.vout, sequence: 0xfffffffd, witnessUtxo });
  transaction.addOutput({ script: hex.decode(to), amount: BigInt(amount - fee) });
  transaction.sign(KEY);
  transaction.finalize();
  return transaction.hex;
}

/** For assert.rejects: a ChainError of this kind whose message has these words. */
export function fails(kind: ChainErrorKind, words = /./) {
  return (error: unknown): boolean => {
    if (error instanceof ChainError && error.kind === kind && words.test(error.message)) return true;
    throw new Error(`expected a ChainError "${kind}" with ${words}, got ${describe(error)}`);
  };
}

function describe(error: unknown): string {
  return error instanceof ChainError ? `"${error.kind}": ${error.message}` : String(error);
}
