// Whether a transaction waits, and which block has it, asked of a node like Bitcoin Core. Where the
// node has no transaction index, a transaction is found through its first two outputs while they
// are unspent, and then in the latest blocks.

import { keepLatest } from "../kernel/latest";
import type { TxStatus } from "../kernel/ports";
import type { Hex } from "../kernel/units";
import { type CoreRpc, isRpc, MISCELLANEOUS, NOT_FOUND } from "./core-rpc";
import type { Json } from "./json-stream";
import { countOf, hashOf, heightOf, malformed, objectOf } from "./shape";

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

/** By transaction id, the best block when no block up to it had the transaction. */
export type Sought = Map<Hex, Hex>;

export async function statusOf(node: CoreRpc, sought: Sought, txid: Hex): Promise<TxStatus> {
  const found = await findTransaction(node, txid);
  if (found === undefined) return statusByOutputs(node, sought, txid);
  const { txid: said, blockhash } = objectOf(found, "a transaction");
  if (said !== txid) throw malformed(`the transaction ${txid}`, said);
  if (blockhash === undefined || blockhash === null) return { state: "mempool" };
  const { blockHash, height, confirmations } = await headerOf(node, blockhash);
  // -1: the block was reorganised away, and the transaction has not come back.
  if (confirmations === -1) return { state: "unknown" };
  return { state: "confirmed", height, blockHash };
}

async function statusByOutputs(node: CoreRpc, sought: Sought, txid: Hex): Promise<TxStatus> {
  for (const vout of [0, 1]) {
    const output = await node.call("gettxout", [txid, vout, false]);
    if (output === null) continue;
    const { bestblock, confirmations } = objectOf(output, "an unspent output or null");
    const best = hashOf(bestblock, "the best block's hash");
    const { height: tip } = objectOf(await node.call("getblockheader", [best]), "a block's header");
    const height = heightOf(tip, "the tip's height") + 1 - countOf(confirmations, "confirmations");
    if (height < 0 || confirmations === 0)
      throw malformed(`1 to ${height + Number(confirmations)} confirmations`, confirmations);
    const blockHash = hashOf(await node.call("getblockhash", [height]), "a block's hash");
    return { state: "confirmed", height, blockHash };
  }
  return statusInBlocks(node, sought, txid);
}

/**
 * All is spent, or it is nowhere: the ids in the latest blocks tell. A block is read once for a
 * transaction.
 */
async function statusInBlocks(node: CoreRpc, soughtUpTo: Sought, txid: Hex): Promise<TxStatus> {
  const best = hashOf(await node.call("getbestblockhash", []), "the best block's hash");
  const sought = soughtUpTo.get(txid);
  let blockHash: Hex | undefined = best;
  let newest: number | undefined;
  let isRecent = true;
  for (let i = 0; isRecent && i < MOST_BLOCKS && blockHash !== undefined && blockHash !== sought; i++) {
    let isHere = false;
    const compare = (id: Json): void => {
      if (id === txid) isHere = true;
    };
    const block = objectOf(
      await node.call("getblock", [blockHash, 1], { each: { "result.tx.*": compare } }),
      "a block",
    );
    if (isHere) return { state: "confirmed", height: heightOf(block.height, "a block's height"), blockHash };
    const { previousblockhash: parent, time } = block;
    if (typeof time !== "number") throw malformed("a block's time", time);
    newest ??= time;
    isRecent = i + 1 < RECENT_BLOCKS || newest - time < RECENT_TIME;
    blockHash = parent === undefined ? undefined : hashOf(parent, "the hash of a block's parent");
  }
  keepLatest(soughtUpTo, txid, best, MAX_SOUGHT);
  return { state: "unknown" };
}

export async function findTransaction(node: CoreRpc, txid: Hex): Promise<Json | undefined> {
  try {
    return await node.call("getrawtransaction", [txid, true], { skip: ["result.vin", "result.vout", "result.hex"] });
  } catch (error) {
    // bcoin has no code of its own for it.
    if (isRpc(error, NOT_FOUND) || (isRpc(error, MISCELLANEOUS) && error.message.includes("not found")))
      return undefined;
    throw error;
  }
}

/** `confirmations` is -1 where the block was reorganised away. */
export async function headerOf(node: CoreRpc, hash: Json) {
  const blockHash = hashOf(hash, "a block's hash");
  const { height, confirmations } = objectOf(await node.call("getblockheader", [blockHash]), "a block's header");
  return { blockHash, height: heightOf(height, "a block's height"), confirmations };
}
