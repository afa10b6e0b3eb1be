// Chain backend: an Electrum server (https://electrum-protocol.readthedocs.io, 1.4 to 1.6). It
// pushes: `watch` works.
//
// The protocol knows scripts, not outpoints: whether one is spent is asked through the coins of its
// script, and who spent it through the script's history. Transactions are checked against their
// ids, so a server can hide but not forge. Anybody may spend his coin with a transaction too large
// for a microcontroller: no such one is read, nor ever named.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes, reverseHex, sha256d } from "../bitcoin/bytes";
import { isSameOutpoint } from "../kernel/outpoint";
import type { Chain, Coin, FeeRates, Listing, Outpoint, Spend, TxStatus } from "../kernel/ports";
import { isHex } from "../kernel/text";
import type { Hex, MilliSatPerVbyte, Satoshi } from "../kernel/units";
import { AnswerTooLong, ElectrumError, ElectrumLink, type ElectrumLinkOptions } from "./electrum-link";
import { ElectrumWatch } from "./electrum-watch";
import { type EstimateOptions, estimateOf, rateOf, ratesOf } from "./fee-rate";
import type { Json } from "./json-stream";
import { cutShort, LargestCoins } from "./largest-coins";
import { type RawTx, readRawTx, txidToSend } from "./raw-tx";
import { rejection } from "./reject";
import { arrayOf, countOf, hashOf, heightOf, malformed, objectOf, satoshiOf } from "./shape";

export interface ElectrumOptions extends ElectrumLinkOptions, EstimateOptions {
  /** Blocks within which a settlement shall confirm. Default 3. */
  readonly targetBlocks?: number;
  /** Where the server does not tell its relay fee. Default 1,000, Bitcoin Core's before 29.1. */
  readonly floor?: MilliSatPerVbyte;
  /**
   * Before 1.6 a server does not tell it. Default: its relay fee, as Bitcoin Core's defaults are
   * equal.
   */
  readonly incremental?: MilliSatPerVbyte;
}

interface Past {
  readonly txid: Hex;
  readonly height: number | undefined;
}

/** The spender is looked for among so many of a script's latest transactions. */
const SEARCHED = 10;
/**
 * Hexadecimal digits of the largest transaction that is read; to read one takes four times its
 * text. Commitments have under 1,700.
 */
const LONGEST_RAW = 4_096;
/** So many transactions that are too large are remembered. */
const REMEMBERED = 32;

export class Electrum implements Chain {
  readonly #link: ElectrumLink;
  readonly #watch: ElectrumWatch;
  readonly #options: ElectrumOptions;
  /**
   * Ids of transactions that there is no room for: asked for once only, since each costs the
   * connection.
   */
  readonly #tooLarge = new Set<Hex>();

  constructor(options: ElectrumOptions) {
    this.#options = options;
    this.#link = new ElectrumLink(options);
    this.#watch = new ElectrumWatch(this.#link, options.clock);
  }

  async utxos(script: Hex, limit: number): Promise<readonly Coin[]> {
    const hash = scriptHashOf(script);
    const largest = new LargestCoins(limit);
    await cutShort(this.eachOf("listunspent", hash, (item) => largest.add(amountOf(item), () => coinOf(item))));
    return largest.coins;
  }

  /** By the protocol `listunspent` leaves out what the mempool spends. */
  async listing(script: Hex, limit: number): Promise<Listing> {
    return { coins: await this.utxos(script, limit), unspent: true };
  }

  async outspend(outpoint: Outpoint, script?: Hex): Promise<Spend | undefined> {
    const itsScript = script ?? (await this.transaction(outpoint.txid))?.outputs[outpoint.vout]?.script;
    if (itsScript === undefined) return {};
    const hash = scriptHashOf(itsScript);
    let isUnspent = false;
    await this.eachOf("listunspent", hash, (item) => {
      if (isSameOutpoint(coinOf(item), outpoint)) isUnspent = true;
    });
    return isUnspent ? undefined : this.spender(outpoint, hash);
  }

  async broadcast(transaction: Hex): Promise<Hex> {
    const txid = txidToSend(transaction);
    try {
      const said = hashOf(await this.#link.call("blockchain.transaction.broadcast", [transaction]), "a txid");
      if (said !== txid) throw malformed(`the txid ${txid}`, said);
    } catch (error) {
      const refusal = error instanceof ElectrumError ? rejection(error.said) : undefined;
      if (refusal?.kind !== "already-known") throw refusal ?? error;
    }
    return txid;
  }

  /**
   * The first transaction of a block is its reward's; the proof tells the place, and is short
   * whatever the transaction.
   */
  async isReward({ txid, height }: Coin): Promise<boolean> {
    if (height === undefined) return false;
    const proof = await this.#link.call("blockchain.transaction.get_merkle", [txid, height], {
      skip: ["result.merkle"],
    });
    return countOf(objectOf(proof, "a proof").pos, "a proof's pos") === 0;
  }

  async status(txid: Hex): Promise<TxStatus> {
    const transaction = await this.transaction(txid);
    if (!transaction) return { state: "unknown" };
    // Any output will do but one that no index keeps (OP_RETURN).
    const output = transaction.outputs.find(({ script }) => !script.startsWith("6a"));
    const history = output ? await this.history(scriptHashOf(output.script), (past) => past.txid === txid) : [];
    const height = history[0]?.height;
    if (height === undefined) return { state: "mempool" };
    const header = await this.#link.call("blockchain.block.header", [height]);
    if (!isHex(header, 80)) throw malformed("a block's header of 80 bytes", header);
    return { state: "confirmed", height, blockHash: reverseHex(bytesToHex(sha256d(hexToBytes(header)))) };
  }

  async feeRates(): Promise<FeeRates> {
    const estimate = await this.told("blockchain.estimatefee", [this.#options.targetBlocks ?? 3]);
    return ratesOf(estimateOf(estimate, "an estimate"), await this.leastRates(), this.#options);
  }

  async tip(): Promise<number> {
    const { height } = objectOf(await this.#link.call("blockchain.headers.subscribe", []), "the tip's header");
    return heightOf(height, "the tip's height");
  }

  watch(script: Hex, onChange: () => void): () => void {
    return this.#watch.add(scriptHashOf(script), onChange);
  }

  /** Ends the connection and all watching. */
  close(): void {
    this.#watch.close();
    this.#link.close();
  }

  // ---------------------------------------------------------------- parts of the answers above

  /**
   * The answer to a question on fees; undefined where the server has none, for it knows no fees or
   * not the question.
   */
  private async told(method: string, params: readonly unknown[] = []): Promise<Json | undefined> {
    try {
      return await this.#link.call(method, params);
    } catch (error) {
      if (error instanceof ElectrumError) return undefined;
      throw error;
    }
  }

  private async leastRates(): Promise<{ readonly floor: MilliSatPerVbyte; readonly incremental: MilliSatPerVbyte }> {
    const mempool = this.#link.minor < 6 ? undefined : await this.told("mempool.get_info");
    if (mempool !== undefined) return leastOf(mempool);
    const relayFee = await this.told("blockchain.relayfee");
    const floor = relayFee === undefined ? (this.#options.floor ?? 1000) : rateOf(relayFee, "the relay fee");
    return { floor, incremental: this.#options.incremental ?? floor };
  }

  /** Hands over the items of a script's list one by one. */
  private async eachOf(list: "listunspent" | "get_history", hash: Hex, take: (item: Json) => void): Promise<void> {
    const method = `blockchain.scripthash.${list}`;
    const rest = await this.#link.call(method, [hash], { each: { "result.*": take } });
    arrayOf(rest, "an array");
  }

  /**
   * The latest matching transactions of a script and the one before those, in the order of the
   * server: mempool last.
   */
  private async history(hash: Hex, matches: (past: Past) => boolean): Promise<readonly Past[]> {
    const latest: Past[] = [];
    await this.eachOf("get_history", hash, (item) => {
      const { tx_hash, height } = objectOf(item, "a transaction of a history");
      const past = { txid: hashOf(tx_hash, "a tx_hash"), height: confirmedAt(height) };
      if (matches(past)) latest.push(past);
      if (latest.length > SEARCHED + 1) latest.shift();
    });
    return latest;
  }

  private async spender(outpoint: Outpoint, hash: Hex): Promise<Spend> {
    let origin: Past | undefined;
    const history = await this.history(hash, (past) => {
      if (past.txid === outpoint.txid) origin = past;
      return past.txid !== outpoint.txid;
    });
    const isSpender = ({ inputs }: RawTx): boolean => inputs.some((input) => isSameOutpoint(input, outpoint));
    // What is not read stands for itself or, before the ones that are, for all that came earlier.
    const unread = history.slice(0, -SEARCHED);
    for (const past of history.slice(-SEARCHED).reverse()) {
      const transaction = await this.smallTransaction(past.txid);
      if (transaction === "too-large") unread.push(past);
      else if (transaction && isSpender(transaction)) return spendBy(past);
    }
    return spendByOneOf(unread.filter((past) => origin && heightIn(past) >= heightIn(origin)));
  }

  private async smallTransaction(txid: Hex): Promise<RawTx | "too-large" | undefined> {
    if (this.#tooLarge.has(txid)) return "too-large";
    try {
      return await this.transaction(txid);
    } catch (error) {
      if (!(error instanceof AnswerTooLong)) throw error;
      this.#tooLarge.add(txid);
      if (this.#tooLarge.size > REMEMBERED) this.#tooLarge.delete(this.#tooLarge.keys().next().value as Hex);
      return "too-large";
    }
  }

  /** Undefined where the server knows of none. Rejects with AnswerTooLong beyond LONGEST_RAW. */
  private async transaction(txid: Hex): Promise<RawTx | undefined> {
    let raw: Json;
    try {
      raw = await this.#link.call("blockchain.transaction.get", [txid, false], { limitKept: LONGEST_RAW });
    } catch (error) {
      if (error instanceof ElectrumError && isUnknown(error.said)) return undefined;
      throw error;
    }
    const transaction = decoded(raw);
    if (transaction?.txid !== txid) throw malformed(`the transaction ${txid}`, transaction?.txid);
    return transaction;
  }
}

function spendBy({ txid, height }: Past): Spend {
  return height === undefined ? { txid } : { txid, height };
}

/** One of these spends it, nobody read which: in a block at the latest by the last of them. */
function spendByOneOf(unread: readonly Past[]): Spend {
  const height = Math.max(...unread.map(heightIn));
  return Number.isFinite(height) ? { height } : {};
}

function heightIn({ height = Number.POSITIVE_INFINITY }: Past): number {
  return height;
}

/** Electrum's script hash: SHA-256 of the scriptPubKey, bytes reversed. */
function scriptHashOf(script: Hex): Hex {
  return reverseHex(bytesToHex(sha256(hexToBytes(script))));
}

function decoded(raw: Json): RawTx | undefined {
  try {
    return typeof raw === "string" ? readRawTx(raw) : undefined;
  } catch {
    return undefined;
  }
}

function amountOf(item: Json): Satoshi {
  return satoshiOf(objectOf(item, "a coin").value, "a coin's value");
}

function coinOf(item: Json): Coin {
  const { tx_hash, tx_pos, height } = objectOf(item, "a coin");
  const coin = {
    txid: hashOf(tx_hash, "a coin's tx_hash"),
    vout: countOf(tx_pos, "a coin's tx_pos"),
    amount: amountOf(item),
  };
  const confirmed = confirmedAt(height);
  return confirmed === undefined ? coin : { ...coin, height: confirmed };
}

/** 0 in the mempool, -1 there with unconfirmed inputs. */
function confirmedAt(value: Json | undefined): number | undefined {
  return value === 0 || value === -1 ? undefined : heightOf(value, "a height");
}

function leastOf(mempool: Json) {
  const { mempoolminfee, minrelaytxfee, incrementalrelayfee } = objectOf(mempool, "the mempool's state");
  const floor = Math.max(rateOf(mempoolminfee, "mempoolminfee"), rateOf(minrelaytxfee, "minrelaytxfee"));
  return { floor, incremental: rateOf(incrementalrelayfee, "incrementalrelayfee") };
}

/** The server says that there is no such transaction. */
function isUnknown(said: string): boolean {
  return /no such|not found|missing transaction|unknown transaction/i.test(said);
}
