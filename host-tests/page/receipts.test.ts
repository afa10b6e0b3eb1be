// All receipts of a socket, which gives three at a time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { allReceipts } from "../../page/all-receipts";

test("receipts are asked for until there are no more, from the oldest on", async () => {
  const kept = [3, 4, 5, 6, 7].map((number) => ({ number }));
  const asked: unknown[] = [];
  const rpc = {
    call: async <T>(method: string, params?: object): Promise<T> => {
      asked.push([method, params]);
      const { after } = params as { after: number };
      const receipts = kept.filter(({ number }) => number > after).slice(0, 3);
      return { publicKey: "02ab", receipts, next: receipts[receipts.length - 1]?.number ?? after } as T;
    },
  };
  assert.deepEqual(await allReceipts(rpc), { publicKey: "02ab", receipts: kept });
  assert.deepEqual(asked, [
    ["receipts", { after: 0 }],
    ["receipts", { after: 5 }],
    ["receipts", { after: 7 }],
  ]);
});
