// Bitcoin Core's RPC as documented (28 to 31), over what the real node knows. Only for the calls of
// shared/chain/core.ts.

import { type BitcoinNode, Rejection } from "../node/bitcoin-node";
import type { Handler, Reply } from "./fakes";

export interface CoreFakeOptions {
  readonly txindex?: boolean;
  /** Without JSON-RPC 2.0: failures come as HTTP 500, as before 28.0. */
  readonly legacy?: boolean;
  /** Calls that this version does not have. */
  readonly without?: readonly string[];
}

class RpcFailure extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

type Params = readonly unknown[];

/** Amounts travel as JSON numbers with eight decimals; JSON.stringify cannot write those. */
function btc(satoshi: number): string {
  return `@btc${(satoshi / 1e8).toFixed(8)}@`;
}

function write(value: unknown): string {
  return JSON.stringify(value).replace(/"@btc([0-9.]+)@"/g, "$1");
}

export function coreFake(node: BitcoinNode, options: CoreFakeOptions = {}): Handler {
  const { txindex = true, legacy = false, without = [] } = options;
  const calls: Record<string, (params: Params) => unknown> = {
    getblockcount: () => node.tip().height,
    scantxoutset: ([, descriptors]) => {
      const [descriptor] = descriptors as readonly string[];
      const script = /^raw\(([0-9a-f]*)\)$/.exec(descriptor ?? "")?.[1];
      if (script === undefined) throw new RpcFailure(-5, `Invalid descriptor '${descriptor}'`);
      const coins = node.confirmedUtxos(script);
      return {
        success: true,
        txouts: 1000,
        height: node.tip().height,
        bestblock: node.tip().hash,
        unspents: coins.map(({ txid, vout, amount, height = 0 }) => ({
          txid,
          vout,
          scriptPubKey: script,
          desc: `raw(${script})#00000000`,
          amount: btc(amount),
          coinbase: false,
          height,
          blockhash: node.transaction(txid)?.block?.hash,
          confirmations: node.tip().height - height + 1,
        })),
        total_amount: btc(coins.reduce((sum, { amount }) => sum + amount, 0)),
      };
    },
    gettxout: ([txid, vout, withMempool]) => {
      const known = node.transaction(String(txid));
      const output = known?.tx.outputs[Number(vout)];
      const spend = node.spend({ txid: String(txid), vout: Number(vout) });
      if (!known || !output || (spend && (spend.block || withMempool))) return null;
      if (!known.block && !withMempool) return null;
      return {
        bestblock: node.tip().hash,
        confirmations: known.block ? node.tip().height - known.block.height + 1 : 0,
        value: btc(output.value),
        scriptPubKey: { hex: output.script.toJSON() },
        coinbase: known.tx.isCoinbase(),
      };
    },
    gettxspendingprevout: ([outpoints]) =>
      (outpoints as { txid: string; vout: number }[]).map((outpoint) => {
        const spend = node.spend(outpoint);
        return spend && !spend.block ? { ...outpoint, spendingtxid: spend.txid } : outpoint;
      }),
    getrawtransaction: ([txid]) => {
      const known = node.transaction(String(txid));
      if (!known || (known.block && !txindex)) {
        throw new RpcFailure(
          -5,
          "No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries. Use gettransaction for wallet transactions.",
        );
      }
      const { tx, block } = known;
      return {
        txid,
        hash: txid,
        version: tx.version,
        size: tx.getSize(),
        vin: [{ txid: "00".repeat(32), vout: 0, sequence: 1 }],
        vout: tx.outputs.map(({ value }, n) => ({ value: btc(value), n })),
        hex: tx.toRaw().toString("hex"),
        ...(block && { blockhash: block.hash, confirmations: node.tip().height - block.height + 1, time: block.time }),
      };
    },
    getblockheader: async ([hash]) => {
      for (let height = node.tip().height; height > 0; height--) {
        if ((await node.blockHash(height)) !== hash) continue;
        return { hash, confirmations: node.tip().height - height + 1, height, difficulty: 4.656542373906925e-10 };
      }
      throw new RpcFailure(-5, "Block not found");
    },
    getbestblockhash: () => node.tip().hash,
    getblock: async ([hash]) => {
      for (let height = node.tip().height; height >= 0; height--) {
        if ((await node.blockHash(height)) !== hash) continue;
        const tx = node.transactions().filter(({ block }) => block?.height === height);
        const previousblockhash = height > 0 ? await node.blockHash(height - 1) : undefined;
        const time = tx[0]?.block?.time ?? 0;
        return { hash, height, time, nTx: tx.length, tx: tx.map((each) => each.tx.txid()), previousblockhash };
      }
      throw new RpcFailure(-5, "Block not found");
    },
    getblockhash: ([height]) => node.blockHash(Number(height)),
    sendrawtransaction: ([raw]) => node.submit(String(raw)),
    getmempoolinfo: () => ({
      loaded: true,
      size: node.mempool().length,
      mempoolminfee: btc(100),
      minrelaytxfee: btc(100),
      incrementalrelayfee: btc(100),
    }),
    estimatesmartfee: () => ({ feerate: btc(2000), blocks: 3 }),
  };

  return async (request, body): Promise<Reply> => {
    const expected = `Basic ${Buffer.from("rpcuser:sècret").toString("base64")}`;
    const { Authorization } = request.headers ?? {};
    if (Authorization !== expected) return { status: 401, body: "" };
    const { id, method, params } = JSON.parse(body) as { id: number; method: string; params: Params };
    const reply = (result: unknown, error: unknown, status: number): Reply => ({
      status: legacy ? status : 200,
      body: write(legacy ? { result, error, id } : { jsonrpc: "2.0", ...(error ? { error } : { result }), id }),
    });
    const call = without.includes(method) ? undefined : calls[method];
    if (!call) return reply(null, { code: -32601, message: "Method not found" }, 404);
    try {
      return reply(await call(params), null, 200);
    } catch (error) {
      if (!(error instanceof RpcFailure || error instanceof Rejection)) throw error;
      return reply(null, { code: error.code, message: error.message }, 500);
    }
  };
}
