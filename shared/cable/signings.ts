// What a cable stands to lose by the signatures that it has handed over, were the dearest of them
// mined together.
//
// Pure algebra over outpoints: no name that a peer chose (session, payee) and no word of a peer
// (mined, expired, refused) moves the result. Two signings are not summed only where one spends a
// coin that the other spends, or descends from a transaction that does. The result may be too high,
// where a signing spends several coins; it is never too low.

import { isSameOutpoint } from "../kernel/outpoint";
import type { Outpoint } from "../kernel/ports";
import type { Hex, Satoshi } from "../kernel/units";

/** Transactions that were signed over the same coins: at most one of them can be mined. */
export interface Signing {
  readonly outpoints: readonly Outpoint[];
  /** What was signed over them, id and worth; change of one of these is a descendant. */
  readonly commitments: readonly { readonly txid: Hex; readonly value: Satoshi }[];
  /** What the dearest of them pays beyond what the payee has acknowledged. */
  readonly unanswered: Satoshi;
}

/** Upper bound on the sum of what is unanswered over any signings that can be mined together. */
export function dearest(signings: readonly Signing[]): Satoshi {
  const coins = spentCoins(signings);
  let sum = 0;
  for (const coin of coins) if (!isChange(coin, signings)) sum += dearestOver(coin, coins);
  return sum;
}

/** A coin, and the signings that count as its spenders. */
interface SpentCoin extends Outpoint {
  readonly spenders: Signing[];
}

/**
 * Each signing stands at one of its coins: a coin is spent once, so of those that stand at one only
 * one can be mined.
 */
function spentCoins(signings: readonly Signing[]): readonly SpentCoin[] {
  const coins: SpentCoin[] = [];
  for (const signing of signings) {
    const coin = mostShared(signing, signings);
    if (!coin) continue;
    const known = coins.find((other) => isSameOutpoint(other, coin));
    if (known) known.spenders.push(signing);
    else coins.push({ txid: coin.txid, vout: coin.vout, spenders: [signing] });
  }
  return coins;
}

/** Where most others would stand too, so that the fewest are summed that exclude each other. */
function mostShared(signing: Signing, signings: readonly Signing[]): Outpoint | undefined {
  let best: Outpoint | undefined;
  let most = 0;
  for (const coin of signing.outpoints) {
    const sharers = signings.filter(({ outpoints }) => outpoints.some((other) => isSameOutpoint(other, coin))).length;
    if (sharers > most) [best, most] = [coin, sharers];
  }
  return best;
}

function isChange(coin: Outpoint, signings: readonly Signing[]): boolean {
  return signings.some(({ commitments }) => commitments.some(({ txid }) => txid === coin.txid));
}

/**
 * Of the spenders of `coin` the dearest, each with the dearest descendants of one of its
 * transactions.
 */
function dearestOver({ spenders }: SpentCoin, coins: readonly SpentCoin[]): Satoshi {
  let most = 0;
  for (const signing of spenders) {
    most = Math.max(most, signing.unanswered);
    const known = answered(signing);
    for (const { txid, value } of signing.commitments) {
      let sum = Math.max(0, value - known);
      for (const coin of coins) if (coin.txid === txid) sum += dearestOver(coin, coins);
      most = Math.max(most, sum);
    }
  }
  return most;
}

/**
 * What of a signing's worth was acknowledged at least: so much of each of its transactions is no
 * loss.
 */
function answered({ unanswered, commitments }: Signing): Satoshi {
  return commitments.reduce((most, { value }) => Math.max(most, value), 0) - unanswered;
}
