// The Bitcoin Core client against a real node's own RPC over HTTP: bcoin's, for the calls that it
// has. It lacks scantxoutset, and gettxspendingprevout, and has no fee rates to tell in regtest.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, describe, it } from "node:test";
import { fails, SCRIPT, spend, UNLIMITED } from "../../lab/chain/backends";
import { BitcoinNode } from "../../lab/node/bitcoin-node";
import { tcpDialer } from "../../lab/platform/tcp";
import { wallClock } from "../../lab/platform/wall-clock";
import { Core } from "../../shared/chain/core";
import { HttpClient } from "../../shared/net/http-client";

const PASSWORD = "a-password";
let node: BitcoinNode;
let http: HttpClient;
let chain: Core;
let url: string;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || !address) throw new Error("expected a port");
  return address.port;
}

function client(password: string): Core {
  return new Core({ http, clock: wallClock, url, bucket: UNLIMITED, user: "bitcoinrpc", password });
}

describe("the Bitcoin Core client with bcoin's RPC", () => {
  before(async () => {
    const port = await freePort();
    node = await BitcoinNode.start({ rpc: { port, password: PASSWORD } });
    url = `http://127.0.0.1:${port}`;
    http = new HttpClient({ dialer: tcpDialer, clock: wallClock });
    chain = client(PASSWORD);
  });
  after(async () => {
    http.close();
    await node.stop();
  });

  it("follows a coin through its spend", async () => {
    const coin = await node.fund(SCRIPT, 100_000);
    await node.mine(1);
    assert.equal(await chain.tip(), node.tip().height);
    assert.equal(await chain.outspend(coin), undefined);
    const raw = spend(coin, 100_000, 1_000);
    const txid = await chain.broadcast(raw);
    assert.equal(txid, node.txidOf(raw));
    assert.equal(await chain.outspend(coin), undefined, "bcoin's gettxout overlooks what its mempool spends");
    assert.deepEqual(await chain.status(txid), { state: "mempool" });
    await node.mine(1);
    const { height, hash } = node.tip();
    assert.deepEqual(await chain.status(txid), { state: "confirmed", height, blockHash: hash });
    assert.deepEqual(await chain.outspend(coin), { height }, "spent, and bcoin cannot tell by whom");
  });

  it("says unknown of a transaction that nobody knows", async () => {
    assert.deepEqual(await chain.status("ab".repeat(32)), { state: "unknown" });
  });

  it("takes the relay fee where the node has no estimate, and the old increment where it tells none", async () => {
    assert.deepEqual(await chain.feeRates(), { floor: 100, incremental: 1000, target: 100 });
  });

  it("says what the node cannot do", async () => {
    await assert.rejects(chain.utxos(SCRIPT, 5), fails("malformed", /scantxoutset/));
  });

  it("is refused with another password", async () => {
    await assert.rejects(client("wrong").tip(), fails("away", /401/));
  });
});
