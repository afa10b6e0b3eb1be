// Chain backend: an Esplora server (https://github.com/Blockstream/esplora/blob/master/API.md), the
// default.
//
// Two answers need care. `outspend` says `spent: false` of an output that does not exist, so only
// outpoints that `utxos` reported are worth asking about. `status` says `confirmed: false` of a
// transaction that nobody knows.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes } from "../bitcoin/bytes";
import type { Chain, Coin, FeeRates, Listing, Outpoint, Spend, TxStatus } from "../kernel/ports";
import { isDigits } from "../kernel/text";
import type { Hex, MilliSatPerVbyte, Satoshi } from "../kernel/units";
import { rateOfSatPerVb } from "./decimal";
import { ChainError } from "./error";
import { type EstimateOptions, likelyFloor, ratesOf } from "./fee-rate";
import { type Answer, HttpBackend, type HttpBackendOptions } from "./http-backend";
import type { Json } from "./json-stream";
import { cutShort, LargestCoins } from "./largest-coins";
import { txidToSend } from "./raw-tx";
import { rejection } from "./reject";
import { booleanOf, countOf, hashOf, heightOf, malformed, objectOf, satoshiOf } from "./shape";
import { checkTested } from "./tested";

export interface EsploraOptions extends HttpBackendOptions, EstimateOptions {
  /**
   * Esplora does not tell the relay fee. Default 1 sat/vB, Bitcoin Core's before 29.1, or 0.1, its
   * later one, where the server estimates less than 1: then its node is a later one.
   */
  readonly floor?: MilliSatPerVbyte;
  /**
   * Nor the incremental one: Bitcoin Core 30's default, 0.1 sat/vB. Nodes older than 29.1 want
   * 1,000.
   */
  readonly incremental?: MilliSatPerVbyte;
  /** Blocks within which a settlement shall confirm. Default 3. */
  readonly targetBlocks?: number;
}

export class Esplora implements Chain {
  readonly #backend: HttpBackend;
  readonly #floor: MilliSatPerVbyte | undefined;
  readonly #incremental: MilliSatPerVbyte;
  readonly #targetBlocks: number;
  readonly #needsEstimate: boolean;
  canTest: boolean | undefined;

  constructor(options: EsploraOptions) {
    this.#backend = new HttpBackend(options);
    this.#floor = options.floor;
    this.#incremental = options.incremental ?? 100;
    this.#targetBlocks = options.targetBlocks ?? 3;
    this.#needsEstimate = options.needsEstimate ?? false;
  }

  async utxos(script: Hex, limit: number): Promise<readonly Coin[]> {
    const largest = new LargestCoins(limit);
    await cutShort(this.list(script, largest));
    return largest.coins;
  }

  /**
   * Electrs leaves out what the mempool spends (its `utxo` takes the mempool's spends away from the
   * blocks' coins).
   */
  async listing(script: Hex, limit: number): Promise<Listing> {
    return { coins: await this.utxos(script, limit), unspent: true };
  }

  private async list(script: Hex, largest: LargestCoins): Promise<void> {
    const each = { "*": (item: Json) => largest.add(amountOf(item), () => coinOf(item)) };
    const hash = bytesToHex(sha256(hexToBytes(script)));
    const answer = await this.#backend.ask({ method: "GET", path: `/scripthash/${hash}/utxo`, json: { each } });
    // Servers refuse to list addresses with too many outputs; another may do it.
    if (answer.status === 400) throw new ChainError("away", this.#backend.unexpected(answer, "coins").message);
    if (!Array.isArray(this.ok(answer, "coins").json)) throw malformed("an array of coins", answer.json);
  }

  async outspend({ txid, vout }: Outpoint): Promise<Spend | undefined> {
    const { spent, txid: spender, status } = await this.object(`/tx/${txid}/outspend/${vout}`, "an outspend");
    if (!booleanOf(spent, "spent")) return undefined;
    if (spender === undefined || spender === null) return {};
    const by = hashOf(spender, "the spending txid");
    const { height } = status === undefined || status === null ? {} : statusOf(status);
    return height === undefined ? { txid: by } : { txid: by, height };
  }

  async broadcast(transaction: Hex): Promise<Hex> {
    const txid = txidToSend(transaction);
    const headers = { "Content-Type": "text/plain" };
    const answer = await this.#backend.ask({ method: "POST", path: "/tx", headers, body: transaction });
    if (answer.status === 400) {
      const refusal = rejection(answer.text);
      if (refusal.kind === "already-known") return txid;
      throw refusal;
    }
    const said = this.ok(answer, "a txid").text.trim();
    if (said !== txid) throw malformed(`the txid ${txid}`, said);
    return txid;
  }

  /**
   * By mempool.space's fork of electrs; Blockstream's has no such endpoint, which is remembered.
   */
  async wouldTake(transaction: Hex): Promise<boolean> {
    if (this.canTest === false) return false;
    const txid = txidToSend(transaction);
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify([transaction]);
    const question = { method: "POST", path: "/txs/test", headers, body, json: {}, repeatable: true } as const;
    const answer = await this.#backend.ask(question);
    if (isUnknownCall(answer)) {
      this.canTest = false;
      return false;
    }
    this.canTest = true;
    checkTested(this.ok(answer, "a test's result").json, txid);
    return true;
  }

  /**
   * The first transaction of a block is its reward's; the proof tells the place, and is short
   * whatever the transaction.
   */
  async isReward({ txid }: Coin): Promise<boolean> {
    const path = `/tx/${txid}/merkle-proof`;
    const answer = this.ok(await this.#backend.ask({ method: "GET", path, json: { skip: ["merkle"] } }), "a proof");
    return countOf(objectOf(answer.json, "a proof").pos, "a proof's pos") === 0;
  }

  async status(txid: Hex): Promise<TxStatus> {
    const first = statusOf(await this.object(`/tx/${txid}/status`, "a transaction's status"));
    if (first.state === "confirmed") return first;
    // Unconfirmed or unknown: only the transaction itself tells which. Of a large one nothing but
    // this is kept.
    const json = { skip: ["vin", "vout"] };
    const answer = await this.#backend.ask({ method: "GET", path: `/tx/${txid}`, json });
    if (answer.status === 404) return { state: "unknown" };
    const found = objectOf(this.ok(answer, "a transaction").json, "a transaction");
    const { txid: said, status: now } = found;
    if (said !== txid) throw malformed(`the transaction ${txid}`, said);
    return statusOf(now);
  }

  async feeRates(): Promise<FeeRates> {
    const estimates = await this.object("/fee-estimates", "fee estimates");
    const { target, lowest } = estimatesOf(this.#targetBlocks, estimates);
    const least = { floor: this.#floor ?? likelyFloor(lowest), incremental: this.#incremental };
    return ratesOf(target, least, { needsEstimate: this.#needsEstimate });
  }

  async tip(): Promise<number> {
    const answer = await this.#backend.ask({ method: "GET", path: "/blocks/tip/height", json: {} });
    return heightOf(this.ok(answer, "a height").json, "the tip's height");
  }

  private async object(path: string, what: string) {
    return objectOf(this.ok(await this.#backend.ask({ method: "GET", path, json: {} }), what).json, what);
  }

  private ok(answer: Answer, wanted: string): Answer {
    if (answer.status !== 200) throw this.#backend.unexpected(answer, wanted);
    return answer;
  }
}

/** The server has no such endpoint, or its node no such call. */
function isUnknownCall({ status, text }: Answer): boolean {
  return status === 404 || status === 405 || text.includes("-32601");
}

function amountOf(item: Json): Satoshi {
  return satoshiOf(objectOf(item, "a coin").value, "a coin's value");
}

function coinOf(item: Json): Coin {
  const { txid, vout, status } = objectOf(item, "a coin");
  const coin = {
    txid: hashOf(txid, "a coin's txid"),
    vout: countOf(vout, "a coin's vout"),
    amount: amountOf(item),
  };
  const { height } = statusOf(status);
  return height === undefined ? coin : { ...coin, height };
}

function statusOf(value: Json | undefined): TxStatus {
  const { confirmed, block_height, block_hash } = objectOf(value, "a status");
  if (!booleanOf(confirmed, "confirmed")) return { state: "mempool" };
  return {
    state: "confirmed",
    height: countOf(block_height, "block_height"),
    blockHash: hashOf(block_hash, "block_hash"),
  };
}

interface Estimates {
  /** For the largest target within the blocks that are wanted, else for the least one. */
  readonly target?: MilliSatPerVbyte;
  /** For any. */
  readonly lowest?: MilliSatPerVbyte;
}

/** Empty where there is no estimate. Odd entries are passed over. */
function estimatesOf(blocks: number, estimates: Readonly<Record<string, Json>>): Estimates {
  let best: { readonly target: number; readonly rate: MilliSatPerVbyte } | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  for (const [key, value] of Object.entries(estimates)) {
    const rate = rateOfSatPerVb(value);
    if (rate === undefined || !isDigits(key, 5)) continue;
    const target = Number(key);
    if (!best || isCloser(target, best.target, blocks)) best = { target, rate };
    lowest = Math.min(lowest, rate);
  }
  return best ? { target: best.rate, lowest } : {};
}

/** Whether `a` is the better target than `b` where `blocks` are wanted. */
function isCloser(a: number, b: number, blocks: number): boolean {
  return a <= blocks ? b > blocks || a > b : b > blocks && a < b;
}
