// What all drafts of a session share: the serialised inputs and the SHA-256 states over them. Both sides compute it
// once a session and then pay only for what an increment changes. A value, not a cache: who made it keeps it.

import type { Coin, Outpoint } from "../ports";
import type { Hex } from "../units";
import { type Draft, inputsHex, outputsHex, outputsOf, unsignedFrom } from "./draft";
import { hashOutputs, type Midstate, sighash, sighashMidstates } from "./sighash";

export interface Frame {
  readonly inputs: readonly Coin[];
  readonly payerScript: Hex;
  readonly inputsHex: Hex;
  readonly midstates: readonly Midstate[];
}

/** A draft made ready: its bytes and, one an input, the digests to sign or to verify. */
export interface PreparedDraft {
  /** The canonical bytes, without witnesses. */
  readonly unsigned: Hex;
  readonly digests: readonly Uint8Array[];
}

export function frameOf(inputs: readonly Coin[], payerScript: Hex): Frame {
  return {
    inputs,
    payerScript,
    inputsHex: inputsHex(inputs),
    midstates: sighashMidstates(inputs, payerScript),
  };
}

/** The draft's bytes and digests. Throws where `frame` was made for other inputs. */
export function prepareDraft(draft: Draft, frame: Frame = frameOf(draft.inputs, draft.payerScript)): PreparedDraft {
  if (frame.payerScript !== draft.payerScript || !sameOutpoints(frame.inputs, draft.inputs))
    throw new Error("expected a frame made for the draft's own inputs and payer, got one of another session");
  const outputs = outputsOf(draft);
  const serialised = outputsHex(outputs);
  const outputsHash = hashOutputs(serialised);
  return {
    unsigned: unsignedFrom(frame.inputsHex, outputs.length, serialised),
    digests: draft.inputs.map((input, i) => sighash(frame.midstates[i] as Midstate, input.amount, outputsHash)),
  };
}

/** True for the same outpoints in the same order. */
export function sameOutpoints(a: readonly Outpoint[], b: readonly Outpoint[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((point, i) => point.txid === b[i]?.txid && point.vout === b[i]?.vout);
}
