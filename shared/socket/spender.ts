// Who spends the inputs of a settlement: asked of the chain, one input after the other.

import type { Chain, Spend } from "../kernel/ports";
import type { CoinWatch } from "./coin-watch";
import type { SocketLedger } from "./ledger";
import { latest, type Settlement } from "./record";

export interface SpenderOptions {
  readonly chain: Chain;
  readonly watch: CoinWatch;
  readonly ledger: SocketLedger;
}

/**
 * The spend of another transaction than the settlement's latest commitment; that commitment's own
 * where the backend says only that a coin is spent, and the network knows it; undefined where
 * nothing else spends them.
 */
export async function spenderOf(options: SpenderOptions, settlement: Settlement): Promise<Spend | undefined> {
  const { txid } = latest(settlement);
  const rivals = (await spendsOf(options, settlement)).filter((each) => each.txid !== txid);
  // One that is in a block has decided; others may wait without end.
  const found = rivals.find((each) => each.height !== undefined) ?? rivals[0];
  // Some backends only say that a coin is spent: then it may as well be one of the commitments
  // that did it.
  const spend = found?.txid === undefined ? ((found && (await ownSpend(options, settlement))) ?? found) : found;
  if (!spend) return undefined;
  // Nor do they tell a coin that is spent from one that is not there yet: its parent was
  // forgotten, and goes out first.
  if (spend.txid === undefined && hangsOnUnmined(settlement, options.ledger.record.settlements)) return undefined;
  return spend;
}

/**
 * True where the settlement spends what another one of `all` would have made. Nothing is in a block
 * before its parent: a backend that says so mixes old answers with new ones.
 */
export function hangsOnUnmined({ inputs }: Settlement, all: readonly Settlement[]): boolean {
  const unmined = all.filter(({ state }) => state !== "mined").map((each) => latest(each).txid);
  return inputs.some(({ txid }) => unmined.includes(txid));
}

/**
 * One input after the other: a question that waits takes kilobytes of a microcontroller's heap.
 */
async function spendsOf({ watch }: SpenderOptions, { inputs, payerScript }: Settlement): Promise<Spend[]> {
  const spends: Spend[] = [];
  for (const input of inputs) {
    const spend = await watch.spendOf(input, payerScript);
    if (spend) spends.push(spend);
  }
  return spends;
}

/** Which of the commitments the network knows, the latest first. */
async function ownSpend({ chain }: SpenderOptions, { commitments }: Settlement): Promise<Spend | undefined> {
  for (const { txid } of [...commitments].reverse()) {
    const { state, height } = await chain.status(txid);
    if (state !== "unknown") return height === undefined ? { txid } : { txid, height };
  }
  return undefined;
}
