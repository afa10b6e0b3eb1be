// What a node relays by its policy: the limits, and the rules that are arithmetic alone. Written
// from Bitcoin Core's doc/policy/mempool-replacements.md and GetDustThreshold.

import { ChainError } from "../../shared/chain/error";

export interface Policy {
  readonly rules: "28" | "31" | "both";
  /** Least feerate that is relayed (-minrelaytxfee), msat/vB. */
  readonly minRelay: number;
  /** -incrementalrelayfee, msat/vB. */
  readonly incremental: number;
  /** Feerate of the last eviction, msat/vB: packages may reach it together. */
  readonly mempoolMin: number;
  /** -dustrelayfee, msat/vB. */
  readonly dustRelay: number;
  /** -limitancestorcount and -limitdescendantcount. */
  readonly family: number;
  readonly familyVsize: number;
  /** Cluster limit of Core 31. */
  readonly cluster: number;
  readonly maxReplaced: number;
}

export const CORE_POLICY: Policy = {
  rules: "both",
  minRelay: 100,
  incremental: 100,
  mempoolMin: 0,
  dustRelay: 3000,
  family: 25,
  familyVsize: 101_000,
  cluster: 64,
  maxReplaced: 100,
};

/** Fee of `vsize` virtual bytes at `rate` msat/vB, in satoshi, rounded up as Core does. */
export function feeAtRate(rate: number, vsize: number): number {
  return Math.ceil((rate * vsize) / 1000);
}

/**
 * Rules 3 and 4 of mempool-replacements.md: undefined when paid, else why not and what is missing
 * (satoshi).
 */
export function paysForReplacement(
  original: number,
  replacement: number,
  vsize: number,
  incremental: number,
): { readonly reason: string; readonly missing: number } | undefined {
  const relay = feeAtRate(incremental, vsize);
  const missing = original + relay - replacement;
  if (replacement < original)
    return { reason: `less fees than conflicting txs; ${replacement} < ${original}`, missing };
  if (missing > 0)
    return { reason: `not enough additional fees to relay; ${replacement - original} < ${relay}`, missing };
  return undefined;
}

/**
 * Least amount of an output that is not dust, in satoshi, by its type (Core's GetDustThreshold).
 */
export function dustLimit(script: string, rate = CORE_POLICY.dustRelay): number {
  const length = script.length / 2;
  if (script.startsWith("6a")) return 0;
  const segwit =
    length >= 4 && length <= 42 && /^(00|5[1-9a-f]|60)/.test(script) && parseInt(script.slice(2, 4), 16) === length - 2;
  const spend = segwit ? 32 + 4 + 1 + Math.floor(107 / 4) + 4 : 32 + 4 + 1 + 107 + 4;
  return Math.floor(((8 + 1 + length + spend) * rate) / 1000);
}

export function malformed(reason: string): ChainError {
  return new ChainError("malformed", reason);
}

export function tooLittle(reason: string, missing: number): ChainError {
  return new ChainError("replacement-fee-too-low", `insufficient fee, rejecting replacement; ${reason}`, { missing });
}
