// The chain that a configuration names.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeLines, settled } from "../../lab/chain/fakes";
import { VirtualClock } from "../../lab/model/clock";
import { type ChainConfig, configuredChain } from "../../shared/chain/configured";
import { Electrum } from "../../shared/chain/electrum";
import { Esplora } from "../../shared/chain/esplora";
import { Failover } from "../../shared/chain/failover";

const ESPLORA = { kind: "esplora", url: "https://esplora.test/api" } as const;
const CORE = { kind: "core", url: "http://127.0.0.1:8332", user: "u", password: "p" } as const;
const ELECTRUM = { kind: "electrum", host: "electrum.test", port: 50002, secure: true } as const;
const BLOCKCYPHER = { kind: "blockcypher", url: "https://api.blockcypher.test/v1/btc/main", token: "t" } as const;

function chainOf(config: unknown) {
  const dialer = new FakeLines(() => undefined);
  return configuredChain(config as ChainConfig, { dialer, clock: new VirtualClock(), network: "regtest" });
}

describe("a configured chain", () => {
  it("is the one backend that is named", () => {
    assert.ok(chainOf({ backends: [ESPLORA] }) instanceof Esplora);
    assert.ok(chainOf({ backends: [ELECTRUM] }) instanceof Electrum);
  });

  it("fails over between several, and has what any of them has", () => {
    const chain = chainOf({ backends: [ESPLORA, CORE, ELECTRUM, BLOCKCYPHER], quorum: 2, targetBlocks: 6 });
    assert.ok(chain instanceof Failover);
    assert.ok(chain.watch);
  });

  it("asks mempool.space's Esplora for testnet4 under its own path", async () => {
    const dialer = new FakeLines(() => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n98765");
    const config = { backends: [{ kind: "esplora", url: "https://mempool.space/testnet4/api" }] } as const;
    const chain = configuredChain(config, { dialer, clock: new VirtualClock(), network: "testnet4" });
    void chain.tip().catch(() => undefined);
    await settled();
    assert.equal(dialer.lines[0]?.trim(), "GET /testnet4/api/blocks/tip/height HTTP/1.1");
  });

  it("says what is wrong, and where", () => {
    const wrong: readonly [config: unknown, words: RegExp][] = [
      [{}, /: chain\.backends: expected a list of 1 to 8 objects, came nothing$/],
      [{ backends: [] }, /backends: .* came \[\]$/],
      [{ backends: [ESPLORA], quorum: 3 }, /quorum: .* 1 to 2, came 3$/],
      [{ backends: [ESPLORA], quorum: 2 }, /at least 2 backends, got 1/],
      [{ backends: [ESPLORA], targetBlocks: 0 }, /targetBlocks: expected a whole number \(blocks\).*, came 0$/],
      [{ backends: [ESPLORA], target: 1 }, /chain\.target: there is no such setting/],
      [
        { backends: [ESPLORA, { kind: "bitcoind" }] },
        /backends\[1\]: expected an object with a kind of "esplora" or "core" or .*, came "bitcoind"$/,
      ],
      [{ backends: [null] }, /backends\[0\]: .* came null$/],
      [{ backends: [{ url: "http://a" }] }, /backends\[0\]: expected an object with a kind .* came none$/],
      [{ backends: [{ kind: "esplora", url: "blockstream.info" }] }, /backends\[0\]\.url: expected a URL/],
      [{ backends: [{ kind: "esplora", url: "http://host:70000" }] }, /url: expected a URL/],
      [{ backends: [{ kind: "esplora" }] }, /url: expected a URL.* came nothing$/],
      [{ backends: [{ ...ESPLORA, token: "t" }] }, /backends\[0\]\.token: there is no such setting/],
      [{ backends: [{ ...CORE, password: "" }] }, /password: expected a text of 1 to 256 bytes, came ""$/],
      [{ backends: [{ ...ELECTRUM, port: 0 }] }, /port: expected .* from 1 to 65535, came 0$/],
    ];
    for (const [config, words] of wrong) assert.throws(() => chainOf(config), words);
  });
});
