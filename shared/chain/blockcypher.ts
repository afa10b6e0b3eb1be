// Chain backend: BlockCypher (https://www.blockcypher.com/dev/bitcoin/), the third party of the
// 2017 paper.

import { addressOf, type Network } from "../bitcoin/address";
import { constant } from "../kernel/constant";
import type { Chain, Coin, FeeRates, Outpoint, Spend, TxStatus } from "../kernel/ports";
import type { Hex, MilliSatPerVbyte, Millisecond, Satoshi } from "../kernel/units";
import type { BucketOptions } from "./bucket";
import { ChainError } from "./error";
import { likelyFloor } from "./fee-rate";
import { type Answer, HttpBackend, type HttpBackendOptions } from "./http-backend";
import type { Json, JsonObject, JsonReaderOptions } from "./json-stream";
import { cutShort, LargestCoins } from "./largest-coins";
import { txidToSend } from "./raw-tx";
import { rejection } from "./reject";
import { arrayOf, countOf, hashOf, heightOf, malformed, objectOf, satoshiOf } from "./shape";

export interface BlockCypherOptions extends HttpBackendOptions {
  /** It takes addresses, not scripts. */
  readonly network: Network;
  readonly token?: string;
  /** Blocks within which a settlement shall confirm. Default 3. */
  readonly targetBlocks?: number;
  /**
   * It does not tell the relay fee. Default 1 sat/vB, or 0.1 where its own low rate is less than 1.
   */
  readonly floor?: MilliSatPerVbyte;
  /** Nor the incremental one. */
  readonly incremental?: MilliSatPerVbyte;
}

/** What a caller without a token may ask: 100 an hour. */
const CLASSIC_LIMIT: BucketOptions = constant({ burst: 3, perMinute: 100 / 60, patience: 5_000 });
const JSON_HEADERS = constant({ "Content-Type": "application/json" });
/**
 * Of tip and fee rates: twenty questions an hour while a socket waits, and the rest of the quota
 * for cables.
 */
const NEWS_AGE: Millisecond = 240_000;
/** Tip and fee rates come in one answer; the one that is asked for second is taken from it. */
const ANSWER_KEPT: Millisecond = 5_000;
/** A list of an address ends here; more would be paged. */
const LISTED = 2_000;

export class BlockCypher implements Chain {
  readonly #backend: HttpBackend;
  readonly #options: BlockCypherOptions;
  readonly newsAge = NEWS_AGE;
  #state: { readonly answer: JsonObject; readonly at: Millisecond } | undefined;

  constructor(options: BlockCypherOptions) {
    this.#backend = new HttpBackend({ bucket: CLASSIC_LIMIT, ...options });
    this.#options = options;
  }

  async utxos(script: Hex, limit: number): Promise<readonly Coin[]> {
    const largest = new LargestCoins(limit);
    await cutShort(this.list(script, largest));
    return largest.coins;
  }

  private async list(script: Hex, largest: LargestCoins): Promise<void> {
    const take = (item: Json): void => {
      const amount = amountOf(item);
      if (amount !== undefined) largest.add(amount, () => coinOf(item, amount, script));
    };
    const address = addressOf(script, this.#options.network);
    const answer = await this.get(`/addrs/${address}`, `unspentOnly=true&includeScript=true&limit=${LISTED}`, {
      each: { "txrefs.*": take, "unconfirmed_txrefs.*": take },
    });
    const { address: said } = objectOf(this.ok(answer, "an address").json, "an address");
    if (said !== address) throw malformed(`the address ${address}`, said);
  }

  async outspend({ txid, vout }: Outpoint): Promise<Spend | undefined> {
    const page = `instart=0&outstart=${vout}&limit=1`;
    const found = this.transaction(await this.get(`/txs/${txid}`, page, { skip: ["inputs"] }), txid);
    const { outputs, double_spend: isConflicting } = found;
    if (isConflicting === true) throw new ChainError("conflict", `${txid} conflicts with another transaction`);
    const [output, ...others] = arrayOf(outputs, "outputs");
    if (others.length > 0) throw malformed("one output", outputs);
    const { spent_by: spender } = objectOf(output, "an output");
    if (spender === undefined || spender === "") return undefined;
    const by = hashOf(spender, "spent_by");
    const { height } = await this.status(by);
    return height === undefined ? { txid: by } : { txid: by, height };
  }

  async broadcast(transaction: Hex): Promise<Hex> {
    const txid = txidToSend(transaction);
    const answer = await this.push(transaction);
    if (answer.status === 400 || answer.status === 409) {
      const refusal = rejection(answer.text);
      if (refusal.kind === "already-known") return txid;
      throw refusal;
    }
    const { tx } = objectOf(this.ok(answer, "a sent transaction").json, "a sent transaction");
    const { hash } = objectOf(tx, "tx");
    if (hash !== txid) throw malformed(`the transaction ${txid}`, hash);
    return txid;
  }

  /** The first transaction of a block is its reward's. */
  async isReward({ txid }: Coin): Promise<boolean> {
    const answer = await this.get(`/txs/${txid}`, "limit=1", { skip: ["inputs", "outputs"] });
    return countOf(this.transaction(answer, txid).block_index, "block_index") === 0;
  }

  async status(txid: Hex): Promise<TxStatus> {
    const answer = await this.get(`/txs/${txid}`, "limit=1", { skip: ["inputs", "outputs"] });
    if (answer.status === 404) return { state: "unknown" };
    const { block_height, block_hash } = this.transaction(answer, txid);
    if (block_height === -1) return { state: "mempool" };
    return {
      state: "confirmed",
      height: countOf(block_height, "block_height"),
      blockHash: hashOf(block_hash, "block_hash"),
    };
  }

  async feeRates(): Promise<FeeRates> {
    const { high_fee_per_kb, medium_fee_per_kb, low_fee_per_kb } = await this.chain();
    const low = rateOf(low_fee_per_kb);
    const { targetBlocks = 3, floor = likelyFloor(low), incremental = 100 } = this.#options;
    // Their documents: high for one or two blocks, medium for three to six, low for seven or more.
    const rate = targetBlocks < 3 ? high_fee_per_kb : targetBlocks < 7 ? medium_fee_per_kb : low;
    return { floor, incremental, target: Math.max(floor, rateOf(rate)) };
  }

  async tip(): Promise<number> {
    const { height } = await this.chain();
    return heightOf(height, "the tip's height");
  }

  // ---------------------------------------------------------------- parts of the answers above

  private transaction(answer: Answer, txid: Hex): JsonObject {
    const found = objectOf(this.ok(answer, `the transaction ${txid}`).json, "a transaction");
    const { hash } = found;
    if (hash !== txid) throw malformed(`the transaction ${txid}`, hash);
    return found;
  }

  private async chain(): Promise<JsonObject> {
    const { clock } = this.#options;
    const before = this.#state;
    this.#state = undefined;
    if (before && clock.now() - before.at <= ANSWER_KEPT) return before.answer;
    const answer = objectOf(this.ok(await this.get("", "", {}), "the chain's state").json, "the chain's state");
    this.#state = { answer, at: clock.now() };
    return answer;
  }

  private get(path: string, query: string, json: JsonReaderOptions): Promise<Answer> {
    return this.#backend.ask({ method: "GET", path: this.path(path, query), json });
  }

  private push(transaction: Hex): Promise<Answer> {
    return this.#backend.ask({
      method: "POST",
      path: this.path("/txs/push", ""),
      headers: JSON_HEADERS,
      body: JSON.stringify({ tx: transaction }),
      json: {},
    });
  }

  private path(path: string, query: string): string {
    const { token } = this.#options;
    const all = [query, token === undefined ? "" : `token=${token}`].filter((part) => part !== "").join("&");
    return all === "" ? path : `${path}?${all}`;
  }

  private ok(answer: Answer, wanted: string): Answer {
    if (answer.status !== 200 && answer.status !== 201) throw this.#backend.unexpected(answer, wanted);
    return answer;
  }
}

/** Undefined for what another transaction contests. */
function amountOf(item: Json): Satoshi | undefined {
  const { tx_output_n, value, spent, double_spend } = objectOf(item, "a coin");
  if (spent === true || double_spend === true || tx_output_n === -1) return undefined;
  return satoshiOf(value, "a coin's value");
}

function coinOf(item: Json, amount: Satoshi, script: Hex): Coin {
  const { tx_hash, tx_output_n, block_height, script: theirs } = objectOf(item, "a coin");
  if (theirs !== undefined && theirs !== script) throw malformed(`a coin of ${script}`, theirs);
  const coin = {
    txid: hashOf(tx_hash, "a coin's tx_hash"),
    vout: countOf(tx_output_n, "a coin's tx_output_n"),
    amount,
  };
  return block_height === -1 ? coin : { ...coin, height: countOf(block_height, "block_height") };
}

/** Satoshi for a thousand bytes are millisatoshi for one. */
function rateOf(value: Json | undefined): MilliSatPerVbyte {
  const rate: number = satoshiOf(value, "a fee for a kilobyte");
  return rate;
}
