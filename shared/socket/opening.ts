// Opening a session: whose coins, which of them, and how much they can pay.

import { payerScriptOf } from "../bitcoin/address";
import { selectCoins, sessionMaximum } from "../bitcoin/coins";
import { MAX_INPUTS, totalOf } from "../bitcoin/draft";
import { constant } from "../kernel/constant";
import type { Chain, Clock, Coin, Outpoint } from "../kernel/ports";
import type { Hex, Satoshi } from "../kernel/units";
import { MAX_COMMITMENTS, type Session } from "../payment/session";
import { Fault, type FaultName } from "../protocol/faults";
import type { PowerRequest } from "../protocol/types";
import type { Scheme } from "../protocol/words";
import type { Ahead } from "./ahead";
import { isCheatCoin } from "./cheats";
import { type CoinWatch, nameOf } from "./coin-watch";
import type { SocketLedger } from "./ledger";
import { coinsOf, type PayerCoins } from "./payer-coins";
import { type Debt, latest, type SocketRecord } from "./record";
import type { Rewards } from "./rewards";
import type { SessionIds } from "./session-ids";
import type { SocketSettings } from "./settings";

/** Refusals that a newer list of coins may spare. */
const OUTDATED: readonly FaultName[] = constant(["input-spent", "insufficient-funds", "address-refused"]);

export interface OpeningOptions {
  readonly chain: Chain;
  readonly clock: Clock;
  readonly watch: CoinWatch;
  /** What was asked before the request came. */
  readonly ahead: Ahead<PayerCoins>;
  readonly ids: SessionIds;
  readonly ledger: SocketLedger;
  readonly settings: SocketSettings;
  readonly rewards: Rewards;
  /** Where the money goes. */
  readonly payoutScript: Hex;
  /** Fundings of channels that wait for blocks: the socket sent them, so their change pays. */
  fundings(): readonly Hex[];
  /** True for a coin that one of them spends. */
  isFunded(coin: Coin): boolean;
}

/** Throws the Fault `unknown-scheme` where the owner does not sell by `scheme`. */
export function mustSell(scheme: Scheme, { schemes }: SocketSettings): void {
  if (!schemes.includes(scheme)) throw new Fault("unknown-scheme", `Expected ${schemes.join(" or ")}, came ${scheme}.`);
}

/** Script of the address that asks. Throws the Fault `bad-address`. */
export function payerOf(request: Pick<PowerRequest, "address">, settings: SocketSettings): Hex {
  try {
    return payerScriptOf(request.address, settings.network);
  } catch (error) {
    throw new Fault("bad-address", `(${error instanceof Error ? error.message : String(error)})`);
  }
}

/**
 * A session over coins that the chain has just reported unspent; nothing of it is written yet. It
 * asks for one of `debts`.
 */
export async function openSession(
  options: OpeningOptions,
  payer: Hex,
  request: PowerRequest,
  debts: readonly Debt[],
): Promise<Session> {
  const { watch, ahead, settings, ids, payoutScript } = options;
  const own = debts.filter(({ script }) => script === payer);
  // One after the other: a question that waits takes kilobytes of a microcontroller's heap. Tip and
  // rates are mostly known.
  let list = (await ahead.take(payer)) ?? (await coinsOf(options, payer));
  const tip = await watch.tip();
  await watch.rates();
  // What a payer owes is seen by a coin that others may have made.
  if (list.kept && own.length > 0) list = await coinsOf(options, payer, true);
  const { inputs, arrears, max } = await unspent(options, payer, list, (coins) =>
    affordable(options, request, own, coins, tip),
  );
  return {
    id: ids.take(),
    scheme: request.scheme,
    payerScript: payer,
    socketScript: payoutScript,
    price: settings.price,
    increment: settings.increment,
    max,
    arrears,
    expiry: tip + settings.sessionBlocks,
    inputs,
    paid: 0,
    commitments: [],
  };
}

interface Choice {
  readonly inputs: readonly Coin[];
  readonly arrears: Satoshi;
  /** The most that the session may pay. */
  readonly max: Satoshi;
}

/**
 * What `choose` takes of `list`, once it was reported unspent. What is only from memory is looked
 * for anew where it will not do.
 */
async function unspent(
  options: OpeningOptions,
  payer: Hex,
  list: PayerCoins,
  choose: (coins: readonly Coin[]) => Choice,
): Promise<Choice> {
  const { watch, settings } = options;
  try {
    const choice = choose(list.coins);
    if (list.asked !== undefined) watch.listed(choice.inputs, list.asked);
    await watch.mustBeUnspent(choice.inputs, payer, settings.unspentMaxAge);
    return choice;
  } catch (error) {
    if (!list.kept || !(error instanceof Fault) || !OUTDATED.includes(error.fault)) throw error;
    // The backend has forgotten a coin that it found spent; others that it remembers may do.
    const others = error.fault === "input-spent" ? await coinsOf(options, payer) : list;
    const isSame = others.kept && others.coins.length >= list.coins.length;
    return unspent(options, payer, isSame ? await coinsOf(options, payer, true) : others, choose);
  }
}

/** Coins of these that can pay what the socket sells. Throws a Fault where they cannot. */
function affordable(
  options: OpeningOptions,
  request: PowerRequest,
  debts: readonly Debt[],
  listed: readonly Coin[],
  tip: number,
): Choice {
  const { settings, ledger, rewards } = options;
  const { increment, sessionMax, feeLimit } = settings;
  const coins = listed.filter((coin) => !rewards.isUnripe(coin, tip));
  // Each basic payment has a fee of its own, so the coins must hold more of them.
  const payments = request.scheme === "basic" ? Math.min(MAX_COMMITMENTS, Math.ceil(sessionMax / increment)) : 1;
  const good = coins.filter((coin) => !isCheatCoin(ledger.record, coin));
  const free = good.filter((coin) => !isPromised(coin, request));
  const { inputs, arrears } = choose(options, free, debts, sessionMax + feeLimit * payments);
  const max = sessionMaximum(inputs, feeLimit + arrears, increment, sessionMax);
  if (max < increment && good.length < coins.length) throw new Fault("address-refused");
  if (max < increment)
    throw new Fault("insufficient-funds", `Expected ${increment + feeLimit + arrears} sat in at most 5 coins.`);
  return { inputs, arrears, max };
}

/** True for a coin that the payer has signed for to somebody else: it would refuse the draft. */
export function isPromised({ txid, vout }: Coin, { promised = [] }: Pick<PowerRequest, "promised">): boolean {
  return promised.some((coin) => coin.txid === txid && coin.vout === vout);
}

/**
 * Coins that the chain confirms, and change of our own broadcasts; never what an unsettled session
 * has pledged. A payer that owes arrears can only see it by the change of the commitment that was
 * mined: where that can be had it is spent first.
 */
function choose(
  options: OpeningOptions,
  coins: readonly Coin[],
  debts: readonly Debt[],
  want: Satoshi,
): { readonly inputs: readonly Coin[]; readonly arrears: Satoshi } {
  const { record } = options.ledger;
  const { settlements } = record;
  const pledged = pledgedIn(record);
  const own = settlements.filter((settlement) => settlement.state !== "held").map((each) => latest(each).txid);
  const rules = {
    ownTxids: new Set([...own, ...options.fundings()]),
    excluded: (coin: Coin) => pledged.has(nameOf(coin)) || options.isFunded(coin),
  };
  const debt = debts.find(({ txid }) => coins.some((coin) => coin.txid === txid));
  const shown = coins.filter((coin) => debt && coin.txid === debt.txid);
  const witness = selectCoins(shown, { ...rules, want: 1 });
  if (!debt || witness.length === 0) return { inputs: selectCoins(coins, { ...rules, want }), arrears: 0 };
  const others = coins.filter((coin) => !witness.includes(coin));
  const rest = selectCoins(others, { ...rules, want: want + debt.amount - totalOf(witness) });
  return { inputs: [...witness, ...rest].slice(0, MAX_INPUTS), arrears: debt.amount };
}

/**
 * Names of the coins that settlements under way spend. They are paid with already: nothing is sold
 * for them again.
 */
export function pledgedIn({ settlements }: SocketRecord): ReadonlySet<string> {
  return new Set(settlements.flatMap((settlement) => settlement.inputs.map(nameOf)));
}

/** True where the open session or a settlement under way is paid with any of `coins`. */
export function isPaidWithAny(record: SocketRecord, coins: readonly Outpoint[]): boolean {
  const { session } = record;
  const paid = new Set(pledgedIn(record));
  if (session && session.commitments.length > 0) for (const input of session.inputs) paid.add(nameOf(input));
  return coins.some((coin) => paid.has(nameOf(coin)));
}
