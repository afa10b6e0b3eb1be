// What signatures over a channel's deposit commit to: BIP143's digests for a P2WSH input.
//
// The cable's half of a closing is under SINGLE|ANYONECANPAY: its own change, at its input's index,
// and nothing else. So the payee writes its output, picks the fee when the channel closes, and may
// add a coin to it. All but that one output stays the same for the channel's life; the SHA-256
// state over its first 194 bytes is kept, and an increment costs five blocks.

import { sha256 } from "@noble/hashes/sha2.js";
import { hexToBytes, le32, le64, sha256d } from "../bitcoin/bytes";
import { LOCK_TIME, outpointHex, SEQUENCE } from "../bitcoin/draft";
import { hashOutputs, type Midstate, SIGHASH_ALL } from "../bitcoin/sighash";
import type { Coin, Outpoint } from "../kernel/ports";
import type { Hex } from "../kernel/units";

export const SINGLE_ANYONECANPAY = 0x83;

const ZERO_HASH = "00".repeat(32);
/** Lock time and type stand behind hashOutputs. */
const HALF_TAIL = le32(LOCK_TIME) + le32(SINGLE_ANYONECANPAY);
const ALL_TAIL = le32(LOCK_TIME) + le32(SIGHASH_ALL);

/**
 * The state after the part of a half's preimage that never changes. The input's sequence has
 * BIP68's disable flag set, so CHECKSEQUENCEVERIFY fails for it at any height: a half that somebody
 * saw never serves as the cable's refund signature.
 */
export function halfMidstate(deposit: Coin, script: Hex, version: number, sequence = SEQUENCE): Midstate {
  const fixed = `${le32(version)}${ZERO_HASH}${ZERO_HASH}${outpointHex(deposit)}${codeOf(script)}`;
  return sha256.create().update(hexToBytes(fixed + le64(deposit.amount) + le32(sequence)));
}

/** The digest of a half whose only output is `change`, serialised. */
export function halfDigest(midstate: Midstate, change: Hex): Uint8Array {
  return sha256(midstate.clone().update(hashOutputs(change)).update(hexToBytes(HALF_TAIL)).digest());
}

/**
 * What an ALL signature of one of several inputs is made from; all inputs have the same sequence.
 */
export interface WholeSpend {
  readonly version: number;
  readonly inputs: readonly Outpoint[];
  readonly sequence: number;
  /** Serialised, without their count. */
  readonly outputs: Hex;
}

/** The digest, under SIGHASH_ALL, of the input that spends `coin` with the script code `code`. */
export function wholeDigest(spend: WholeSpend, coin: Coin, code: Hex): Uint8Array {
  const { version, inputs, sequence, outputs } = spend;
  const once = sha256
    .create()
    .update(hexToBytes(le32(version)))
    .update(sha256d(hexToBytes(inputs.map(outpointHex).join(""))))
    .update(sha256d(hexToBytes(le32(sequence).repeat(inputs.length))))
    .update(hexToBytes(outpointHex(coin) + codeOf(code) + le64(coin.amount) + le32(sequence)))
    .update(hashOutputs(outputs))
    .update(hexToBytes(ALL_TAIL))
    .digest();
  return sha256(once);
}

/** A script of fewer than 253 bytes behind its length. */
function codeOf(script: Hex): Hex {
  return le32(script.length / 2).slice(0, 2) + script;
}
