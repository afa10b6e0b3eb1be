// What a signature commits to: BIP143's digest for P2WPKH inputs under SIGHASH_ALL.
//
// Of the 182 bytes under the first hash, 130 (version, hashPrevouts, hashSequence, outpoint, script
// code) stay the same for a whole session. Their SHA-256 state is kept, one an input, so that a new
// increment costs two blocks an input and three for its outputs instead of eleven.

import { sha256 } from "@noble/hashes/sha2.js";
import type { Outpoint } from "../kernel/ports";
import type { Hex, Satoshi } from "../kernel/units";
import { hexToBytes, le32, le64, sha256d } from "./bytes";
import { LOCK_TIME, outpointHex, SEQUENCE, TX_VERSION } from "./draft";

export const SIGHASH_ALL = 1;

/** What a transaction says apart from inputs and outputs; the draft's where it is left out. */
export interface Terms {
  readonly version: number;
  /** One an input. */
  readonly sequences: readonly number[];
  readonly lockTime: number;
}

/** SHA-256 after the part of an input's preimage that a session never changes. */
export type Midstate = ReturnType<typeof sha256.create>;

/** The states of all `inputs`, which belong to the P2WPKH script `payerScript`. */
export function sighashMidstates(
  inputs: readonly Outpoint[],
  payerScript: Hex,
  terms: Terms = draftTerms(inputs.length),
): readonly Midstate[] {
  const outpoints = inputs.map(outpointHex);
  const sequences = terms.sequences.map(le32);
  const common = sha256
    .create()
    .update(hexToBytes(le32(terms.version)))
    .update(sha256d(hexToBytes(outpoints.join(""))))
    .update(sha256d(hexToBytes(sequences.join(""))));
  // P2WPKH's script code is the P2PKH script of the same key hash.
  const scriptCode = `1976a914${payerScript.slice(4)}88ac`;
  return outpoints.map((outpoint) => common.clone().update(hexToBytes(outpoint + scriptCode)));
}

/** BIP143's hashOutputs of `outputsHex(outputs)`. */
export function hashOutputs(outputs: Hex): Uint8Array {
  return sha256d(hexToBytes(outputs));
}

/** The digest that the signature of one input commits to, 32 bytes. */
export function sighash(
  midstate: Midstate,
  amount: Satoshi,
  outputsHash: Uint8Array,
  sequence = SEQUENCE,
  lockTime = LOCK_TIME,
): Uint8Array {
  const once = midstate
    .clone()
    .update(hexToBytes(le64(amount) + le32(sequence)))
    .update(outputsHash)
    .update(hexToBytes(le32(lockTime) + le32(SIGHASH_ALL)))
    .digest();
  return sha256(once);
}

function draftTerms(inputs: number): Terms {
  return { version: TX_VERSION, sequences: new Array<number>(inputs).fill(SEQUENCE), lockTime: LOCK_TIME };
}
