// Esplora's JSON shapes, from what the node knows (API.md, "Transaction format", "Transaction
// status format").

import { hex } from "@scure/base";
import { Address, OutScript } from "@scure/btc-signer";
import type { BcoinOutput } from "bcoin";
import type { Hex } from "../../shared/kernel/units";
import type { BitcoinNode } from "./bitcoin-node";
import { type Block, type KnownSpend, type KnownTx, reversed } from "./ledger";

/** Bitcoin Core's regtest; its old-style prefixes are testnet's. */
const REGTEST = { bech32: "bcrt", pubKeyHash: 0x6f, scriptHash: 0xc4, wif: 0xef };

const TYPES: Readonly<Record<string, string>> = {
  pkh: "p2pkh",
  sh: "p2sh",
  wpkh: "v0_p2wpkh",
  wsh: "v0_p2wsh",
  tr: "v1_p2tr",
};

/** Undefined for what is no address of regtest. */
export function scriptOfAddress(address: string): Hex | undefined {
  try {
    return hex.encode(OutScript.encode(Address(REGTEST).decode(address)));
  } catch {
    return undefined;
  }
}

/** Undefined where the script has no address. */
export function addressTextOf(script: Hex): string | undefined {
  try {
    return Address(REGTEST).encode(OutScript.decode(hex.decode(script)));
  } catch {
    return undefined;
  }
}

export function statusJson(block: Block | undefined): object {
  if (!block) return { confirmed: false };
  return { confirmed: true, block_height: block.height, block_hash: block.hash, block_time: block.time };
}

export function spendJson(spend: KnownSpend | undefined): object {
  if (!spend) return { spent: false };
  return { spent: true, txid: spend.txid, vin: spend.vin, status: statusJson(spend.block) };
}

/**
 * Of a proof only where it stands in its block; the branch is left out, since no client here checks
 * it.
 */
export function placeJson(node: BitcoinNode, txid: Hex): object {
  const block = node.transaction(txid)?.block;
  return { block_height: block?.height, pos: node.placeOf(txid) };
}

export function utxosJson(node: BitcoinNode, scriptHash: Hex): readonly object[] {
  return node.utxosByHash(scriptHash).map(({ txid, vout, amount }) => {
    return { txid, vout, status: statusJson(node.transaction(txid)?.block), value: amount };
  });
}

export function txJson(node: BitcoinNode, txid: Hex, { tx, block, fee }: KnownTx): object {
  const isCoinbase = tx.isCoinbase();
  return {
    txid,
    version: tx.version,
    locktime: tx.locktime,
    vin: tx.inputs.map(({ prevout, script, witness, sequence }) => {
      const from = reversed(prevout.hash);
      const output = node.transaction(from)?.tx.outputs[prevout.index];
      return {
        txid: from,
        vout: prevout.index,
        prevout: output && !isCoinbase ? outputJson(output) : null,
        scriptsig: script.toJSON(),
        ...(witness.items.length > 0 && { witness: witness.items.map((item) => item.toString("hex")) }),
        is_coinbase: isCoinbase,
        sequence,
      };
    }),
    vout: tx.outputs.map(outputJson),
    size: tx.getSize(),
    weight: tx.getWeight(),
    fee: fee ?? 0,
    status: statusJson(block),
  };
}

function outputJson({ script, value }: BcoinOutput): object {
  const scriptpubkey = script.toJSON();
  const address = addressTextOf(scriptpubkey);
  return {
    scriptpubkey,
    scriptpubkey_type: typeOf(scriptpubkey),
    ...(address !== undefined && { scriptpubkey_address: address }),
    value,
  };
}

function typeOf(script: Hex): string {
  if (script.startsWith("6a")) return "op_return";
  try {
    return TYPES[OutScript.decode(hex.decode(script)).type] ?? "unknown";
  } catch {
    return "unknown";
  }
}

export function mempoolJson(node: BitcoinNode): object {
  const waiting = node.mempool();
  return {
    count: waiting.length,
    vsize: waiting.reduce((sum, { tx }) => sum + tx.getVirtualSize(), 0),
    total_fee: waiting.reduce((sum, { fee = 0 }) => sum + fee, 0),
    fee_histogram: [],
  };
}
