// Why a transaction is not the draft: reads it with @scure/btc-signer's coder and finds the first
// rule it breaks.
//
// It runs only after the byte comparison in transaction.ts has failed, and it has no way to accept:
// where it finds nothing to complain about, that is a refusal too.

import { RawTx } from "@scure/btc-signer/script.js";
import { outpointKey } from "../kernel/outpoint";
import { isHex } from "../kernel/text";
import type { Hex } from "../kernel/units";
import type { FaultName } from "../protocol/faults";
import { bytesToHex, hexToBytes } from "./bytes";
import { actualFee, type Draft, LOCK_TIME, outputsOf, SEQUENCE, TX_VERSION, totalOf } from "./draft";

/** Far more than any draft needs (848 bytes), little enough to parse on a microcontroller. */
export const MAX_TRANSACTION_BYTES = 2000;

export interface Explanation {
  readonly fault: FaultName;
  readonly detail: string;
}

type Parsed = ReturnType<typeof RawTx.decode>;
type Rule = (draft: Draft, parsed: Parsed) => Explanation | undefined;

/** The first rule that the transaction breaks. */
export function explainRefusal(draft: Draft, transaction: Hex): Explanation {
  if (!isHex(transaction)) return malformed("Expected lower-case hexadecimal.");
  const bytes = transaction.length / 2;
  if (bytes > MAX_TRANSACTION_BYTES) return malformed(`Expected at most ${MAX_TRANSACTION_BYTES} bytes, got ${bytes}.`);
  const parsed = parse(transaction);
  if (!parsed) return malformed(`Its ${bytes} bytes are not one whole transaction in canonical form.`);
  for (const rule of RULES) {
    const explanation = rule(draft, parsed);
    if (explanation) return explanation;
  }
  return malformed("Its bytes are not the draft's.");
}

function parse(transaction: Hex): Parsed | undefined {
  try {
    return RawTx.decode(hexToBytes(transaction));
  } catch {
    return undefined;
  }
}

const RULES: readonly Rule[] = Object.freeze([inputs, payee, change, fee, constants, witnesses]);

function inputs(draft: Draft, parsed: Parsed): Explanation | undefined {
  const expected = draft.inputs.map(outpointKey);
  const came = parsed.inputs.map((input) => outpointKey({ txid: bytesToHex(input.txid), vout: input.index }));
  const at = expected.findIndex((outpoint, i) => outpoint !== came[i]);
  if (at >= 0) return because("wrong-inputs", `Input ${at}: expected ${expected[at]}, got ${came[at] ?? "none"}.`);
  if (came.length === expected.length) return undefined;
  return because("wrong-inputs", `Expected ${expected.length} inputs, got ${came.length}.`);
}

function payee(draft: Draft, parsed: Parsed): Explanation | undefined {
  const output = parsed.outputs[0];
  const script = output ? bytesToHex(output.script) : "none";
  if (script !== draft.socketScript) return because("wrong-payee", `Expected ${draft.socketScript}, got ${script}.`);
  const amount = Number(output?.amount);
  if (amount < draft.value) return because("underpaid", `Expected ${draft.value} sat, got ${amount} sat.`);
  if (amount > draft.value)
    return because("not-the-draft", `Output 0: expected ${draft.value} sat, got ${amount} sat.`);
  return undefined;
}

function change(draft: Draft, parsed: Parsed): Explanation | undefined {
  const expected = outputsOf(draft)[1];
  const output = parsed.outputs[1];
  const came = output && bytesToHex(output.script);
  if (came !== expected?.script)
    return because("wrong-change", `Expected ${expected?.script ?? "none"}, got ${came ?? "none"}.`);
  if (parsed.outputs.length > 2)
    return because("not-the-draft", `Expected 2 outputs at most, got ${parsed.outputs.length}.`);
  return undefined;
}

function fee(draft: Draft, parsed: Parsed): Explanation | undefined {
  let paid = 0;
  for (const output of parsed.outputs) paid += Number(output.amount);
  const expected = actualFee(draft);
  const came = totalOf(draft.inputs) - paid;
  return came === expected ? undefined : because("wrong-fee", `Expected ${expected} sat, got ${came} sat.`);
}

function constants(_draft: Draft, parsed: Parsed): Explanation | undefined {
  if (parsed.version !== TX_VERSION)
    return because("not-the-draft", `Expected version ${TX_VERSION}, got ${parsed.version}.`);
  if (parsed.lockTime !== LOCK_TIME)
    return because("not-the-draft", `Expected lock time ${LOCK_TIME}, got ${parsed.lockTime}.`);
  for (const input of parsed.inputs) {
    if (input.sequence !== SEQUENCE)
      return because("not-the-draft", `Expected sequence ${SEQUENCE}, got ${input.sequence}.`);
    if (input.finalScriptSig.length > 0) return because("not-the-draft", "Expected inputs without a script.");
  }
  return undefined;
}

function witnesses(_draft: Draft, parsed: Parsed): Explanation | undefined {
  if (!parsed.witnesses) return malformed("Expected witnesses, got none: it is not signed.");
  const at = parsed.witnesses.findIndex((witness) => witness.length !== 2);
  if (at >= 0)
    return malformed(`Witness ${at}: expected [signature, public key], got ${parsed.witnesses[at]?.length} items.`);
  return malformed("Expected signatures of 9 to 73 bytes and public keys of 33.");
}

function malformed(detail: string): Explanation {
  return because("malformed-transaction", detail);
}

function because(fault: FaultName, detail: string): Explanation {
  return { fault, detail };
}
