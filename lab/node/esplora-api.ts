// Esplora's API (https://github.com/Blockstream/esplora/blob/master/API.md), answered from what the
// node knows. Texts of errors are those of Blockstream's electrs. The transport, and everything
// that can go wrong, is esplora-server.ts's.

import type { Hex } from "../../shared/kernel/units";
import { type BitcoinNode, Rejection } from "./bitcoin-node";
import { mempoolJson, placeJson, scriptOfAddress, spendJson, statusJson, txJson, utxosJson } from "./esplora-json";
import { scriptHash } from "./ledger";

export interface Reply {
  readonly status: number;
  readonly type: "text/plain" | "application/json" | "text/html";
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** sat/vB by target in blocks. */
export type FeeEstimates = Readonly<Record<string, number>>;

/** Esplora's targets, at a quiet mempool's rates. */
export const QUIET_ESTIMATES: FeeEstimates = {
  "1": 2.5,
  "2": 2.0,
  "3": 2.0,
  "6": 1.5,
  "25": 1.2,
  "144": 1.0,
  "504": 0.5,
  "1008": 0.15,
};

const HEX_64 = /^[0-9a-f]{64}$/;
const NUMBER = /^[0-9]{1,9}$/;

export class EsploraApi {
  readonly #node: BitcoinNode;
  feeEstimates: FeeEstimates;

  constructor(node: BitcoinNode, feeEstimates: FeeEstimates = QUIET_ESTIMATES) {
    this.#node = node;
    this.feeEstimates = feeEstimates;
  }

  /** `url` is path and query, with or without `/api` in front. */
  async answer(method: string, url: string, body: string): Promise<Reply> {
    const path = (url.split("?")[0] ?? "").replace(/^\/api(?=\/)/, "");
    const [, kind = "", id = "", part, index = ""] = path.split("/");
    if (method === "POST" && path === "/tx") return this.#broadcast(body);
    // What electrs passes on from a node without the call; bcoin has none.
    if (method !== "GET") return noEndpoint(url);
    switch (path) {
      case "/fee-estimates":
        return json(this.feeEstimates);
      case "/blocks/tip/height":
        return text(200, String(this.#node.tip().height));
      case "/blocks/tip/hash":
        return text(200, this.#node.tip().hash);
      case "/mempool":
        return json(mempoolJson(this.#node));
    }
    if (kind === "address" && part === "utxo") {
      const script = scriptOfAddress(id);
      return script === undefined ? text(400, "Invalid Bitcoin address") : this.#utxos(scriptHash(script));
    }
    if (kind === "scripthash" && part === "utxo") {
      return HEX_64.test(id) ? this.#utxos(id) : text(400, "Invalid scripthash");
    }
    if (kind === "tx")
      return HEX_64.test(id) ? this.#transaction(id, part, index, url) : text(400, "Invalid hex string");
    return noEndpoint(url);
  }

  #utxos(hash: Hex): Reply {
    return json(utxosJson(this.#node, hash));
  }

  #transaction(txid: Hex, part: string | undefined, index: string, url: string): Reply {
    // As electrs does: these two answer about what it does not know, too.
    if (part === "status") return json(statusJson(this.#node.transaction(txid)?.block));
    if (part === "outspend") {
      if (!NUMBER.test(index)) return text(400, "Invalid number");
      return json(spendJson(this.#node.spend({ txid, vout: Number(index) })));
    }
    const known = this.#node.transaction(txid);
    if (!known) return text(404, "Transaction not found");
    switch (part) {
      case undefined:
        return json(txJson(this.#node, txid, known));
      case "hex":
        return text(200, known.tx.toRaw().toString("hex"));
      case "merkle-proof":
        return known.block ? json(placeJson(this.#node, txid)) : text(404, "Transaction not found or is unconfirmed");
      case "outspends":
        return json(known.tx.outputs.map((_, vout) => spendJson(this.#node.spend({ txid, vout }))));
    }
    return noEndpoint(url);
  }

  async #broadcast(body: string): Promise<Reply> {
    try {
      return text(200, await this.#node.submit(body.trim()));
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      return failure("sendrawtransaction", error.code, error.message);
    }
  }
}

export function text(status: number, body: string): Reply {
  return { status, type: "text/plain", body };
}

export function json(value: unknown): Reply {
  return { status: 200, type: "application/json", body: JSON.stringify(value) };
}

function failure(call: string, code: number, message: string): Reply {
  return text(400, `${call} RPC error: ${JSON.stringify({ code, message })}`);
}

function noEndpoint(url: string): Reply {
  return text(404, `endpoint does not exist ${JSON.stringify(url)}`);
}
