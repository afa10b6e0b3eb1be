// BlockCypher's API as documented, over what the real node knows.

import { hex } from "@scure/base";
import { Transaction } from "@scure/btc-signer";
import { addressOf, decodeSegwit } from "../../shared/bitcoin/address";
import { type BitcoinNode, Rejection } from "../../tools/node/bitcoin-node";
import type { Handler, Reply } from "./fakes";

interface Skeleton {
  readonly ver?: number;
  readonly inputs: readonly { prev_hash: string; output_index: number; sequence?: number }[];
  readonly outputs: readonly { addresses: readonly string[]; value: number }[];
  readonly change_address: string;
  readonly fees: number;
}

/** How it departs from what was asked when it prepares a transaction. */
export type Departure = "none" | "own-sequence" | "more-fee" | "other-change";

const FINAL = 0xffffffff;

export function blockCypherFake(node: BitcoinNode, departure: Departure = "none"): Handler {
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

  const build = (skeleton: Skeleton): { transaction: Transaction; tosign: string[] } => {
    const transaction = new Transaction({ version: skeleton.ver ?? 1 });
    let total = 0;
    const coins = skeleton.inputs.map(({ prev_hash, output_index, sequence = FINAL }) => {
      const output = node.transaction(prev_hash)?.tx.outputs[output_index];
      if (!output) throw new Rejection(-25, `Unable to find a transaction to spend: ${prev_hash}`);
      const coin = { script: hex.decode(output.script.toJSON()), amount: BigInt(output.value) };
      total += output.value;
      transaction.addInput({
        txid: prev_hash,
        index: output_index,
        sequence: departure === "own-sequence" ? FINAL : sequence,
        witnessUtxo: coin,
      });
      return coin;
    });
    const [payment, change] = skeleton.outputs;
    if (!payment) throw new Rejection(-1, "Error building transaction: no outputs");
    const scriptOf = (address: string): Uint8Array => hex.decode(decodeSegwit(address, "regtest"));
    transaction.addOutput({ script: scriptOf(payment.addresses[0] as string), amount: BigInt(payment.value) });
    if (change) {
      const address =
        departure === "other-change" ? addressOf(`0014${"99".repeat(20)}`, "regtest") : skeleton.change_address;
      const value = total - payment.value - skeleton.fees - (departure === "more-fee" ? 100 : 0);
      transaction.addOutput({ script: scriptOf(address), amount: BigInt(value) });
    }
    const tosign = coins.map(({ script, amount }, i) => {
      const program = script.subarray(2);
      const code = Uint8Array.from([0x76, 0xa9, 0x14, ...program, 0x88, 0xac]);
      return hex.encode(transaction.preimageWitnessV0(i, code, 1, amount));
    });
    return { transaction, tosign };
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
    if (request.method === "POST" && path === "/txs/new") {
      const skeleton = JSON.parse(body) as Skeleton;
      const { tosign } = build(skeleton);
      return {
        status: 201,
        body: JSON.stringify({
          tx: { ...skeleton, block_height: -1, hash: "00".repeat(32) },
          tosign,
          signatures: null,
        }),
      };
    }
    if (request.method === "POST" && path === "/txs/send") {
      const sent = JSON.parse(body) as { tx: Skeleton; tosign: string[]; signatures: string[]; pubkeys: string[] };
      const { transaction } = build(sent.tx);
      sent.signatures.forEach((signature, i) => {
        const finalScriptWitness = [hex.decode(`${signature}01`), hex.decode(sent.pubkeys[i] as string)];
        transaction.updateInput(i, { finalScriptWitness }, true);
      });
      return submit(transaction.hex);
    }
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
