// The identity of a coin: the outpoint, which is a transaction and the number of one of its outputs
// (BIP144's COutPoint).

import type { Outpoint } from "./ports";

/**
 * `txid:vout`, as nodes and explorers write it: what a coin is called, and the key to keep it
 * under.
 */
export function outpointKey({ txid, vout }: Outpoint): string {
  return `${txid}:${vout}`;
}

export function isSameOutpoint(a: Outpoint, b: Outpoint): boolean {
  return a.txid === b.txid && a.vout === b.vout;
}

/** True for the same outpoints in the same order. */
export function sameOutpoints(a: readonly Outpoint[], b: readonly Outpoint[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((point, i) => point.txid === b[i]?.txid && point.vout === b[i]?.vout);
}

/** True where both spend the very same coins, in any order. */
export function isOverSameCoins(a: readonly Outpoint[], b: readonly Outpoint[]): boolean {
  return a.length === b.length && a.every((coin) => b.some((other) => isSameOutpoint(coin, other)));
}
