// Why a node refused a transaction, from its words to a ChainError.
//
// The words are Bitcoin Core's (validation.cpp, policy/rbf.cpp; 0.16 to 31), which Esplora and
// Electrum servers pass on inside their own, and a few of BlockCypher's. So one table serves all;
// it looks for the words anywhere in the text.

import { constant } from "../kernel/constant";
import type { Satoshi } from "../kernel/units";
import { Decimal, satoshiOfBtc } from "./decimal";
import { ChainError, type ChainErrorKind } from "./error";

/** The first match counts, so the more precise words come first. */
const REASONS: readonly (readonly [words: string, kind: ChainErrorKind])[] = constant([
  ["txn-already-in-mempool", "already-known"],
  ["txn-already-known", "already-known"],
  ["txn-same-nonwitness-data-in-mempool", "already-known"],
  ["already in block chain", "already-known"],
  ["outputs already in utxo set", "already-known"],
  ["already exists", "already-known"],
  ["too many potential replacements", "refused"],
  ["replacement-adds-unconfirmed", "conflict"],
  ["insufficient feerate", "replacement-fee-too-low"],
  ["insufficient fee", "replacement-fee-too-low"],
  ["rejecting replacement", "replacement-fee-too-low"],
  ["not enough additional fees", "replacement-fee-too-low"],
  ["less fees than conflicting", "replacement-fee-too-low"],
  ["txn-mempool-conflict", "conflict"],
  ["missingorspent", "conflict"],
  ["missing inputs", "conflict"],
  ["missing-inputs", "conflict"],
  ["missing reference", "conflict"],
  ["referencing an unknown transaction", "conflict"],
  ["already been spent", "conflict"],
  ["bad-txns-inputs-spent", "conflict"],
  ["bad-txns-spends-conflicting-tx", "conflict"],
  ["double spend", "conflict"],
  ["min relay fee not met", "fee-too-low"],
  ["mempool min fee not met", "fee-too-low"],
  ["min-fee-not-met", "fee-too-low"],
  ["mempool full", "fee-too-low"],
  ["insufficient priority", "fee-too-low"],
  ["dust", "dust"],
]);

/** `text` is all that the backend said, in any wrapping. */
export function rejection(text: string): ChainError {
  const lower = text.toLowerCase();
  const kind = REASONS.find(([words]) => lower.includes(words))?.[1] ?? "refused";
  const missing = kind === "replacement-fee-too-low" ? missingFee(lower) : undefined;
  return new ChainError(
    kind,
    `the network refused the transaction: ${shortened(text)}`,
    missing === undefined ? {} : { missing },
  );
}

/** What came, short enough for an error message, on one line. */
export function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 200 ? `${line.slice(0, 200)}...` : line;
}

/**
 * Core compares at the end: `...; less fees than conflicting txs; 0.00000150 < 0.00000200` (both
 * total fees) and `...; not enough additional fees to relay; 0.00000010 < 0.00000014` (both
 * additional fees), in BTC. A fee rate's comparison
 * (`new feerate 0.00001 BTC/kvB <= old feerate ...`) is no amount, so nothing is missing that we
 * could name.
 */
function missingFee(text: string): Satoshi | undefined {
  if (text.includes("feerate")) return undefined;
  const [, offered, wanted] = /([0-9]+(?:\.[0-9]+)?)\s*<=?\s*([0-9]+(?:\.[0-9]+)?)/.exec(text) ?? [];
  const has = amount(offered);
  const wants = amount(wanted);
  return has !== undefined && wants !== undefined && wants > has ? wants - has : undefined;
}

function amount(text: string | undefined): Satoshi | undefined {
  return text?.includes(".") ? satoshiOfBtc(new Decimal(text)) : undefined;
}
