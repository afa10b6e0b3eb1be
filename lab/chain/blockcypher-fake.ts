// BlockCypher's API as documented, over what the real node knows.

import { decodeSegwit } from "../../shared/bitcoin/address";
import { type BitcoinNode, Rejection } from "../node/bitcoin-node";
import type { Handler, Reply } from "./fakes";

const FINAL = 0xffffffff;

export function blockCypherFake(node: BitcoinNode): Handler {
  const txJson = (txid: string, query: URLSearchParams): object | undefined => {
    const known = node.transaction(txid);
    if (!known) return undefined;
    const { tx, block } = known;
    const from = Number(query.get("outstart") ?? 0);
    const limit = Number(query.get("limit") ?? 20);
    return {
      ...(block && { block_hash: block.hash, block_index: node.placeOf(txid) }),
      block_height: block?.height ?? -1,
      hash: txid,
      total: 1,
      fees: known.fee ?? 0,
      preference: "low",
      confirmations: block ? node.tip().height - block.height + 1 : 0,
      double_spend: false,
      received: "2026-01-01T00:00:00Z",
      inputs: [{ prev_hash: "00".repeat(32), output_index: 0, sequence: FINAL }],
      outputs: tx.outputs.slice(from, from + limit).map((output, i) => {
        const spend = node.spend({ txid, vout: from + i });
        return { value: output.value, script: output.script.toJSON(), ...(spend && { spent_by: spend.txid }) };
      }),
    };
  };

  const submit = async (raw: string): Promise<Reply> => {
    try {
      const hash = await node.submit(raw);
      return { status: 201, body: JSON.stringify({ tx: { block_height: -1, hash, fees: 1 } }) };
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      return { status: 400, body: JSON.stringify({ error: `Error validating transaction: ${error.message}.` }) };
    }
  };

  return async (request, body) => {
    const [path = "", text = ""] = request.path.replace(/^\/v1\/btc\/test/, "").split("?");
    const query = new URLSearchParams(text);
    const [, kind, id = ""] = path.split("/");
    if (request.method === "POST" && path === "/txs/push") return submit((JSON.parse(body) as { tx: string }).tx);
    if (path === "" || path === "/") {
      const { height, hash } = node.tip();
      const fees = { high_fee_per_kb: 3000, medium_fee_per_kb: 2000, low_fee_per_kb: 500 };
      return { status: 200, body: JSON.stringify({ name: "BTC.test3", height, hash, ...fees }) };
    }
    if (kind === "txs") {
      const found = txJson(id, query);
      const missing = { error: `Transaction ${id} not found.` };
      return { status: found ? 200 : 404, body: JSON.stringify(found ?? missing) };
    }
    if (kind === "addrs") {
      const script = decodeSegwit(id, "regtest");
      const refs = node.utxos(script).map(({ txid, vout, amount, height }) => ({
        tx_hash: txid,
        block_height: height ?? -1,
        tx_input_n: -1,
        tx_output_n: vout,
        value: amount,
        ref_balance: 0,
        spent: false,
        confirmations: height === undefined ? 0 : node.tip().height - height + 1,
        double_spend: false,
        script,
      }));
      const txrefs = refs.filter(({ block_height }) => block_height >= 0);
      const unconfirmed = refs.filter(({ block_height }) => block_height < 0);
      return {
        status: 200,
        body: JSON.stringify({
          address: id,
          balance: 0,
          final_balance: 0,
          ...(txrefs.length > 0 && { txrefs }),
          ...(unconfirmed.length > 0 && { unconfirmed_txrefs: unconfirmed }),
        }),
      };
    }
    return { status: 404, body: "" };
  };
}
