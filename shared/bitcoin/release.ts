// A release: coins that a cable signed for once, spent to the cable's own address. It excludes the
// payment that was signed before, so a payee that took it and vanished holds the coins no longer.
// One output, no change, the draft's other rules.

import type { Coin, Outpoint } from "../kernel/ports";
import { isHex } from "../kernel/text";
import type { Hex, Satoshi } from "../kernel/units";
import { byteHex, le32, reverseHex } from "./bytes";
import { type Draft, LOCK_TIME, MAX_INPUTS, SEQUENCE, TX_VERSION, totalOf, vsizeOf } from "./draft";
import { witnessesOf } from "./witness";

/** All of `inputs` to their own owner. */
export function releaseDraft(inputs: readonly Coin[], script: Hex, fee: Satoshi): Draft {
  return { inputs, payerScript: script, socketScript: script, value: totalOf(inputs) - fee, fee };
}

/** Virtual size of a signed release. */
export function releaseVsize(inputs: number, script: Hex): number {
  return vsizeOf(inputs, [script]);
}

const VERSION_DIGITS = 8;
const MARKER_DIGITS = 4;
const OUTPOINT_DIGITS = 72;
const AMOUNT_DIGITS = 16;

/**
 * The coins of a signed transaction that pays all that it spends to `script`, in the canonical
 * form; undefined for any other. Signatures are not verified: the network does that.
 */
export function coinsOfRelease(transaction: Hex, script: Hex): readonly Outpoint[] | undefined {
  const from = VERSION_DIGITS + MARKER_DIGITS;
  const count = Number.parseInt(transaction.slice(from, from + 2), 16);
  if (!(count >= 1 && count <= MAX_INPUTS)) return undefined;
  const inputEnd = `00${le32(SEQUENCE)}`;
  const coins: Outpoint[] = [];
  let inputs = byteHex(count);
  let at = from + 2;
  for (let i = 0; i < count; i++) {
    const outpoint = transaction.slice(at, at + OUTPOINT_DIGITS);
    if (!isHex(outpoint, OUTPOINT_DIGITS / 2)) return undefined;
    coins.push(outpointOf(outpoint));
    inputs += outpoint + inputEnd;
    at += OUTPOINT_DIGITS + inputEnd.length;
  }
  const amount = transaction.slice(at + 2, at + 2 + AMOUNT_DIGITS);
  const output = `01${amount}${byteHex(script.length / 2)}${script}`;
  const unsigned = le32(TX_VERSION) + inputs + output + le32(LOCK_TIME);
  return isHex(unsigned) && witnessesOf(unsigned, transaction, count) ? coins : undefined;
}

/** As it stands in a transaction: both parts with the least byte first. */
function outpointOf(serialised: Hex): Outpoint {
  return { txid: reverseHex(serialised.slice(0, 64)), vout: Number.parseInt(reverseHex(serialised.slice(64)), 16) };
}
