// Writing off a settlement: what it leaves owed, who cheated, and which others are lost with it.

import type { Changes } from "../journal/ledger";
import type { Coin } from "../kernel/ports";
import type { Hex, Satoshi } from "../kernel/units";
import { type Cheats, withCheat } from "./cheats";
import { settledName } from "./coin-watch";
import { type Debt, latest, type Settlement, type SocketRecord } from "./record";
import { delivered } from "./settlement";

/** A backend is not behind by more sessions than this. */
const MAX_SETTLED = 20;
const MAX_DEBTS = 16;

export interface WriteOff {
  readonly changes: Changes<SocketRecord>;
  /** Settlements that are never paid. */
  readonly lost: readonly Settlement[];
  /** Coins that pay nothing again. */
  readonly coins: readonly Coin[];
}

/**
 * Writes off a settlement, of which `mined` is buried or nothing ever will be, and all that spends
 * what is gone with it.
 */
export function writeOff(
  record: SocketRecord,
  settlement: Settlement,
  owed: Satoshi,
  mined: Hex | undefined,
): WriteOff {
  const lost = spending(record.settlements, gone(settlement, mined));
  if (mined === undefined) lost.unshift(settlement);
  const debt = { script: settlement.payerScript, amount: owed, ...(mined === undefined ? {} : { txid: mined }) };
  let debts = withDebt(record.debts, debt);
  let cheats: Cheats = record;
  for (const each of lost) {
    if (each !== settlement) debts = withDebt(debts, { script: each.payerScript, amount: delivered(each) });
    // A commitment that the socket itself sent early may be the one that was mined: nobody's fault.
    if (mined === undefined) cheats = withCheat(cheats, each);
  }
  const over = [settlement, ...lost];
  const settlements = record.settlements.filter((other) => !over.some((each) => same(each, other)));
  const coins = over.flatMap((each) => each.inputs);
  const settled = [...record.settled, ...coins.map(settledName)].slice(-MAX_SETTLED);
  const { cheats: scripts, cheatCoins } = cheats;
  return { changes: { settlements, debts, cheats: scripts, cheatCoins, settled }, lost, coins };
}

/**
 * Settlements over outputs of transactions that will never be mined, and those over their outputs
 * in turn.
 */
function spending(settlements: readonly Settlement[], txids: readonly Hex[]): Settlement[] {
  const children = settlements.filter((each) => each.inputs.some((input) => txids.includes(input.txid)));
  return children.flatMap((child) => [child, ...spending(settlements, gone(child, undefined))]);
}

/** Transactions of a settlement other than the one that was mined. */
function gone(settlement: Settlement, mined: Hex | undefined): Hex[] {
  return settlement.commitments.map(({ txid }) => txid).filter((txid) => txid !== mined);
}

/**
 * `debts` and one more. They bound what is sold, so none is forgotten: beyond the list's end the
 * oldest are kept as one sum.
 */
function withDebt(debts: readonly Debt[], debt: Debt): readonly Debt[] {
  if (debt.amount <= 0) return debts;
  const list = [...debts, debt];
  if (list.length <= MAX_DEBTS) return list;
  const [first, second, ...rest] = list as [Debt, Debt, ...Debt[]];
  return [{ script: "", amount: first.amount + second.amount }, ...rest];
}

/** A settlement is known by its latest commitment; one that was superseded meanwhile is another. */
export function same(a: Settlement, b: Settlement): boolean {
  return a.session === b.session && latest(a).txid === latest(b).txid;
}
