// A scan of all unspent outputs for those of one script, by a node like Bitcoin Core: slow (minutes
// on mainnet), one scan at a time, confirmed coins only.

import type { Coin } from "../kernel/ports";
import type { Hex, Millisecond, Satoshi } from "../kernel/units";
import { type CoreRpc, INVALID_PARAMETER, isRpc } from "./core-rpc";
import { satoshiOfBtc } from "./decimal";
import { ChainError } from "./error";
import type { Json } from "./json-stream";
import { cutShort, LargestCoins } from "./largest-coins";
import { countOf, hashOf, malformed, objectOf } from "./shape";

/** A scan is running: how long until it is worth asking again. */
const SCAN_RETRY: Millisecond = 30_000;

/**
 * The largest coins of `script`, at most `limit`. Rejects with "rate-limited" while another client
 * scans.
 */
export async function scanFor(
  node: CoreRpc,
  script: Hex,
  limit: number,
  timeoutMs: Millisecond,
): Promise<readonly Coin[]> {
  const largest = new LargestCoins(limit);
  await cutShort(list(node, script, largest, timeoutMs));
  return largest.coins;
}

/** For a caller that would have to wait for another scan. */
export function scanningAlready(node: CoreRpc): ChainError {
  return new ChainError("rate-limited", `${node.name} is scanning already`, { retryAfter: SCAN_RETRY });
}

async function list(node: CoreRpc, script: Hex, largest: LargestCoins, timeoutMs: Millisecond): Promise<void> {
  const each = { "result.unspents.*": (item: Json) => largest.add(amountOf(item), () => coinOf(item, script)) };
  try {
    const result = await node.call("scantxoutset", ["start", [`raw(${script})`]], { each }, timeoutMs);
    const { success } = objectOf(result, "a scan's result");
    if (success !== true) throw malformed("a complete scan", success);
  } catch (error) {
    // Another client's scan is running.
    throw isRpc(error, INVALID_PARAMETER) ? scanningAlready(node) : error;
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
