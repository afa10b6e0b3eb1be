// The answer to a package (BIP331's submitpackage of Bitcoin Core 28 and later), as Core gives it and Esplora passes on.

import type { Hex } from "../units";
import type { ChainError } from "./error";
import type { Json } from "./json-stream";
import { rejection } from "./reject";
import { hashOf, isObject, malformed, objectOf } from "./shape";

/** Returns when every transaction of the package is accepted or known already; else throws a ChainError. */
export function checkPackage(answer: Json | undefined, txids: readonly Hex[]): void {
  const { package_msg: message, "tx-results": results } = objectOf(answer, "the result of a package");
  if (typeof message !== "string") throw malformed("a package_msg", message);
  const accepted = new Set<Hex>();
  const refusals: ChainError[] = [];
  for (const result of Object.values(objectOf(results, "tx-results"))) {
    const { txid, error } = objectOf(result, "a result of a transaction");
    const id = hashOf(txid, "the txid of a result");
    const refusal = typeof error === "string" ? rejection(error) : undefined;
    if (!refusal || refusal.kind === "already-known") accepted.add(id);
    else refusals.push(refusal);
  }
  const first = refusals.find(({ kind }) => kind !== "refused") ?? refusals[0];
  if (first) throw first;
  if (message !== "success") throw rejection(message);
  const missing = txids.find((txid) => !accepted.has(txid));
  if (missing) throw malformed(`a result for ${missing}`, isObject(results) ? "none" : results);
}
