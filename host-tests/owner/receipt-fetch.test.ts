// npm run receipt -- fetch: all receipts of a socket, three a call, by HTTP as fast as its server
// lets a script.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { PASSWORD, serve } from "../page/served";

const ROOT = join(import.meta.dirname, "../..");

test("fetch gets all twenty receipts over the link, in the shape that verify reads", async () => {
  const kept = Array.from({ length: 20 }, (_, at) => ({ number: at + 5, session: "5e", missing: "a cut" }));
  let calls = 0;
  const answer = async (request: Uint8Array): Promise<string> => {
    const { id, method, params } = JSON.parse(Buffer.from(request).toString());
    assert.equal(method, "receipts");
    calls++;
    const receipts = kept.filter(({ number }) => number > params.after).slice(0, 3);
    const next = receipts[receipts.length - 1]?.number ?? params.after;
    return JSON.stringify({ jsonrpc: "2.0", id, result: { publicKey: "02ab", receipts, next } });
  };
  const served = await serve({ answer, withPage: false });
  try {
    const words = ["--import", "tsx", "tools/receipt.ts", "fetch", "--host", `127.0.0.1:${served.port}`];
    const { stdout } = await promisify(execFile)(process.execPath, [...words, "--password", PASSWORD], { cwd: ROOT });
    assert.deepEqual(JSON.parse(stdout), { publicKey: "02ab", receipts: kept });
    assert.equal(calls, 8);
  } finally {
    served.close();
  }
});
