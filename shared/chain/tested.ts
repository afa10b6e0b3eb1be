// The result of Bitcoin Core's testmempoolaccept for one transaction, which mempool.space's Esplora
// passes on as it is.

import type { Hex } from "../kernel/units";
import type { Json } from "./json-stream";
import { rejection } from "./reject";
import { arrayOf, booleanOf, malformed, objectOf } from "./shape";

/** Returns where the node would take the transaction, or has it; throws why it would not. */
export function checkTested(result: Json | undefined, txid: Hex): void {
  const [one, ...others] = arrayOf(result, "an array of one test's result");
  if (one === undefined || others.length > 0) throw malformed("one test's result", result);
  const { txid: said, allowed, "reject-reason": reason, "reject-details": details } = objectOf(one, "a test's result");
  if (said !== txid) throw malformed(`the transaction ${txid}`, said);
  if (booleanOf(allowed, "allowed")) return;
  if (typeof reason !== "string") throw malformed("a reject-reason", reason);
  // The details (since 28.0) begin with the reason as a rule, but not for a replacement.
  const refusal = rejection(typeof details === "string" ? `${reason}; ${details}` : reason);
  if (refusal.kind !== "already-known") throw refusal;
}
