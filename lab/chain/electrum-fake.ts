// An Electrum server as documented (1.4 and 1.6), over what the real node knows.

import { createHash } from "node:crypto";
import { type BitcoinNode, Rejection } from "../node/bitcoin-node";
import { reversed, scriptHash } from "../node/ledger";
import { FakeLines } from "./fakes";

type Params = readonly unknown[];

export interface ElectrumFake {
  readonly dialer: FakeLines;
  /** Tells subscribers what changed since they were told last. */
  notify(): void;
}

export function electrumFake(node: BitcoinNode, version: "1.4" | "1.6" = "1.6"): ElectrumFake {
  const subscribers = new Map<string, { status: string | null; push: (line: string) => void }>();
  /** Scripts that were ever seen in a test, to find a history by its hash. */
  const historyOf = (hash: string) => {
    const wanted = reversed(hash);
    const isOurs = (script: string): boolean => scriptHash(script) === wanted;
    return node
      .transactions()
      .filter(({ tx }) => {
        const pays = tx.outputs.some(({ script }) => isOurs(script.toJSON()));
        return pays || node.spentScripts(tx).some(isOurs);
      })
      .map(({ tx, block, fee }) => ({
        tx_hash: tx.txid(),
        height: block?.height ?? 0,
        ...(!block && { fee: fee ?? 0 }),
      }))
      .sort((a, b) => (a.height || Number.MAX_SAFE_INTEGER) - (b.height || Number.MAX_SAFE_INTEGER));
  };
  const statusOf = (hash: string): string | null => {
    const text = historyOf(hash)
      .map(({ tx_hash, height }) => `${tx_hash}:${height}:`)
      .join("");
    return text === "" ? null : createHash("sha256").update(text).digest("hex");
  };

  const calls: Record<string, (params: Params, push: (line: string) => void) => unknown> = {
    "server.version": () => ["FakeX 1.0", version],
    "server.ping": () => null,
    "blockchain.scripthash.listunspent": ([hash]) =>
      node.utxosByHash(reversed(String(hash))).map(({ txid, vout, amount, height }) => {
        return { tx_hash: txid, tx_pos: vout, height: height ?? 0, value: amount };
      }),
    "blockchain.scripthash.get_history": ([hash]) => historyOf(String(hash)),
    "blockchain.scripthash.subscribe": ([hash], push) => {
      const status = statusOf(String(hash));
      subscribers.set(String(hash), { status, push });
      return status;
    },
    "blockchain.transaction.get": ([txid]) => {
      const known = node.transaction(String(txid));
      if (!known)
        throw new Error(
          "daemon error: DaemonError({'code': -5, 'message': 'No such mempool or blockchain transaction.'})",
        );
      return known.tx.toRaw().toString("hex");
    },
    "blockchain.transaction.get_merkle": ([txid, height]) => {
      const pos = node.placeOf(String(txid));
      if (pos === undefined || node.transaction(String(txid))?.block?.height !== height)
        throw new Error(`tx ${String(txid)} not in block at height ${String(height)}`);
      return { block_height: height, merkle: ["00".repeat(32)], pos };
    },
    "blockchain.transaction.broadcast": ([raw]) => node.submit(String(raw)),
    "blockchain.block.header": ([height]) => node.header(Number(height)),
    "blockchain.headers.subscribe": async () => ({
      height: node.tip().height,
      hex: await node.header(node.tip().height),
    }),
    "blockchain.estimatefee": () => 0.00002,
    "blockchain.relayfee": () => 0.000001,
  };
  if (version === "1.6") {
    calls["mempool.get_info"] = () => ({ mempoolminfee: 0.000001, minrelaytxfee: 0.000001, incrementalrelayfee: 1e-6 });
  }

  const dialer = new FakeLines(async (line, push) => {
    const { id, method, params } = JSON.parse(line) as { id: number; method: string; params: Params };
    const call = calls[method];
    if (!call)
      return JSON.stringify({ jsonrpc: "2.0", error: { code: -32601, message: `unknown method "${method}"` }, id });
    try {
      return JSON.stringify({ jsonrpc: "2.0", result: await call(params, push), id });
    } catch (error) {
      const reason = error instanceof Error ? error.message : "";
      // ElectrumX's wrapping of a refusal.
      const message =
        error instanceof Rejection
          ? `the transaction was rejected by network rules.\n\n${reason}\n[${String(params[0])}]`
          : reason;
      return JSON.stringify({ jsonrpc: "2.0", error: { code: 1, message }, id });
    }
  });
  return {
    dialer,
    notify: () => {
      for (const [hash, subscriber] of subscribers) {
        const status = statusOf(hash);
        if (status === subscriber.status) continue;
        subscriber.status = status;
        const params = [hash, status];
        subscriber.push(JSON.stringify({ jsonrpc: "2.0", method: "blockchain.scripthash.subscribe", params }));
      }
    },
  };
}
