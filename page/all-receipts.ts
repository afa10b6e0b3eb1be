// All signed receipts of a socket, which gives some at a time.

import type { Rpc } from "./rpc";

interface Page {
  readonly publicKey: string | null;
  readonly receipts: readonly object[];
  readonly next: number;
}

/** All that the socket still has, as npm run receipt -- verify reads it. */
export async function allReceipts(rpc: Pick<Rpc, "call">): Promise<Omit<Page, "next">> {
  const receipts: object[] = [];
  for (let after = 0; ; ) {
    const page = await rpc.call<Page>("receipts", { after });
    receipts.push(...page.receipts);
    if (page.receipts.length === 0) return { publicKey: page.publicKey, receipts };
    after = page.next;
  }
}
