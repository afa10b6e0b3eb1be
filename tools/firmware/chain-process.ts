// The simulator's Bitcoin node with its Esplora server, in a process of its own: while it makes a
// block it answers nobody, and the metering chips of emulated boards must not fall silent
// meanwhile.
//
// Started by `Chain.start` (chain.ts) with the server's port, and the name by which it is certified
// if it speaks TLS; takes requests and gives answers as messages.

import { BitcoinNode } from "../../lab/node/bitcoin-node";
import { EsploraServer } from "../../lab/node/esplora-server";
import { payeeScriptOf, payerScriptOf } from "../../shared/bitcoin/address";
import type { ChainAnswer, ChainRequest } from "./chain";
import { TlsFront } from "./tls-front";

const [, , port, name] = process.argv;
const node = await BitcoinNode.start();
const server = await EsploraServer.start(node, { port: name === undefined ? Number(port) : 0 });
const front = name === undefined ? undefined : await TlsFront.start(name, server.port, Number(port));

async function answer(request: ChainRequest): Promise<number> {
  if ("fund" in request) {
    await node.fund(payerScriptOf(request.fund, "regtest"), request.amount);
    await node.mine(1);
  } else if ("mine" in request) await node.mine(request.mine);
  else if ("show" in request) {
    if (!front) throw new Error("this chain speaks no TLS");
    await front.show(request.show);
  } else {
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
  void front?.close();
  void server.stop();
  void node.stop();
});
tell({ id: 0, value: (front ?? server).port });

function tell(told: ChainAnswer): void {
  process.send?.(told);
}
