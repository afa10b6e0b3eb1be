// The simulator's Bitcoin node with its Esplora server, in a process of its own: while it makes a block it answers nobody,
// and the metering chips of emulated boards must not fall silent meanwhile.
//
// Started by `startChain` (chain.ts) with the server's port; takes requests and gives answers as messages.

import { payeeScriptOf, payerScriptOf } from "../../shared/bitcoin/address";
import { BitcoinNode } from "../node/bitcoin-node";
import { EsploraServer } from "../node/esplora-server";
import type { ChainAnswer, ChainRequest } from "./chain";

const node = await BitcoinNode.start();
const server = await EsploraServer.start(node, { port: Number(process.argv[2]) });

async function answer(request: ChainRequest): Promise<number> {
  if ("fund" in request) {
    await node.fund(payerScriptOf(request.fund, "regtest"), request.amount);
    await node.mine(1);
  } else if ("mine" in request) await node.mine(request.mine);
  else {
    const coins = node.confirmedUtxos(payeeScriptOf(request.settledTo, "regtest"));
    return coins.reduce((total, { amount }) => total + amount, 0);
  }
  return node.tip().height;
}

process.on("message", ({ id, request }: { id: number; request: ChainRequest }) => {
  answer(request).then(
    (value) => tell({ id, value }),
    (error) => tell({ id, error: String(error) }),
  );
});
process.on("disconnect", () => {
  void server.stop();
  void node.stop();
});
tell({ id: 0, value: server.port });

function tell(told: ChainAnswer): void {
  process.send?.(told);
}
