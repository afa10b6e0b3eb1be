// Chain backend: one's own node, Bitcoin Core or bcoin, asked by JSON-RPC (core-rpc.ts).
//
// To find coins it scans all unspent outputs (core-scan.ts). Nothing waits for a scan: a caller
// that asks for another one meanwhile is told to come back, and finds the last answer kept. A payer
// that was here needs none: its coins are known, with what was broadcast here since
// (known-coins.ts).

import { outpointKey } from "../kernel/outpoint";
import type { Chain, Coin, FeeRates, Listing, Outpoint, Spend, TxStatus } from "../kernel/ports";
import type { Hex, MilliSatPerVbyte, Millisecond } from "../kernel/units";
import { CoreRpc, type CoreRpcOptions, INTERNAL_ERROR, isRpc, METHOD_NOT_FOUND } from "./core-rpc";
import { scanFor, scanningAlready } from "./core-scan";
import { findTransaction, headerOf, type Sought, statusOf } from "./core-status";
import { ChainError } from "./error";
import { type EstimateOptions, estimateOf, rateOf, ratesOf } from "./fee-rate";
import { KnownCoins } from "./known-coins";
import { readRawTx, txidToSend } from "./raw-tx";
import { arrayOf, countOf, hashOf, heightOf, malformed, objectOf } from "./shape";
import { checkTested } from "./tested";

export interface CoreOptions extends CoreRpcOptions, EstimateOptions {
  /** Blocks within which a settlement shall confirm. Default 3. */
  readonly targetBlocks?: number;
  /**
   * Where the node does not tell its incremental relay fee (before 24.0). Default 1,000, theirs.
   */
  readonly incremental?: MilliSatPerVbyte;
  /** For the scan of all unspent outputs. Default 5 min. */
  readonly scanTimeoutMs?: Millisecond;
}

/** A caller rarely has the patience to wait for a scan, but comes back once it is told to. */
const SCAN_KEPT: Millisecond = 120_000;
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
  readonly #node: CoreRpc;
  readonly #options: CoreOptions;
  #isScanning = false;
  /** False once the node has said that it has no such call (bcoin). */
  canTest = true;
  /** One's own node has no quota, and closes a connection that was idle for half a minute. */
  readonly newsAge: Millisecond = 30_000;
  /** The last that found anything: questions about addresses without coins cannot push it out. */
  #lastScan: Scan | undefined;
  /** Of payers that were here. */
  readonly #known = new KnownCoins();
  readonly #sought: Sought = new Map();

  constructor(options: CoreOptions) {
    this.#node = new CoreRpc(options);
    this.#options = options;
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
      const said = hashOf(await this.#node.call("sendrawtransaction", [transaction]), "a txid");
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
      checkTested(await this.#node.call("testmempoolaccept", [[transaction]]), txid);
      return true;
    } catch (error) {
      if (!isRpc(error, METHOD_NOT_FOUND)) throw error;
      this.canTest = false;
      return false;
    }
  }

  async isReward({ txid, vout }: Coin): Promise<boolean> {
    const output = await this.#node.call("gettxout", [txid, vout, true]);
    return output !== null && objectOf(output, "an unspent output or null").coinbase === true;
  }

  status(txid: Hex): Promise<TxStatus> {
    return statusOf(this.#node, this.#sought, txid);
  }

  async feeRates(): Promise<FeeRates> {
    const mempool = objectOf(await this.#node.call("getmempoolinfo", []), "the mempool's state");
    const { mempoolminfee, minrelaytxfee = 0, incrementalrelayfee } = mempool;
    const floor = Math.max(rateOf(mempoolminfee, "mempoolminfee"), rateOf(minrelaytxfee, "minrelaytxfee"));
    const incremental =
      incrementalrelayfee === undefined
        ? (this.#options.incremental ?? 1000)
        : rateOf(incrementalrelayfee, "incrementalrelayfee");
    return ratesOf(await this.estimate(), { floor, incremental }, this.#options);
  }

  async tip(): Promise<number> {
    return heightOf(await this.#node.call("getblockcount", []), "the tip's height");
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
    if (this.#isScanning) throw scanningAlready(this.#node);
    this.#isScanning = true;
    try {
      const timeoutMs = this.#options.scanTimeoutMs ?? 300_000;
      const coins = await scanFor(this.#node, script, limit + SPARE_COINS, timeoutMs);
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
    const output = await this.#node.call("gettxout", [coin.txid, coin.vout, true]);
    if (output === null) return this.#known.forget(coin);
    const { bestblock, confirmations } = objectOf(output, "an unspent output or null");
    const blocks = countOf(confirmations, "confirmations");
    if (blocks > 0)
      this.#known.confirmed(
        coin,
        (await headerOf(this.#node, hashOf(bestblock, "the best block's hash"))).height + 1 - blocks,
      );
  }

  /** In blocks and mempool. */
  private async isUnspent({ txid, vout }: Outpoint): Promise<boolean> {
    const output = await this.#node.call("gettxout", [txid, vout, true]);
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
      const [spend] = arrayOf(await this.#node.call("gettxspendingprevout", [[{ txid, vout }]]), "an array of spends");
      const { txid: said, vout: index, spendingtxid, blockhash } = objectOf(spend, "a spend");
      if (said !== txid) throw malformed(`the outpoint ${outpointKey({ txid, vout })}`, said);
      if (index !== vout) throw malformed(`the outpoint ${outpointKey({ txid, vout })}`, index);
      if (spendingtxid === undefined) return undefined;
      const by = { txid: hashOf(spendingtxid, "a spending txid") };
      return blockhash === undefined ? by : { ...by, height: (await headerOf(this.#node, blockhash)).height };
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
    if ((await this.#node.call("gettxout", [txid, vout, false])) !== null) return false;
    const parent = await findTransaction(this.#node, txid);
    // Without a transaction index the node finds only what is in the mempool.
    return parent === undefined || typeof objectOf(parent, "a transaction").blockhash === "string";
  }

  /** Undefined where the node has none. */
  private async estimate(): Promise<MilliSatPerVbyte | undefined> {
    try {
      const answer = await this.#node.call("estimatesmartfee", [this.#options.targetBlocks ?? 3]);
      // A node that has not seen enough blocks says so in `errors` and gives no rate (bcoin: -1).
      return estimateOf(objectOf(answer, "an estimate").feerate, "feerate");
    } catch (error) {
      // It estimates nothing: `-blocksonly`, for one.
      if (isRpc(error, INTERNAL_ERROR)) return undefined;
      throw error;
    }
  }
}
