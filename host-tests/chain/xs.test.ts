// The chain client on the real XS engine: the same answers as on Node, over an address with many
// outputs.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { build } from "esbuild";
import { UNLIMITED } from "../../lab/chain/backends";
import { FakeHttp, ok } from "../../lab/chain/fakes";
import { VirtualClock } from "../../lab/model/clock";
import { XsEngine } from "../../lab/sim/engine-xs";
import { Esplora } from "../../shared/chain/esplora";

const SCRIPT = `0014${"11".repeat(20)}`;
/** As many as electrs lists at most. */
const OUTPUTS = 500;

function answerWith(outputs: number): string {
  const coins = Array.from({ length: outputs }, (_, i) => ({
    txid: i.toString(16).padStart(4, "0").repeat(16),
    vout: i % 3,
    status: { confirmed: true, block_height: 800_000 + i, block_hash: "0f".repeat(32), block_time: 1_600_000_000 },
    value: ((i * 7919) % 100_003) + 1000,
  }));
  return JSON.stringify(coins);
}

async function onXs(body: string): Promise<{ answer: unknown; meter: number }> {
  const entry = new URL("../../lab/chain/xs-entry.ts", import.meta.url).pathname;
  const options = { bundle: true, write: false, format: "iife", target: "es2022", charset: "utf8" } as const;
  const { outputFiles } = await build({ entryPoints: [entry], ...options });
  const engine = new XsEngine("chain");
  let answer: unknown;
  let meter = 0;
  engine.onCommand = ({ head }, spent) => {
    answer = head;
    meter += spent;
    return { head: null };
  };
  try {
    await engine.load(outputFiles[0]?.text ?? "");
    const bytes = Uint8Array.from(Buffer.from(body));
    const rest = await engine.deliver({ head: { script: SCRIPT, limit: 5 }, bytes });
    return { answer, meter: meter + rest.meter };
  } finally {
    engine.kill();
  }
}

describe("the Esplora client on XS", () => {
  it("gives the same largest coins as on Node", async (t) => {
    const body = answerWith(OUTPUTS);
    const http = new FakeHttp(() => ok(body), 1024);
    const chain = new Esplora({ http, clock: new VirtualClock(), url: "http://esplora.test", bucket: UNLIMITED });
    const expected = await chain.utxos(SCRIPT, 5);
    assert.equal(expected.length, 5);
    const { answer, meter } = await onXs(body);
    assert.deepEqual(answer, { result: expected });
    t.diagnostic(`${meter} units of XS's meter for ${OUTPUTS} outputs in ${body.length} bytes`);
  });

  it("refuses the same rubbish", async () => {
    for (const body of ["<html>", '[{"txid":1}]', "[1", `[${"[".repeat(100)}`]) {
      const { answer } = await onXs(body);
      assert.match(JSON.stringify(answer), /"error":"malformed: /, body);
    }
  });
});
