// Chain backend: Bitcoin Core's JSON-RPC (https://developer.bitcoin.org/reference/rpc/, checked for
// 22 to 31), one's own node. bcoin answers the same calls, except where noted.
//
// Finding coins scans the whole set of unspent outputs: slow (minutes on mainnet), one scan at a
// time, confirmed coins only. Nothing waits for a scan: a caller that asks for another meanwhile is
// told to come back, and finds the last answer kept. A payer that was here needs none: its coins
// are known, with what was broadcast here since (known-coins.ts). Where the node has no transaction
// index, a transaction is found through its first two outputs while unspent, and then in the latest
// blocks.

import { toBase64 } from "../kernel/base64";
import { constant } from "../kernel/constant";
import { keepLatest } from "../kernel/latest";
import { outpointKey } from "../kernel/outpoint";
import type { Chain, Coin, FeeRates, Listing, Outpoint, Spend, TxStatus } from "../kernel/ports";
import type { Hex, MilliSatPerVbyte, Millisecond, Satoshi } from "../kernel/units";
import { encodeUtf8 } from "../kernel/utf8";
import { satoshiOfBtc } from "./decimal";
import { ChainError } from "./error";
import { type EstimateOptions, estimateOf, rateOf, ratesOf } from "./fee-rate";
import { type Answer, HttpBackend, type HttpBackendOptions } from "./http-backend";
import { type Json, JsonReader, type JsonReaderOptions } from "./json-stream";
import { KnownCoins } from "./known-coins";
import { readRawTx, txidToSend } from "./raw-tx";
import { rejection, shortened } from "./reject";
import { arrayOf, countOf, cutShort, hashOf, heightOf, isObject, LargestCoins, malformed, objectOf } from "./shape";
import { checkTested } from "./tested";

export interface CoreOptions extends HttpBackendOptions, EstimateOptions {
  readonly user: string;
  readonly password: string;
  /** Blocks within which a settlement shall confirm. Default 3. */
  readonly targetBlocks?: number;
  /**
   * Where the node does not tell its incremental relay fee (before 24.0). Default 1,000, theirs.
   */
  readonly incremental?: MilliSatPerVbyte;
  /** For the scan of all unspent outputs. Default 5 min. */
  readonly scanTimeoutMs?: Millisecond;
}

/** What the node answered instead of a result, unless its caller knows what to do about it. */
class RpcError extends ChainError {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super("malformed", message);
  }
}

// Codes: src/rpc/protocol.h.
const MISCELLANEOUS = -1;
const NOT_FOUND = -5;
const INVALID_PARAMETER = -8;
const DECODE_FAILED = -22;
const MISSING_INPUTS = -25;
const REJECTED = -26;
const ALREADY_KNOWN = -27;
const WARMING_UP = -28;
const METHOD_NOT_FOUND = -32601;
const INTERNAL_ERROR = -32603;

const REFUSALS: readonly number[] = constant([DECODE_FAILED, MISSING_INPUTS, REJECTED, ALREADY_KNOWN]);
/** A scan is running: how long until it is worth asking again. */
const SCAN_RETRY: Millisecond = 30_000;
/**
 * Who asked for a scan has rarely the patience to wait for it, but comes back once it is told to.
 */
const SCAN_KEPT: Millisecond = 120_000;
/**
 * Without a transaction index a transaction is looked for in the blocks of the last fifty minutes,
 * at least six and at most so many (a signet may have one every 30 s): what was buried deeper is
 * followed no more.
 */
const RECENT_BLOCKS = 6;
const MOST_BLOCKS = 120;
/** Seconds, as blocks are dated. */
const RECENT_TIME = 3_000;
/** Transactions of which it is remembered up to which block they were looked for. */
const MAX_SOUGHT = 8;
/** Coins that the mempool spends already must not crowd out the others. */
const SPARE_COINS = 20;

/** The coins that a scan found. */
interface Scan {
  readonly script: Hex;
  readonly limit: number;
  readonly coins: readonly Coin[];
  readonly at: Millisecond;
}

export class Core implements Chain {
  readonly #backend: HttpBackend;
  readonly #options: CoreOptions;
  readonly #headers: Readonly<Record<string, string>>;
  #calls = 0;
  #isScanning = false;
  /** False once the node has said that it has no such call (bcoin). */
  canTest = true;
  /** One's own node has no quota, and closes a connection that was idle for half a minute. */
  readonly newsAge: Millisecond = 30_000;
  /** The last that found anything: questions about addresses without coins cannot push it out. */
  #lastScan: Scan | undefined;
  /** Of payers that were here. */
  readonly #known = new KnownCoins();
  /** By transaction id, the best block when no block up to it had the transaction. */
  readonly #sought = new Map<Hex, Hex>();

  constructor(options: CoreOptions) {
    this.#backend = new HttpBackend(options);
    this.#options = options;
    const credentials = toBase64(encodeUtf8(`${options.user}:${options.password}`));
    this.#headers = { "Content-Type": "application/json", Authorization: `Basic ${credentials}` };
  }

  async utxos(script: Hex, limit: number): Promise<readonly Coin[]> {
    const unspent: Coin[] = [];
    for (const coin of this.scanned(script, limit) ?? (await this.scan(script, limit))) {
      if (unspent.length === limit) break;
      if (await this.isUnspent(coin)) unspent.push(coin);
    }
    return unspent;
  }

  /**
   * From memory, where any coin of the script is known: no scan then, and nothing is asked but
   * whether a block has the change of what was broadcast here. Whether the coins that are chosen
   * are unspent `outspend` tells.
   */
  async listing(script: Hex, limit: number, anew = false): Promise<Listing> {
    for (const coin of anew ? [] : (this.#known.of(script) ?? []))
      if (coin.height === undefined) await this.lookForBlock(coin);
    const known = anew ? undefined : this.#known.of(script);
    if (known) return { coins: known.slice(0, limit), unspent: false, kept: true };
    if (!this.scanned(script, limit)) await this.scan(script, limit);
    // Scans know blocks only: what was spent since, or waits for a block, is known from here.
    return { coins: (this.#known.of(script) ?? []).slice(0, limit), unspent: false };
  }

  async outspend(outpoint: Outpoint): Promise<Spend | undefined> {
    if (await this.isUnspent(outpoint)) return undefined;
    this.#known.forget(outpoint);
    const spend = await this.spender(outpoint);
    if (spend) return spend;
    // The tip last: a block that came in between may be the one that spends it.
    return (await this.isSpentInBlock(outpoint)) ? { height: await this.tip() } : {};
  }

  async broadcast(transaction: Hex): Promise<Hex> {
    const txid = txidToSend(transaction);
    try {
      const said = hashOf(await this.call("sendrawtransaction", [transaction]), "a txid");
      if (said !== txid) throw malformed(`the txid ${txid}`, said);
    } catch (error) {
      if (!(error instanceof ChainError && error.kind === "already-known")) throw error;
    }
    this.#known.broadcast(readRawTx(transaction));
    return txid;
  }

  async wouldTake(transaction: Hex): Promise<boolean> {
    if (!this.canTest) return false;
    const txid = txidToSend(transaction);
    try {
      checkTested(await this.call("testmempoolaccept", [[transaction]]), txid);
      return true;
    } catch (error) {
      if (!isRpc(error, METHOD_NOT_FOUND)) throw error;
      this.canTest = false;
      return false;
    }
  }

  async isReward({ txid, vout }: Coin): Promise<boolean> {
    const output = await this.call("gettxout", [txid, vout, true]);
    return output !== null && objectOf(output, "an unspent output or null").coinbase === true;
  }

  async status(txid: Hex): Promise<TxStatus> {
    const found = await this.find(txid);
    if (found === undefined) return this.statusByOutputs(txid);
    const { txid: said, blockhash } = objectOf(found, "a transaction");
    if (said !== txid) throw malformed(`the transaction ${txid}`, said);
    if (blockhash === undefined || blockhash === null) return { state: "mempool" };
    const { blockHash, height, confirmations } = await this.header(blockhash);
    // -1: the block was reorganised away, and the transaction has not come back.
    if (confirmations === -1) return { state: "unknown" };
    return { state: "confirmed", height, blockHash };
  }

  async feeRates(): Promise<FeeRates> {
    const mempool = objectOf(await this.call("getmempoolinfo", []), "the mempool's state");
    const { mempoolminfee, minrelaytxfee = 0, incrementalrelayfee } = mempool;
    const floor = Math.max(rateOf(mempoolminfee, "mempoolminfee"), rateOf(minrelaytxfee, "minrelaytxfee"));
    const incremental =
      incrementalrelayfee === undefined
        ? (this.#options.incremental ?? 1000)
        : rateOf(incrementalrelayfee, "incrementalrelayfee");
    return ratesOf(await this.estimate(), { floor, incremental }, this.#options);
  }

  async tip(): Promise<number> {
    return heightOf(await this.call("getblockcount", []), "the tip's height");
  }

  // ---------------------------------------------------------------- parts of the answers above

  private scanned(script: Hex, limit: number): readonly Coin[] | undefined {
    const scan = this.#lastScan;
    if (scan && this.#options.clock.now() - scan.at > SCAN_KEPT) this.#lastScan = undefined;
    else if (scan?.script === script && scan.limit >= limit) return scan.coins;
    return undefined;
  }

  /** Rejects with "rate-limited" while another scan is running. */
  private async scan(script: Hex, limit: number): Promise<readonly Coin[]> {
    if (this.#isScanning) throw this.busy();
    this.#isScanning = true;
    try {
      const { coins } = await this.scanFor(script, new LargestCoins(limit + SPARE_COINS));
      if (coins.length > 0) this.#lastScan = { script, limit, coins, at: this.#options.clock.now() };
      this.#known.found(script, coins);
      return coins;
    } finally {
      this.#isScanning = false;
    }
  }

  /**
   * Change of a transaction that was broadcast here: a block has it, it waits for one, or another
   * took its place.
   */
  private async lookForBlock(coin: Coin): Promise<void> {
    const output = await this.call("gettxout", [coin.txid, coin.vout, true]);
    if (output === null) return this.#known.forget(coin);
    const { bestblock, confirmations } = objectOf(output, "an unspent output or null");
    const blocks = countOf(confirmations, "confirmations");
    if (blocks > 0)
      this.#known.confirmed(coin, (await this.header(hashOf(bestblock, "the best block's hash"))).height + 1 - blocks);
  }

  private busy(): ChainError {
    return new ChainError("rate-limited", `${this.#backend.name} is scanning already`, { retryAfter: SCAN_RETRY });
  }

  private async scanFor(script: Hex, largest: LargestCoins): Promise<LargestCoins> {
    await cutShort(this.list(script, largest));
    return largest;
  }

  private async list(script: Hex, largest: LargestCoins): Promise<void> {
    const each = { "result.unspents.*": (item: Json) => largest.add(amountOf(item), () => coinOf(item, script)) };
    const timeoutMs = this.#options.scanTimeoutMs ?? 300_000;
    try {
      const result = await this.call("scantxoutset", ["start", [`raw(${script})`]], { each }, timeoutMs);
      const { success } = objectOf(result, "a scan's result");
      if (success !== true) throw malformed("a complete scan", success);
    } catch (error) {
      // Another client's.
      throw isRpc(error, INVALID_PARAMETER) ? this.busy() : error;
    }
  }

  /** In blocks and mempool. */
  private async isUnspent({ txid, vout }: Outpoint): Promise<boolean> {
    const output = await this.call("gettxout", [txid, vout, true]);
    if (output === null) return false;
    const { confirmations } = objectOf(output, "an unspent output or null");
    return countOf(confirmations, "confirmations") >= 0;
  }

  /**
   * In the mempool; since 31.0 also in blocks, where the node has an index of spenders. Undefined
   * where it cannot tell (before 24.0: ever).
   */
  private async spender({ txid, vout }: Outpoint): Promise<Spend | undefined> {
    try {
      const [spend] = arrayOf(await this.call("gettxspendingprevout", [[{ txid, vout }]]), "an array of spends");
      const { txid: said, vout: index, spendingtxid, blockhash } = objectOf(spend, "a spend");
      if (said !== txid) throw malformed(`the outpoint ${outpointKey({ txid, vout })}`, said);
      if (index !== vout) throw malformed(`the outpoint ${outpointKey({ txid, vout })}`, index);
      if (spendingtxid === undefined) return undefined;
      const by = { txid: hashOf(spendingtxid, "a spending txid") };
      return blockhash === undefined ? by : { ...by, height: (await this.header(blockhash)).height };
    } catch (error) {
      if (isRpc(error, METHOD_NOT_FOUND)) return undefined;
      throw error;
    }
  }

  /**
   * Of what is spent, and by no transaction that the mempool is known to have. It is no unspent
   * output of a block; but neither is one of a transaction that itself waits for a block.
   */
  private async isSpentInBlock({ txid, vout }: Outpoint): Promise<boolean> {
    if ((await this.call("gettxout", [txid, vout, false])) !== null) return false;
    const parent = await this.find(txid);
    // Without a transaction index the node finds only what is in the mempool.
    return parent === undefined || typeof objectOf(parent, "a transaction").blockhash === "string";
  }

  private async header(hash: Json) {
    const blockHash = hashOf(hash, "a block's hash");
    const { height, confirmations } = objectOf(await this.call("getblockheader", [blockHash]), "a block's header");
    return { blockHash, height: heightOf(height, "a block's height"), confirmations };
  }

  private async find(txid: Hex): Promise<Json | undefined> {
    try {
      return await this.call("getrawtransaction", [txid, true], { skip: ["result.vin", "result.vout", "result.hex"] });
    } catch (error) {
      // bcoin has no code of its own for it.
      if (isRpc(error, NOT_FOUND) || (isRpc(error, MISCELLANEOUS) && error.message.includes("not found")))
        return undefined;
      throw error;
    }
  }

  private async statusByOutputs(txid: Hex): Promise<TxStatus> {
    for (const vout of [0, 1]) {
      const output = await this.call("gettxout", [txid, vout, false]);
      if (output === null) continue;
      const { bestblock, confirmations } = objectOf(output, "an unspent output or null");
      const best = hashOf(bestblock, "the best block's hash");
      const { height: tip } = objectOf(await this.call("getblockheader", [best]), "a block's header");
      const height = heightOf(tip, "the tip's height") + 1 - countOf(confirmations, "confirmations");
      if (height < 0 || confirmations === 0)
        throw malformed(`1 to ${height + Number(confirmations)} confirmations`, confirmations);
      const blockHash = hashOf(await this.call("getblockhash", [height]), "a block's hash");
      return { state: "confirmed", height, blockHash };
    }
    return this.statusInBlocks(txid);
  }

  /**
   * All is spent, or it is nowhere: the ids in the latest blocks tell. A block is read once for a
   * transaction.
   */
  private async statusInBlocks(txid: Hex): Promise<TxStatus> {
    const best = hashOf(await this.call("getbestblockhash", []), "the best block's hash");
    const sought = this.#sought.get(txid);
    let blockHash: Hex | undefined = best;
    let newest: number | undefined;
    let isRecent = true;
    for (let i = 0; isRecent && i < MOST_BLOCKS && blockHash !== undefined && blockHash !== sought; i++) {
      let isHere = false;
      const look = (id: Json): void => {
        if (id === txid) isHere = true;
      };
      const block = objectOf(await this.call("getblock", [blockHash, 1], { each: { "result.tx.*": look } }), "a block");
      if (isHere) return { state: "confirmed", height: heightOf(block.height, "a block's height"), blockHash };
      const { previousblockhash: parent, time } = block;
      if (typeof time !== "number") throw malformed("a block's time", time);
      newest ??= time;
      isRecent = i + 1 < RECENT_BLOCKS || newest - time < RECENT_TIME;
      blockHash = parent === undefined ? undefined : hashOf(parent, "the hash of a block's parent");
    }
    keepLatest(this.#sought, txid, best, MAX_SOUGHT);
    return { state: "unknown" };
  }

  /** Undefined where the node has none. */
  private async estimate(): Promise<MilliSatPerVbyte | undefined> {
    try {
      const answer = await this.call("estimatesmartfee", [this.#options.targetBlocks ?? 3]);
      // A node that has not seen enough blocks says so in `errors` and gives no rate (bcoin: -1).
      return estimateOf(objectOf(answer, "an estimate").feerate, "feerate");
    } catch (error) {
      // It estimates nothing: `-blocksonly`, for one.
      if (isRpc(error, INTERNAL_ERROR)) return undefined;
      throw error;
    }
  }

  // ---------------------------------------------------------------- JSON-RPC

  /**
   * The result; rejects with an RpcError that the caller may know what to do about, or with a
   * ChainError.
   */
  private async call(
    method: string,
    params: readonly unknown[],
    json: JsonReaderOptions = {},
    timeoutMs?: Millisecond,
  ) {
    const id = ++this.#calls;
    const answer = await this.#backend.ask({
      method: "POST",
      path: "",
      headers: this.#headers,
      // Before 28.0 the version is not looked at, and failures come as HTTP 500 or 404.
      body: JSON.stringify({ jsonrpc: "2.0", id, method, params }),
      json,
      // All but these are questions.
      repeatable: method !== "sendrawtransaction" && method !== "scantxoutset",
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    const { id: said, result = null, error = null } = this.envelope(answer, method);
    if (error !== null) throw this.failure(method, error);
    if (said !== id) throw malformed(`the answer to call ${id}`, said);
    return result;
  }

  private envelope(answer: Answer, method: string) {
    if (answer.status === 200) return objectOf(answer.json, `the answer to ${method}`);
    const failed = answer.status === 500 || answer.status === 404 ? parse(answer.text) : undefined;
    const { error } = isObject(failed) ? failed : {};
    if (isObject(failed) && isObject(error)) return failed;
    throw this.#backend.unexpected(answer, `an answer to ${method}`);
  }

  private failure(method: string, error: Json): Error {
    const { code, message } = objectOf(error, "an error of JSON-RPC");
    if (typeof code !== "number" || typeof message !== "string") throw malformed("an error's code and message", code);
    if (code === ALREADY_KNOWN) return new ChainError("already-known", message);
    if (REFUSALS.includes(code)) return rejection(message);
    const said = `${this.#backend.name} answered ${method} with ${code}: ${shortened(message)}`;
    if (code === WARMING_UP) return new ChainError("away", said);
    return new RpcError(code, said);
  }
}

function isRpc(error: unknown, code: number): error is RpcError {
  return error instanceof RpcError && error.code === code;
}

function parse(text: string): Json | undefined {
  try {
    const reader = new JsonReader();
    reader.push(encodeUtf8(text));
    return reader.end();
  } catch {
    return undefined;
  }
}

function amountOf(item: Json): Satoshi {
  const { amount } = objectOf(item, "a coin");
  const satoshi = satoshiOfBtc(amount);
  if (satoshi === undefined) throw malformed("an amount in BTC, whole satoshi", amount);
  return satoshi;
}

function coinOf(item: Json, script: Hex): Coin {
  const { txid, vout, scriptPubKey, height } = objectOf(item, "a coin");
  if (scriptPubKey !== script) throw malformed(`a coin of ${script}`, scriptPubKey);
  return {
    txid: hashOf(txid, "a coin's txid"),
    vout: countOf(vout, "a coin's vout"),
    amount: amountOf(item),
    height: countOf(height, "a coin's height"),
  };
}
